//! Results do not depend on the number of threads: networks of a size that is split give the same bits in every pool.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use ganas_gnn::layers::EncoderConfig;
use ganas_gnn::nets::{
    DiscriminatorConfig, EdgeChoice, Episodes, PairDiscriminator, PairDiscriminatorCache, Policy,
    PolicyCache, PolicyConfig, PolicyInput,
};
use ganas_gnn::ops::bias_activation::Activation;
use ganas_gnn::ops::graph_conv::Direction;
use ganas_gnn::{
    Adam, AdamConfig, Backward, Cpu, Device as _, Forward, Grads, GraphBatch, Layout, Params,
};
use ndarray::Array2;

type Device = Cpu<f32>;

const N_NODES: usize = 7;

/// Does `job` in a pool of some threads.
fn in_a_pool<R: Send>(threads: usize, job: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(job)
}

/// Starting parameters, gradients and an optimiser.
fn training(layout: &Layout) -> (Params<Device>, Grads<Device>, Adam<Device>) {
    let device = Device::new();
    let mut params = Params::zeros(&device, layout);
    let start: Vec<f32> = (0_u16..101)
        .cycle()
        .take(layout.len())
        .map(|i| f32::from(i) / 500.0 - 0.1)
        .collect();
    params.write(&device, &start);
    (
        params,
        Grads::zeros(&device, layout),
        Adam::new(&device, layout, AdamConfig::default()),
    )
}

/// The labels and predecessors of a graph, different for each number.
fn graph(number: u64) -> ([u32; N_NODES], [u64; N_NODES]) {
    let mut labels = [0; N_NODES];
    let mut predecessors = [0; N_NODES];
    for (v, (label, set)) in (0..).zip(labels.iter_mut().zip(&mut predecessors)) {
        *label = u32::try_from((number * 3 + number / 5 * v + v * v) % 5).unwrap();
        *set = (number * 37 + 11 * v) & ((1 << v) - 1);
    }
    (labels, predecessors)
}

fn graphs(n: u64) -> GraphBatch<Device> {
    let mut batch = GraphBatch::new(&Device::new());
    for (labels, predecessors) in (0..n).map(graph) {
        batch.push(labels.into_iter(), &predecessors);
    }
    batch.upload(&Device::new());
    batch
}

/// The parameters of a discriminator after two steps.
fn discriminator() -> Vec<f32> {
    let device = Device::new();
    let mut layout = Layout::default();
    let encoder = EncoderConfig {
        n_labels: 5,
        width: 96,
        layers: 3,
        direction: Direction::Both,
        activation: Activation::Tanh,
    };
    let config = DiscriminatorConfig {
        encoder,
        head_width: 96,
    };
    let net = PairDiscriminator::new(&mut layout, config);
    let (mut params, mut grads, mut adam) = training(&layout);
    let batch = graphs(120);
    let mut cache = PairDiscriminatorCache::new(&device);
    for _ in 0..2 {
        net.forward(Forward::new(&device, &params), &batch, 60, &mut cache);
        let upstream = Array2::from_elem([60, 120], 0.01);
        cache.d_logits.set(&device, upstream.view());
        net.backward(
            &mut Backward::new(&device, &params, &mut grads),
            &batch,
            &mut cache,
        );
        adam.step(&device, &mut params, &mut grads, 1e-3);
    }
    params.read(&device)
}

/// The parameters of a policy after two steps.
fn policy() -> Vec<f32> {
    let device = Device::new();
    let mut layout = Layout::default();
    let config = PolicyConfig {
        n_labels: 5,
        n_nodes: N_NODES,
        prefixes: (1..N_NODES).collect(),
        input: PolicyInput::Graph {
            width: 96,
            layers: 2,
            activation: Activation::Relu,
        },
        state_width: 96,
        head_width: 96,
        edges: EdgeChoice::Free,
    };
    let net = Policy::new(&mut layout, config);
    let (mut params, mut grads, mut adam) = training(&layout);
    let (mut episodes, mut cache) = (Episodes::new(&device), PolicyCache::new(&device));
    let n = 150_u32;
    episodes.graphs = graphs(n.into());
    let (mut chosen, mut nodes, mut states, mut edges) = (vec![], vec![], vec![], vec![]);
    for step in 0..6_u32 {
        chosen.extend((0..n).map(|i| graph(i.into()).0[step as usize + 1]));
        for from in 0..=step {
            nodes.extend((0..n).map(|i| i * 7 + from));
            states.extend((0..n).map(|i| step * n + i));
            let present = |i: u32| graph(i.into()).1[step as usize + 1] >> from & 1 == 1;
            edges.extend((0..n).map(|i| u32::from(present(i))));
        }
    }
    let (n_decisions, n_edges) = (chosen.len(), edges.len());
    let decisions = &mut episodes.decisions;
    device.write_masks(&mut decisions.masks, &vec![0b1_1111; n_decisions]);
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
    net.share(&device, &episodes, &mut cache);
    for _ in 0..2 {
        net.forward(Forward::new(&device, &params), &episodes, &mut cache);
        let out = &mut cache.out;
        for mat in [&mut out.d_log_prob, &mut out.d_entropy, &mut out.d_value] {
            mat.set_column(&device, &vec![0.1; n_decisions]);
        }
        net.backward(
            &mut Backward::new(&device, &params, &mut grads),
            &episodes,
            &mut cache,
        );
        adam.step(&device, &mut params, &mut grads, 1e-3);
    }
    params.read(&device)
}

#[test]
fn bits_do_not_depend_on_threads() {
    for (name, train) in [
        ("discriminator", discriminator as fn() -> Vec<f32>),
        ("policy", policy),
    ] {
        let one = in_a_pool(1, train);
        for threads in [2, 3, 5] {
            let same = one
                .iter()
                .zip(in_a_pool(threads, train))
                .all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same, "{name} in {threads} threads");
        }
    }
}
