//! The pairwise ranking loss: which of two architectures is better?
//!
//! `K` permutations `π_k` of `n` items pair each item with `K` others; `s_ij = sign(y_i - y_j)`;
//!
//! `L = (1/W) Σ_k Σ_i [s ≠ 0] softplus(-s_{i,π_k(i)} (f_i - f_{π_k(i)}))`, where `W` counts the pairs with `s ≠ 0`.
//!
//! This is the logistic loss of a relativistic discriminator, `P(i beats j) = σ(f_i - f_j)` (Jolicoeur-Martineau, "The
//! relativistic discriminator", 2019; Burges et al., "Learning to rank using gradient descent", 2005).
//! Adjoint: each pair adds `-(s/W) σ(-s (f_i - f_j))` to `d_f_i` and subtracts it from `d_f_j`.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::{Checked, expect_shape};
use crate::{Device, View, ViewMut};

/// What is compared with what.
#[derive(Debug)]
pub struct Comparisons<'a, D: Device> {
    /// One for each item, larger for better items and equal for equal ones.
    pub ranks: &'a D::Ints,
    /// Permutations of the items, one after the other.
    pub partners: &'a D::Ints,
}

/// Devices that compute the ranking loss.
pub trait Ranking: Device {
    /// Returns the loss and fills `d_scores [n, 1]` from `scores [n, 1]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit, or an index is out of range.
    fn ranking_loss(
        &self,
        d_scores: ViewMut<'_, Self>,
        scores: View<'_, Self>,
        comparisons: Comparisons<'_, Self>,
    ) -> f64 {
        let n = self.ints_len(comparisons.ranks);
        let partners = self.ints_len(comparisons.partners);
        expect_shape("ranking: scores", scores.shape(), [n, 1]);
        expect_shape("ranking: d_scores", d_scores.shape(), [n, 1]);
        if n == 0 {
            return 0.0;
        }
        assert!(
            partners.is_multiple_of(n),
            "ranking: {partners} partners are no permutations of {n} items"
        );
        let sizes = Checked([n, partners]);
        self.ranking_loss_kernel(d_scores, scores, comparisons, sizes)
    }

    /// The kernel of [`ranking_loss`](Self::ranking_loss), for `n`, above 0, and all partners.
    fn ranking_loss_kernel(
        &self,
        d_scores: ViewMut<'_, Self>,
        scores: View<'_, Self>,
        comparisons: Comparisons<'_, Self>,
        sizes: Checked<2>,
    ) -> f64;
}
