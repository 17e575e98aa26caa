//! The work of the policy: drawing architectures with free edges, and PPO updates.

use ganas_gnn::nets::{
    EdgeChoice, Episodes, Policy, PolicyCache, PolicyConfig, PolicyInput, Sampler,
};
use ganas_gnn::ops::bias_activation::Activation;
use ganas_gnn::ops::categorical::Exploration;
use ganas_gnn::{Adam, AdamConfig, Backend, Backward, Forward, Grads, Layout, Params};
use ganas_rl::{PpoBatch, PpoConfig, PpoDerivatives, ppo_loss};

use crate::graphs::{Graph, INPUT, N_LABELS, N_NODES};
use crate::{Shape, stream};

/// The labels that may be chosen: all but that of the input.
const LEGAL: u64 = 0b1_1110;

/// The steps of an episode: one for each vertex but the first.
const STEPS: usize = N_NODES - 1;

/// Graphs that were drawn, with their log-probabilities.
#[derive(Debug)]
pub struct Rollouts {
    graphs: Vec<Graph>,
}

impl Rollouts {
    /// The graphs.
    #[must_use]
    pub fn graphs(&self) -> &[Graph] {
        &self.graphs
    }
}

/// A policy that draws and learns.
#[derive(Debug)]
pub struct PolicyWork<B: Backend> {
    device: B,
    net: Policy,
    params: Params<B>,
    grads: Grads<B>,
    adam: Adam<B>,
    sampler: Sampler<B>,
    episodes: Episodes<B>,
    cache: PolicyCache<B>,
    shape: Shape,
    draws: u32,
}

impl<B: Backend<Elem = f32>> PolicyWork<B> {
    /// A policy with starting values.
    #[must_use]
    pub fn new(device: &B, shape: Shape) -> Self {
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
        let net = Policy::new(&mut layout, config);
        let mut params = Params::zeros(&device, &layout);
        params.write(&device, &layout.draw(&mut stream(3, 0, 0)));
        let clipped = AdamConfig {
            max_norm: Some(1.0),
            ..AdamConfig::default()
        };
        Self {
            grads: Grads::zeros(&device, &layout),
            adam: Adam::new(&device, &layout, clipped),
            sampler: Sampler::new(&device),
            episodes: Episodes::new(&device),
            cache: PolicyCache::new(&device),
            device,
            net,
            params,
            shape,
            draws: 0,
        }
    }

    /// Draws a batch of graphs.
    pub fn sample(&mut self) -> Rollouts {
        let (device, sampler, n) = (&self.device, &mut self.sampler, self.shape.batch);
        let start = Graph {
            labels: vec![INPUT],
            predecessors: vec![0],
        };
        let mut graphs = vec![start; n];
        let mut random = stream(4, self.draws, 0);
        self.draws += 1;
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
            sampler.uniforms.set(device, &uniforms, n, 1);
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
            sampler.uniforms.set(device, &uniforms, decisions, 1);
            device.write_masks(&mut sampler.masks, &vec![0b11; decisions]);
            sampler
                .prior
                .set(device, &vec![0.0; decisions], decisions, 1);
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
        Rollouts { graphs }
    }

    /// A PPO update of some epochs on rollouts and their rewards; returns the last loss.
    pub fn update(&mut self, rollouts: &Rollouts, rewards: &[f32]) -> f32 {
        self.fill(rollouts);
        let n = rollouts.graphs.len();
        self.net
            .share(&self.device, &self.episodes, &mut self.cache);
        let advantages: Vec<f32> = standardised(rewards).repeat(STEPS);
        let returns: Vec<f32> = rewards.repeat(STEPS);
        let (mut log_probs, mut values, mut entropies) = (Vec::new(), Vec::new(), Vec::new());
        let mut old_log_probs = Vec::new();
        let [mut d_log_probs, mut d_values, mut d_entropies] =
            [(); 3].map(|()| vec![0.0; STEPS * n]);
        let mut loss = 0.0;
        for epoch in 0..self.shape.epochs {
            let (device, cache) = (&self.device, &mut self.cache);
            self.net
                .forward(Forward::new(device, &self.params), &self.episodes, cache);
            cache.out.log_prob.read(device, &mut log_probs);
            cache.out.value.read(device, &mut values);
            cache.out.entropy.read(device, &mut entropies);
            if epoch == 0 {
                old_log_probs.clone_from(&log_probs);
            }
            loss = ppo_loss(
                PpoConfig::default(),
                PpoBatch {
                    log_probs: &log_probs,
                    old_log_probs: &old_log_probs,
                    advantages: &advantages,
                    values: &values,
                    returns: &returns,
                    entropies: &entropies,
                },
                PpoDerivatives {
                    d_log_probs: &mut d_log_probs,
                    d_values: &mut d_values,
                    d_entropies: &mut d_entropies,
                },
            );
            cache.out.d_log_prob.set(device, &d_log_probs, STEPS * n, 1);
            cache.out.d_value.set(device, &d_values, STEPS * n, 1);
            cache.out.d_entropy.set(device, &d_entropies, STEPS * n, 1);
            let grads = &mut self.grads;
            self.net.backward(
                &mut Backward::new(device, &self.params, grads),
                &self.episodes,
                cache,
            );
            self.adam
                .step(device, &mut self.params, grads, crate::LEARNING_RATE);
        }
        loss
    }

    /// Writes rollouts as episodes.
    fn fill(&mut self, rollouts: &Rollouts) {
        let (device, episodes) = (&self.device, &mut self.episodes);
        let graphs = &rollouts.graphs;
        let n = graphs.len();
        episodes.graphs.clear();
        for graph in graphs {
            episodes
                .graphs
                .push(graph.labels.iter().copied(), &graph.predecessors);
        }
        let (mut chosen, mut last, mut edges) = (Vec::new(), Vec::new(), Vec::new());
        let (mut nodes, mut states) = (Vec::new(), Vec::new());
        for step in 0..STEPS {
            chosen.extend(graphs.iter().map(|graph| graph.labels[step + 1]));
            let offset = narrow(step * N_LABELS);
            last.extend(graphs.iter().map(|graph| offset + graph.labels[step]));
            for from in 0..=step {
                for (i, graph) in graphs.iter().enumerate() {
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
        about
            .prior
            .set(device, &vec![0.0; edges.len()], edges.len(), 1);
        device.write_masks(&mut about.masks, &vec![0b11; edges.len()]);
        device.write_ints(&mut about.chosen, &edges);
        device.write_ints(&mut about.rows.node_rows, &nodes);
        device.write_ints(&mut about.rows.state_rows, &states);
        device.write_ints(&mut about.rows.labels, &chosen);
        about.rows.n_edges = edges.len();
    }
}

/// Numbers with mean 0 and standard deviation 1.
#[expect(clippy::cast_precision_loss, reason = "counts of a bench are small")]
fn standardised(x: &[f32]) -> Vec<f32> {
    let n = x.len() as f32;
    let mean = x.iter().sum::<f32>() / n;
    let deviation = (x.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / n).sqrt();
    x.iter().map(|x| (x - mean) / (deviation + 1e-6)).collect()
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("invariant: the work is small")
}
