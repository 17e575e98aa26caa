//! The aggregation on NVIDIA GPUs.

use super::{ConvDerivatives, ConvInputs, Direction, GraphConv, GraphConvolve};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::Checked;
use crate::ops::bias_activation::cuda::column_sums;
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
    fn graph_conv_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        inputs: ConvInputs<'_, Self>,
        conv: GraphConv<'_, Self>,
        Checked([rows, c]): Checked<2>,
    ) {
        let first = conv.graphs.n_nodes() - rows;
        let both = usize::from(conv.direction == Direction::Both);
        let launch = Launch::new(self, &FORWARD)
            .output(&out) // float* out
            .input(inputs.projected) // const float* projected
            .input(inputs.bias); // const float* bias
        structure(launch, conv.graphs)
            .sizes([first, rows, c, both, conv.activation.number()]) // u32 first, rows, c, both, activation
            .over(rows * c);
    }

    fn graph_conv_bwd_kernel(
        &self,
        d: ConvDerivatives<'_, Self>,
        out: View<'_, Self>,
        conv: GraphConv<'_, Self>,
        Checked([n, c]): Checked<2>,
    ) {
        let mut d_projected = d.d_projected;
        let both = usize::from(conv.direction == Direction::Both);
        let launch = Launch::new(self, &BACKWARD)
            .output(&d_projected.reborrow()) // float* d_projected
            .input(d.d_out.as_view()) // const float* d_out
            .input(out); // const float* out
        structure(launch, conv.graphs)
            .sizes([n, c, both, conv.activation.number()]) // u32 n, c, both, activation
            .over(n * c);
        let stride = conv.direction.projections() * c;
        column_sums(self, d.d_bias, d_projected.as_view(), None, [n, c, stride]);
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
