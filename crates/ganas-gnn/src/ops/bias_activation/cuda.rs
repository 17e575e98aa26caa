//! Bias and activation on NVIDIA GPUs.

use super::{Activation, BiasActivation};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::Checked;
use crate::{View, ViewMut};

use Parameter::{Pointer as P, U32 as U};

pub(crate) const FORWARD: Kernel = Kernel {
    name: "bias_activation_fwd",
    block: [256, 1],
    parameters: &[P, P, U, U, U],
};

pub(crate) const BACKWARD: Kernel = Kernel {
    name: "bias_activation_bwd",
    block: [256, 1],
    parameters: &[P, P, U, U, U],
};

pub(crate) const COLUMN_SUMS: Kernel = Kernel {
    name: "column_sums",
    block: [32, 32],
    parameters: &[P, P, P, U, U, U, U],
};

impl Activation {
    /// Its number in the kernels.
    pub(crate) fn number(self) -> usize {
        match self {
            Self::Identity => 0,
            Self::Relu => 1,
            Self::Tanh => 2,
        }
    }
}

impl BiasActivation for Cuda {
    fn bias_activation_fwd_kernel(
        &self,
        y: ViewMut<'_, Self>,
        bias: View<'_, Self>,
        activation: Activation,
        Checked([n, c]): Checked<2>,
    ) {
        Launch::new(self, &FORWARD)
            .output(&y) // float* y
            .input(bias) // const float* bias
            .sizes([n, c, activation.number()]) // u32 n, c, activation
            .over(n * c);
    }

    fn activation_bwd_kernel(
        &self,
        d_y: ViewMut<'_, Self>,
        y: View<'_, Self>,
        activation: Activation,
        Checked([n, c]): Checked<2>,
    ) {
        Launch::new(self, &BACKWARD)
            .output(&d_y) // float* d_y
            .input(y) // const float* y
            .sizes([n, c, activation.number()]) // u32 n, c, activation
            .over(n * c);
    }

    fn column_sums_kernel(
        &self,
        sums: ViewMut<'_, Self>,
        x: View<'_, Self>,
        Checked([n, c]): Checked<2>,
    ) {
        column_sums(self, sums, x, None, [n, c, c]);
    }
}

/// `d_bias += Σ_rows d` over the first `c` of `stride` columns of `n` rows; with the outputs and an activation,
/// `Σ_rows d act'(out)`.
pub(crate) fn column_sums(
    device: &Cuda,
    d_bias: ViewMut<'_, Cuda>,
    d: View<'_, Cuda>,
    sloped: Option<(View<'_, Cuda>, Activation)>,
    [n, c, stride]: [usize; 3],
) {
    let (y, activation) = sloped.unzip();
    let activation = activation.unwrap_or(Activation::Identity);
    Launch::new(device, &COLUMN_SUMS)
        .output(&d_bias) // float* d_bias
        .input(d) // const float* d
        .maybe(y) // const float* y
        .sizes([n, c, stride, activation.number()]) // u32 n, c, stride, activation
        .blocks([c.div_ceil(32), 1, 1]);
}
