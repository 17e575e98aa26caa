//! The generator: draws architectures, and learns from their rewards and from the truth set.

mod batch;
mod draw;

use ganas_gnn::nets::{Episodes, Policy, PolicyCache, PolicyConfig, PolicyInput, Sampler};
use ganas_gnn::ops::adam::AdamState;
use ganas_gnn::{Adam, AdamConfig, Backend, Backward, Element, Forward, Grads, Layout, Params};
use ganas_rl::{Baseline, BaselineConfig};
use serde::{Deserialize, Serialize};

pub(super) use draw::Draws;

use batch::Batch;

use super::config::{BaselineKind, GeneratorConfig, GeneratorEncoder, PolicyUpdate};
use super::encode::{EpisodeBuffers, Rollout, Steps};
use crate::streams::{Purpose, Streams};

/// The decay of the moving average of rewards.
const MOVING_AVERAGE_DECAY: f64 = 0.9;

/// A policy, its optimiser, and memory for both.
#[derive(Debug)]
pub(super) struct Generator<B: Backend> {
    device: B,
    config: GeneratorConfig,
    steps: Steps,
    policy: Policy,
    params: Params<B>,
    grads: Grads<B>,
    adam: Adam<B>,
    baseline: Baseline,
    episodes: Episodes<B>,
    buffers: EpisodeBuffers<B::Elem>,
    cache: PolicyCache<B>,
    sampler: Sampler<B>,
}

/// What is needed to continue.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "T: Element")]
pub(super) struct GeneratorState<T> {
    params: Vec<T>,
    adam: AdamState<T>,
    baseline: Baseline,
}

/// What an update measured of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GeneratorReport {
    /// The loss before the (first) step.
    pub(super) loss: f64,
    /// The mean entropy of an episode of the rollouts, in nats.
    pub(super) entropy: f64,
}

impl<B: Backend> Generator<B> {
    pub(super) fn new(
        device: &B,
        config: &GeneratorConfig,
        steps: Steps,
        streams: Streams,
    ) -> Self {
        let mut layout = Layout::default();
        let input = match config.encoder {
            GeneratorEncoder::Graph => PolicyInput::Graph {
                width: config.encoder_width,
                layers: config.encoder_layers,
                activation: config.encoder_activation,
            },
            GeneratorEncoder::LastLabel => PolicyInput::LastLabel {
                width: config.encoder_width,
            },
        };
        let policy = Policy::new(
            &mut layout,
            PolicyConfig {
                n_labels: steps.n_labels,
                n_nodes: steps.n_vertices,
                prefixes: steps.steps.iter().map(|step| step.prefix).collect(),
                input,
                state_width: config.state_width,
                head_width: config.head_width,
                edges: steps.edge_choice(),
            },
        );
        let mut params = Params::zeros(device, &layout);
        params.write(
            device,
            &layout.draw(&mut streams.get(Purpose::GeneratorInit, 0, 0, 0)),
        );
        let bound = config.max_gradient_norm;
        let adam = AdamConfig {
            max_norm: bound.is_finite().then_some(bound),
            ..AdamConfig::default()
        };
        Self {
            grads: Grads::zeros(device, &layout),
            adam: Adam::new(device, &layout, adam),
            baseline: Baseline::new(match config.baseline {
                BaselineKind::Standardised => BaselineConfig::Standardised,
                BaselineKind::MovingAverage => BaselineConfig::MovingAverage {
                    decay: MOVING_AVERAGE_DECAY,
                },
            }),
            episodes: Episodes::new(device),
            buffers: EpisodeBuffers::default(),
            cache: PolicyCache::new(device),
            sampler: Sampler::new(device),
            device: device.clone(),
            config: config.clone(),
            steps,
            policy,
            params,
        }
    }

    /// Learns from rewarded rollouts and from episodes to imitate.
    pub(super) fn update(
        &mut self,
        rollouts: &[Rollout],
        rewards: &[B::Elem],
        imitated: &[Rollout],
    ) -> GeneratorReport {
        let all = rollouts.iter().chain(imitated);
        self.buffers
            .fill(&self.device, &mut self.episodes, &self.steps, all);
        self.policy
            .share(&self.device, &self.episodes, &mut self.cache);
        let mut batch = Batch::new(self.policy.steps(), rollouts.len(), imitated.len());
        let mut first = None;
        let epochs = match self.config.update {
            PolicyUpdate::Reinforce => {
                self.baseline.advantages(rewards, &mut batch.advantages);
                1
            }
            PolicyUpdate::Ppo => self.config.ppo_epochs,
        };
        for _ in 0..epochs {
            self.policy.forward(
                Forward::new(&self.device, &self.params),
                &self.episodes,
                &mut self.cache,
            );
            batch.read(&self.device, &self.cache);
            if first.is_none() && self.config.update == PolicyUpdate::Ppo {
                batch.start_ppo(rewards, self.config.gae_lambda);
            }
            let loss = batch.loss(&self.config);
            first.get_or_insert(GeneratorReport {
                loss,
                entropy: batch.mean_entropy(),
            });
            batch.write(&self.device, &mut self.cache);
            self.policy.backward(
                &mut Backward::new(&self.device, &self.params, &mut self.grads),
                &self.episodes,
                &mut self.cache,
            );
            self.adam.step(
                &self.device,
                &mut self.params,
                &mut self.grads,
                self.config.learning_rate,
            );
        }
        first.unwrap_or_default()
    }

    pub(super) fn state(&self) -> GeneratorState<B::Elem> {
        GeneratorState {
            params: self.params.read(&self.device),
            adam: self.adam.state(&self.device),
            baseline: self.baseline,
        }
    }

    /// Puts the generator into a state; an error says how it does not fit.
    pub(super) fn set_state(&mut self, state: &GeneratorState<B::Elem>) -> Result<(), String> {
        let expected = self.params.read(&self.device).len();
        let lengths = [state.params.len(), state.adam.m.len(), state.adam.v.len()];
        if lengths != [expected; 3] {
            return Err(format!(
                "the generator has {expected} parameters, the checkpoint {lengths:?}"
            ));
        }
        self.params.write(&self.device, &state.params);
        self.adam.set_state(&self.device, &state.adam);
        self.baseline = state.baseline;
        Ok(())
    }
}
