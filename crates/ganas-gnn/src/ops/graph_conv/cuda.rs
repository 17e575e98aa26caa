//! The aggregation on NVIDIA GPUs.

use super::{Direction, GraphConvolve, check};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::bias_activation::Activation;
use crate::ops::bias_activation::cuda::column_sums;
use crate::ops::expect_shape;
use crate::{GraphBatch, View, ViewMut};

use Parameter::{Pointer as P, U32 as U};

pub(crate) const FORWARD: Kernel = Kernel {
    name: "graph_conv_fwd",
    block: [128, 1],
    parameters: &[P, P, P, P, P, P, P, U, U, U, U, U],
};

pub(crate) const BACKWARD: Kernel = Kernel {
    name: "graph_conv_bwd",
    block: [128, 1],
    parameters: &[P, P, P, P, P, P, P, U, U, U, U],
};

impl GraphConvolve for Cuda {
    fn graph_conv_fwd(
        &self,
        out: ViewMut<'_, Self>,
        projected: View<'_, Self>,
        bias: View<'_, Self>,
        graphs: &GraphBatch<Self>,
        direction: Direction,
        activation: Activation,
    ) {
        let shapes = [out.shape(), projected.shape(), bias.shape()];
        let c = check(graphs, direction, shapes[0], shapes[1], shapes[2]);
        let [rows, _] = out.shape();
        let first = graphs.n_nodes() - rows;
        let both = usize::from(direction == Direction::Both);
        let launch = Launch::new(self, &FORWARD)
            .output(&out) // float* out
            .input(projected) // const float* projected
            .input(bias); // const float* bias
        structure(launch, graphs)
            .sizes([first, rows, c, both, activation.number()]) // u32 first, rows, c, both, activation
            .over(rows * c);
    }

    fn graph_conv_bwd(
        &self,
        mut d_projected: ViewMut<'_, Self>,
        d_bias: ViewMut<'_, Self>,
        d_out: ViewMut<'_, Self>,
        out: View<'_, Self>,
        graphs: &GraphBatch<Self>,
        direction: Direction,
        activation: Activation,
    ) {
        let shapes = [out.shape(), d_projected.shape(), d_bias.shape()];
        let c = check(graphs, direction, shapes[0], shapes[1], shapes[2]);
        let n = graphs.n_nodes();
        expect_shape("graph_conv: d_out", d_out.shape(), [n, c]);
        expect_shape("graph_conv: out", out.shape(), [n, c]);
        let both = usize::from(direction == Direction::Both);
        let launch = Launch::new(self, &BACKWARD)
            .output(&d_projected.reborrow()) // float* d_projected
            .input(d_out.as_view()) // const float* d_out
            .input(out); // const float* out
        structure(launch, graphs)
            .sizes([n, c, both, activation.number()]) // u32 n, c, both, activation
            .over(n * c);
        let stride = direction.projections() * c;
        column_sums(self, d_bias, d_projected.as_view(), None, [n, c, stride]);
    }
}

/// `const u32* predecessor_start, predecessors, successor_start, successors`
fn structure<'a>(launch: Launch<'a>, graphs: &GraphBatch<Cuda>) -> Launch<'a> {
    launch
        .buffer(&graphs.predecessors.start)
        .buffer(&graphs.predecessors.nodes)
        .buffer(&graphs.successors.start)
        .buffer(&graphs.successors.nodes)
}
