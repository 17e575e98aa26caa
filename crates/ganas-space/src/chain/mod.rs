//! Spaces of chains: networks of layers in a fixed order, each of which is one of several blocks.
//!
//! A choice of a layer has several factors (kernel, expansion, depth, squeeze-and-excitation), which are one label.
//! A layer that is left out keeps its vertex, without edges, and the next one reads the last that is present.
//!
//! A space is a description, which is data: its choices, its stages, its words, and the network around the chain, of
//! which parameters and FLOPs follow.
//!
//! | space | what it is |
//! |---|---|
//! | [`MBCONV`] | seven blocks of EfficientNet's widths, the space of Accel-NASBench |
//! | [`OFA_PROXYLESS`] | the subnets of once-for-all's ProxylessNAS supernet |
//! | [`OFA_MBV3`] | the subnets of once-for-all's MobileNetV3 supernet |
//! | [`NASBENCH_MACRO`] | eight layers on CIFAR-10 |
//!
//! # Example
//!
//! ```
//! let space = ganas_space::by_name("mbconv")?;
//! let arch = space.decode("efficientnet-b0")?;
//! assert_eq!(space.encode(&arch), "e1k3l1se1 e6k3l2se1 e6k5l2se1 e6k3l3se1 e6k5l3se1 e6k5l4se1 e6k3l1se1");
//! assert_eq!(space.costs().map(|costs| costs.cost(&arch).parameters), Some(Some(5_288_548)));
//! # Ok::<(), ganas_space::SpaceError>(())
//! ```

mod choices;
pub(crate) mod classes;
pub(crate) mod description;
mod mbconv;
mod nasbench_macro;
mod network;
mod once_for_all;
mod subnet;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::sync::Arc;

use md5::{Digest as _, Md5};
use rand::RngExt;
use rand::seq::IteratorRandom;
use rand_core::Rng;

use crate::blueprint::{Blueprint, Labels, Sources, Vertex};
use crate::limits::MAX_ENUMERATED;
use crate::vertex_set::bits;
use crate::{
    Action, Arch, ArchKey, Cost, CostState, Costs, Enumeration, KnownNetwork, OpId, Partial,
    SearchSpace, SpaceError, StatedBound,
};

pub use self::description::MbConv;
pub use self::mbconv::MBCONV;
pub use self::nasbench_macro::NASBENCH_MACRO;
pub use self::network::PlacedBlock;
pub use self::once_for_all::{OFA_MBV3, OFA_PROXYLESS};

use self::description::{Absence, Block, CostModel, Description, Stage, label};

/// The names of all spaces of chains.
pub const NAMES: [&str; 4] = [MBCONV, OFA_PROXYLESS, OFA_MBV3, NASBENCH_MACRO];

/// A space of chains.
///
/// Methods that take an [`Arch`] and return no `Result` expect one of this space, and panic on any other.
pub struct Chain {
    description: Description,
    blueprint: Blueprint,
    /// Whether 128 bits hold the numbers of all architectures.
    numbered: bool,
}

impl Chain {
    /// The space with this name, one of [`NAMES`].
    #[must_use]
    pub fn by_name(name: &str) -> Option<Arc<Self>> {
        let description = match name {
            MBCONV => mbconv::description(),
            OFA_PROXYLESS => once_for_all::proxyless(),
            OFA_MBV3 => once_for_all::mobile_net_v3(),
            NASBENCH_MACRO => nasbench_macro::description(),
            _ => return None,
        };
        Some(Arc::new(Self::new(description)))
    }

    /// The space of a description.
    pub(crate) fn new(description: Description) -> Self {
        let absent = description.absent();
        let mut inner = Vec::new();
        for stage in &description.stages {
            for (l, &set) in stage.layers.iter().enumerate() {
                // The input is vertex 0.
                let previous = inner.len();
                let trailing = stage.absence == Absence::AtEnd && l > 0;
                inner.push(Vertex {
                    labels: match absent {
                        Some(absent) if trailing && set >> absent.0 & 1 == 1 => {
                            Labels::Trailing { set, previous }
                        }
                        _ => Labels::OneOf(set),
                    },
                    sources: Sources::LastPresent,
                });
            }
        }
        let operations = description.choices.iter().map(|choice| &*choice.label);
        let blueprint = Blueprint::new(&*description.name, operations, inner, Sources::LastPresent);
        let blueprint = match absent {
            Some(absent) => blueprint.with_absent(absent),
            None => blueprint,
        };
        let choices = choices::of(&description, &blueprint);
        Self {
            blueprint: blueprint.with_choices(choices),
            numbered: classes::largest_number(description.layers()).is_some(),
            description,
        }
    }

    /// The blocks of an architecture, stage by stage; `None` is a layer that is absent or no inverted residual block.
    ///
    /// Stages without blocks, such as the side of the images, are left out.
    #[must_use]
    pub fn blocks(&self, arch: &Arch) -> Vec<Vec<Option<MbConv>>> {
        let block = |label: &OpId| match self.description.block(*label) {
            Block::MbConv(block) => Some(block),
            Block::Absent | Block::Projection | Block::Resolution(_) | Block::Opaque => None,
        };
        self.description
            .divided(arch.inner_labels())
            .into_iter()
            .filter(|stage| !stage.iter().any(|label| self.side(*label).is_some()))
            .map(|stage| stage.iter().map(block).collect())
            .collect()
    }

    /// All inverted residual blocks of the network of an architecture, in order, with their sizes.
    #[must_use]
    pub fn placed_blocks(&self, arch: &Arch) -> Vec<PlacedBlock> {
        let network = self.description.network();
        network.map_or_else(Vec::new, |network| {
            network::walk(&self.description, network, arch.inner_labels()).1
        })
    }

    /// The side of the images, in pixels; 0 when it is not known.
    #[must_use]
    pub fn resolution(&self, arch: &Arch) -> u64 {
        let of_network = || self.description.network().map(|network| network.resolution);
        arch.inner_labels()
            .iter()
            .find_map(|label| self.side(*label))
            .or_else(of_network)
            .unwrap_or(0)
    }

    fn side(&self, label: OpId) -> Option<u64> {
        match self.description.block(label) {
            Block::Resolution(side) => Some(side),
            _ => None,
        }
    }

    /// The vertices between input and output.
    fn n_layers(&self) -> usize {
        self.blueprint.n_vertices() - 2
    }

    /// The number of architectures, when they are numbered without gaps and are not too many.
    fn enumerable_size(&self) -> Option<u64> {
        let absent = self.description.absent();
        let trailing = |stage: &Stage| {
            let holds_absent = |set: &u64| absent.is_some_and(|absent| set >> absent.0 & 1 == 1);
            stage.absence == Absence::AtEnd && stage.layers.iter().any(holds_absent)
        };
        let gaps = self.description.stages.iter().any(trailing);
        self.size().filter(|size| !gaps && *size <= MAX_ENUMERATED)
    }

    fn arch(&self, labels: &[OpId]) -> Arch {
        let actions = labels.iter().map(|label| Action(label.0));
        let arch = self.blueprint.build(actions);
        arch.expect("invariant: every layer has a label, which is one of its choices")
    }

    /// The architecture with another form of each stage.
    fn by_stage(&self, arch: &Arch, mut form: impl FnMut(&Stage, &[OpId]) -> Vec<OpId>) -> Arch {
        self.arch(&self.labels_by_stage(arch, &mut form))
    }

    fn labels_by_stage(
        &self,
        arch: &Arch,
        form: &mut dyn FnMut(&Stage, &[OpId]) -> Vec<OpId>,
    ) -> Vec<OpId> {
        let stages = self.description.divided(arch.inner_labels());
        self.description
            .stages
            .iter()
            .zip(stages)
            .flat_map(|(stage, labels)| form(stage, labels))
            .collect()
    }

    fn canonical_labels(&self, arch: &Arch) -> Vec<OpId> {
        let absent = self.description.absent();
        self.labels_by_stage(arch, &mut |stage, labels| {
            classes::canonical(stage, absent, labels)
        })
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("name", &self.description.name)
            .finish_non_exhaustive()
    }
}

impl SearchSpace for Chain {
    /// The label of each layer.
    fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    /// `None` when there are more than a `u64` holds.
    fn size(&self) -> Option<u64> {
        let absent = self.description.absent();
        let stages = self.description.stages.iter();
        let size = stages
            .map(|stage| classes::count(stage, absent))
            .try_fold(1_u128, |size, of_stage| size.checked_mul(of_stage?))?;
        u64::try_from(size).ok()
    }

    /// The number of the canonical form, where 128 bits hold those of all architectures; elsewhere the MD5 of its text, whose
    /// 128 bits keep classes apart that nobody has chosen to collide.
    fn key(&self, arch: &Arch) -> ArchKey {
        let labels = self.canonical_labels(arch);
        if let Some(number) = classes::number(&self.description, &labels).filter(|_| self.numbered)
        {
            return ArchKey(number);
        }
        let digest: [u8; 16] = Md5::digest(text::encode(&self.description, &labels)).into();
        ArchKey(u128::from_be_bytes(digest))
    }

    /// Absent layers stand at the end of their stage.
    fn canonical(&self, arch: &Arch) -> Arch {
        self.arch(&self.canonical_labels(arch))
    }

    /// Absent layers are moved within their stage.
    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        let absent = self.description.absent();
        self.by_stage(arch, |stage, labels| {
            classes::relabelled(stage, absent, labels, rng)
        })
    }

    /// One of the places of absent layers within their stage.
    fn member_in(&self, blueprint: &Blueprint, arch: &Arch, rng: &mut dyn Rng) -> Option<Arch> {
        let absent = self.description.absent();
        let stages = self.description.stages.iter();
        let mut members = vec![Vec::new()];
        for (stage, own) in stages.zip(self.description.divided(arch.inner_labels())) {
            let forms = classes::forms(stage, absent, own);
            let longer = |before: &Vec<OpId>| {
                let before = before.clone();
                forms.iter().map(move |form| [&*before, form].concat())
            };
            members = members.iter().flat_map(longer).collect();
        }
        let built = (members.iter()).filter_map(|labels| {
            let actions = labels.iter().map(|label| Action(label.0));
            blueprint.build(actions).ok()
        });
        built.choose(rng)
    }

    fn encode(&self, arch: &Arch) -> String {
        text::encode(&self.description, arch.inner_labels())
    }

    /// Reads the words of the layers, or the name of a known network; in once-for-all's spaces also the dictionary of a
    /// subnet.
    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        text::decode(&self.description, text).map(|labels| self.arch(&labels))
    }

    fn costs(&self) -> Option<&dyn Costs> {
        Some(self)
    }

    /// Small spaces only.
    fn enumeration(&self) -> Option<&dyn Enumeration> {
        self.size().filter(|size| *size <= MAX_ENUMERATED)?;
        Some(self)
    }

    fn known_networks(&self) -> Vec<KnownNetwork<'_>> {
        self.description.known.to_vec()
    }

    fn stated_bounds(&self) -> &[StatedBound] {
        &self.description.bounds
    }

    /// Uniform over classes, in canonical form: labels are drawn uniformly, and kept when they are canonical.
    ///
    /// Where hardly any of them are, because many layers can be absent, the number of those that are present is drawn first.
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        let absent = self.description.absent();
        let mut labels = Vec::new();
        for stage in &self.description.stages {
            if let Some(drawn) = classes::drawn_by_depth(stage, absent, rng) {
                labels.extend(drawn);
                continue;
            }
            loop {
                let drawn: Vec<OpId> = stage
                    .layers
                    .iter()
                    .map(|set| {
                        let n = rng.random_range(0..set.count_ones());
                        let n = usize::try_from(n).expect("invariant: a layer has few choices");
                        let choice = bits(*set).nth(n);
                        label(choice.expect("invariant: so many choices"))
                    })
                    .collect();
                if classes::is_stage(stage, absent, &drawn)
                    && classes::canonical(stage, absent, &drawn) == drawn
                {
                    labels.extend(drawn);
                    break;
                }
            }
        }
        self.arch(&labels)
    }

    /// The classes one change away, in canonical form, stage by stage: another choice of a layer.
    fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        let absent = self.description.absent();
        let canonical = self.canonical_labels(arch);
        let mut neighbours = Vec::new();
        let mut first = 0;
        for (stage, own) in self
            .description
            .stages
            .iter()
            .zip(self.description.divided(&canonical))
        {
            for changed in classes::neighbours(stage, absent, own) {
                let mut labels = canonical.clone();
                labels[first..first + changed.len()].copy_from_slice(&changed);
                neighbours.push(self.arch(&labels));
            }
            first += own.len();
        }
        neighbours
    }
}

impl Costs for Chain {
    fn cost(&self, arch: &Arch) -> Cost {
        network::cost(&self.description, arch.inner_labels())
    }

    fn named_costs(&self) -> Vec<&str> {
        match &self.description.costs {
            CostModel::Table(costs) => costs.names(),
            CostModel::Network(_) => Vec::new(),
        }
    }

    fn named_cost(&self, name: &str, arch: &Arch) -> Option<f64> {
        match &self.description.costs {
            CostModel::Table(costs) => {
                costs.named(name, self.description.present(arch.inner_labels()))
            }
            CostModel::Network(_) => None,
        }
    }

    /// A layer's cost depends on its place, and on the side of the images where an architecture says it.
    fn cost_state(&self, partial: &Partial) -> Option<CostState> {
        if !self.description.costs_are_sums() {
            return None;
        }
        let mut state = self.blueprint.open_state(partial);
        // The last label may be the output's, which is no choice.
        let layers = partial.labels().iter().skip(1).take(self.n_layers());
        state.extend(layers.filter_map(|label| self.side(*label)));
        Some(CostState(state))
    }
}

/// In the order of the choices, the last layer fastest.
impl Enumeration for Chain {
    fn archs(&self) -> Box<dyn Iterator<Item = Arch> + '_> {
        match self.enumerable_size() {
            Some(size) => Box::new(
                (0..size)
                    .map(|number| self.arch(&classes::of_number(&self.description, number.into()))),
            ),
            None => Box::new(self.blueprint.archs()),
        }
    }

    fn index_of(&self, arch: &Arch) -> Option<u64> {
        self.enumerable_size()?;
        self.blueprint.actions_of(arch).ok()?;
        u64::try_from(classes::number(&self.description, arch.inner_labels())?).ok()
    }
}
