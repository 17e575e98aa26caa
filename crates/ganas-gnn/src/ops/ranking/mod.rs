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

use super::expect_shape;
use crate::{Device, View, ViewMut};

/// Devices that compute the ranking loss.
pub trait Ranking: Device {
    /// Returns the loss and fills `d_scores [n, 1]` from `scores [n, 1]`.
    ///
    /// `ranks` has one entry for each item, larger for better items and equal for equal ones; `partners` holds the
    /// permutations one after the other.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit, or an index is out of range.
    fn ranking_loss(
        &self,
        d_scores: ViewMut<'_, Self>,
        scores: View<'_, Self>,
        ranks: &Self::Ints,
        partners: &Self::Ints,
    ) -> f64;
}

fn check(d_scores: [usize; 2], scores: [usize; 2], ranks: usize, partners: usize) {
    expect_shape("ranking: scores", scores, [ranks, 1]);
    expect_shape("ranking: d_scores", d_scores, scores);
    assert!(
        ranks == 0 || partners.is_multiple_of(ranks),
        "ranking: {partners} partners are no permutations of {ranks} items"
    );
}
