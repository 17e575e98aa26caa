//! The algorithms: the name, presets and searcher of each.

use std::sync::Arc;

use documented::DocumentedFields as _;
use ganas_gnn::{Backend, Cpu};
use ganas_search::ga_nas::{DiscriminatorConfig, GeneratorConfig, ProposalConfig};
use ganas_search::{
    Bananas, BananasConfig, ByColumnsConfig, ByParametersConfig, CrossEntropy, CrossEntropyConfig,
    DrawsConfig, Evolution, EvolutionConfig, FixedList, GaNas, GaNasConfig, GaussianProcess,
    GaussianProcessConfig, LocalSearch, Method, MethodSearcher, NaszillaConfig,
    NaszillaLocalSearch, Preset, RandomSearch, Reinforce, ReinforceConfig, SearchError, Searcher,
    Topology, Violations,
};
use ganas_space::{Arch, SearchSpace};
use serde::{Deserialize, Serialize};

use super::config_text::Fields;
use super::configured::{Configuration, Start};
use crate::experiment::device::OpenDevice;

/// The fields of what has none.
const NO_FIELDS: Fields = (&[], &[]);

/// The names and documentation of the fields of a type.
macro_rules! fields_of {
    ($config:ty) => {
        (<$config>::FIELD_NAMES, <$config>::FIELD_DOCS)
    };
}

impl Configuration for GaNasConfig {
    const NAME: &'static str = GaNas::<Cpu<f32>>::NAME;
    const FIELDS: Fields = fields_of!(Self);
    const SECTIONS: &'static [(&'static str, Fields)] = &[
        ("generator", fields_of!(GeneratorConfig)),
        ("discriminator", fields_of!(DiscriminatorConfig)),
        ("proposal", fields_of!(ProposalConfig)),
    ];
    const PRESETS: &'static [&'static str] = &["improved", "faithful"];
    const STARTS_FROM_GIVEN: bool = true;
    const SEARCHES_FRONTS: bool = true;
    const USES_DEVICE: bool = true;

    fn preset(number: usize, space: Option<&dyn SearchSpace>) -> Result<Self, SearchError> {
        let topology = space.map_or(Ok(Topology::Fixed), Topology::of)?;
        let preset = [Preset::Improved, Preset::Faithful][number];
        Ok(Self::preset(preset, topology))
    }

    fn check(&self) -> Result<(), SearchError> {
        self.check()
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn masks(&self) -> bool {
        self.violations == Violations::Mask
    }

    fn additions_without_effect(&self) -> &'static [(&'static str, &'static str)] {
        self.additions_without_effect()
    }

    fn searcher(&self, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError> {
        match start.device {
            OpenDevice::Cpu(cpu) => ga_nas(cpu, self, &start),
            #[cfg(feature = "cuda")]
            OpenDevice::Cuda(cuda) => ga_nas(cuda, self, &start),
        }
    }
}

/// GA-NAS for one objective or for several.
fn ga_nas<B: Backend + 'static>(
    device: &B,
    config: &GaNasConfig,
    start: &Start<'_>,
) -> Result<Box<dyn Searcher>, SearchError> {
    let (space, config, seed) = (start.space.clone(), config.clone(), start.seed);
    let searcher = match start.objectives {
        Some(objectives) => GaNas::for_front(device, space, config, objectives.clone(), seed)?,
        None => GaNas::new(device, space, config, seed)?,
    };
    let searcher = match start.landscape {
        Some(landscape) => searcher.measured_by(Arc::clone(landscape))?,
        None => searcher,
    };
    Ok(Box::new(starting(
        searcher,
        start.given,
        GaNas::starting_from,
    )))
}

/// Local search has nothing to configure.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LocalSearchConfig {}

impl Configuration for LocalSearchConfig {
    const NAME: &'static str = LocalSearch::NAME;
    const FIELDS: Fields = NO_FIELDS;
    const STARTS_FROM_GIVEN: bool = true;
    const SEARCHES_FRONTS: bool = true;

    fn preset(_: usize, _: Option<&dyn SearchSpace>) -> Result<Self, SearchError> {
        Ok(Self {})
    }

    fn check(&self) -> Result<(), SearchError> {
        Ok(())
    }

    fn batch(&self) -> usize {
        1
    }

    fn searcher(&self, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError> {
        let searcher = LocalSearch::new(start.space, start.seed);
        let searcher = match start.objectives {
            Some(objectives) => searcher.for_front(objectives.clone()),
            None => searcher,
        };
        Ok(Box::new(starting(
            searcher,
            start.given,
            LocalSearch::starting_from,
        )))
    }
}

/// Random search has nothing to configure.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RandomConfig {}

impl Configuration for RandomConfig {
    const NAME: &'static str = RandomSearch::NAME;
    const FIELDS: Fields = NO_FIELDS;
    const STARTS_FROM_GIVEN: bool = false;
    /// It searches for nothing, whatever that is.
    const SEARCHES_FRONTS: bool = true;

    fn preset(_: usize, _: Option<&dyn SearchSpace>) -> Result<Self, SearchError> {
        Ok(Self {})
    }

    fn check(&self) -> Result<(), SearchError> {
        Ok(())
    }

    fn batch(&self) -> usize {
        RandomSearch::PER_ASK
    }

    fn searcher(&self, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError> {
        Ok(Box::new(RandomSearch::new(start.space, start.seed)))
    }
}

impl Configuration for EvolutionConfig {
    const NAME: &'static str = Evolution::NAME;
    const FIELDS: Fields = fields_of!(Self);
    const PRESETS: &'static [&'static str] = &["natsbench", "nasbench101"];
    const STARTS_FROM_GIVEN: bool = true;

    fn preset(number: usize, _: Option<&dyn SearchSpace>) -> Result<Self, SearchError> {
        Ok([Self::natsbench, Self::nasbench101][number]())
    }

    fn check(&self) -> Result<(), SearchError> {
        self.check()
    }

    fn batch(&self) -> usize {
        1
    }

    fn searcher(&self, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError> {
        Ok(by_method(Evolution::new(self.clone())?, start))
    }
}

impl Configuration for NaszillaConfig {
    const NAME: &'static str = NaszillaLocalSearch::NAME;
    const FIELDS: Fields = fields_of!(Self);
    const PRESETS: &'static [&'static str] = &["paper", "code"];
    const STARTS_FROM_GIVEN: bool = true;

    fn preset(number: usize, _: Option<&dyn SearchSpace>) -> Result<Self, SearchError> {
        Ok([Self::paper, Self::code][number]())
    }

    fn check(&self) -> Result<(), SearchError> {
        self.check()
    }

    fn batch(&self) -> usize {
        self.initial
    }

    fn searcher(&self, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError> {
        Ok(by_method(NaszillaLocalSearch::new(self.clone())?, start))
    }
}

impl Configuration for GaussianProcessConfig {
    const NAME: &'static str = GaussianProcess::NAME;
    const FIELDS: Fields = fields_of!(Self);
    const STARTS_FROM_GIVEN: bool = true;

    fn preset(_: usize, _: Option<&dyn SearchSpace>) -> Result<Self, SearchError> {
        Ok(Self::default())
    }

    fn check(&self) -> Result<(), SearchError> {
        self.check()
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn searcher(&self, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError> {
        Ok(by_method(GaussianProcess::new(self.clone())?, start))
    }
}

impl Configuration for BananasConfig {
    const NAME: &'static str = Bananas::<Cpu<f32>>::NAME;
    const FIELDS: Fields = fields_of!(Self);
    const PRESETS: &'static [&'static str] = &["light", "naszilla"];
    const STARTS_FROM_GIVEN: bool = true;

    fn preset(number: usize, _: Option<&dyn SearchSpace>) -> Result<Self, SearchError> {
        Ok([Self::light, Self::naszilla][number]())
    }

    fn check(&self) -> Result<(), SearchError> {
        self.check()
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn searcher(&self, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError> {
        let method = Bananas::new(&Cpu::<f32>::new(), &start.space, self.clone())?;
        Ok(by_method(method, start))
    }
}

/// The sections of what draws from the generator of ga-nas.
const DRAWN: &[(&str, Fields)] = &[
    ("generator", fields_of!(GeneratorConfig)),
    ("draws", fields_of!(DrawsConfig)),
];

impl Configuration for CrossEntropyConfig {
    const NAME: &'static str = CrossEntropy::<Cpu<f32>>::NAME;
    const FIELDS: Fields = fields_of!(Self);
    const SECTIONS: &'static [(&'static str, Fields)] = DRAWN;
    const STARTS_FROM_GIVEN: bool = true;

    fn preset(_: usize, _: Option<&dyn SearchSpace>) -> Result<Self, SearchError> {
        Ok(Self::default())
    }

    fn check(&self) -> Result<(), SearchError> {
        self.check()
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn masks(&self) -> bool {
        true
    }

    fn searcher(&self, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError> {
        let (space, config, seed) = (Arc::clone(&start.space), self.clone(), start.seed);
        let method = CrossEntropy::new(&Cpu::<f32>::new(), space, config, seed)?;
        Ok(by_method(method, start))
    }
}

impl Configuration for ReinforceConfig {
    const NAME: &'static str = Reinforce::<Cpu<f32>>::NAME;
    const FIELDS: Fields = fields_of!(Self);
    const SECTIONS: &'static [(&'static str, Fields)] = DRAWN;
    const STARTS_FROM_GIVEN: bool = false;

    fn preset(_: usize, _: Option<&dyn SearchSpace>) -> Result<Self, SearchError> {
        Ok(Self::default())
    }

    fn check(&self) -> Result<(), SearchError> {
        self.check()
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn masks(&self) -> bool {
        true
    }

    fn searcher(&self, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError> {
        let (space, config, seed) = (Arc::clone(&start.space), self.clone(), start.seed);
        let method = Reinforce::new(&Cpu::<f32>::new(), space, config, seed)?;
        Ok(by_method(method, start))
    }
}

impl Configuration for ByParametersConfig {
    const NAME: &'static str = FixedList::BY_PARAMETERS;
    const FIELDS: Fields = fields_of!(Self);
    const STARTS_FROM_GIVEN: bool = false;
    const NEEDS_ORDERS: bool = true;

    fn preset(_: usize, _: Option<&dyn SearchSpace>) -> Result<Self, SearchError> {
        Ok(Self::default())
    }

    fn check(&self) -> Result<(), SearchError> {
        Ok(())
    }

    fn batch(&self) -> usize {
        FixedList::PER_ASK
    }

    fn orders(&self) -> Vec<(&'static str, String)> {
        vec![("property", self.property.clone())]
    }

    fn searcher(&self, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError> {
        fixed_list(Self::NAME, start)
    }
}

impl Configuration for ByColumnsConfig {
    const NAME: &'static str = FixedList::BY_COLUMNS;
    const FIELDS: Fields = fields_of!(Self);
    const STARTS_FROM_GIVEN: bool = false;
    const NEEDS_ORDERS: bool = true;

    fn preset(_: usize, _: Option<&dyn SearchSpace>) -> Result<Self, SearchError> {
        Ok(Self::default())
    }

    fn check(&self) -> Result<(), SearchError> {
        Ok(())
    }

    fn batch(&self) -> usize {
        FixedList::PER_ASK
    }

    fn orders(&self) -> Vec<(&'static str, String)> {
        let columns = self.columns.iter();
        columns.map(|name| ("columns", name.clone())).collect()
    }

    fn searcher(&self, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError> {
        fixed_list(Self::NAME, start)
    }
}

/// A searcher by a method, which starts from the given architecture, if there is one.
fn by_method<M: Method + 'static>(method: M, start: Start<'_>) -> Box<dyn Searcher> {
    let searcher = MethodSearcher::new(start.space, method, start.seed);
    Box::new(starting(
        searcher,
        start.given,
        MethodSearcher::starting_from,
    ))
}

/// A searcher that goes through all architectures in an order.
fn fixed_list(name: &'static str, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError> {
    let list = FixedList::new(name, &*start.space, start.orders.to_vec())?;
    Ok(by_method(list, start))
}

/// A searcher that starts from the given architecture, if there is one.
fn starting<S>(searcher: S, given: Option<&Arch>, from: impl FnOnce(S, Arch) -> S) -> S {
    match given {
        Some(given) => from(searcher, given.clone()),
        None => searcher,
    }
}
