//! Masked Bernoulli decisions: sampling, log-probability and entropy of an edge that is there (1) or not (0).
//!
//! A decision has a logit `x = s + b` of a score `s` and prior log-odds `b`, which is a constant: an untrained score near 0
//! leaves the odds at the prior. Exploration flattens towards the prior: `x = s / temperature + b`, mixed with `σ(b)`.
//!
//! With `p = σ(x)`: `log p_1 = -softplus(-x)`, `log p_0 = -softplus(x)`, `H = p softplus(-x) + (1 - p) softplus(x)`.
//! A decision with one legal action has log-probability 0 and entropy 0.
//!
//! Adjoint where both actions are legal: `d_s = d_logp (a - p) - d_H x p (1 - p)`, else 0.
//! PyTorch: `torch.distributions.Bernoulli(logits=x)`.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

pub use super::categorical::Exploration;
use super::expect_shape;
use crate::{Device, View, ViewMut};

/// Devices that take Bernoulli decisions. Bit 0 of a mask is set when 0 is legal, bit 1 when 1 is; one of them must be.
pub trait Bernoulli: Device {
    /// Draws 0 or 1 for each row: 1 when its uniform number in `[0, 1)` is below the probability of 1.
    /// Shapes: `scores [n, 1]`, `prior [n, 1]`, `uniforms [n, 1]`, `n` masks.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn bernoulli_sample(
        &self,
        chosen: &mut Self::Ints,
        scores: View<'_, Self>,
        prior: View<'_, Self>,
        masks: &Self::Masks,
        uniforms: View<'_, Self>,
        exploration: Exploration,
    );

    /// Fills `log_prob [n, 1]` of the chosen actions and `entropy [n, 1]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn bernoulli_fwd(
        &self,
        log_prob: ViewMut<'_, Self>,
        entropy: ViewMut<'_, Self>,
        scores: View<'_, Self>,
        prior: View<'_, Self>,
        masks: &Self::Masks,
        chosen: &Self::Ints,
    );

    /// Fills `d_scores [n, 1]` from the derivatives `[n, 1]` of log-probability and entropy.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn bernoulli_bwd(
        &self,
        d_scores: ViewMut<'_, Self>,
        upstream: [View<'_, Self>; 2],
        scores: View<'_, Self>,
        prior: View<'_, Self>,
        masks: &Self::Masks,
        chosen: &Self::Ints,
    );
}

fn check(columns: &[[usize; 2]], masks: usize) {
    for &column in columns {
        expect_shape("bernoulli: column", column, [masks, 1]);
    }
}
