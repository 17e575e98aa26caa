//! Scores of all pairs of a pairwise head, with its first layer factorised.
//!
//! `s[i, j] = w · relu(a_i + b_j) + w_c`, where `a = e_a W_a` and `b = e_b W_b + bias` are the halves of
//! `W [e_a | e_b] + bias`: each member is projected once, and the hidden layer of a pair is a sum.
//!
//! Adjoint, with `m_ij = 1[a_i + b_j > 0]`: `d_a_i = Σ_j d_s_ij w m_ij`, `d_b_j = Σ_i d_s_ij w m_ij`,
//! `d_w += Σ_ij d_s_ij relu(a_i + b_j)`, `d_w_c += Σ_ij d_s_ij`. The hidden layer is computed again, not stored.

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::{Checked, expect_shape};
use crate::device::copied;
use crate::{Device, View, ViewMut};

/// The inputs of a pairwise head: `a [m, c]`, `b [n, c]`, and its output layer `w [1, c + 1]`, constant last.
#[derive(Debug)]
pub struct PairInputs<'a, D: Device> {
    /// Projections of the left members.
    pub a: View<'a, D>,
    /// Projections of the right members, bias included.
    pub b: View<'a, D>,
    /// Weights of the hidden layer, then the constant.
    pub w: View<'a, D>,
}

copied!(PairInputs);

/// Where the derivatives of a pairwise head go.
#[derive(Debug)]
pub struct PairDerivatives<'a, D: Device> {
    /// Of `a`; overwritten.
    pub d_a: ViewMut<'a, D>,
    /// Of `b`; overwritten.
    pub d_b: ViewMut<'a, D>,
    /// Of `w`; added to.
    pub d_w: ViewMut<'a, D>,
}

/// Devices that score pairs.
pub trait PairScores: Device {
    /// Fills `scores [m, n]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn pair_scores_fwd(&self, scores: ViewMut<'_, Self>, inputs: PairInputs<'_, Self>) {
        let sizes = check(scores.shape(), inputs);
        self.pair_scores_fwd_kernel(scores, inputs, sizes);
    }

    /// Fills the derivatives from `d_scores [m, n]` and the inputs.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn pair_scores_bwd(
        &self,
        out: PairDerivatives<'_, Self>,
        d_scores: View<'_, Self>,
        inputs: PairInputs<'_, Self>,
    ) {
        let sizes @ Checked([m, n, c]) = check(d_scores.shape(), inputs);
        expect_shape("pair_scores: d_a", out.d_a.shape(), [m, c]);
        expect_shape("pair_scores: d_b", out.d_b.shape(), [n, c]);
        expect_shape("pair_scores: d_w", out.d_w.shape(), [1, c + 1]);
        self.pair_scores_bwd_kernel(out, d_scores, inputs, sizes);
    }

    /// The kernel of [`pair_scores_fwd`](Self::pair_scores_fwd), for `m`, `n` and `c`.
    fn pair_scores_fwd_kernel(
        &self,
        scores: ViewMut<'_, Self>,
        inputs: PairInputs<'_, Self>,
        sizes: Checked<3>,
    );

    /// The kernel of [`pair_scores_bwd`](Self::pair_scores_bwd), for `m`, `n` and `c`.
    fn pair_scores_bwd_kernel(
        &self,
        out: PairDerivatives<'_, Self>,
        d_scores: View<'_, Self>,
        inputs: PairInputs<'_, Self>,
        sizes: Checked<3>,
    );
}

/// `m`, `n` and `c`.
fn check<D: Device>(scores: [usize; 2], inputs: PairInputs<'_, D>) -> Checked<3> {
    let ([m, c], [n, _]) = (inputs.a.shape(), inputs.b.shape());
    expect_shape("pair_scores: b", inputs.b.shape(), [n, c]);
    expect_shape("pair_scores: w", inputs.w.shape(), [1, c + 1]);
    expect_shape("pair_scores: scores", scores, [m, n]);
    Checked([m, n, c])
}
