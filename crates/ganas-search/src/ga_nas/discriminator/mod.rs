//! The two discriminators, with what trains them and what they say.

mod judge;
mod pair;
mod rank;

use ganas_gnn::layers::EncoderConfig;
use ganas_gnn::nets::DiscriminatorConfig as Shape;
use ganas_gnn::ops::adam::AdamState;
use ganas_gnn::ops::graph_conv::Direction;
use ganas_gnn::{Adam, AdamConfig, Backend, Element, Grads, Layout, Params};
use serde::{Deserialize, Serialize};

pub(super) use pair::PairTrainer;
pub(super) use rank::RankEnsemble;

use super::config::{Criterion, DiscriminatorConfig};
use crate::streams::{Purpose, Streams};

/// A discriminator in training.
#[derive(Debug)]
pub(super) enum Discriminator<B: Backend> {
    Pair(Box<PairTrainer<B>>),
    Rank {
        ensemble: Box<RankEnsemble<B>>,
        /// How it picks what is evaluated; `None` where the generator's draws are.
        criterion: Option<Criterion>,
    },
}

impl<B: Backend> Discriminator<B> {
    /// What is needed to continue.
    pub(super) fn state(&self) -> Vec<TrainingState<B::Elem>> {
        match self {
            Self::Pair(trainer) => trainer.state(),
            Self::Rank { ensemble, .. } => ensemble.state(),
        }
    }

    /// Continues from a state.
    pub(super) fn set_state(&mut self, states: &[TrainingState<B::Elem>]) -> Result<(), String> {
        match self {
            Self::Pair(trainer) => trainer.set_state(states),
            Self::Rank { ensemble, .. } => ensemble.set_state(states),
        }
    }
}

fn shape(config: &DiscriminatorConfig, n_labels: usize) -> Shape {
    Shape {
        encoder: EncoderConfig {
            n_labels,
            width: config.width,
            layers: config.layers,
            direction: Direction::Both,
            activation: config.activation,
        },
        head_width: config.head_width,
    }
}

/// Parameters that are being trained.
#[derive(Debug)]
struct Training<B: Backend> {
    layout: Layout,
    params: Params<B>,
    grads: Grads<B>,
    adam: Adam<B>,
}

/// What is needed to continue.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "T: Element")]
pub(super) struct TrainingState<T> {
    params: Vec<T>,
    adam: AdamState<T>,
}

impl<B: Backend> Training<B> {
    fn new(device: &B, layout: Layout, streams: Streams, member: usize) -> Self {
        let mut training = Self {
            params: Params::zeros(device, &layout),
            grads: Grads::zeros(device, &layout),
            adam: Adam::new(device, &layout, AdamConfig::default()),
            layout,
        };
        training.restart(device, streams, 0, member);
        training
    }

    /// Draws new starting values, those of this round and member, and forgets the optimiser's moments.
    fn restart(&mut self, device: &B, streams: Streams, round: u32, member: usize) {
        let mut stream = streams.get(Purpose::DiscriminatorInit, round, member, 0);
        self.params.write(device, &self.layout.draw(&mut stream));
        self.adam.reset(device);
    }

    fn state(&self, device: &B) -> TrainingState<B::Elem> {
        TrainingState {
            params: self.params.read(device),
            adam: self.adam.state(device),
        }
    }

    fn set_state(&mut self, device: &B, state: &TrainingState<B::Elem>) -> Result<(), String> {
        let expected = self.layout.len();
        let lengths = [state.params.len(), state.adam.m.len(), state.adam.v.len()];
        if lengths != [expected; 3] {
            return Err(format!(
                "the discriminator has {expected} parameters, the checkpoint {lengths:?}"
            ));
        }
        self.params.write(device, &state.params);
        self.adam.set_state(device, &state.adam);
        Ok(())
    }
}

/// The logistic function in double precision.
fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
