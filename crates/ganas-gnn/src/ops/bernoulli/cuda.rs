//! Bernoulli decisions on NVIDIA GPUs.

use super::{Bernoulli, BernoulliIn, BernoulliOut, Choices, Draw, Logits};
use crate::ViewMut;
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Buffer, Cuda, Launch};
use crate::ops::Checked;

use Parameter::{F32 as F, Pointer as P, U32 as U};

pub(crate) const SAMPLE: Kernel = Kernel {
    name: "bernoulli_sample",
    block: [64, 1],
    parameters: &[P, P, P, P, P, F, F, U],
};

pub(crate) const FORWARD: Kernel = Kernel {
    name: "bernoulli_fwd",
    block: [64, 1],
    parameters: &[P, P, P, P, P, P, U],
};

pub(crate) const BACKWARD: Kernel = Kernel {
    name: "bernoulli_bwd",
    block: [64, 1],
    parameters: &[P, P, P, P, P, P, P, U],
};

impl Bernoulli for Cuda {
    fn bernoulli_sample_kernel(
        &self,
        chosen: &mut Buffer<u32>,
        Logits { scores, prior }: Logits<'_, Self>,
        draw: Draw<'_, Self>,
        Checked([n]): Checked<1>,
    ) {
        self.driver().resize(chosen, n);
        Launch::new(self, &SAMPLE)
            .buffer(chosen) // u32* chosen
            .input(scores) // const float* scores
            .input(prior) // const float* prior
            .buffer(draw.masks) // const u64* masks
            .input(draw.uniforms) // const float* uniforms
            .scalars([draw.exploration.temperature, draw.exploration.uniform_mix]) // float temperature, mix
            .sizes([n]) // u32 n
            .over(n);
    }

    fn bernoulli_fwd_kernel(
        &self,
        BernoulliOut { log_prob, entropy }: BernoulliOut<'_, Self>,
        Logits { scores, prior }: Logits<'_, Self>,
        Choices { masks, chosen }: Choices<'_, Self>,
        Checked([n]): Checked<1>,
    ) {
        Launch::new(self, &FORWARD)
            .output(&log_prob) // float* log_prob
            .output(&entropy) // float* entropy
            .input(scores) // const float* scores
            .input(prior) // const float* prior
            .buffer(masks) // const u64* masks
            .buffer(chosen) // const u32* chosen
            .sizes([n]) // u32 n
            .over(n);
    }

    fn bernoulli_bwd_kernel(
        &self,
        d_scores: ViewMut<'_, Self>,
        d: BernoulliIn<'_, Self>,
        Choices { masks, chosen }: Choices<'_, Self>,
        Checked([n]): Checked<1>,
    ) {
        let BernoulliIn {
            d_log_prob,
            d_entropy,
            logits: Logits { scores, prior },
        } = d;
        Launch::new(self, &BACKWARD)
            .output(&d_scores) // float* d_scores
            .input(d_log_prob) // const float* d_log_prob
            .input(d_entropy) // const float* d_entropy
            .input(scores) // const float* scores
            .input(prior) // const float* prior
            .buffer(masks) // const u64* masks
            .buffer(chosen) // const u32* chosen
            .sizes([n]) // u32 n
            .over(n);
    }
}
