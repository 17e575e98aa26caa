//! The inner loop does not allocate: once the caches have grown, steps of training and sampling take no memory.
//!
//! One thing is beyond our reach: in each product the `gemm` crate takes a buffer for packed operands, aligned to cache
//! lines, and a short list of flags, aligned to bytes. Both are told apart by that: our numbers, indices and pointers are
//! aligned to 4 to 16 bytes.

#![expect(unsafe_code, reason = "an allocator is an unsafe trait")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::alloc::{GlobalAlloc, Layout as Size, System};
use std::cell::Cell;

use ganas_gnn::layers::EncoderConfig;
use ganas_gnn::nets::{
    DiscriminatorConfig, EdgeChoice, Episodes, PairDiscriminator, PairDiscriminatorCache, Policy,
    PolicyCache, PolicyConfig, PolicyInput, RankDiscriminator, RankDiscriminatorCache, Sampler,
};
use ganas_gnn::ops::bce::{BinaryCrossEntropy as _, Targets};
use ganas_gnn::ops::bias_activation::Activation;
use ganas_gnn::ops::categorical::Exploration;
use ganas_gnn::ops::graph_conv::Direction;
use ganas_gnn::ops::ranking::{Comparisons, Ranking as _};
use ganas_gnn::{
    Adam, AdamConfig, Backward, Cpu, Device as _, Forward, Grads, GraphBatch, Layout, Mat, Params,
};
use ndarray::Array2;

/// The system's allocator, with a count of the allocations of each thread.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every method hands its arguments on to the system's allocator, whose contract is the same.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, size: Size) -> *mut u8 {
        if (4..=16).contains(&size.align()) {
            // While a thread ends its count is gone; nobody asks for it any more.
            let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        }
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, size: Size) {
        // SAFETY: the caller keeps the contract of `dealloc`, and all memory is the system's.
        unsafe { System.dealloc(at, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Device = Cpu<f32>;

const WIDTH: usize = 32;
const N: usize = 24;
const N_NODES: usize = 7;
const N_LABELS: usize = 5;

/// Counts the allocations of a step after some steps that may grow the caches, in a pool of one thread.
fn check(what: &str, mut step: impl FnMut() + Send) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    pool.install(|| {
        for _ in 0..3 {
            step();
        }
        let before = COUNT.get();
        step();
        let allocations = COUNT.get() - before;
        assert_eq!(allocations, 0, "{what}");
    });
}

/// The labels and predecessors of a graph, different for each number.
fn graph(number: usize) -> ([u32; N_NODES], [u64; N_NODES]) {
    let mut labels = [0; N_NODES];
    let mut predecessors = [0; N_NODES];
    for v in 1..N_NODES {
        labels[v] = u32::try_from((number * 7 + v * v) % N_LABELS).unwrap();
        predecessors[v] = (number as u64 * 37 + 11 * v as u64) & ((1 << v) - 1);
    }
    (labels, predecessors)
}

fn fill(device: &Device, batch: &mut GraphBatch<Device>) {
    batch.clear();
    for number in 0..N {
        let (labels, predecessors) = graph(number);
        batch.push(labels.into_iter(), &predecessors);
    }
    batch.upload(device);
}

fn discriminator() -> DiscriminatorConfig {
    DiscriminatorConfig {
        encoder: EncoderConfig {
            n_labels: N_LABELS,
            width: WIDTH,
            layers: 3,
            direction: Direction::Both,
            activation: Activation::Relu,
        },
        head_width: WIDTH,
    }
}

/// Parameters, gradients and an optimiser.
fn training(device: &Device, layout: &Layout) -> (Params<Device>, Grads<Device>, Adam<Device>) {
    let mut params = Params::zeros(device, layout);
    params.write(device, &vec![0.01; layout.len()]);
    let config = AdamConfig {
        max_norm: Some(1.0),
        ..AdamConfig::default()
    };
    (
        params,
        Grads::zeros(device, layout),
        Adam::new(device, layout, config),
    )
}

#[test]
fn rank_step() {
    let device = Device::new();
    let mut layout = Layout::default();
    let net = RankDiscriminator::new(&mut layout, discriminator());
    let (mut params, mut grads, mut adam) = training(&device, &layout);
    let (mut batch, mut cache) = (
        GraphBatch::new(&device),
        RankDiscriminatorCache::new(&device),
    );
    let ranks: Vec<u32> = (0..24).collect();
    let partners: Vec<u32> = (0..24).rev().collect();
    check("ranking step", || {
        fill(&device, &mut batch);
        net.forward(Forward::new(&device, &params), &batch, &mut cache);
        let (scores, d_scores) = cache.scores_and_derivative(&device);
        let comparisons = Comparisons {
            ranks: &ranks,
            partners: &partners,
        };
        device.ranking_loss(d_scores.view_mut(), scores, comparisons);
        net.backward(
            &mut Backward::new(&device, &params, &mut grads),
            &batch,
            &mut cache,
        );
        adam.step(&device, &mut params, &mut grads, 1e-3);
    });
}

#[test]
fn pair_step() {
    let device = Device::new();
    let mut layout = Layout::default();
    let net = PairDiscriminator::new(&mut layout, discriminator());
    let (mut params, mut grads, mut adam) = training(&device, &layout);
    let (mut batch, mut cache) = (
        GraphBatch::new(&device),
        PairDiscriminatorCache::new(&device),
    );
    let left = N / 2;
    let half = Mat::from_host(&device, Array2::from_elem([left, N], 0.5).view());
    check("pairwise step", || {
        fill(&device, &mut batch);
        net.forward(Forward::new(&device, &params), &batch, left, &mut cache);
        let (logits, d_logits) = cache.logits_and_derivative(&device);
        let targets = Targets {
            values: half.view(),
            weights: half.view(),
        };
        device.bce(d_logits.view_mut(), logits, targets);
        net.backward(
            &mut Backward::new(&device, &params, &mut grads),
            &batch,
            &mut cache,
        );
        adam.step(&device, &mut params, &mut grads, 1e-3);
    });
}

fn policy(layout: &mut Layout) -> Policy {
    let config = PolicyConfig {
        n_labels: N_LABELS,
        n_nodes: N_NODES,
        prefixes: (1..N_NODES).collect(),
        input: PolicyInput::Graph {
            width: WIDTH,
            layers: 3,
            activation: Activation::Relu,
        },
        state_width: WIDTH,
        head_width: WIDTH,
        edges: EdgeChoice::Free,
    };
    Policy::new(layout, config)
}

#[test]
fn policy_step() {
    let device = Device::new();
    let mut layout = Layout::default();
    let net = policy(&mut layout);
    let (mut params, mut grads, mut adam) = training(&device, &layout);
    let (mut episodes, mut cache) = (Episodes::new(&device), PolicyCache::new(&device));
    fill(&device, &mut episodes.graphs);
    let (mut chosen, mut nodes, mut states, mut edges) = (vec![], vec![], vec![], vec![]);
    for step in 0..N_NODES - 1 {
        chosen.extend((0..N).map(|i| graph(i).0[step + 1]));
        for from in 0..=step {
            for i in 0..N {
                nodes.push(u32::try_from(i * N_NODES + from).unwrap());
                states.push(u32::try_from(step * N + i).unwrap());
                edges.push(u32::from(graph(i).1[step + 1] >> from & 1 == 1));
            }
        }
    }
    let (n, n_edges) = (chosen.len(), edges.len());
    let decisions = &mut episodes.decisions;
    device.write_masks(&mut decisions.masks, &vec![0b1_1111; n]);
    device.write_ints(&mut decisions.chosen, &chosen);
    device.write_ints(&mut decisions.last_labels, &chosen);
    let about = &mut decisions.edges;
    about.prior.set_column(&device, &vec![0.0; n_edges]);
    device.write_masks(&mut about.masks, &vec![0b11; n_edges]);
    device.write_ints(&mut about.chosen, &edges);
    device.write_ints(&mut about.rows.node_rows, &nodes);
    device.write_ints(&mut about.rows.state_rows, &states);
    device.write_ints(&mut about.rows.labels, &chosen);
    about.rows.n_edges = n_edges;
    let upstream = vec![0.1; n];
    check("policy step", || {
        net.share(&device, &episodes, &mut cache);
        net.forward(Forward::new(&device, &params), &episodes, &mut cache);
        let out = &mut cache.out;
        for mat in [&mut out.d_log_prob, &mut out.d_entropy, &mut out.d_value] {
            mat.set_column(&device, &upstream);
        }
        net.backward(
            &mut Backward::new(&device, &params, &mut grads),
            &episodes,
            &mut cache,
        );
        adam.step(&device, &mut params, &mut grads, 1e-3);
    });
}

#[test]
fn sampling() {
    let device = Device::new();
    let mut layout = Layout::default();
    let net = policy(&mut layout);
    let (params, ..) = training(&device, &layout);
    let mut sampler = Sampler::new(&device);
    let uniforms = vec![0.4; N * N_NODES];
    let (labels_legal, edges_legal) = (vec![0b1_1110; N], vec![0b11; N * N_NODES]);
    let priors = vec![0.0; N * N_NODES];
    let (mut nodes, mut states) = (Vec::new(), Vec::new());
    check("sampling", || {
        net.start(Forward::new(&device, &params), N, &mut sampler);
        for step in 0..N_NODES - 1 {
            let s = &mut sampler;
            s.graphs.clear();
            for i in 0..N {
                let (labels, predecessors) = graph(i);
                let labels = &labels[..=step];
                s.graphs
                    .push(labels.iter().copied(), &predecessors[..=step]);
            }
            device.write_masks(&mut s.masks, &labels_legal);
            s.uniforms.set_column(&device, &uniforms[..N]);
            net.sample_step(Forward::new(&device, &params), step, Exploration::NONE, s);
            nodes.clear();
            states.clear();
            for from in 0..=step {
                nodes.extend((0..N).map(|i| u32::try_from(i * (step + 1) + from).unwrap()));
                states.extend((0..N).map(|i| u32::try_from(i).unwrap()));
            }
            let n = nodes.len();
            let Sampler { edges, chosen, .. } = &mut *s;
            device.write_ints(&mut edges.node_rows, &nodes);
            device.write_ints(&mut edges.state_rows, &states);
            device.write_ints(&mut edges.labels, chosen);
            edges.n_edges = n;
            net.start_edges(Forward::new(&device, &params), step, s);
            s.uniforms.set_column(&device, &uniforms[..n]);
            s.prior.set_column(&device, &priors[..n]);
            device.write_masks(&mut s.masks, &edges_legal[..n]);
            net.sample_edges(&device, 0, Exploration::NONE, s);
        }
    });
}
