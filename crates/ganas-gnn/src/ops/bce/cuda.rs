//! Binary cross-entropy on NVIDIA GPUs.

use super::{BinaryCrossEntropy, Targets};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::Checked;
use crate::{View, ViewMut};

use Parameter::{Pointer as P, U32 as U};

pub(crate) const BCE: Kernel = Kernel {
    name: "bce",
    block: [256, 1],
    parameters: &[P, P, P, P, P, U],
};

/// The most blocks that share a sum.
const MAX_BLOCKS: usize = 128;

impl BinaryCrossEntropy for Cuda {
    fn bce_kernel(
        &self,
        d_logits: ViewMut<'_, Self>,
        logits: View<'_, Self>,
        targets: Targets<'_, Self>,
        Checked([n]): Checked<1>,
    ) -> f64 {
        let blocks = n.div_ceil(256).min(MAX_BLOCKS);
        self.sum_of_parts(blocks, |losses| {
            Launch::new(self, &BCE)
                .output(&d_logits) // float* d_logits
                .buffer(losses) // double* losses
                .input(logits) // const float* logits
                .input(targets.values) // const float* targets
                .input(targets.weights) // const float* weights
                .sizes([n]) // u32 n
                .blocks([blocks, 1, 1]);
        })
    }
}
