//! Categorical decisions on NVIDIA GPUs.

use super::{Categorical, CategoricalIn, CategoricalOut, Choices, Draw};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Buffer, Cuda, Launch};
use crate::ops::Checked;
use crate::{View, ViewMut};

use Parameter::{F32 as F, Pointer as P, U32 as U};

pub(crate) const SAMPLE: Kernel = Kernel {
    name: "categorical_sample",
    block: [64, 1],
    parameters: &[P, P, P, P, F, F, U, U],
};

pub(crate) const FORWARD: Kernel = Kernel {
    name: "categorical_fwd",
    block: [64, 1],
    parameters: &[P, P, P, P, P, P, U, U],
};

pub(crate) const BACKWARD: Kernel = Kernel {
    name: "categorical_bwd",
    block: [64, 1],
    parameters: &[P, P, P, P, P, P, U, U],
};

impl Categorical for Cuda {
    fn categorical_sample_kernel(
        &self,
        chosen: &mut Buffer<u32>,
        logits: View<'_, Self>,
        draw: Draw<'_, Self>,
        Checked([n, actions]): Checked<2>,
    ) {
        self.driver().resize(chosen, n);
        Launch::new(self, &SAMPLE)
            .buffer(chosen) // u32* chosen
            .input(logits) // const float* logits
            .buffer(draw.masks) // const u64* masks
            .input(draw.uniforms) // const float* uniforms
            .scalars([draw.exploration.temperature, draw.exploration.uniform_mix]) // float temperature, mix
            .sizes([n, actions]) // u32 n, actions
            .over(n);
    }

    fn categorical_fwd_kernel(
        &self,
        out: CategoricalOut<'_, Self>,
        logits: View<'_, Self>,
        Choices { masks, chosen }: Choices<'_, Self>,
        Checked([n, actions]): Checked<2>,
    ) {
        let CategoricalOut {
            log_prob,
            entropy,
            log_probs,
        } = out;
        Launch::new(self, &FORWARD)
            .output(&log_prob) // float* log_prob
            .output(&entropy) // float* entropy
            .output(&log_probs) // float* log_probs
            .input(logits) // const float* logits
            .buffer(masks) // const u64* masks
            .buffer(chosen) // const u32* chosen
            .sizes([n, actions]) // u32 n, actions
            .over(n);
    }

    fn categorical_bwd_kernel(
        &self,
        d_logits: ViewMut<'_, Self>,
        d: CategoricalIn<'_, Self>,
        Choices { masks, chosen }: Choices<'_, Self>,
        Checked([n, actions]): Checked<2>,
    ) {
        let CategoricalIn {
            d_log_prob,
            d_entropy,
            log_probs,
        } = d;
        Launch::new(self, &BACKWARD)
            .output(&d_logits) // float* d_logits
            .input(d_log_prob) // const float* d_log_prob
            .input(d_entropy) // const float* d_entropy
            .input(log_probs) // const float* log_probs
            .buffer(masks) // const u64* masks
            .buffer(chosen) // const u32* chosen
            .sizes([n, actions]) // u32 n, actions
            .over(n);
    }
}
