//! The work of the policy: drawing architectures with free edges, and PPO updates.

use std::convert::Infallible;

use ganas_gnn::nets::{
    EdgeChoice, Episodes, Policy as Net, PolicyCache, PolicyConfig, PolicyInput, Sampler,
};
use ganas_gnn::ops::adam::StepSize as AdamStepSize;
use ganas_gnn::ops::bias_activation::Activation;
use ganas_gnn::ops::categorical::Exploration;
use ganas_gnn::{Adam, AdamConfig, Backend, Backward, Forward, Grads, Layout, Params};
use ganas_random::{Stream, StreamKey};
use ganas_rl::{
    Algorithm, Decisions, GaeConfig, Policy, PpoConfig, StepSize, Trainer, TrainerConfig,
};

use crate::graphs::{Graph, INPUT, N_LABELS, N_NODES};
use crate::{LEARNING_RATE, Shape, key, stream};

/// The labels that may be chosen: all but that of the input.
const LEGAL: u64 = 0b1_1110;

/// The steps of an episode: one for each vertex but the first.
const STEPS: usize = N_NODES - 1;

/// A policy that draws and learns.
#[derive(Debug)]
pub struct PolicyWork<B: Backend<Elem = f32>> {
    trainer: Trainer<GraphPolicy<B>>,
    batch: usize,
    draws: u32,
}

impl<B: Backend<Elem = f32>> PolicyWork<B> {
    /// A policy with starting values.
    ///
    /// # Panics
    ///
    /// When the shape has no epochs.
    #[must_use]
    pub fn new(device: &B, shape: Shape) -> Self {
        let config = TrainerConfig {
            algorithm: Algorithm::Ppo(PpoConfig {
                epochs: shape.epochs,
                // Returns are the rewards, as in the work of PyTorch.
                gae: GaeConfig {
                    gamma: 1.0,
                    lambda: 1.0,
                },
                ..PpoConfig::default()
            }),
            learning_rate: LEARNING_RATE,
            max_gradient_norm: Some(1.0),
            ..TrainerConfig::default()
        };
        Self {
            trainer: Trainer::new(GraphPolicy::new(device, shape), config)
                .expect("invariant: a shape has epochs"),
            batch: shape.batch,
            draws: 0,
        }
    }

    /// Draws a batch of graphs.
    pub fn sample(&mut self) -> Vec<Graph> {
        let key = key(4, self.draws, 0);
        self.draws += 1;
        match self.trainer.draw(key, self.batch) {
            Ok(graphs) => graphs,
            Err(never) => match never {},
        }
    }

    /// A PPO update of some epochs on rollouts and their rewards; returns the first loss.
    pub fn update(&mut self, rollouts: &[Graph], rewards: &[f32]) -> f64 {
        self.trainer.update(rollouts, rewards, &[]).loss
    }
}

/// A network, its optimiser, and memory for both.
#[derive(Debug)]
struct GraphPolicy<B: Backend> {
    device: B,
    net: Net,
    params: Params<B>,
    grads: Grads<B>,
    adam: Adam<B>,
    sampler: Sampler<B>,
    episodes: Episodes<B>,
    cache: PolicyCache<B>,
}

impl<B: Backend<Elem = f32>> GraphPolicy<B> {
    fn new(device: &B, shape: Shape) -> Self {
        let device = device.clone();
        let mut layout = Layout::default();
        let config = PolicyConfig {
            n_labels: N_LABELS,
            n_nodes: N_NODES,
            prefixes: (1..N_NODES).collect(),
            input: PolicyInput::Graph {
                width: shape.width,
                layers: shape.layers,
                activation: Activation::Relu,
            },
            state_width: shape.width,
            head_width: shape.width,
            edges: EdgeChoice::Free,
        };
        let net = Net::new(&mut layout, config);
        let mut params = Params::zeros(&device, &layout);
        params.write(&device, &layout.draw(&mut stream(3, 0, 0)));
        Self {
            grads: Grads::zeros(&device, &layout),
            adam: Adam::new(&device, &layout, AdamConfig::default()),
            sampler: Sampler::new(&device),
            episodes: Episodes::new(&device),
            cache: PolicyCache::new(&device),
            device,
            net,
            params,
        }
    }

    /// Writes rollouts as episodes.
    fn fill<'a>(&mut self, graphs: impl Iterator<Item = &'a Graph> + Clone) {
        let (device, episodes) = (&self.device, &mut self.episodes);
        let n = graphs.clone().count();
        episodes.graphs.clear();
        for graph in graphs.clone() {
            episodes
                .graphs
                .push(graph.labels.iter().copied(), &graph.predecessors);
        }
        let (mut chosen, mut last, mut edges) = (Vec::new(), Vec::new(), Vec::new());
        let (mut nodes, mut states) = (Vec::new(), Vec::new());
        for step in 0..STEPS {
            chosen.extend(graphs.clone().map(|graph| graph.labels[step + 1]));
            let offset = narrow(step * N_LABELS);
            last.extend(graphs.clone().map(|graph| offset + graph.labels[step]));
            for from in 0..=step {
                for (i, graph) in graphs.clone().enumerate() {
                    nodes.push(narrow(i * N_NODES + from));
                    states.push(narrow(step * n + i));
                    edges.push(u32::from(graph.predecessors[step + 1] >> from & 1 == 1));
                }
            }
        }
        let decisions = &mut episodes.decisions;
        device.write_masks(&mut decisions.masks, &vec![LEGAL; STEPS * n]);
        device.write_ints(&mut decisions.chosen, &chosen);
        device.write_ints(&mut decisions.last_labels, &last);
        let about = &mut decisions.edges;
        about.prior.set_column(device, &vec![0.0; edges.len()]);
        device.write_masks(&mut about.masks, &vec![0b11; edges.len()]);
        device.write_ints(&mut about.chosen, &edges);
        device.write_ints(&mut about.rows.node_rows, &nodes);
        device.write_ints(&mut about.rows.state_rows, &states);
        device.write_ints(&mut about.rows.labels, &chosen);
        about.rows.n_edges = edges.len();
    }
}

impl<B: Backend<Elem = f32>> Policy for GraphPolicy<B> {
    type Elem = f32;
    type Episode = Graph;
    type Error = Infallible;

    fn draw(&mut self, key: StreamKey, n: usize) -> Result<Vec<Graph>, Infallible> {
        let (device, sampler) = (&self.device, &mut self.sampler);
        let start = Graph {
            labels: vec![INPUT],
            predecessors: vec![0],
        };
        let mut graphs = vec![start; n];
        let mut random = Stream::new(key);
        let mut uniforms = vec![0.0; n];
        let mut last_labels = vec![0; n];
        let (mut nodes, mut states) = (Vec::new(), Vec::new());
        self.net
            .start(Forward::new(device, &self.params), n, sampler);
        for step in 0..STEPS {
            sampler.graphs.clear();
            for (graph, last) in graphs.iter().zip(&mut last_labels) {
                *last = narrow(step * N_LABELS) + graph.labels[step];
                sampler
                    .graphs
                    .push(graph.labels.iter().copied(), &graph.predecessors);
            }
            device.write_masks(&mut sampler.masks, &vec![LEGAL; n]);
            device.write_ints(&mut sampler.last_labels, &last_labels);
            uniforms.fill_with(|| random.uniform());
            sampler.uniforms.set_column(device, &uniforms);
            let plain = Exploration::NONE;
            self.net
                .sample_step(Forward::new(device, &self.params), step, plain, sampler);
            let mut labels = vec![0; n];
            device.read_ints(&mut labels, &sampler.chosen);
            nodes.clear();
            states.clear();
            for from in 0..=step {
                nodes.extend((0..n).map(|i| narrow(i * (step + 1) + from)));
                states.extend((0..n).map(narrow));
            }
            let rows = &mut sampler.edges;
            device.write_ints(&mut rows.node_rows, &nodes);
            device.write_ints(&mut rows.state_rows, &states);
            device.write_ints(&mut rows.labels, &labels);
            rows.n_edges = nodes.len();
            self.net
                .start_edges(Forward::new(device, &self.params), step, sampler);
            let decisions = nodes.len();
            uniforms.resize(decisions, 0.0);
            uniforms.fill_with(|| random.uniform());
            sampler.uniforms.set_column(device, &uniforms);
            device.write_masks(&mut sampler.masks, &vec![0b11; decisions]);
            sampler.prior.set_column(device, &vec![0.0; decisions]);
            self.net.sample_edges(device, 0, plain, sampler);
            let mut edges = vec![0; decisions];
            device.read_ints(&mut edges, &sampler.chosen);
            for (i, graph) in graphs.iter_mut().enumerate() {
                graph.labels.push(labels[i]);
                let edges = (0..=step).map(|from| u64::from(edges[from * n + i]) << from);
                graph.predecessors.push(edges.sum());
            }
            uniforms.truncate(n);
        }
        Ok(graphs)
    }

    fn take_up<'a>(
        &mut self,
        episode_of: &mut Vec<usize>,
        graphs: impl Iterator<Item = &'a Graph> + Clone,
    ) {
        let n = graphs.clone().count();
        episode_of.extend((0..STEPS).flat_map(|_| 0..n));
        self.fill(graphs);
        self.net
            .share(&self.device, &self.episodes, &mut self.cache);
    }

    fn forward(&mut self, decisions: &mut Decisions<f32>) {
        let (device, cache) = (&self.device, &mut self.cache);
        self.net
            .forward(Forward::new(device, &self.params), &self.episodes, cache);
        cache
            .out
            .log_prob
            .read_column(device, &mut decisions.log_probs);
        cache.out.value.read_column(device, &mut decisions.values);
        cache
            .out
            .entropy
            .read_column(device, &mut decisions.entropies);
    }

    fn backward(&mut self, d: &Decisions<f32>) {
        let (device, cache) = (&self.device, &mut self.cache);
        let out = &mut cache.out;
        out.d_log_prob.set_column(device, &d.log_probs);
        out.d_value.set_column(device, &d.values);
        out.d_entropy.set_column(device, &d.entropies);
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

fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("invariant: the work is small")
}
