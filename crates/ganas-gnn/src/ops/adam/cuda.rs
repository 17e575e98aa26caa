//! Adam on NVIDIA GPUs.

use super::{AdamBuffers, AdamStep, StepScalars};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Buffer, Cuda, Launch};
use crate::ops::Checked;

use Parameter::{F32 as F, Pointer as P, U32 as U};

pub(crate) const STEP: Kernel = Kernel {
    name: "adam_step",
    block: [256, 1],
    parameters: &[P, P, P, P, F, F, F, F, F, F, U],
};

pub(crate) const SUM_OF_SQUARES: Kernel = Kernel {
    name: "sum_of_squares",
    block: [256, 1],
    parameters: &[P, P, U],
};

/// The most blocks that share a sum.
const MAX_BLOCKS: usize = 128;

impl AdamStep for Cuda {
    fn adam_step_kernel(
        &self,
        buffers: AdamBuffers<'_, Self>,
        scalars: StepScalars,
        Checked([n]): Checked<1>,
    ) {
        let AdamBuffers {
            params,
            m,
            v,
            grads,
        } = buffers;
        Launch::new(self, &STEP)
            .buffer(params) // float* params
            .buffer(m) // float* m
            .buffer(v) // float* v
            .buffer(grads) // float* grads
            // float beta1, beta2, epsilon, grad_scale, step_size, root_scale
            .scalars([
                scalars.beta1,
                scalars.beta2,
                scalars.epsilon,
                scalars.grad_scale,
                scalars.step_size,
                scalars.root_scale,
            ])
            .sizes([n]) // u32 n
            .over(n);
    }

    fn sum_of_squares(&self, grads: &Buffer<f32>) -> f64 {
        let n = grads.len();
        let blocks = n.div_ceil(256).min(MAX_BLOCKS);
        self.sum_of_parts(blocks, |parts| {
            Launch::new(self, &SUM_OF_SQUARES)
                .buffer(parts) // double* parts
                .buffer(grads) // const float* grads
                .sizes([n]) // u32 n
                .blocks([blocks, 1, 1]);
        })
    }
}
