//! A space of chains, as data: what each layer of a network can be, and the network around them.

use crate::own::OwnCosts;
use crate::{Member, OpId, StatedBound};

use super::network::Network;

/// A space of chains.
#[derive(Debug)]
pub(super) struct Description {
    /// The name of the space.
    pub(super) name: &'static str,
    /// What a layer can be, in the order of the labels; input and output follow.
    pub(super) choices: Vec<LayerChoice>,
    /// The stages of the chain, in order.
    pub(super) stages: Vec<Stage>,
    /// How architectures are written.
    pub(super) text: TextForm,
    /// What an architecture costs.
    pub(super) costs: Costs,
    /// Known architectures by their names.
    pub(super) members: &'static [Member],
    /// What the description asks of architectures.
    pub(super) bounds: Vec<StatedBound>,
}

/// What an architecture costs.
#[derive(Debug)]
pub(super) enum Costs {
    /// What the network around the chain does.
    Network(Network),
    /// What the expressions of the user's file say.
    Own(OwnCosts),
}

/// What a layer can be.
#[derive(Clone, Debug)]
pub(super) struct LayerChoice {
    /// Its word in a text.
    pub(super) word: &'static str,
    /// The name of its label; of two choices with the same word, a layer has one at most.
    pub(super) label: &'static str,
    /// What it is built of.
    pub(super) block: Block,
}

/// What a layer is built of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// Nothing: the layer is left out.
    Absent,
    /// The side of the images; no layer of the network itself.
    Resolution(u64),
    /// A 1x1 convolution with batch normalisation.
    Projection,
    /// What the user's file says; only its expressions of costs know more.
    Own,
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
pub(super) struct Stage {
    /// The set of choices of each layer.
    pub(super) layers: Vec<u64>,
    /// Where absent layers may stand.
    pub(super) absence: Absence,
}

/// Where the absent layers of a stage may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// Anywhere; the order of what is left is all that counts.
    Anywhere,
    /// At the end only; these layers have no word.
    AtEnd,
}

/// How architectures are written: the words of the layers.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextForm {
    /// Between stages.
    pub(super) stages: &'static str,
    /// Between the layers of a stage; with nothing between them, words have one character.
    pub(super) layers: &'static str,
}

impl Description {
    /// The choice that leaves a layer out.
    pub(super) fn absent(&self) -> Option<OpId> {
        self.choices
            .iter()
            .position(|choice| choice.block == Block::Absent)
            .map(label)
    }

    /// Whether the cost of a layer depends on nothing but its place, its choice and the side of the images.
    ///
    /// In a network the first layer of a stage changes channels and sides, so it must always be the same one.
    pub(super) fn costs_are_sums(&self) -> bool {
        let absent = self.absent();
        let can_be_absent = |set: &u64| absent.is_some_and(|absent| set >> absent.0 & 1 == 1);
        match &self.costs {
            Costs::Own(_) => true,
            Costs::Network(_) => {
                let firsts = self.stages.iter().map(|stage| stage.layers.first());
                firsts.flatten().all(|set| !can_be_absent(set))
            }
        }
    }

    /// The sets of choices of all layers, in order.
    pub(super) fn layers(&self) -> impl Iterator<Item = u64> {
        self.stages.iter().flat_map(|stage| &stage.layers).copied()
    }

    /// The labels of an architecture's layers, divided into stages.
    pub(super) fn divided<'a>(&self, labels: &'a [OpId]) -> Vec<&'a [OpId]> {
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
    pub(super) fn present(&self, labels: &[OpId]) -> impl Iterator<Item = (usize, usize)> {
        let choices = labels.iter().map(|label| label.index());
        choices
            .enumerate()
            .filter(|(_, choice)| self.choices[*choice].block != Block::Absent)
    }

    /// The network around the chain, when it is known.
    pub(super) fn network(&self) -> Option<&Network> {
        match &self.costs {
            Costs::Network(network) => Some(network),
            Costs::Own(_) => None,
        }
    }

    /// What a layer with this label is built of.
    pub(super) fn block(&self, label: OpId) -> Block {
        self.choices[label.index()].block
    }
}

/// The label of a choice.
pub(super) fn label(choice: usize) -> OpId {
    OpId(u8::try_from(choice).expect("invariant: a space has at most 62 choices"))
}

/// The set of all choices with these places.
pub(super) fn set(choices: impl IntoIterator<Item = usize>) -> u64 {
    choices.into_iter().fold(0, |set, choice| set | 1 << choice)
}
