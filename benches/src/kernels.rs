//! What single operations cost on a device: many in a row, then one wait, so that an operation counts with the larger of
//! its time on the device and its time to be launched.

use std::fmt::Write as _;

use ganas_gnn::ops::bce::Targets;
use ganas_gnn::ops::bias_activation::Activation;
use ganas_gnn::ops::graph_conv::{ConvDerivatives, ConvInputs, Direction, GraphConv};
use ganas_gnn::ops::gru_gates::{GruCached, GruDerivatives, GruInputs};
use ganas_gnn::ops::pair_scores::{PairDerivatives, PairInputs};
use ganas_gnn::ops::product::Write;
use ganas_gnn::{Adam, AdamConfig, Backend, Grads, GraphBatch, Init, Layout, Mat, Params};
use ndarray::Array2;

use crate::graphs::{N_LABELS, N_NODES, random_graphs};
use crate::{Shape, clock};

/// How often an operation is repeated.
const REPEATS: u32 = 300;

/// A table with the time of each operation at the shapes of a step, in microseconds, and what that means in GFLOP/s and
/// GB/s for the operations and bytes that the mathematics needs.
pub fn report<B: Backend<Elem = f32>>(device: &B, shape: Shape, finish: impl Fn()) -> String {
    let mut table = Table {
        text: format!(
            "{}, width {}, batch {}\n\n| operation | shape | microseconds | GFLOP/s | GB/s |\n|---|---|---|---|---|\n",
            device.describe(),
            shape.width,
            shape.batch
        ),
        finish,
    };
    let (c, n_graphs) = (shape.width, shape.truth + shape.batch);
    let mut graphs = GraphBatch::new(device);
    for graph in random_graphs(n_graphs, 5) {
        graphs.push(graph.labels.iter().copied(), &graph.predecessors);
    }
    graphs.upload(device);
    let n = graphs.n_nodes();
    let mat = |rows, cols| Mat::from_host(device, Array2::from_elem([rows, cols], 0.01).view());

    overheads(device, &mut table);
    let (x, weight, mut projected) = (mat(n, c), mat(c, 3 * c), mat(n, 3 * c));
    let (mut d_weight, mut d_x, bias) = (mat(c, 3 * c), mat(n, c), mat(1, c));
    let flops = 2 * n * c * 3 * c;
    let bytes = 4 * (n * c + 3 * c * c + 3 * n * c);
    table.row(
        "product",
        format!("[{n}, {c}] [{c}, {}]", 3 * c),
        [flops, bytes],
        || {
            device.product(projected.view_mut(), x.view(), weight.view(), Write::Set);
        },
    );
    table.row(
        "product, d_weight",
        format!("[{c}, {n}] [{n}, {}]", 3 * c),
        [flops, bytes],
        || {
            device.product(
                d_weight.view_mut(),
                x.view().transposed(),
                projected.view(),
                Write::Add,
            );
        },
    );
    table.row(
        "product, d_x",
        format!("[{n}, {}] [{}, {c}]", 3 * c, 3 * c),
        [flops, bytes],
        || {
            device.product(
                d_x.view_mut(),
                projected.view(),
                weight.view().transposed(),
                Write::Set,
            );
        },
    );
    let edges = 2 * n;
    let (mut out, mut d_bias, mut d_out) = (mat(n, c), mat(1, c), mat(n, c));
    let conv = GraphConv {
        graphs: &graphs,
        direction: Direction::Both,
        activation: Activation::Relu,
    };
    let bytes = 4 * c * (2 * n + 2 * edges);
    table.row(
        "graph_conv_fwd",
        format!("{n} nodes"),
        [n * c + 2 * edges * c, bytes],
        || {
            let inputs = ConvInputs {
                projected: projected.view(),
                bias: bias.view(),
            };
            device.graph_conv_fwd(out.view_mut(), inputs, conv);
        },
    );
    table.row(
        "graph_conv_bwd",
        format!("{n} nodes"),
        [2 * edges * c, 2 * bytes],
        || {
            let d = ConvDerivatives {
                d_projected: projected.view_mut(),
                d_bias: d_bias.view_mut(),
                d_out: d_out.view_mut(),
            };
            device.graph_conv_bwd(d, out.view(), conv);
        },
    );
    let labels: Vec<u32> = (0_u32..).map(|i| i % 5).take(n).collect();
    let mut index = device.ints();
    device.write_ints(&mut index, &labels);
    let mut of_labels = mat(N_LABELS, 3 * c);
    let moved = 4 * n * 3 * c;
    table.row(
        "gather_bwd",
        format!("{n} of {N_LABELS} rows, {}", 3 * c),
        [n * 3 * c, moved],
        || {
            device.gather_bwd(of_labels.view_mut(), projected.view(), &index);
        },
    );
    gru(device, &mut table, shape.batch, c);
    pairs(device, &mut table, [shape.truth, n_graphs, c]);
    optimiser(device, &mut table, 12 * c * c);
    table.text
}

struct Table<F> {
    text: String,
    finish: F,
}

impl<F: Fn()> Table<F> {
    /// Times an operation that needs so many floating-point operations and bytes.
    #[expect(clippy::cast_precision_loss, reason = "counts of a bench are small")]
    fn row(
        &mut self,
        name: &str,
        shape: String,
        [flops, bytes]: [usize; 2],
        mut work: impl FnMut(),
    ) {
        work();
        (self.finish)();
        let start = clock::now();
        for _ in 0..REPEATS {
            work();
        }
        (self.finish)();
        let seconds = start.elapsed().as_secs_f64() / f64::from(REPEATS);
        let rate = |count: usize| match count {
            0 => "-".to_owned(),
            count => format!("{:.0}", count as f64 / seconds / 1e9),
        };
        let (flops, bytes) = (rate(flops), rate(bytes));
        let _ = writeln!(
            self.text,
            "| {name} | {shape} | {:.1} | {flops} | {bytes} |",
            seconds * 1e6
        );
    }
}

/// A launch, and copies.
fn overheads<B: Backend<Elem = f32>>(device: &B, table: &mut Table<impl Fn()>) {
    let mut one = Mat::from_host(device, Array2::zeros([1, 1]).view());
    let (bias, mut host) = (
        Mat::from_host(device, Array2::zeros([1, 1]).view()),
        Vec::new(),
    );
    table.row("a launch", "1 element".to_owned(), [0, 0], || {
        device.bias_activation_fwd(one.view_mut(), bias.view(), Activation::Identity);
    });
    let (mut ints, values) = (device.ints(), vec![1; 1000]);
    table.row("write_ints", "1000".to_owned(), [0, 4000], || {
        device.write_ints(&mut ints, &values);
    });
    table.row(
        "read, with its wait",
        "1 element".to_owned(),
        [0, 0],
        || {
            one.read_column(device, &mut host);
        },
    );
}

fn gru<B: Backend<Elem = f32>>(device: &B, table: &mut Table<impl Fn()>, batch: usize, c: usize) {
    let n = batch * (N_NODES - 1);
    let mat = |rows, cols| Mat::from_host(device, Array2::from_elem([rows, cols], 0.01).view());
    let (gi, gh, bias, old) = (mat(n, 3 * c), mat(n, 3 * c), mat(1, 3 * c), mat(n, c));
    let (mut new, mut gates) = (mat(n, c), mat(n, 4 * c));
    let (mut each, numbers) = (device.ints(), (0_u32..).take(n).collect::<Vec<_>>());
    device.write_ints(&mut each, &numbers);
    let bytes = 4 * n * c * (3 + 3 + 1 + 1 + 4);
    table.row("gru_gates_fwd", format!("[{n}, {c}]"), [0, bytes], || {
        let inputs = GruInputs {
            gi: gi.view(),
            bias_i: bias.view(),
            gh: (gh.view(), &each),
            bias_h: bias.view(),
            old: old.view(),
        };
        device.gru_gates_fwd(new.view_mut(), gates.view_mut(), inputs);
    });
    let (mut d_gi, mut d_gh, mut d_old) = (mat(n, 3 * c), mat(n, 3 * c), mat(n, c));
    table.row("gru_gates_bwd", format!("[{n}, {c}]"), [0, bytes], || {
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
}

fn pairs<B: Backend<Elem = f32>>(device: &B, table: &mut Table<impl Fn()>, [m, n, c]: [usize; 3]) {
    let mat = |rows, cols| Mat::from_host(device, Array2::from_elem([rows, cols], 0.01).view());
    let (a, b, w, mut scores) = (mat(m, c), mat(n, c), mat(1, c + 1), mat(m, n));
    let (targets, weights, mut d_scores) = (mat(m, n), mat(m, n), mat(m, n));
    let (mut d_a, mut d_b, mut d_w) = (mat(m, c), mat(n, c), mat(1, c + 1));
    let inputs = PairInputs {
        a: a.view(),
        b: b.view(),
        w: w.view(),
    };
    let (flops, bytes) = (3 * m * n * c, 4 * (m * c + n * c + m * n));
    table.row(
        "pair_scores_fwd",
        format!("[{m}, {n}], {c}"),
        [flops, bytes],
        || {
            device.pair_scores_fwd(scores.view_mut(), inputs);
        },
    );
    table.row(
        "bce, with its wait",
        format!("[{m}, {n}]"),
        [0, 16 * m * n],
        || {
            let targets = Targets {
                values: targets.view(),
                weights: weights.view(),
            };
            device.bce(d_scores.view_mut(), scores.view(), targets);
        },
    );
    table.row(
        "pair_scores_bwd",
        format!("[{m}, {n}], {c}"),
        [2 * flops, 2 * bytes],
        || {
            let out = PairDerivatives {
                d_a: d_a.view_mut(),
                d_b: d_b.view_mut(),
                d_w: d_w.view_mut(),
            };
            device.pair_scores_bwd(out, d_scores.view(), inputs);
        },
    );
}

fn optimiser<B: Backend<Elem = f32>>(device: &B, table: &mut Table<impl Fn()>, n: usize) {
    let mut layout = Layout::default();
    layout.matrix("w", 1, n, Init::Zeros);
    let (mut params, mut grads) = (
        Params::zeros(device, &layout),
        Grads::zeros(device, &layout),
    );
    let mut adam = Adam::new(device, &layout, AdamConfig::default());
    table.row("adam", format!("{n}"), [0, 32 * n], || {
        adam.step(device, &mut params, &mut grads, 1e-6);
    });
}
