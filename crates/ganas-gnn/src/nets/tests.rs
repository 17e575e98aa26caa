//! Gradients of whole networks in double precision, and agreement of sampling with teacher forcing.

use super::*;
use crate::ops::bias_activation::Activation;
use crate::ops::categorical::Exploration;
use crate::ops::graph_conv::Direction;
use crate::testing::{check_gradient, graphs, values, weighted_sum, wide};
use crate::{Cpu, Device as _, Element, Grads, Layout, Params};

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
    net.forward(&device, &fixed, &batch, &mut cache);
    cache.d_scores.set(&device, &upstream, upstream.len(), 1);
    let mut grads = Grads::zeros(&device, &layout);
    net.backward(&device, &fixed, &mut grads, &batch, &mut cache);
    check_gradient(
        "rank discriminator",
        &theta,
        &grads.read(&device),
        |theta| {
            net.forward(
                &device,
                &params(&device, &layout, theta),
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
    net.forward(&device, &fixed, &batch, m, &mut cache);
    cache.d_logits.set(&device, &upstream, m, n);
    let mut grads = Grads::zeros(&device, &layout);
    net.backward(&device, &fixed, &mut grads, &batch, &mut cache);
    check_gradient(
        "pair discriminator",
        &theta,
        &grads.read(&device),
        |theta| {
            net.forward(
                &device,
                &params(&device, &layout, theta),
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
        net.forward(&device, &fixed, &batch, &mut cache);
        cache.d_scores.set(&device, &[1.0, -0.5, 0.25], 3, 1);
        net.backward(&device, &fixed, &mut grads, &batch, &mut cache);
        sums.push(grads.read(&device));
    }
    let doubled: Vec<f64> = sums[0].iter().map(|x| 2.0 * x).collect();
    crate::testing::Tolerance::F64.check("twice", &sums[1], &doubled);
}

const N_NODES: usize = 4;
const N_EPISODES: usize = 3;
const N_LABELS: usize = 5;
/// Labels of the nodes of each episode; the first is given, the last follows, so there are two decisions.
const LABELS: [[u32; N_NODES]; N_EPISODES] = [[3, 0, 2, 4], [3, 1, 1, 4], [3, 2, 0, 4]];
const EDGES: [u64; N_NODES] = [0, 0b1, 0b11, 0b110];
const PREFIXES: [usize; 2] = [1, 2];
const MASKS: [u64; 6] = [0b111, 0b111, 0b111, 0b101, 0b110, 0b111];

pub(super) fn policy(input: PolicyInput) -> PolicyConfig {
    PolicyConfig {
        n_labels: N_LABELS,
        n_nodes: N_NODES,
        prefixes: PREFIXES.to_vec(),
        input,
        state_width: 3,
        head_width: 4,
    }
}

pub(super) fn inputs() -> [PolicyInput; 2] {
    [
        PolicyInput::Graph {
            width: 3,
            layers: 2,
            activation: Activation::Tanh,
        },
        PolicyInput::LastLabel { width: 3 },
    ]
}

pub(super) fn episodes<T: Element>(device: &Cpu<T>) -> Episodes<Cpu<T>> {
    let mut episodes = Episodes::new(device);
    let (mut chosen, mut last) = (Vec::new(), Vec::new());
    for labels in LABELS {
        episodes.graphs.push(labels.into_iter(), &EDGES);
    }
    episodes.graphs.upload(device);
    for (step, prefix) in (0..).zip(PREFIXES) {
        chosen.extend(LABELS.iter().map(|labels| labels[prefix]));
        last.extend(LABELS.iter().map(|labels| step * 5 + labels[prefix - 1]));
    }
    device.write_masks(&mut episodes.decisions.masks, &MASKS);
    device.write_ints(&mut episodes.decisions.chosen, &chosen);
    device.write_ints(&mut episodes.decisions.last_labels, &last);
    episodes
}

#[test]
fn policy_gradient() {
    let device = Cpu::<f64>::new();
    for input in inputs() {
        let mut layout = Layout::default();
        let net = Policy::new(&mut layout, policy(input));
        let batch = episodes(&device);
        let upstream = [8, 9, 10].map(|seed| values(seed, 6));
        let mut cache = PolicyCache::new(&device);
        let theta = start(&layout);
        let fixed = params(&device, &layout, &theta);
        net.forward(&device, &fixed, &batch, &mut cache);
        for (mat, values) in [
            &mut cache.out.d_log_prob,
            &mut cache.out.d_entropy,
            &mut cache.out.d_value,
        ]
        .into_iter()
        .zip(&upstream)
        {
            mat.set(&device, values, 6, 1);
        }
        let mut grads = Grads::zeros(&device, &layout);
        net.backward(&device, &fixed, &mut grads, &batch, &mut cache);
        check_gradient("policy", &theta, &grads.read(&device), |theta| {
            net.forward(
                &device,
                &params(&device, &layout, theta),
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

/// Labels drawn step by step have the probabilities that the pass over the finished graphs gives them: the shares of a
/// fine grid of uniform numbers at the first step are the exponentials of the log-probabilities.
#[test]
fn sampling_agrees_with_teacher_forcing() {
    let device = Cpu::<f64>::new();
    for input in inputs() {
        let mut layout = Layout::default();
        let net = Policy::new(&mut layout, policy(input));
        let fixed = params(&device, &layout, &start(&layout));
        let batch = episodes(&device);
        let mut cache = PolicyCache::new(&device);
        net.forward(&device, &fixed, &batch, &mut cache);
        let log_prob = wide(cache.out.log_prob.view());
        let mut sampler = Sampler::new(&device);
        let draws = 4000_u32;
        for episode in 0..N_EPISODES {
            net.start(&device, &fixed, draws as usize, &mut sampler);
            for (step, prefix) in PREFIXES.into_iter().enumerate() {
                sampler.graphs.clear();
                for _ in 0..draws {
                    let labels = &LABELS[episode][..prefix];
                    sampler
                        .graphs
                        .push(labels.iter().copied(), &EDGES[..prefix]);
                }
                sampler.graphs.upload(&device);
                let uniforms: Vec<f64> = (0..draws)
                    .map(|i| (f64::from(i) + 0.5) / f64::from(draws))
                    .collect();
                sampler.uniforms.set(&device, &uniforms, draws as usize, 1);
                let mask = MASKS[step * N_EPISODES + episode];
                device.write_masks(&mut sampler.masks, &vec![mask; draws as usize]);
                let last = u32::try_from(step).unwrap() * 5 + LABELS[episode][prefix - 1];
                device.write_ints(&mut sampler.last_labels, &vec![last; draws as usize]);
                net.sample_step(&device, &fixed, step, Exploration::NONE, &mut sampler);
                let hits = sampler
                    .chosen
                    .iter()
                    .filter(|&&a| a == LABELS[episode][prefix])
                    .count();
                let expected = log_prob[step * N_EPISODES + episode].exp();
                let found = hits as f64 / f64::from(draws);
                assert!(
                    (found - expected).abs() < 1e-3,
                    "{input:?} {step} {found} {expected}"
                );
            }
        }
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
        net.forward(&device, &params, &graphs::batch(&device), 3, &mut cache);
        wide(cache.logits())
    }
    crate::testing::Tolerance::F32.check("f32", &scores::<f32>(), &scores::<f64>());
}
