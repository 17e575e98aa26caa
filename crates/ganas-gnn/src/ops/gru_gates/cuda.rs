//! The gates of a GRU cell on NVIDIA GPUs.

use super::{GruCached, GruDerivatives, GruGates, GruInputs};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::Checked;
use crate::{View, ViewMut};

use Parameter::{Pointer as P, U32 as U};

pub(crate) const FORWARD: Kernel = Kernel {
    name: "gru_gates_fwd",
    block: [128, 1],
    parameters: &[P, P, P, P, P, P, P, P, U, U],
};

pub(crate) const BACKWARD: Kernel = Kernel {
    name: "gru_gates_bwd",
    block: [128, 1],
    parameters: &[P, P, P, P, P, P, U, U],
};

impl GruGates for Cuda {
    fn gru_gates_fwd_kernel(
        &self,
        new: ViewMut<'_, Self>,
        gates: ViewMut<'_, Self>,
        inputs: GruInputs<'_, Self>,
        Checked([n, c]): Checked<2>,
    ) {
        let GruInputs {
            gi,
            bias_i,
            gh,
            bias_h,
            old,
        } = inputs;
        Launch::new(self, &FORWARD)
            .output(&new) // float* out
            .output(&gates) // float* gates
            .input(gi) // const float* gi
            .input(bias_i) // const float* bias_i
            .input(gh.0) // const float* gh
            .buffer(gh.1) // const u32* of_gh
            .input(bias_h) // const float* bias_h
            .input(old) // const float* old
            .sizes([n, c]) // u32 n, c
            .over(n * c);
    }

    fn gru_gates_bwd_kernel(
        &self,
        out: GruDerivatives<'_, Self>,
        d_new: View<'_, Self>,
        GruCached { gates, old }: GruCached<'_, Self>,
        Checked([n, c]): Checked<2>,
    ) {
        let GruDerivatives { d_gi, d_gh, d_old } = out;
        Launch::new(self, &BACKWARD)
            .output(&d_gi) // float* d_gi
            .output(&d_gh) // float* d_gh
            .output(&d_old) // float* d_old
            .input(d_new) // const float* d_new
            .input(gates) // const float* gates
            .input(old) // const float* old
            .sizes([n, c]) // u32 n, c
            .over(n * c);
    }
}
