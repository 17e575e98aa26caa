//! The policy of the generator: a network over graphs, as a trainer sees it.

use std::sync::Arc;

use ganas_gnn::nets::{Episodes, Policy as Net, PolicyCache, PolicyConfig, PolicyInput, Sampler};
use ganas_gnn::ops::adam::{AdamState, StepSize as AdamStepSize};
use ganas_gnn::ops::categorical::Exploration;
use ganas_gnn::{Adam, AdamConfig, Backend, Backward, Forward, Grads, Layout, Params};
use ganas_random::StreamKey;
use ganas_rl::{Decisions, Policy, StepSize};
use ganas_space::SearchSpace;

use crate::SearchError;
use crate::ga_nas::config::{GeneratorConfig, GeneratorEncoder};
use crate::ga_nas::encode::{EpisodeBuffers, OpenActions, Rollout, Steps};
use crate::streams::{Purpose, Streams};

/// How architectures are built.
#[derive(Debug)]
pub(crate) struct Building {
    /// The space that they are of.
    pub(crate) space: Arc<dyn SearchSpace>,
    /// Its decisions.
    pub(crate) steps: Steps,
    /// Which actions can be drawn.
    pub(crate) open: OpenActions,
}

/// A network that builds architectures, its optimiser, and memory for both.
#[derive(Debug)]
pub(crate) struct GraphPolicy<B: Backend> {
    pub(crate) device: B,
    pub(crate) building: Building,
    pub(crate) net: Net,
    pub(crate) params: Params<B>,
    pub(crate) sampler: Sampler<B>,
    grads: Grads<B>,
    adam: Adam<B>,
    episodes: Episodes<B>,
    buffers: EpisodeBuffers<B::Elem>,
    cache: PolicyCache<B>,
}

impl<B: Backend> GraphPolicy<B> {
    /// A policy with starting values.
    pub(crate) fn new(
        device: &B,
        config: &GeneratorConfig,
        building: Building,
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
        let steps = &building.steps;
        let net = Net::new(
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
        Self {
            grads: Grads::zeros(device, &layout),
            adam: Adam::new(device, &layout, AdamConfig::default()),
            episodes: Episodes::new(device),
            buffers: EpisodeBuffers::default(),
            cache: PolicyCache::new(device),
            sampler: Sampler::new(device),
            device: device.clone(),
            building,
            net,
            params,
        }
    }

    /// The number of decisions of an architecture, and of random numbers that drawing it takes.
    pub(crate) fn n_decisions(&self) -> usize {
        self.building.steps.n_decisions
    }

    /// Parameters, and the state of the optimiser.
    pub(crate) fn state(&self) -> (Vec<B::Elem>, AdamState<B::Elem>) {
        (
            self.params.read(&self.device),
            self.adam.state(&self.device),
        )
    }

    /// Puts the policy into a state; an error says how it does not fit.
    pub(crate) fn set_state(
        &mut self,
        params: &[B::Elem],
        adam: &AdamState<B::Elem>,
    ) -> Result<(), String> {
        let expected = self.params.read(&self.device).len();
        let lengths = [params.len(), adam.m.len(), adam.v.len()];
        if lengths != [expected; 3] {
            return Err(format!(
                "the generator has {expected} parameters, the checkpoint {lengths:?}"
            ));
        }
        self.params.write(&self.device, params);
        self.adam.set_state(&self.device, adam);
        Ok(())
    }
}

impl<B: Backend> Policy for GraphPolicy<B> {
    type Elem = B::Elem;
    type Episode = Rollout;
    type Error = SearchError;

    fn draw(&mut self, key: StreamKey, n: usize) -> Result<Vec<Rollout>, SearchError> {
        self.explore(key, n, Exploration::NONE)
    }

    fn take_up<'a>(
        &mut self,
        episode_of: &mut Vec<usize>,
        rollouts: impl Iterator<Item = &'a Rollout> + Clone,
    ) {
        let (device, steps) = (&self.device, &self.building.steps);
        let n = rollouts.clone().count();
        episode_of.extend((0..self.net.steps()).flat_map(|_| 0..n));
        self.buffers
            .fill(device, &mut self.episodes, steps, rollouts);
        self.net.share(device, &self.episodes, &mut self.cache);
    }

    fn forward(&mut self, decisions: &mut Decisions<B::Elem>) {
        let (device, cache) = (&self.device, &mut self.cache);
        self.net
            .forward(Forward::new(device, &self.params), &self.episodes, cache);
        cache
            .out
            .log_prob
            .read_column(device, &mut decisions.log_probs);
        cache
            .out
            .entropy
            .read_column(device, &mut decisions.entropies);
        cache.out.value.read_column(device, &mut decisions.values);
    }

    fn backward(&mut self, d_decisions: &Decisions<B::Elem>) {
        let (device, cache) = (&self.device, &mut self.cache);
        let (out, d) = (&mut cache.out, d_decisions);
        out.d_log_prob.set_column(device, &d.log_probs);
        out.d_entropy.set_column(device, &d.entropies);
        out.d_value.set_column(device, &d.values);
        let (params, grads) = (&self.params, &mut self.grads);
        let mut context = Backward::new(device, params, grads);
        self.net.backward(&mut context, &self.episodes, cache);
    }

    fn gradient_norm(&self) -> f64 {
        self.grads.norm(&self.device)
    }

    fn step(&mut self, size: StepSize) {
        let size = AdamStepSize {
            learning_rate: size.learning_rate,
            gradient_scale: size.gradient_scale,
        };
        let (params, grads) = (&mut self.params, &mut self.grads);
        self.adam.step_of(&self.device, params, grads, size);
    }
}
