//! The layers against PyTorch: outputs, and gradients for a random upstream gradient.

use ndarray::Array2;

use super::*;
use crate::nets::golden_tests::{Case, N_LABELS, golden};
use crate::ops::bias_activation::Activation;
use crate::ops::graph_conv::Direction;
use crate::ops::product::Write;
use crate::testing::on_every_device;
use crate::{Backend, Backward, Element as _, Forward, Grads, Layout, Mat};

fn check_gru<B: Backend>(device: B) {
    let case = Case::new(device, golden!("gru"));
    let device = &case.device;
    let mut layout = Layout::default();
    let config = GruConfig {
        steps: 4,
        inputs: 5,
        width: 4,
    };
    let layer = Gru::new(&mut layout, "gru", config);
    let params = case.params(&layout);
    let mut grads = Grads::zeros(device, &layout);
    let (x, d_out) = (case.mat("x"), case.mat("d_out"));
    let mut cache = GruCache::new(device);
    let n = d_out.n_rows() / config.steps;
    let tree = GruTree::separate(device, config.steps, u32::try_from(n).unwrap());
    layer.forward(
        Forward::new(device, &params),
        x.view().into(),
        &tree,
        &mut cache,
    );
    case.check("out", cache.output());
    // The product with the identity is the copy that every device has.
    let identity = identity(device, config.width);
    let (_, d_output) = cache.output_and_derivative(device);
    device.product(d_output, d_out.view(), identity.view(), Write::Set);
    let mut d_x = Mat::empty(device);
    d_x.reshape(device, x.n_rows(), x.n_cols());
    let derivative = GruInputDerivative::Rows {
        x: x.view(),
        d_x: d_x.view_mut(),
    };
    let mut pass = Backward::new(device, &params, &mut grads);
    layer.backward(&mut pass, derivative, &tree, &mut cache);
    case.check("d_x", d_x.view());
    case.check_gradients(&layout, &grads);
}

#[test]
fn gru() {
    on_every_device!(check_gru);
}

fn identity<B: Backend>(device: &B, n: usize) -> Mat<B> {
    Mat::from_host(device, Array2::<f64>::eye(n).mapv(B::Elem::of).view())
}

fn check_encoder<B: Backend>(device: B, json: &str, direction: Direction, activation: Activation) {
    let case = Case::new(device, json);
    let device = &case.device;
    let mut layout = Layout::default();
    let config = EncoderConfig {
        n_labels: N_LABELS,
        width: 3,
        layers: 3,
        direction,
        activation,
    };
    let layer = Encoder::new(&mut layout, "encoder", config);
    let params = case.params(&layout);
    let mut grads = Grads::zeros(device, &layout);
    let (graphs, mut d_out) = (case.graphs(), case.mat("d_out"));
    let mut cache = EncoderCache::new(device);
    layer.forward(Forward::new(device, &params), &graphs, &mut cache);
    case.check("out", cache.output());
    layer.backward(
        &mut Backward::new(device, &params, &mut grads),
        d_out.view_mut(),
        &graphs,
        &mut cache,
    );
    case.check_gradients(&layout, &grads);
}

#[test]
fn encoder() {
    use {Activation::*, Direction::*};
    for (json, direction, activation) in [
        (golden!("encoder_predecessors_relu"), Predecessors, Relu),
        (golden!("encoder_predecessors_tanh"), Predecessors, Tanh),
        (golden!("encoder_both_relu"), Both, Relu),
        (golden!("encoder_both_tanh"), Both, Tanh),
    ] {
        on_every_device!(check_encoder, json, direction, activation);
    }
}

fn check_linear<B: Backend>(device: B, json: &str, activation: Activation) {
    let case = Case::new(device, json);
    let device = &case.device;
    let mut layout = Layout::default();
    let layer = Linear::new(&mut layout, "linear", [4, 7], activation);
    let params = case.params(&layout);
    let mut grads = Grads::zeros(device, &layout);
    let (x, mut d_y) = (case.mat("x"), case.mat("d_out"));
    let (mut y, mut d_x) = (Mat::empty(device), Mat::empty(device));
    layer.forward(Forward::new(device, &params), &mut y, x.view());
    case.check("out", y.view());
    let mut pass = Backward::new(device, &params, &mut grads);
    layer.backward(&mut pass, &mut d_y, y.view(), x.view());
    d_x.reshape(device, x.n_rows(), x.n_cols());
    layer.backward_input(pass.forward(), d_x.view_mut(), d_y.view(), Write::Set);
    case.check("d_x", d_x.view());
    case.check_gradients(&layout, &grads);
}

#[test]
fn linear() {
    for (json, activation) in [
        (golden!("linear_identity"), Activation::Identity),
        (golden!("linear_relu"), Activation::Relu),
        (golden!("linear_tanh"), Activation::Tanh),
    ] {
        on_every_device!(check_linear, json, activation);
    }
}
