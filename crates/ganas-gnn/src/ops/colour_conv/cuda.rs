//! The aggregation over distinct inputs and outputs on NVIDIA GPUs.

use super::{ColourConvolve, Colours, check};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::bias_activation::Activation;
use crate::ops::bias_activation::cuda::column_sums;
use crate::ops::expect_shape;
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
    fn colour_conv_fwd(
        &self,
        out: ViewMut<'_, Self>,
        projected: View<'_, Self>,
        bias: View<'_, Self>,
        colours: Colours<'_, Self>,
        activation: Activation,
    ) {
        let c = check(colours, out.shape(), projected.shape(), bias.shape());
        let level = colours.0;
        Launch::new(self, &FORWARD)
            .output(&out) // float* out
            .input(projected) // const float* projected
            .input(bias) // const float* bias
            .buffer(&level.root) // const u32* root
            .buffer(&level.predecessors.start) // const u32* predecessor_start
            .buffer(&level.predecessors.nodes) // const u32* predecessors
            .buffer(&level.successors.start) // const u32* successor_start
            .buffer(&level.successors.nodes) // const u32* successors
            .sizes([level.n_outputs, c, activation.number()]) // u32 n_outputs, c, activation
            .over(level.n_outputs * c);
    }

    fn colour_conv_bwd(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_bias: ViewMut<'_, Self>,
        d_out: ViewMut<'_, Self>,
        out: View<'_, Self>,
        colours: Colours<'_, Self>,
        activation: Activation,
    ) {
        let c = check(colours, out.shape(), d_projected.shape(), d_bias.shape());
        expect_shape("colour_conv: d_out", d_out.shape(), out.shape());
        let (d_out, level) = (d_out.as_view(), colours.0);
        let mut launch = Launch::new(self, &BACKWARD)
            .output(&d_projected) // float* d_projected
            .input(d_out) // const float* d_out
            .input(out); // const float* out
        // const u32* root_start, root_readers, predecessor_start, predecessor_readers, successor_start, successor_readers
        for readers in &level.readers {
            launch = launch.buffer(&readers.start).buffer(&readers.nodes);
        }
        let blocks = (level.n_inputs * c).div_ceil(BACKWARD.block[0] as usize);
        launch
            .sizes([level.n_inputs, c, activation.number()]) // u32 n_inputs, c, activation
            .blocks([blocks, 3, 1]);
        let shape = [level.n_outputs, c, c];
        column_sums(self, d_bias, d_out, Some((out, activation)), shape);
    }
}
