//! Scores of pairs on NVIDIA GPUs.

use super::{PairDerivatives, PairInputs, PairScores, check};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::expect_shape;
use crate::{View, ViewMut};

use Parameter::{Pointer as P, U32 as U};

pub(crate) const FORWARD: Kernel = Kernel {
    name: "pair_scores_fwd",
    block: [16, 16],
    parameters: &[P, P, P, P, U, U, U],
};

pub(crate) const ACTIVE: Kernel = Kernel {
    name: "pair_scores_active",
    block: [128, 1],
    parameters: &[P, P, P, P, U, U, U, U, U],
};

pub(crate) const WEIGHTS: Kernel = Kernel {
    name: "pair_scores_weights",
    block: [32, 32],
    parameters: &[P, P, P, P, P, U, U, U],
};

pub(crate) const CONSTANT: Kernel = Kernel {
    name: "pair_scores_constant",
    block: [1024, 1],
    parameters: &[P, P, U],
};

pub(crate) const SCALE: Kernel = Kernel {
    name: "pair_scores_scale",
    block: [256, 1],
    parameters: &[P, P, U, U],
};

impl PairScores for Cuda {
    fn pair_scores_fwd(&self, scores: ViewMut<'_, Self>, inputs: PairInputs<'_, Self>) {
        let [m, n, c] = check(scores.shape(), inputs);
        Launch::new(self, &FORWARD)
            .output(&scores) // float* scores
            .input(inputs.a) // const float* a
            .input(inputs.b) // const float* b
            .input(inputs.w) // const float* w
            .sizes([m, n, c]) // u32 m, n, c
            .blocks([n.div_ceil(16), m.div_ceil(16), 1]);
    }

    fn pair_scores_bwd(
        &self,
        out: PairDerivatives<'_, Self>,
        d_scores: View<'_, Self>,
        inputs: PairInputs<'_, Self>,
    ) {
        let [m, n, c] = check(d_scores.shape(), inputs);
        let PairDerivatives { d_a, d_b, mut d_w } = out;
        expect_shape("pair_scores: d_a", d_a.shape(), [m, c]);
        expect_shape("pair_scores: d_b", d_b.shape(), [n, c]);
        expect_shape("pair_scores: d_w", d_w.shape(), [1, c + 1]);
        let PairInputs { a, b, w } = inputs;
        for (u, x, y, sizes) in [(&d_a, a, b, [m, n, c, n, 1]), (&d_b, b, a, [n, m, c, 1, n])] {
            Launch::new(self, &ACTIVE)
                .output(u) // float* u
                .input(d_scores) // const float* d_scores
                .input(x) // const float* x
                .input(y) // const float* y
                .sizes(sizes) // u32 rows, others, c, row, column
                .over(sizes[0] * c);
        }
        Launch::new(self, &WEIGHTS)
            .output(&d_w.reborrow()) // float* d_w
            .output(&d_a) // const float* u
            .input(a) // const float* a
            .output(&d_b) // const float* v
            .input(b) // const float* b
            .sizes([m, n, c]) // u32 m, n, c
            .blocks([c.div_ceil(32), 1, 1]);
        for (u, rows) in [(&d_a, m), (&d_b, n)] {
            Launch::new(self, &SCALE)
                .output(u) // float* u
                .input(w) // const float* w
                .sizes([rows, c]) // u32 n, c
                .over(rows * c);
        }
        Launch::new(self, &CONSTANT)
            .output(&d_w.from_column(c)) // float* d_constant
            .input(d_scores) // const float* d_scores
            .sizes([m * n]) // u32 count
            .blocks([1, 1, 1]);
    }
}
