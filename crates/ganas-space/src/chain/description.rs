//! A space of chains, as data: what each layer of a network can be, and the network around them.

use crate::{CostTable, KnownNetwork, OpId, StatedBound};

use super::network::Network;

/// A space of chains.
#[derive(Debug)]
pub(crate) struct Description {
    /// The name of the space.
    pub(crate) name: String,
    /// What a layer can be, in the order of the labels; input and output follow.
    pub(crate) choices: Vec<LayerChoice>,
    /// The stages of the chain, in order.
    pub(crate) stages: Vec<Stage>,
    /// How architectures are written.
    pub(crate) text: Separators,
    /// Whether architectures are also read as the dictionaries of once-for-all's code.
    pub(crate) subnets: bool,
    /// What an architecture costs.
    pub(crate) costs: CostModel,
    /// Known architectures by their names.
    pub(crate) known: &'static [KnownNetwork<'static>],
    /// Bounds that hold in every search.
    pub(crate) bounds: Vec<StatedBound>,
}

/// What an architecture costs.
#[derive(Debug)]
pub(crate) enum CostModel {
    /// What the network around the chain does.
    Network(Network),
    /// What each choice costs in each layer.
    Table(CostTable),
}

/// What a layer can be.
#[derive(Clone, Debug)]
pub(crate) struct LayerChoice {
    /// Its word in a text.
    pub(crate) word: String,
    /// The name of its label; of two choices with the same word, a layer has one at most.
    pub(crate) label: String,
    /// What it is built of.
    pub(crate) block: Block,
    /// The choices that it is made of, by name, each with its option; none of a layer that is left out.
    pub(crate) factors: Vec<(String, String)>,
}

/// What a layer is built of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Nothing: the layer is left out.
    Absent,
    /// The side of the images; no layer of the network itself.
    Resolution(u64),
    /// A 1x1 convolution with batch normalisation.
    Projection,
    /// Something of which nothing but the costs is known.
    Opaque,
    /// Inverted residual blocks: a 1x1 convolution to so many times the channels (none for 1), a depthwise one, a 1x1
    /// convolution to the channels of the stage.
    MbConv(MbConv),
}

/// Inverted residual blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MbConv {
    /// The side of the depthwise kernel.
    pub kernel: u64,
    /// The factor of the channels between the 1x1 convolutions.
    pub expansion: u64,
    /// How many blocks of this kind follow each other.
    pub repeats: u64,
    /// Whether channels are weighed by squeeze-and-excitation.
    pub squeeze: bool,
}

/// Layers of the same size.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// The set of choices of each layer.
    pub(crate) layers: Vec<u64>,
    /// Where absent layers may stand.
    pub(crate) absence: Absence,
}

/// Where the absent layers of a stage may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// Anywhere; the order of what is left is all that counts.
    Anywhere,
    /// At the end only; these layers have no word.
    AtEnd,
}

/// What stands between the words of the layers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Separators {
    /// Between stages.
    pub(crate) stages: &'static str,
    /// Between the layers of a stage; with nothing between them, words have one character.
    pub(crate) layers: &'static str,
}

impl Description {
    /// The choice that leaves a layer out.
    pub(crate) fn absent(&self) -> Option<OpId> {
        self.choices
            .iter()
            .position(|choice| choice.block == Block::Absent)
            .map(label)
    }

    /// Whether the cost of a layer depends on nothing but its place, its choice and the side of the images.
    ///
    /// In a network the first layer of a stage changes channels and sides, so it must always be the same one.
    pub(crate) fn costs_are_sums(&self) -> bool {
        let absent = self.absent();
        let can_be_absent = |set: &u64| absent.is_some_and(|absent| set >> absent.0 & 1 == 1);
        match &self.costs {
            CostModel::Table(_) => true,
            CostModel::Network(_) => {
                let firsts = self.stages.iter().map(|stage| stage.layers.first());
                firsts.flatten().all(|set| !can_be_absent(set))
            }
        }
    }

    /// The sets of choices of all layers, in order.
    pub(crate) fn layers(&self) -> impl Iterator<Item = u64> {
        self.stages.iter().flat_map(|stage| &stage.layers).copied()
    }

    /// The labels of an architecture's layers, divided into stages.
    pub(crate) fn divided<'a>(&self, labels: &'a [OpId]) -> Vec<&'a [OpId]> {
        let mut rest = labels;
        self.stages
            .iter()
            .map(|stage| {
                let (own, after) = rest.split_at(stage.layers.len());
                rest = after;
                own
            })
            .collect()
    }

    /// The layers of an architecture that are present, as numbers of layers and of choices.
    pub(crate) fn present(&self, labels: &[OpId]) -> impl Iterator<Item = (usize, usize)> {
        let choices = labels.iter().map(|label| label.index());
        choices
            .enumerate()
            .filter(|(_, choice)| self.choices[*choice].block != Block::Absent)
    }

    /// The network around the chain, when it is known.
    pub(crate) fn network(&self) -> Option<&Network> {
        match &self.costs {
            CostModel::Network(network) => Some(network),
            CostModel::Table(_) => None,
        }
    }

    /// What a layer with this label is built of.
    pub(crate) fn block(&self, label: OpId) -> Block {
        self.choices[label.index()].block
    }
}

/// The label of a choice.
pub(crate) fn label(choice: usize) -> OpId {
    OpId(u8::try_from(choice).expect("invariant: a space has at most 62 choices"))
}

/// The set of all choices with these places.
pub(crate) fn set(choices: impl IntoIterator<Item = usize>) -> u64 {
    choices.into_iter().fold(0, |set, choice| set | 1 << choice)
}

/// The name of the choice of the side of the images, which belongs to no stage.
pub(crate) const RESOLUTION: &str = "resolution";

/// A choice of a layer with an option that is a number.
pub(crate) fn factor((name, option): (&str, u64)) -> (String, String) {
    (name.to_owned(), option.to_string())
}
