//! The aggregation against the definition with dense adjacency, and its gradient.

use super::{ConvDerivatives, ConvInputs, Direction, GraphConv, GraphConvolve as _};
use crate::ops::bias_activation::Activation;
use crate::testing::{Tolerance, check_gradient, close, graphs, mat, values, weighted_sum};
use crate::{Cpu, Element, Mat};

const C: usize = 3;

fn naive(
    projected: &[f64],
    bias: &[f64],
    direction: Direction,
    activation: Activation,
) -> Vec<f64> {
    let width = direction.projections() * C;
    let (edges, n) = graphs::edges();
    let mut out = vec![0.0; n * C];
    for i in 0..n {
        for c in 0..C {
            let mut x = projected[i * width + c] + bias[c];
            for &(u, v) in &edges {
                if v == i {
                    x += projected[u * width + C + c];
                }
                if u == i && direction == Direction::Both {
                    x += projected[v * width + 2 * C + c];
                }
            }
            out[i * C + c] = activation.apply(x);
        }
    }
    out
}

fn forward<T: Element>(
    projected: &[f64],
    bias: &[f64],
    direction: Direction,
    activation: Activation,
) -> (Cpu<T>, Mat<Cpu<T>>) {
    let device = Cpu::<T>::new();
    let batch = graphs::batch(&device);
    let n = batch.n_nodes();
    let projected = mat(&device, projected, n, direction.projections() * C);
    let bias = mat(&device, bias, 1, C);
    let mut out = mat(&device, &vec![9.0; n * C], n, C);
    device.graph_conv_fwd(
        out.view_mut(),
        ConvInputs {
            projected: projected.view(),
            bias: bias.view(),
        },
        GraphConv {
            graphs: &batch,
            direction,
            activation,
        },
    );
    (device, out)
}

#[test]
fn equals_the_definition() {
    let n = graphs::edges().1;
    for direction in [Direction::Predecessors, Direction::Both] {
        for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
            let projected = values(1, n * direction.projections() * C);
            let bias = values(2, C);
            let expected = naive(&projected, &bias, direction, activation);
            let (device, out) = forward::<f64>(&projected, &bias, direction, activation);
            close(&device, out.view(), &expected, Tolerance::ROUNDING);
            let (device, out) = forward::<f32>(&projected, &bias, direction, activation);
            close(&device, out.view(), &expected, Tolerance::F32_POINTWISE);
        }
    }
}

#[test]
fn gradient() {
    let n = graphs::edges().1;
    for direction in [Direction::Predecessors, Direction::Both] {
        for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
            let width = direction.projections() * C;
            let (projected, bias) = (values(1, n * width), values(2, C));
            let upstream = values(3, n * C);
            let (device, out) = forward::<f64>(&projected, &bias, direction, activation);
            let mut d_projected = mat(&device, &vec![9.0; n * width], n, width);
            let mut d_bias = mat(&device, &[0.0; C], 1, C);
            device.graph_conv_bwd(
                ConvDerivatives {
                    d_projected: d_projected.view_mut(),
                    d_bias: d_bias.view_mut(),
                    d_out: mat(&device, &upstream, n, C).view_mut(),
                },
                out.view(),
                GraphConv {
                    graphs: &graphs::batch(&device),
                    direction,
                    activation,
                },
            );
            check_gradient("projected", &projected, d_projected.view().host(), |x| {
                weighted_sum(
                    forward::<f64>(x, &bias, direction, activation)
                        .1
                        .view()
                        .host(),
                    &upstream,
                )
            });
            check_gradient("bias", &bias, d_bias.view().host(), |x| {
                weighted_sum(
                    forward::<f64>(&projected, x, direction, activation)
                        .1
                        .view()
                        .host(),
                    &upstream,
                )
            });
        }
    }
}

/// Graphs, width, nodes that are not computed again.
struct Case(usize, usize, usize, Direction, Activation);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{many_graphs, random, read, unset};
        let Self(n_graphs, c, first, direction, activation) = *self;
        let graphs = many_graphs(device, n_graphs);
        let (n, width) = (graphs.n_nodes(), direction.projections() * c);
        let (projected, bias) = (random(device, 1, n, width), random(device, 2, 1, c));
        let mut out = unset(device, n, c);
        let (projected, bias) = (projected.view(), bias.view());
        let conv = GraphConv {
            graphs: &graphs,
            direction,
            activation,
        };
        let inputs = ConvInputs { projected, bias };
        device.graph_conv_fwd(out.view_mut(), inputs, conv);
        let mut last = unset(device, n - first, c);
        device.graph_conv_fwd(last.view_mut(), inputs, conv);
        let (mut d_out, mut d_bias) = (random(device, 3, n, c), random(device, 4, 1, c));
        let mut d_projected = unset(device, n, width);
        let d = ConvDerivatives {
            d_projected: d_projected.view_mut(),
            d_bias: d_bias.view_mut(),
            d_out: d_out.view_mut(),
        };
        device.graph_conv_bwd(d, out.view(), conv);
        let mats = [
            ("out", out),
            ("last", last),
            ("d_projected", d_projected),
            ("d_bias", d_bias),
        ];
        mats.map(|(name, mat)| (name, read(device, mat.view())))
            .into()
    }
}

#[test]
fn devices_agree() {
    for direction in [Direction::Predecessors, Direction::Both] {
        for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
            for (n_graphs, c, first) in [(0, 3, 0), (1, 1, 0), (5, 24, 4), (37, 33, 30)] {
                crate::testing::agree(
                    &Case(n_graphs, c, first, direction, activation),
                    Tolerance::F32_SUM,
                );
            }
        }
    }
}
