//! Gradients of whole networks in double precision, and agreement of sampling with teacher forcing.

use ndarray::ArrayView2;

use super::*;
use crate::layers::EncoderConfig;
use crate::ops::bias_activation::Activation;
use crate::ops::categorical::Exploration;
use crate::ops::graph_conv::Direction;
use crate::testing::{Tolerance, check_gradient, graphs, values, weighted_sum, wide};
use crate::{Backward, Cpu, Device as _, Element, Forward, Grads, Layout, Params};

fn discriminator() -> DiscriminatorConfig {
    DiscriminatorConfig {
        encoder: EncoderConfig {
            n_labels: graphs::N_LABELS,
            width: 3,
            layers: 3,
            direction: Direction::Both,
            activation: Activation::Tanh,
        },
        head_width: 4,
    }
}

/// Parameters that are no zeros anywhere, so that every path has a gradient.
pub(super) fn start(layout: &Layout) -> Vec<f64> {
    values(7, layout.len()).iter().map(|x| 0.8 * x).collect()
}

fn params<T: Element>(device: &Cpu<T>, layout: &Layout, values: &[f64]) -> Params<Cpu<T>> {
    let mut params = Params::zeros(device, layout);
    params.write(
        device,
        &values.iter().map(|&x| T::of(x)).collect::<Vec<T>>(),
    );
    params
}

#[test]
fn rank_discriminator_gradient() {
    let device = Cpu::<f64>::new();
    let mut layout = Layout::default();
    let net = RankDiscriminator::new(&mut layout, discriminator());
    let batch = graphs::batch(&device);
    let upstream = values(8, batch.n_graphs());
    let mut cache = RankDiscriminatorCache::new(&device);
    let theta = start(&layout);
    let fixed = params(&device, &layout, &theta);
    net.forward(Forward::new(&device, &fixed), &batch, &mut cache);
    cache.d_scores.set_column(&device, &upstream);
    let mut grads = Grads::zeros(&device, &layout);
    net.backward(
        &mut Backward::new(&device, &fixed, &mut grads),
        &batch,
        &mut cache,
    );
    check_gradient(
        "rank discriminator",
        &theta,
        &grads.read(&device),
        |theta| {
            net.forward(
                Forward::new(&device, &params(&device, &layout, theta)),
                &batch,
                &mut cache,
            );
            weighted_sum(cache.scores().host(), &upstream)
        },
    );
}

#[test]
fn pair_discriminator_gradient() {
    let device = Cpu::<f64>::new();
    let mut layout = Layout::default();
    let net = PairDiscriminator::new(&mut layout, discriminator());
    let batch = graphs::batch(&device);
    let (m, n) = (2, batch.n_graphs());
    let upstream = values(8, m * n);
    let mut cache = PairDiscriminatorCache::new(&device);
    let theta = start(&layout);
    let fixed = params(&device, &layout, &theta);
    net.forward(Forward::new(&device, &fixed), &batch, m, &mut cache);
    let d_logits = ArrayView2::from_shape([m, n], &upstream).unwrap();
    cache.d_logits.set(&device, d_logits);
    let mut grads = Grads::zeros(&device, &layout);
    net.backward(
        &mut Backward::new(&device, &fixed, &mut grads),
        &batch,
        &mut cache,
    );
    check_gradient(
        "pair discriminator",
        &theta,
        &grads.read(&device),
        |theta| {
            net.forward(
                Forward::new(&device, &params(&device, &layout, theta)),
                &batch,
                m,
                &mut cache,
            );
            weighted_sum(cache.logits().host(), &upstream)
        },
    );
}

/// Backward passes add to the gradients.
#[test]
fn gradients_accumulate() {
    let device = Cpu::<f64>::new();
    let mut layout = Layout::default();
    let net = RankDiscriminator::new(&mut layout, discriminator());
    let batch = graphs::batch(&device);
    let fixed = params(&device, &layout, &start(&layout));
    let mut cache = RankDiscriminatorCache::new(&device);
    let mut grads = Grads::zeros(&device, &layout);
    let mut sums = Vec::new();
    for _ in 0..2 {
        net.forward(Forward::new(&device, &fixed), &batch, &mut cache);
        cache.d_scores.set_column(&device, &[1.0, -0.5, 0.25]);
        net.backward(
            &mut Backward::new(&device, &fixed, &mut grads),
            &batch,
            &mut cache,
        );
        sums.push(grads.read(&device));
    }
    let doubled: Vec<f64> = sums[0].iter().map(|x| 2.0 * x).collect();
    Tolerance::F64.check("twice", &sums[1], &doubled);
}

const N_NODES: usize = 4;
const N_EPISODES: usize = 3;
const N_LABELS: usize = 5;
/// Labels of the nodes of each episode; the first is given, the last follows, so there are two decisions.
const LABELS: [[u32; N_NODES]; N_EPISODES] = [[3, 0, 2, 4], [3, 1, 1, 4], [3, 2, 0, 4]];
const EDGES: [u64; N_NODES] = [0, 0b1, 0b11, 0b110];
const PREFIXES: [usize; 2] = [1, 2];
const MASKS: [u64; 6] = [0b111, 0b111, 0b111, 0b101, 0b110, 0b111];

/// A graph encoder with fixed and with free edges, and a plain GRU.
fn policies() -> [PolicyConfig; 3] {
    let graph = PolicyInput::Graph {
        width: 3,
        layers: 2,
        activation: Activation::Tanh,
    };
    let last_label = PolicyInput::LastLabel { width: 3 };
    [
        (graph, EdgeChoice::Fixed),
        (graph, EdgeChoice::Free),
        (last_label, EdgeChoice::Fixed),
    ]
    .map(|(input, edges)| PolicyConfig {
        n_labels: N_LABELS,
        n_nodes: N_NODES,
        prefixes: PREFIXES.to_vec(),
        input,
        state_width: 3,
        head_width: 4,
        edges,
    })
}

/// Which edge decisions have one legal action only: the second into node 2, in every episode.
fn edge_mask(prefix: usize, from: usize) -> u64 {
    if (prefix, from) == (2, 1) {
        1 << edge(prefix, from)
    } else {
        0b11
    }
}

/// The prior log-odds of an edge from a node.
fn edge_prior(from: u32) -> f64 {
    0.75 - f64::from(from)
}

/// Whether there is an edge.
fn edge(to: usize, from: usize) -> u32 {
    u32::from(EDGES[to] >> from & 1 == 1)
}

fn episodes<T: Element>(device: &Cpu<T>) -> Episodes<Cpu<T>> {
    let mut episodes = Episodes::new(device);
    for labels in LABELS {
        episodes.graphs.push(labels.into_iter(), &EDGES);
    }
    episodes.graphs.upload(device);
    let (mut chosen, mut last, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    let (mut nodes, mut states, mut masks, mut edges) = (vec![], vec![], vec![], vec![]);
    for (step, prefix) in (0_u32..).zip(PREFIXES) {
        chosen.extend(LABELS.iter().map(|labels| labels[prefix]));
        labels.extend(LABELS.iter().map(|labels| labels[prefix]));
        last.extend(LABELS.iter().map(|labels| step * 5 + labels[prefix - 1]));
        for from in 0..prefix {
            for episode in 0..3 {
                nodes.push(episode * 4 + u32::try_from(from).unwrap());
                states.push(step * 3 + episode);
                masks.push(edge_mask(prefix, from));
                edges.push(edge(prefix, from));
            }
        }
    }
    let decisions = &mut episodes.decisions;
    device.write_masks(&mut decisions.masks, &MASKS);
    device.write_ints(&mut decisions.chosen, &chosen);
    device.write_ints(&mut decisions.last_labels, &last);
    device.write_masks(&mut decisions.edges.masks, &masks);
    device.write_ints(&mut decisions.edges.chosen, &edges);
    let prior: Vec<T> = (nodes.iter().map(|&node| T::of(edge_prior(node % 4)))).collect();
    decisions.edges.prior.set_column(device, &prior);
    let rows = &mut decisions.edges.rows;
    device.write_ints(&mut rows.node_rows, &nodes);
    device.write_ints(&mut rows.state_rows, &states);
    device.write_ints(&mut rows.labels, &labels);
    rows.n_edges = nodes.len();
    episodes
}

#[test]
fn policy_gradient() {
    let device = Cpu::<f64>::new();
    for config in policies() {
        let mut layout = Layout::default();
        let net = Policy::new(&mut layout, config);
        let batch = episodes(&device);
        let upstream = [8, 9, 10].map(|seed| values(seed, 6));
        let mut cache = PolicyCache::new(&device);
        let theta = start(&layout);
        let fixed = params(&device, &layout, &theta);
        net.share(&device, &batch, &mut cache);
        net.forward(Forward::new(&device, &fixed), &batch, &mut cache);
        for (mat, values) in [
            &mut cache.out.d_log_prob,
            &mut cache.out.d_entropy,
            &mut cache.out.d_value,
        ]
        .into_iter()
        .zip(&upstream)
        {
            mat.set_column(&device, values);
        }
        let mut grads = Grads::zeros(&device, &layout);
        net.backward(
            &mut Backward::new(&device, &fixed, &mut grads),
            &batch,
            &mut cache,
        );
        check_gradient("policy", &theta, &grads.read(&device), |theta| {
            net.forward(
                Forward::new(&device, &params(&device, &layout, theta)),
                &batch,
                &mut cache,
            );
            let out = &cache.out;
            [&out.log_prob, &out.entropy, &out.value]
                .into_iter()
                .zip(&upstream)
                .map(|(mat, upstream)| weighted_sum(mat.view().host(), upstream))
                .sum()
        });
    }
}

/// Decisions drawn one by one have the probabilities that the pass over the finished graphs gives them: the shares of a
/// fine grid of uniform numbers, multiplied over the decisions of a step, are the exponential of its log-probability.
#[test]
fn sampling_agrees_with_teacher_forcing() {
    let device = Cpu::<f64>::new();
    for config in policies() {
        let mut layout = Layout::default();
        let net = Policy::new(&mut layout, config.clone());
        let fixed = params(&device, &layout, &start(&layout));
        let mut cache = PolicyCache::new(&device);
        let batch = episodes(&device);
        net.share(&device, &batch, &mut cache);
        net.forward(Forward::new(&device, &fixed), &batch, &mut cache);
        let log_prob = wide(cache.out.log_prob.view());
        for (episode, labels) in LABELS.iter().enumerate() {
            let mut grid = Grid::new(&device);
            net.start(
                Forward::new(&device, &fixed),
                DRAWS as usize,
                &mut grid.sampler,
            );
            for (step, prefix) in PREFIXES.into_iter().enumerate() {
                grid.set_graphs(&device, &labels[..prefix], step);
                let mask = MASKS[step * N_EPISODES + episode];
                device.write_masks(&mut grid.sampler.masks, &vec![mask; DRAWS as usize]);
                net.sample_step(
                    Forward::new(&device, &fixed),
                    step,
                    Exploration::NONE,
                    &mut grid.sampler,
                );
                let mut found = grid.share(labels[prefix]);
                if config.edges == EdgeChoice::Free {
                    grid.set_edges(&device, labels[prefix], prefix);
                    net.start_edges(Forward::new(&device, &fixed), step, &mut grid.sampler);
                    for from in 0..prefix {
                        let masks = vec![edge_mask(prefix, from); DRAWS as usize];
                        device.write_masks(&mut grid.sampler.masks, &masks);
                        let prior = edge_prior(u32::try_from(from).unwrap());
                        let prior = [prior; DRAWS as usize];
                        grid.sampler.prior.set_column(&device, &prior);
                        let first = from * DRAWS as usize;
                        net.sample_edges(&device, first, Exploration::NONE, &mut grid.sampler);
                        found *= grid.share(edge(prefix, from));
                    }
                }
                let expected = log_prob[step * N_EPISODES + episode].exp();
                let what = format!("{config:?} {step}");
                Tolerance::SHARE.check(&what, &[found], &[expected]);
            }
        }
    }
}

const DRAWS: u32 = 4000;

/// A sampler of many copies of one episode, with uniform numbers on a grid.
struct Grid {
    sampler: Sampler<Cpu<f64>>,
}

impl Grid {
    fn new(device: &Cpu<f64>) -> Self {
        let mut sampler = Sampler::new(device);
        let uniforms: Vec<f64> = (0..DRAWS)
            .map(|i| (f64::from(i) + 0.5) / f64::from(DRAWS))
            .collect();
        sampler.uniforms.set_column(device, &uniforms);
        Self { sampler }
    }

    fn set_graphs(&mut self, device: &Cpu<f64>, labels: &[u32], step: usize) {
        self.sampler.graphs.clear();
        for _ in 0..DRAWS {
            self.sampler
                .graphs
                .push(labels.iter().copied(), &EDGES[..labels.len()]);
        }
        self.sampler.graphs.upload(device);
        let last = u32::try_from(step).unwrap() * 5 + labels[labels.len() - 1];
        device.write_ints(&mut self.sampler.last_labels, &vec![last; DRAWS as usize]);
    }

    fn set_edges(&mut self, device: &Cpu<f64>, label: u32, prefix: usize) {
        let prefix = u32::try_from(prefix).unwrap();
        let draws = || (0..prefix).flat_map(|from| (0..DRAWS).map(move |draw| (from, draw)));
        let nodes: Vec<u32> = draws().map(|(from, draw)| draw * prefix + from).collect();
        let states: Vec<u32> = draws().map(|(_, draw)| draw).collect();
        let rows = &mut self.sampler.edges;
        device.write_ints(&mut rows.node_rows, &nodes);
        device.write_ints(&mut rows.state_rows, &states);
        device.write_ints(&mut rows.labels, &vec![label; DRAWS as usize]);
        rows.n_edges = nodes.len();
    }

    /// The share of the draws that took this action.
    fn share(&self, action: u32) -> f64 {
        let hits = self.sampler.chosen.iter().filter(|&&a| a == action).count();
        hits as f64 / f64::from(DRAWS)
    }
}

/// A single-precision pass agrees with the double-precision one.
#[test]
fn single_precision_agrees() {
    fn scores<T: Element>() -> Vec<f64> {
        let device = Cpu::<T>::new();
        let mut layout = Layout::default();
        let net = PairDiscriminator::new(&mut layout, discriminator());
        let mut cache = PairDiscriminatorCache::new(&device);
        let params = params(&device, &layout, &start(&layout));
        net.forward(
            Forward::new(&device, &params),
            &graphs::batch(&device),
            3,
            &mut cache,
        );
        wide(cache.logits())
    }
    Tolerance::F32.check("f32", &scores::<f32>(), &scores::<f64>());
}
