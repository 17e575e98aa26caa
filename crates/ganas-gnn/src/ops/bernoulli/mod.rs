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

pub use super::categorical::{Choices, Draw, Exploration};
use super::{Checked, expect_shape};
use crate::device::copied;
use crate::{Device, View, ViewMut};

/// The two parts of the logits.
#[derive(Debug)]
pub struct Logits<'a, D: Device> {
    /// The scores, `[n, 1]`.
    pub scores: View<'a, D>,
    /// The prior log-odds, `[n, 1]`.
    pub prior: View<'a, D>,
}

copied!(Logits);

/// Where the results of decisions go.
#[derive(Debug)]
pub struct BernoulliOut<'a, D: Device> {
    /// Log-probability of the chosen action, `[n, 1]`.
    pub log_prob: ViewMut<'a, D>,
    /// Entropy, `[n, 1]`.
    pub entropy: ViewMut<'a, D>,
}

/// What the derivative of decisions is computed from.
#[derive(Debug)]
pub struct BernoulliIn<'a, D: Device> {
    /// Derivative with respect to the log-probability of the chosen action, `[n, 1]`.
    pub d_log_prob: View<'a, D>,
    /// Derivative with respect to the entropy, `[n, 1]`.
    pub d_entropy: View<'a, D>,
    /// Those of the forward pass.
    pub logits: Logits<'a, D>,
}

/// Devices that take Bernoulli decisions. Bit 0 of a mask is set when 0 is legal, bit 1 when 1 is; one of them must be.
pub trait Bernoulli: Device {
    /// Draws 0 or 1 for each row: 1 when its uniform number in `[0, 1)` is below the probability of 1.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn bernoulli_sample(
        &self,
        chosen: &mut Self::Ints,
        logits: Logits<'_, Self>,
        draw: Draw<'_, Self>,
    ) {
        let n = self.masks_len(draw.masks);
        let n = logits.check(n, &[draw.uniforms.shape()]);
        self.bernoulli_sample_kernel(chosen, logits, draw, n);
    }

    /// Fills `log_prob [n, 1]` of the chosen actions and `entropy [n, 1]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn bernoulli_fwd(
        &self,
        out: BernoulliOut<'_, Self>,
        logits: Logits<'_, Self>,
        choices: Choices<'_, Self>,
    ) {
        let columns = [out.log_prob.shape(), out.entropy.shape()];
        let n = logits.check(choices.count(self), &columns);
        self.bernoulli_fwd_kernel(out, logits, choices, n);
    }

    /// Fills `d_scores [n, 1]` from the derivatives of log-probability and entropy.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn bernoulli_bwd(
        &self,
        d_scores: ViewMut<'_, Self>,
        d: BernoulliIn<'_, Self>,
        choices: Choices<'_, Self>,
    ) {
        let upstream = [d.d_log_prob.shape(), d.d_entropy.shape()];
        expect_shape("bernoulli: d_scores", d_scores.shape(), upstream[0]);
        let n = d.logits.check(choices.count(self), &upstream);
        self.bernoulli_bwd_kernel(d_scores, d, choices, n);
    }

    /// The kernel of [`bernoulli_sample`](Self::bernoulli_sample), for `n` decisions; `chosen` gets a new length.
    fn bernoulli_sample_kernel(
        &self,
        chosen: &mut Self::Ints,
        logits: Logits<'_, Self>,
        draw: Draw<'_, Self>,
        n: Checked<1>,
    );

    /// The kernel of [`bernoulli_fwd`](Self::bernoulli_fwd), for `n` decisions.
    fn bernoulli_fwd_kernel(
        &self,
        out: BernoulliOut<'_, Self>,
        logits: Logits<'_, Self>,
        choices: Choices<'_, Self>,
        n: Checked<1>,
    );

    /// The kernel of [`bernoulli_bwd`](Self::bernoulli_bwd), for `n` decisions.
    fn bernoulli_bwd_kernel(
        &self,
        d_scores: ViewMut<'_, Self>,
        d: BernoulliIn<'_, Self>,
        choices: Choices<'_, Self>,
        n: Checked<1>,
    );
}

impl<D: Device> Logits<'_, D> {
    /// The number of decisions, when there are so many of all columns.
    fn check(&self, n: usize, columns: &[[usize; 2]]) -> Checked<1> {
        for &column in [self.scores.shape(), self.prior.shape()]
            .iter()
            .chain(columns)
        {
            expect_shape("bernoulli: column", column, [n, 1]);
        }
        Checked([n])
    }
}
