//! The algorithm: chosen and configured.

mod catalogue;
mod config_text;
mod configured;
mod orders;
mod overrides;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use ganas_search::theory::Landscape;
use ganas_search::{
    BananasConfig, ByColumnsConfig, ByParametersConfig, CrossEntropyConfig, EvolutionConfig,
    GaNasConfig, GaussianProcessConfig, NaszillaConfig, Objectives, PropertyOrder, ReinforceConfig,
    SearchError, Searcher,
};
use ganas_space::suggestion::{closest, did_you_mean};
use ganas_space::{Arch, SearchSpace};

use super::device::{DeviceChoice, OpenDevice};
use crate::{Error, Folders};

use catalogue::{LocalSearchConfig, RandomConfig};
use configured::{Choice, Configuration, Configured};

/// A search algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlgorithmName {
    /// Generative adversarial NAS.
    #[default]
    GaNas,
    /// Walks to better neighbours, and goes on from the best other architecture where there is none.
    LocalSearch,
    /// Uniform over classes, without repetition.
    Random,
    /// Regularized evolution: the best of a few members of the population is mutated, the oldest member goes.
    Evolution,
    /// Local search as it was published: from the best of ten to the best neighbour, and anew where none is better.
    LocalSearchNaszilla,
    /// Bayesian optimisation: a Gaussian process over the decisions, and expected improvement.
    GaussianProcess,
    /// An ensemble of networks predicts the metric of mutations of the best, and Thompson sampling picks among them.
    Bananas,
    /// The cross-entropy method: the generator of ga-nas is fitted to the best, without a discriminator or a policy gradient.
    CrossEntropy,
    /// Policy gradient on the measured metric, with the generator of ga-nas.
    Reinforce,
    /// A control that learns nothing: the largest architectures first.
    ByParameters,
    /// A control that looks up what was measured: by the mean rank of given columns.
    ByColumns,
}

/// Something that depends on the type of the configuration of an algorithm.
macro_rules! of_algorithm {
    ($algorithm:expr, $config:ident => $body:expr) => {
        match $algorithm {
            AlgorithmName::GaNas => {
                type $config = GaNasConfig;
                $body
            }
            AlgorithmName::LocalSearch => {
                type $config = LocalSearchConfig;
                $body
            }
            AlgorithmName::Random => {
                type $config = RandomConfig;
                $body
            }
            AlgorithmName::Evolution => {
                type $config = EvolutionConfig;
                $body
            }
            AlgorithmName::LocalSearchNaszilla => {
                type $config = NaszillaConfig;
                $body
            }
            AlgorithmName::GaussianProcess => {
                type $config = GaussianProcessConfig;
                $body
            }
            AlgorithmName::Bananas => {
                type $config = BananasConfig;
                $body
            }
            AlgorithmName::CrossEntropy => {
                type $config = CrossEntropyConfig;
                $body
            }
            AlgorithmName::Reinforce => {
                type $config = ReinforceConfig;
                $body
            }
            AlgorithmName::ByParameters => {
                type $config = ByParametersConfig;
                $body
            }
            AlgorithmName::ByColumns => {
                type $config = ByColumnsConfig;
                $body
            }
        }
    };
}

impl AlgorithmName {
    /// All of them, with the names that they have on the command line and in records.
    pub const ALL: [(&str, Self); 11] = [
        ("ga-nas", Self::GaNas),
        ("local-search", Self::LocalSearch),
        ("random", Self::Random),
        ("evolution", Self::Evolution),
        ("local-search-naszilla", Self::LocalSearchNaszilla),
        ("gaussian-process", Self::GaussianProcess),
        ("bananas", Self::Bananas),
        ("cross-entropy", Self::CrossEntropy),
        ("reinforce", Self::Reinforce),
        ("by-parameters", Self::ByParameters),
        ("by-columns", Self::ByColumns),
    ];

    /// The names of its presets, the default first; none, when there is one configuration to start from.
    #[must_use]
    pub fn presets(self) -> &'static [&'static str] {
        of_algorithm!(self, C => C::PRESETS)
    }
}

impl FromStr for AlgorithmName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, algorithm)| algorithm).ok_or_else(|| {
            let names = Self::ALL.map(|(name, _)| name);
            format!(
                "there is no algorithm `{name}`{}: expected {}",
                did_you_mean(closest(name, names).as_deref()),
                names.join(", ")
            )
        })
    }
}

/// Which algorithm, and its configuration.
#[derive(Clone, Debug, Default)]
pub struct AlgorithmSettings {
    /// The search algorithm.
    pub algorithm: AlgorithmName,
    /// Where the configuration starts from, in algorithms with several presets; without one it is the first of them, which is
    /// `improved` of ga-nas.
    pub preset: Option<String>,
    /// A TOML file whose fields override the preset.
    pub config: Option<PathBuf>,
    /// Fields that are overridden after that, such as `generator.learning_rate=1e-3`.
    pub sets: Vec<String>,
    /// What ga-nas computes on; without one it is the CPU.
    pub device: Option<DeviceChoice>,
}

impl From<AlgorithmName> for AlgorithmSettings {
    fn from(algorithm: AlgorithmName) -> Self {
        Self {
            algorithm,
            ..Self::default()
        }
    }
}

/// A configured algorithm.
#[derive(Debug)]
pub struct Algorithm(Box<dyn Configured>);

/// Where the properties are found that order architectures before a search.
pub(super) trait OrderSource {
    /// The property with a name, which may have a minus before it when smaller values are better, and what is recorded of it;
    /// `place` is where it is named.
    fn find(&self, name: &str, place: &str) -> Result<(PropertyOrder, String), Error>;
}

impl AlgorithmSettings {
    /// Reads the configuration for a space; without one, for a space with fixed edges.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a preset, a field or its value is wrong.
    pub fn resolve(&self, space: Option<&dyn SearchSpace>) -> Result<Algorithm, Error> {
        of_algorithm!(self.algorithm, C => self.configured::<C>(space))
    }

    fn configured<C: Configuration>(
        &self,
        space: Option<&dyn SearchSpace>,
    ) -> Result<Algorithm, Error> {
        Ok(Algorithm(Box::new(Choice::<C>::resolve(self, space)?)))
    }

    /// Takes the device that was asked for.
    pub(super) fn open_device(
        &self,
        folders: &Folders,
        note: &dyn Fn(&str),
    ) -> Result<OpenDevice, Error> {
        OpenDevice::open(self.device.unwrap_or_default(), folders, note)
    }
}

/// What a searcher is made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Towards<'a> {
    /// The network to start from.
    pub(super) given: Option<&'a Arch>,
    /// Several objectives.
    pub(super) objectives: Option<&'a Objectives>,
    /// What each round is measured against.
    pub(super) landscape: Option<&'a Arc<Landscape>>,
}

impl Algorithm {
    /// The name in records.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// How many architectures it proposes in a round.
    pub(super) fn batch(&self) -> NonZeroU32 {
        let batch = u32::try_from(self.0.batch()).ok();
        batch.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
    }

    /// Whether it builds architectures decision by decision, and takes no action that constraints mask.
    pub(super) fn masks(&self) -> bool {
        self.0.masks()
    }

    /// Refuses to start from a given network what would not see it.
    pub(super) fn check_improve(&self) -> Result<(), Error> {
        if self.0.starts_from_given() {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "--improve starts from a network, but {} starts nowhere: leave it out, or choose --algorithm ga-nas or \
             local-search",
            self.name()
        )))
    }

    /// Refuses several objectives for what searches for one.
    pub(super) fn check_objectives(&self, several: bool) -> Result<(), Error> {
        if !several || self.0.searches_fronts() {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "--objective names several objectives, but {} searches for one: name one, or choose --algorithm ga-nas, \
             local-search or random",
            self.name()
        )))
    }

    /// Finds the properties that order architectures before the search, in algorithms that have such an order.
    pub(super) fn find_orders(&mut self, source: &dyn OrderSource) -> Result<(), Error> {
        self.0.find_orders(source)
    }

    /// Name, preset and changed fields, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        self.0.describe()
    }

    /// The configuration as it is recorded: JSON with every field that has an effect or was there from the start, in the
    /// order of their names.
    ///
    /// # Errors
    ///
    /// The configuration cannot be written as TOML.
    pub fn config_json(&self) -> Result<serde_json::Value, Error> {
        self.0.config_json()
    }

    /// The configuration as commented TOML.
    ///
    /// # Errors
    ///
    /// The configuration cannot be written as TOML.
    pub fn config_text(&self) -> Result<String, Error> {
        self.0.config_text()
    }

    /// A searcher, which starts from the given network if there is one, and searches for the front of several objectives
    /// if there are any; see [`check_improve`](Self::check_improve) and [`check_objectives`](Self::check_objectives).
    pub(super) fn searcher(
        &self,
        device: &OpenDevice,
        space: Arc<dyn SearchSpace>,
        seed: u64,
        towards: Towards<'_>,
    ) -> Result<Box<dyn Searcher>, SearchError> {
        self.0.searcher(device, space, seed, towards)
    }
}

#[cfg(test)]
mod tests {
    use ganas_search::{Preset, Topology};

    use super::overrides::Draft;
    use super::*;

    /// What is recorded of the improved preset after this change.
    fn recorded(set: &str) -> serde_json::Value {
        let mut draft = Draft::new(GaNasConfig::preset(Preset::Improved, Topology::Fixed)).unwrap();
        draft.set(set).unwrap();
        let (config, changed) = draft.finish().unwrap();
        let choice = Choice::new(Some("improved"), config, changed);
        choice.config_json().unwrap()
    }

    #[test]
    fn infinity_is_recorded() {
        let json = recorded("batch=10");
        assert_eq!(json["generator"]["max_gradient_norm"], "inf");
        assert_eq!(json["proposal"]["pick"], "thompson");
    }

    /// A run from before the setting came has this configuration on record.
    #[test]
    fn neighbours_are_recorded_only_where_they_have_a_share() {
        let without = recorded("proposal.neighbour_share=0");
        let fields = without["proposal"].as_object().unwrap().keys();
        assert_eq!(
            fields.collect::<Vec<_>>(),
            [
                "attempts",
                "patience",
                "pick",
                "pool",
                "temperature_growth",
                "uniform_mix"
            ]
        );
        let with = recorded("proposal.neighbour_share=0.5");
        assert_eq!(with["proposal"]["neighbour_share"], 0.5);
        assert!(with["proposal"]["neighbours"].is_u64());
        assert!(with["proposal"]["stall"].is_u64());
    }

    #[test]
    fn names_are_those_of_the_algorithms() {
        for (name, algorithm) in AlgorithmName::ALL {
            let settings = AlgorithmSettings::from(algorithm);
            assert_eq!(settings.resolve(None).unwrap().name(), name);
            assert_eq!(name.parse(), Ok(algorithm));
        }
        let unknown = "evolutoin".parse::<AlgorithmName>().unwrap_err();
        assert!(unknown.contains("did you mean `evolution`"), "{unknown}");
    }

    /// Runs of algorithms without a configuration have always had this on record.
    #[test]
    fn what_cannot_be_configured_has_an_empty_record() {
        for algorithm in [AlgorithmName::Random, AlgorithmName::LocalSearch] {
            let algorithm = AlgorithmSettings::from(algorithm).resolve(None).unwrap();
            assert_eq!(algorithm.config_json().unwrap().to_string(), "{}");
        }
    }
}
