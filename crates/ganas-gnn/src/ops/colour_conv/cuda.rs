//! The aggregation over distinct inputs and outputs on NVIDIA GPUs.

use super::{ColourConv, ColourConvolve};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::Checked;
use crate::ops::bias_activation::cuda::column_sums;
use crate::ops::graph_conv::{ConvDerivatives, ConvInputs};
use crate::{View, ViewMut};

use Parameter::{Pointer as P, U32 as U};

pub(crate) const FORWARD: Kernel = Kernel {
    name: "colour_conv_fwd",
    block: [128, 1],
    parameters: &[P, P, P, P, P, P, P, P, U, U, U],
};

pub(crate) const BACKWARD: Kernel = Kernel {
    name: "colour_conv_bwd",
    block: [128, 1],
    parameters: &[P, P, P, P, P, P, P, P, P, U, U, U],
};

impl ColourConvolve for Cuda {
    fn colour_conv_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        inputs: ConvInputs<'_, Self>,
        ColourConv { level, activation }: ColourConv<'_, Self>,
        Checked([_, n_outputs, c]): Checked<3>,
    ) {
        Launch::new(self, &FORWARD)
            .output(&out) // float* out
            .input(inputs.projected) // const float* projected
            .input(inputs.bias) // const float* bias
            .buffer(&level.root) // const u32* root
            .buffer(&level.predecessors.start) // const u32* predecessor_start
            .buffer(&level.predecessors.nodes) // const u32* predecessors
            .buffer(&level.successors.start) // const u32* successor_start
            .buffer(&level.successors.nodes) // const u32* successors
            .sizes([n_outputs, c, activation.number()]) // u32 n_outputs, c, activation
            .over(n_outputs * c);
    }

    fn colour_conv_bwd_kernel(
        &self,
        d: ConvDerivatives<'_, Self>,
        out: View<'_, Self>,
        ColourConv { level, activation }: ColourConv<'_, Self>,
        Checked([n_inputs, n_outputs, c]): Checked<3>,
    ) {
        let d_out = d.d_out.as_view();
        let mut launch = Launch::new(self, &BACKWARD)
            .output(&d.d_projected) // float* d_projected
            .input(d_out) // const float* d_out
            .input(out); // const float* out
        // const u32* root_start, root_readers, predecessor_start, predecessor_readers, successor_start, successor_readers
        for readers in &level.readers {
            launch = launch.buffer(&readers.start).buffer(&readers.nodes);
        }
        let blocks = (n_inputs * c).div_ceil(BACKWARD.block[0] as usize);
        launch
            .sizes([n_inputs, c, activation.number()]) // u32 n_inputs, c, activation
            .blocks([blocks, 3, 1]);
        let shape = [n_outputs, c, c];
        column_sums(self, d.d_bias, d_out, Some((out, activation)), shape);
    }
}
