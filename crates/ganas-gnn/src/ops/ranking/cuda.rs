//! The ranking loss on NVIDIA GPUs.

use super::{Ranking, check};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Buffer, Cuda, Launch};
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
    fn ranking_loss(
        &self,
        d_scores: ViewMut<'_, Self>,
        scores: View<'_, Self>,
        ranks: &Buffer<u32>,
        partners: &Buffer<u32>,
    ) -> f64 {
        let (n, n_partners) = (ranks.len(), partners.len());
        check(d_scores.shape(), scores.shape(), n, n_partners);
        if n == 0 {
            return 0.0;
        }
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
