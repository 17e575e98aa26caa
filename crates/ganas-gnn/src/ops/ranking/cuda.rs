//! The ranking loss on NVIDIA GPUs.

use super::{Comparisons, Ranking};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::Checked;
use crate::{View, ViewMut};

use Parameter::{Pointer as P, U32 as U};

pub(crate) const LOSS: Kernel = Kernel {
    name: "ranking_loss",
    block: [1024, 1],
    parameters: &[P, P, P, P, U, U],
};

pub(crate) const BACKWARD: Kernel = Kernel {
    name: "ranking_bwd",
    block: [128, 1],
    parameters: &[P, P, P, P, P, U, U],
};

impl Ranking for Cuda {
    fn ranking_loss_kernel(
        &self,
        d_scores: ViewMut<'_, Self>,
        scores: View<'_, Self>,
        Comparisons { ranks, partners }: Comparisons<'_, Self>,
        Checked([n, n_partners]): Checked<2>,
    ) -> f64 {
        let [loss, pairs] = self.with_parts(|parts| {
            let result = &mut parts.doubles;
            self.at_least(result, 2);
            Launch::new(self, &LOSS)
                .buffer(result) // double* result
                .input(scores) // const float* scores
                .buffer(ranks) // const u32* ranks
                .buffer(partners) // const u32* partners
                .sizes([n, n_partners]) // u32 n, n_partners
                .blocks([1, 1, 1]);
            Launch::new(self, &BACKWARD)
                .output(&d_scores) // float* d_scores
                .buffer(result) // const double* result
                .input(scores) // const float* scores
                .buffer(ranks) // const u32* ranks
                .buffer(partners) // const u32* partners
                .sizes([n, n_partners]) // u32 n, n_partners
                .blocks([n, 1, 1]);
            let mut sums = [0.0; 2];
            self.driver().read(&mut sums, result, 0);
            sums
        });
        if pairs > 0.0 { loss / pairs } else { 0.0 }
    }
}
