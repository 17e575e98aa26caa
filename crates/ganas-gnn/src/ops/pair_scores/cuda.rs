//! Scores of pairs on NVIDIA GPUs.

use super::{PairDerivatives, PairInputs, PairScores};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::Checked;
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
    fn pair_scores_fwd_kernel(
        &self,
        scores: ViewMut<'_, Self>,
        inputs: PairInputs<'_, Self>,
        Checked([m, n, c]): Checked<3>,
    ) {
        Launch::new(self, &FORWARD)
            .output(&scores) // float* scores
            .input(inputs.a) // const float* a
            .input(inputs.b) // const float* b
            .input(inputs.w) // const float* w
            .sizes([m, n, c]) // u32 m, n, c
            .blocks([n.div_ceil(16), m.div_ceil(16), 1]);
    }

    fn pair_scores_bwd_kernel(
        &self,
        out: PairDerivatives<'_, Self>,
        d_scores: View<'_, Self>,
        inputs: PairInputs<'_, Self>,
        Checked([m, n, c]): Checked<3>,
    ) {
        let PairDerivatives { d_a, d_b, d_w } = out;
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
        weigh(self, &d_w, w, [(&d_a, a), (&d_b, b)]);
        add_constant(self, &d_w.from_column(c), d_scores);
    }
}

/// From the sums of the upstream derivatives of the active units, with the inputs of each side, `[rows, c]`: adds to the
/// first `c` numbers of `d_w`, and weighs the sums, which makes them the derivatives of the inputs.
pub(crate) fn weigh(
    device: &Cuda,
    d_w: &ViewMut<'_, Cuda>,
    w: View<'_, Cuda>,
    sides: [(&ViewMut<'_, Cuda>, View<'_, Cuda>); 2],
) {
    let [(u, a), (v, b)] = sides;
    let ([m, c], [n, _]) = (a.shape(), b.shape());
    Launch::new(device, &WEIGHTS)
        .output(d_w) // float* d_w
        .output(u) // const float* u
        .input(a) // const float* a
        .output(v) // const float* v
        .input(b) // const float* b
        .sizes([m, n, c]) // u32 m, n, c
        .blocks([c.div_ceil(32), 1, 1]);
    for (u, rows) in [(u, m), (v, n)] {
        Launch::new(device, &SCALE)
            .output(u) // float* u
            .input(w) // const float* w
            .sizes([rows, c]) // u32 n, c
            .over(rows * c);
    }
}

/// The derivative of the constant: adds the sum of the upstream derivatives.
pub(crate) fn add_constant(
    device: &Cuda,
    d_constant: &ViewMut<'_, Cuda>,
    d_scores: View<'_, Cuda>,
) {
    let [rows, cols] = d_scores.shape();
    Launch::new(device, &CONSTANT)
        .output(d_constant) // float* d_constant
        .input(d_scores) // const float* d_scores
        .sizes([rows * cols]) // u32 count
        .blocks([1, 1, 1]);
}
