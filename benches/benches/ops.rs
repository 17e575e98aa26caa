//! Every operation of `ganas-gnn`, forward and backward, at the shapes of the steps in `steps.rs`.

use criterion::{Criterion, criterion_group, criterion_main};
use ganas_benches::{Device, N_LABELS, N_NODES, random_graphs};
use ganas_gnn::ops::bce::{BinaryCrossEntropy as _, Targets};
use ganas_gnn::ops::bernoulli::{Bernoulli as _, BernoulliIn, BernoulliOut, Choices, Draw, Logits};
use ganas_gnn::ops::bias_activation::{Activation, BiasActivation as _};
use ganas_gnn::ops::categorical::{Categorical as _, CategoricalIn, CategoricalOut, Exploration};
use ganas_gnn::ops::gather::Gather as _;
use ganas_gnn::ops::graph_conv::{
    ConvDerivatives, ConvInputs, Direction, GraphConv, GraphConvolve as _,
};
use ganas_gnn::ops::gru_gates::{GruCached, GruDerivatives, GruGates as _, GruInputs};
use ganas_gnn::ops::list_readout::{ListReadout as _, NodeLists};
use ganas_gnn::ops::pair_scores::{PairDerivatives, PairInputs, PairScores as _};
use ganas_gnn::ops::product::{Product as _, Write};
use ganas_gnn::ops::ranking::{Comparisons, Ranking as _};
use ganas_gnn::{Adam, AdamConfig, Grads, GraphBatch, Layout, Mat, Params};
use ndarray::{Array1, Array2};

const WIDTH: usize = 128;
const GRAPHS: usize = 114;
const NODES: usize = GRAPHS * N_NODES;

/// A matrix of numbers from -1 to 1.
fn mat(rows: usize, cols: usize) -> Mat<Device> {
    let values: Array2<f32> = (0_u16..)
        .take(rows * cols % 60_000)
        .cycle()
        .take(rows * cols)
        .map(|i| f32::from(i % 1999) / 999.5 - 1.0)
        .collect::<Array1<f32>>()
        .into_shape_with_order([rows, cols])
        .expect("as many values");
    Mat::from_host(&Device::new(), values.view())
}

fn products(c: &mut Criterion) {
    let device = Device::new();
    let (x, w, mut y) = (
        mat(NODES, WIDTH),
        mat(WIDTH, 3 * WIDTH),
        mat(NODES, 3 * WIDTH),
    );
    c.bench_function("product", |b| {
        b.iter(|| device.product(y.view_mut(), x.view(), w.view(), Write::Set));
    });
    let mut d_w = mat(WIDTH, 3 * WIDTH);
    c.bench_function("product, d_weight", |b| {
        b.iter(|| device.product(d_w.view_mut(), x.view().transposed(), y.view(), Write::Set));
    });
    let mut d_x = mat(NODES, WIDTH);
    c.bench_function("product, d_input", |b| {
        b.iter(|| device.product(d_x.view_mut(), y.view(), w.view().transposed(), Write::Set));
    });
}

fn rows(c: &mut Criterion) {
    let device = Device::new();
    let (mut y, bias, mut d_bias) = (mat(NODES, WIDTH), mat(1, WIDTH), mat(1, WIDTH));
    let mut d_y = mat(NODES, WIDTH);
    for (name, act) in [("relu", Activation::Relu), ("tanh", Activation::Tanh)] {
        c.bench_function(&format!("bias and {name}, forward"), |b| {
            b.iter(|| device.bias_activation_fwd(y.view_mut(), bias.view(), act));
        });
        c.bench_function(&format!("bias and {name}, backward"), |b| {
            b.iter(|| {
                device.bias_activation_bwd(d_y.view_mut(), d_bias.view_mut(), y.view(), act);
            });
        });
    }
    let mut table = mat(N_LABELS, WIDTH);
    let index: Vec<u32> = (0..5).cycle().take(NODES).collect();
    c.bench_function("gather, forward", |b| {
        b.iter(|| device.gather_fwd(y.view_mut(), table.view(), &index, Write::Set));
    });
    c.bench_function("gather, backward", |b| {
        b.iter(|| device.gather_bwd(table.view_mut(), y.view(), &index));
    });
    let starts: Vec<u32> = (0..=114).map(|g| g * 7).collect();
    let nodes: Vec<u32> = (0..798).collect();
    let mut lists = NodeLists::new(&device);
    lists.write(&device, [&starts, &nodes]);
    lists.write_readers(&device, [&starts, &nodes], nodes.len());
    let mut out = mat(GRAPHS, 2 * WIDTH);
    c.bench_function("list read-out, forward", |b| {
        b.iter(|| device.list_readout_fwd(out.view_mut(), y.view(), &lists));
    });
    c.bench_function("list read-out, backward", |b| {
        b.iter(|| device.list_readout_bwd(y.view_mut(), out.view(), &lists));
    });
}

fn aggregation(c: &mut Criterion) {
    let device = Device::new();
    let mut graphs = GraphBatch::new(&device);
    for graph in random_graphs(GRAPHS, 6) {
        graphs.push(graph.labels.into_iter(), &graph.predecessors);
    }
    graphs.upload(&device);
    let conv = GraphConv {
        graphs: &graphs,
        direction: Direction::Both,
        activation: Activation::Relu,
    };
    let (mut out, mut projected) = (mat(NODES, WIDTH), mat(NODES, 3 * WIDTH));
    let (bias, mut d_bias, mut d_out) = (mat(1, WIDTH), mat(1, WIDTH), mat(NODES, WIDTH));
    c.bench_function("aggregation, forward", |b| {
        b.iter(|| {
            let inputs = ConvInputs {
                projected: projected.view(),
                bias: bias.view(),
            };
            device.graph_conv_fwd(out.view_mut(), inputs, conv);
        });
    });
    c.bench_function("aggregation, backward", |b| {
        b.iter(|| {
            let d = ConvDerivatives {
                d_projected: projected.view_mut(),
                d_bias: d_bias.view_mut(),
                d_out: d_out.view_mut(),
            };
            device.graph_conv_bwd(d, out.view(), conv);
        });
    });
}

fn gates(c: &mut Criterion) {
    let device = Device::new();
    let n = 128;
    let (gi, gh, old) = (mat(n, 3 * WIDTH), mat(n, 3 * WIDTH), mat(n, WIDTH));
    let (bias, mut new, mut gates) = (mat(1, 3 * WIDTH), mat(n, WIDTH), mat(n, 4 * WIDTH));
    let each: Vec<u32> = (0_u32..).take(n).collect();
    c.bench_function("gru gates, forward", |b| {
        b.iter(|| {
            let inputs = GruInputs {
                gi: gi.view(),
                bias_i: bias.view(),
                gh: (gh.view(), &each),
                bias_h: bias.view(),
                old: old.view(),
            };
            device.gru_gates_fwd(new.view_mut(), gates.view_mut(), inputs);
        });
    });
    let (mut d_gi, mut d_gh, mut d_old) = (mat(n, 3 * WIDTH), mat(n, 3 * WIDTH), mat(n, WIDTH));
    c.bench_function("gru gates, backward", |b| {
        b.iter(|| {
            let out = GruDerivatives {
                d_gi: d_gi.view_mut(),
                d_gh: d_gh.view_mut(),
                d_old: d_old.view_mut(),
            };
            let cached = GruCached {
                gates: gates.view(),
                old: old.view(),
            };
            device.gru_gates_bwd(out, new.view(), cached);
        });
    });
}

fn heads(c: &mut Criterion) {
    let device = Device::new();
    let (m, n) = (50, GRAPHS);
    let (a, right, w) = (mat(m, WIDTH), mat(n, WIDTH), mat(1, WIDTH + 1));
    let inputs = PairInputs {
        a: a.view(),
        b: right.view(),
        w: w.view(),
    };
    let (mut scores, mut d_scores) = (mat(m, n), mat(m, n));
    c.bench_function("pair scores, forward", |b| {
        b.iter(|| device.pair_scores_fwd(scores.view_mut(), inputs));
    });
    let (mut d_a, mut d_b, mut d_w) = (mat(m, WIDTH), mat(n, WIDTH), mat(1, WIDTH + 1));
    c.bench_function("pair scores, backward", |b| {
        b.iter(|| {
            let out = PairDerivatives {
                d_a: d_a.view_mut(),
                d_b: d_b.view_mut(),
                d_w: d_w.view_mut(),
            };
            device.pair_scores_bwd(out, d_scores.view(), inputs);
        });
    });
    let (targets, weights) = (mat(m, n), mat(m, n));
    c.bench_function("binary cross-entropy", |b| {
        b.iter(|| {
            let targets = Targets {
                values: targets.view(),
                weights: weights.view(),
            };
            device.bce(d_scores.view_mut(), scores.view(), targets)
        });
    });
    let (f, mut d_f) = (mat(64, 1), mat(64, 1));
    let ranks: Vec<u32> = (0..64).collect();
    let partners: Vec<u32> = (0..64).rev().cycle().take(8 * 64).collect();
    c.bench_function("ranking loss", |b| {
        b.iter(|| {
            let comparisons = Comparisons {
                ranks: &ranks,
                partners: &partners,
            };
            device.ranking_loss(d_f.view_mut(), f.view(), comparisons)
        });
    });
}

fn decisions(c: &mut Criterion) {
    let device = Device::new();
    let n = 768;
    let (logits, uniforms, mut log_probs) = (mat(n, N_LABELS), mat(n, 1), mat(n, N_LABELS));
    let (mut log_prob, mut entropy, mut d_logits) = (mat(n, 1), mat(n, 1), mat(n, N_LABELS));
    let masks = vec![0b1_1110; n];
    let mut chosen = vec![1; n];
    c.bench_function("categorical, sampling", |b| {
        b.iter(|| {
            let draw = Draw {
                masks: &masks,
                uniforms: uniforms.view(),
                exploration: Exploration::NONE,
            };
            device.categorical_sample(&mut chosen, logits.view(), draw);
        });
    });
    c.bench_function("categorical, forward", |b| {
        b.iter(|| {
            let out = CategoricalOut {
                log_prob: log_prob.view_mut(),
                entropy: entropy.view_mut(),
                log_probs: log_probs.view_mut(),
            };
            let choices = Choices {
                masks: &masks,
                chosen: &chosen,
            };
            device.categorical_fwd(out, logits.view(), choices);
        });
    });
    c.bench_function("categorical, backward", |b| {
        b.iter(|| {
            let d = CategoricalIn {
                d_log_prob: log_prob.view(),
                d_entropy: entropy.view(),
                log_probs: log_probs.view(),
            };
            let choices = Choices {
                masks: &masks,
                chosen: &chosen,
            };
            device.categorical_bwd(d_logits.view_mut(), d, choices);
        });
    });
    let n = 2688;
    let (scores, prior, uniforms) = (mat(n, 1), mat(n, 1), mat(n, 1));
    let (mut log_prob, mut entropy, mut d_scores) = (mat(n, 1), mat(n, 1), mat(n, 1));
    let masks = vec![0b11; n];
    c.bench_function("bernoulli, sampling", |b| {
        b.iter(|| {
            let logits = Logits {
                scores: scores.view(),
                prior: prior.view(),
            };
            let draw = Draw {
                masks: &masks,
                uniforms: uniforms.view(),
                exploration: Exploration::NONE,
            };
            device.bernoulli_sample(&mut chosen, logits, draw);
        });
    });
    c.bench_function("bernoulli, forward", |b| {
        b.iter(|| {
            let logits = Logits {
                scores: scores.view(),
                prior: prior.view(),
            };
            let choices = Choices {
                masks: &masks,
                chosen: &chosen,
            };
            let out = BernoulliOut {
                log_prob: log_prob.view_mut(),
                entropy: entropy.view_mut(),
            };
            device.bernoulli_fwd(out, logits, choices);
        });
    });
    c.bench_function("bernoulli, backward", |b| {
        b.iter(|| {
            let logits = Logits {
                scores: scores.view(),
                prior: prior.view(),
            };
            let choices = Choices {
                masks: &masks,
                chosen: &chosen,
            };
            let d = BernoulliIn {
                d_log_prob: log_prob.view(),
                d_entropy: entropy.view(),
                logits,
            };
            device.bernoulli_bwd(d_scores.view_mut(), d, choices);
        });
    });
}

fn optimiser(c: &mut Criterion) {
    let device = Device::new();
    let mut layout = Layout::default();
    layout.bias("all", 200_000);
    let (mut params, mut grads) = (
        Params::zeros(&device, &layout),
        Grads::zeros(&device, &layout),
    );
    for (name, max_norm) in [("Adam", None), ("Adam, clipped", Some(1.0))] {
        let config = AdamConfig {
            max_norm,
            ..AdamConfig::default()
        };
        let mut adam = Adam::new(&device, &layout, config);
        c.bench_function(name, |b| {
            b.iter(|| adam.step(&device, &mut params, &mut grads, 1e-3));
        });
    }
}

criterion_group!(
    benches,
    products,
    rows,
    aggregation,
    gates,
    heads,
    decisions,
    optimiser
);
criterion_main!(benches);
