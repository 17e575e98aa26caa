//! The aggregation over distinct inputs and outputs against that over nodes, and its gradient.

use super::{ColourConv, ColourConvolve as _};
use crate::ops::bias_activation::Activation;
use crate::ops::graph_conv::{
    ConvDerivatives, ConvInputs, Direction, GraphConv, GraphConvolve as _,
};
use crate::refinement::Refinement;
use crate::testing::{Tolerance, check_gradient, close, graphs, mat, values, weighted_sum};
use crate::{Cpu, GraphBatch, Mat};

const C: usize = 3;

/// Labels of two graphs that have a beginning in common.
const LABELS: [[u32; 4]; 2] = [[3, 0, 0, 2], [3, 0, 0, 4]];

fn batch(device: &Cpu<f64>) -> GraphBatch<Cpu<f64>> {
    let mut batch = GraphBatch::new(device);
    for labels in LABELS {
        batch.push(labels.into_iter(), &[0, 0b1, 0b1, 0b110]);
    }
    batch.upload(device);
    batch
}

fn refined() -> (Cpu<f64>, Refinement<Cpu<f64>>) {
    let device = Cpu::new();
    let mut refinement = Refinement::new();
    refinement.refine(&device, &batch(&device), graphs::N_LABELS, 1);
    (device, refinement)
}

fn forward(projected: &[f64], bias: &[f64], activation: Activation) -> Mat<Cpu<f64>> {
    let (device, refinement) = refined();
    let level = &refinement.levels()[0];
    let mut out = mat(&device, &vec![9.0; level.n_outputs * C], level.n_outputs, C);
    device.colour_conv_fwd(
        out.view_mut(),
        ConvInputs {
            projected: mat(&device, projected, level.n_inputs, 3 * C).view(),
            bias: mat(&device, bias, 1, C).view(),
        },
        ColourConv { level, activation },
    );
    out
}

const ACTIVATIONS: [Activation; 3] = [Activation::Identity, Activation::Relu, Activation::Tanh];

#[test]
fn equals_the_aggregation_over_nodes() {
    let (device, refinement) = refined();
    let (table, bias) = (values(1, graphs::N_LABELS * 3 * C), values(2, C));
    let batch = batch(&device);
    let n = batch.n_nodes();
    let row = |label: &u32| &table[*label as usize * 3 * C..][..3 * C];
    let nodes: Vec<f64> = LABELS
        .as_flattened()
        .iter()
        .flat_map(row)
        .copied()
        .collect();
    for activation in ACTIVATIONS {
        let mut expected = mat(&device, &vec![9.0; n * C], n, C);
        device.graph_conv_fwd(
            expected.view_mut(),
            ConvInputs {
                projected: mat(&device, &nodes, n, 3 * C).view(),
                bias: mat(&device, &bias, 1, C).view(),
            },
            GraphConv {
                graphs: &batch,
                direction: Direction::Both,
                activation,
            },
        );
        let out = forward(&table, &bias, activation);
        assert!(out.n_rows() < n, "some nodes have the same colour");
        for (node, &colour) in refinement.colours().iter().enumerate() {
            let expected = expected.rows(node, 1).host();
            close(
                &device,
                out.rows(colour as usize, 1),
                expected,
                Tolerance::ROUNDING,
            );
        }
    }
}

#[test]
fn gradient() {
    let (device, refinement) = refined();
    let level = &refinement.levels()[0];
    let (n_in, n_out) = (level.n_inputs, level.n_outputs);
    let (projected, bias) = (values(1, n_in * 3 * C), values(2, C));
    let upstream = values(3, n_out * C);
    for activation in ACTIVATIONS {
        let out = forward(&projected, &bias, activation);
        let mut d_projected = mat(&device, &vec![9.0; n_in * 3 * C], n_in, 3 * C);
        let mut d_bias = mat(&device, &[0.0; C], 1, C);
        device.colour_conv_bwd(
            ConvDerivatives {
                d_projected: d_projected.view_mut(),
                d_bias: d_bias.view_mut(),
                d_out: mat(&device, &upstream, n_out, C).view_mut(),
            },
            out.view(),
            ColourConv { level, activation },
        );
        check_gradient("projected", &projected, d_projected.view().host(), |x| {
            weighted_sum(forward(x, &bias, activation).view().host(), &upstream)
        });
        check_gradient("bias", &bias, d_bias.view().host(), |x| {
            weighted_sum(forward(&projected, x, activation).view().host(), &upstream)
        });
    }
}

/// Graphs, width.
struct Case(usize, usize, Activation);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{many_graphs, random, read, unset};
        let Self(n_graphs, c, activation) = *self;
        let mut refinement = Refinement::new();
        refinement.refine(device, &many_graphs(device, n_graphs), graphs::N_LABELS, 2);
        let level = &refinement.levels()[1];
        let (n_in, n_out) = (level.n_inputs, level.n_outputs);
        let (projected, bias) = (random(device, 1, n_in, 3 * c), random(device, 2, 1, c));
        let (mut out, mut d_projected) = (unset(device, n_out, c), unset(device, n_in, 3 * c));
        let conv = ColourConv { level, activation };
        let inputs = ConvInputs {
            projected: projected.view(),
            bias: bias.view(),
        };
        device.colour_conv_fwd(out.view_mut(), inputs, conv);
        let (mut d_out, mut d_bias) = (random(device, 3, n_out, c), random(device, 4, 1, c));
        let d = ConvDerivatives {
            d_projected: d_projected.view_mut(),
            d_bias: d_bias.view_mut(),
            d_out: d_out.view_mut(),
        };
        device.colour_conv_bwd(d, out.view(), conv);
        let mats = [
            ("out", out),
            ("d_projected", d_projected),
            ("d_bias", d_bias),
        ];
        mats.map(|(name, mat)| (name, read(device, mat.view())))
            .into()
    }
}

#[test]
fn devices_agree() {
    for activation in ACTIVATIONS {
        for (n_graphs, c) in [(0, 3), (1, 1), (5, 24), (37, 33)] {
            crate::testing::agree(&Case(n_graphs, c, activation), Tolerance::F32_SUM);
        }
    }
}
