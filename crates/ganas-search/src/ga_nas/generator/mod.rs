//! The generator: draws architectures, and learns from their rewards and from the truth set.

mod draw;
mod policy;

use ganas_gnn::ops::adam::AdamState;
use ganas_gnn::{Backend, Element};
use ganas_rl::{
    Algorithm, Baseline, BaselineConfig, GaeConfig, PpoConfig, ReinforceConfig, Trainer,
    TrainerConfig,
};
use serde::{Deserialize, Serialize};

pub(crate) use policy::{Building, GraphPolicy};

use super::config::{BaselineKind, GeneratorConfig, PolicyUpdate};
use crate::streams::Streams;

/// The decay of the moving average of rewards.
const MOVING_AVERAGE_DECAY: f64 = 0.9;

/// A policy over graphs in training.
pub(crate) type Generator<B> = Trainer<GraphPolicy<B>>;

/// A generator with starting values, from a checked configuration.
pub(crate) fn generator<B: Backend>(
    device: &B,
    config: &GeneratorConfig,
    building: Building,
    streams: Streams,
) -> Generator<B> {
    let policy = GraphPolicy::new(device, config, building, streams);
    Trainer::new(policy, trainer_config(config))
        .expect("invariant: what GA-NAS accepts is in the ranges of its trainer")
}

fn trainer_config(config: &GeneratorConfig) -> TrainerConfig {
    let bound = config.max_gradient_norm;
    TrainerConfig {
        algorithm: match config.update {
            PolicyUpdate::Reinforce => Algorithm::Reinforce(ReinforceConfig {
                policy_weight: config.policy_weight,
                baseline: match config.baseline {
                    BaselineKind::Standardised => BaselineConfig::Standardised,
                    BaselineKind::MovingAverage => BaselineConfig::MovingAverage {
                        decay: MOVING_AVERAGE_DECAY,
                    },
                },
            }),
            PolicyUpdate::Ppo => Algorithm::Ppo(PpoConfig {
                epochs: config.ppo_epochs,
                clip: config.ppo_clip,
                value_weight: config.ppo_value_weight,
                gae: GaeConfig {
                    gamma: 1.0,
                    lambda: config.gae_lambda,
                },
            }),
        },
        entropy_weight: config.entropy_weight,
        imitation_weight: config.imitation_weight,
        learning_rate: config.learning_rate,
        max_gradient_norm: bound.is_finite().then_some(bound),
    }
}

/// What is needed to continue.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "T: Element")]
pub(crate) struct GeneratorState<T> {
    params: Vec<T>,
    adam: AdamState<T>,
    baseline: Baseline,
}

impl<T: Element> GeneratorState<T> {
    pub(crate) fn of<B: Backend<Elem = T>>(generator: &Generator<B>) -> Self {
        let (params, adam) = generator.policy().state();
        Self {
            params,
            adam,
            baseline: generator.baseline(),
        }
    }

    /// Puts a generator into this state; an error says how it does not fit.
    pub(crate) fn put_into<B: Backend<Elem = T>>(
        &self,
        generator: &mut Generator<B>,
    ) -> Result<(), String> {
        let policy = generator.policy_mut();
        policy.set_state(&self.params, &self.adam)?;
        generator.set_baseline(self.baseline);
        Ok(())
    }
}
