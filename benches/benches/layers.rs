//! The layers of `ganas-gnn`, forward and backward, at the shapes of the steps in `steps.rs`.

use criterion::{Criterion, criterion_group, criterion_main};
use ganas_benches::{Device, N_LABELS, N_NODES, random_graphs};
use ganas_gnn::layers::{
    Encoder, EncoderCache, EncoderConfig, Gru, GruCache, GruConfig, GruInputDerivative, GruTree,
    Linear, RefinedCache,
};
use ganas_gnn::ops::bias_activation::Activation;
use ganas_gnn::ops::graph_conv::Direction;
use ganas_gnn::{Backward, Forward, Grads, GraphBatch, Layout, Mat, Params};
use ndarray::Array2;

const WIDTH: usize = 128;
const GRAPHS: usize = 114;

fn filled(rows: usize, cols: usize) -> Mat<Device> {
    Mat::from_host(&Device::new(), Array2::from_elem([rows, cols], 0.01).view())
}

fn parameters(device: &Device, layout: &Layout) -> (Params<Device>, Grads<Device>) {
    let mut params = Params::zeros(device, layout);
    params.write(device, &vec![0.01; layout.len()]);
    (params, Grads::zeros(device, layout))
}

fn encoder(c: &mut Criterion) {
    let device = Device::new();
    let mut graphs = GraphBatch::new(&device);
    for graph in random_graphs(GRAPHS, 6) {
        graphs.push(graph.labels.into_iter(), &graph.predecessors);
    }
    graphs.upload(&device);
    let mut layout = Layout::default();
    let config = EncoderConfig {
        n_labels: N_LABELS,
        width: WIDTH,
        layers: 3,
        direction: Direction::Both,
        activation: Activation::Relu,
    };
    let layer = Encoder::new(&mut layout, "encoder", config);
    let (params, mut grads) = parameters(&device, &layout);
    let mut cache = EncoderCache::new(&device);
    c.bench_function("encoder over nodes, forward", |b| {
        b.iter(|| layer.forward(Forward::new(&device, &params), &graphs, &mut cache));
    });
    let mut d_out = filled(GRAPHS * N_NODES, WIDTH);
    c.bench_function("encoder over nodes, backward", |b| {
        b.iter(|| {
            let d = d_out.view_mut();
            layer.backward(
                &mut Backward::new(&device, &params, &mut grads),
                d,
                &graphs,
                &mut cache,
            );
        });
    });
    let (mut readout, mut cache) = (Mat::empty(&device), RefinedCache::new(&device));
    c.bench_function("encoder over colours, forward", |b| {
        b.iter(|| {
            layer.forward_refined(
                Forward::new(&device, &params),
                &graphs,
                &mut readout,
                &mut cache,
            )
        });
    });
    let d_out = filled(GRAPHS, 2 * WIDTH);
    c.bench_function("encoder over colours, backward", |b| {
        b.iter(|| {
            layer.backward_refined(
                &mut Backward::new(&device, &params, &mut grads),
                d_out.view(),
                &graphs,
                &mut cache,
            )
        });
    });
}

fn gru(c: &mut Criterion) {
    let device = Device::new();
    let (steps, n) = (6, 128);
    let mut layout = Layout::default();
    let config = GruConfig {
        steps,
        inputs: 2 * WIDTH,
        width: WIDTH,
    };
    let layer = Gru::new(&mut layout, "gru", config);
    let (params, mut grads) = parameters(&device, &layout);
    let tree = GruTree::separate(&device, steps, n);
    let x = filled(tree.n_states(), 2 * WIDTH);
    let mut cache = GruCache::new(&device);
    c.bench_function("gru, forward", |b| {
        b.iter(|| {
            layer.forward(
                Forward::new(&device, &params),
                x.view().into(),
                &tree,
                &mut cache,
            )
        });
    });
    let mut d_x = filled(tree.n_states(), 2 * WIDTH);
    c.bench_function("gru, forward and backward", |b| {
        b.iter(|| {
            layer.forward(
                Forward::new(&device, &params),
                x.view().into(),
                &tree,
                &mut cache,
            );
            // Derivatives that are added up without end would become infinite.
            cache.output_and_derivative(&device).1.clear(&device);
            layer.backward(
                &mut Backward::new(&device, &params, &mut grads),
                GruInputDerivative::Rows {
                    x: x.view(),
                    d_x: d_x.view_mut(),
                },
                &tree,
                &mut cache,
            );
        });
    });
}

fn linear(c: &mut Criterion) {
    let device = Device::new();
    let mut layout = Layout::default();
    let layer = Linear::new(&mut layout, "linear", [WIDTH, WIDTH], Activation::Relu);
    let (params, mut grads) = parameters(&device, &layout);
    let (x, mut y, mut d_y) = (filled(768, WIDTH), filled(768, WIDTH), filled(768, WIDTH));
    c.bench_function("linear, forward", |b| {
        b.iter(|| layer.forward(Forward::new(&device, &params), &mut y, x.view()));
    });
    c.bench_function("linear, backward", |b| {
        b.iter(|| {
            layer.backward(
                &mut Backward::new(&device, &params, &mut grads),
                &mut d_y,
                y.view(),
                x.view(),
            )
        });
    });
}

criterion_group!(benches, encoder, gru, linear);
criterion_main!(benches);
