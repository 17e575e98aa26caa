//! Bernoulli decisions on NVIDIA GPUs.

use super::{Bernoulli, Exploration, check};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Buffer, Cuda, Launch};
use crate::{View, ViewMut};

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
    fn bernoulli_sample(
        &self,
        chosen: &mut Buffer<u32>,
        scores: View<'_, Self>,
        prior: View<'_, Self>,
        masks: &Buffer<u64>,
        uniforms: View<'_, Self>,
        exploration: Exploration,
    ) {
        let columns = [scores.shape(), prior.shape(), uniforms.shape()];
        check(&columns, masks.len());
        let n = masks.len();
        self.driver().resize(chosen, n);
        Launch::new(self, &SAMPLE)
            .buffer(chosen) // u32* chosen
            .input(scores) // const float* scores
            .input(prior) // const float* prior
            .buffer(masks) // const u64* masks
            .input(uniforms) // const float* uniforms
            .scalars([exploration.temperature, exploration.uniform_mix]) // float temperature, mix
            .sizes([n]) // u32 n
            .over(n);
    }

    fn bernoulli_fwd(
        &self,
        log_prob: ViewMut<'_, Self>,
        entropy: ViewMut<'_, Self>,
        scores: View<'_, Self>,
        prior: View<'_, Self>,
        masks: &Buffer<u64>,
        chosen: &Buffer<u32>,
    ) {
        let (outputs, inputs) = (
            [log_prob.shape(), entropy.shape()],
            [scores.shape(), prior.shape()],
        );
        check(&[outputs, inputs].concat(), masks.len());
        let n = masks.len();
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

    fn bernoulli_bwd(
        &self,
        d_scores: ViewMut<'_, Self>,
        [d_log_prob, d_entropy]: [View<'_, Self>; 2],
        scores: View<'_, Self>,
        prior: View<'_, Self>,
        masks: &Buffer<u64>,
        chosen: &Buffer<u32>,
    ) {
        let upstream = [d_scores.shape(), d_log_prob.shape(), d_entropy.shape()];
        check(&upstream, masks.len());
        check(&[scores.shape(), prior.shape()], masks.len());
        let n = masks.len();
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
