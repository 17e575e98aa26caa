//! Masked categorical decisions: sampling, log-probability and entropy.
//!
//! For the legal actions `L` of a row with logits `x`: `log p_a = x_a - log Σ_{b in L} exp x_b`,
//! `H = -Σ_{a in L} p_a log p_a`.
//!
//! Adjoint, for the chosen action `a`: `d_x_b = d_logp (1[a = b] - p_b) - d_H p_b (log p_b + H)` for legal `b`, else 0.
//! PyTorch: `torch.distributions.Categorical` on logits with illegal ones at minus infinity.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::{Checked, expect_shape};
use crate::device::copied;
use crate::{Device, View, ViewMut};

/// How sampling departs from the policy's own distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exploration {
    /// Divides the logits: above 1 the distribution is flatter.
    pub temperature: f64,
    /// The probability with which a decision is uniform over the legal actions instead.
    pub uniform_mix: f64,
}

impl Exploration {
    /// The policy as it is.
    pub const NONE: Self = Self {
        temperature: 1.0,
        uniform_mix: 0.0,
    };
}

/// How actions are drawn.
#[derive(Debug)]
pub struct Draw<'a, D: Device> {
    /// The legal actions of each decision.
    pub masks: &'a D::Masks,
    /// A number in `[0, 1)` for each decision, `[n, 1]`.
    pub uniforms: View<'a, D>,
    /// How the distribution departs from the policy's own.
    pub exploration: Exploration,
}

copied!(Draw);

/// Decisions that were taken.
#[derive(Debug)]
pub struct Choices<'a, D: Device> {
    /// The legal actions of each.
    pub masks: &'a D::Masks,
    /// The action that was chosen in each.
    pub chosen: &'a D::Ints,
}

copied!(Choices);

impl<D: Device> Choices<'_, D> {
    /// How many there are.
    ///
    /// # Panics
    ///
    /// When there are not as many masks as actions.
    pub(super) fn count(&self, device: &D) -> usize {
        let (n, masks) = (device.ints_len(self.chosen), device.masks_len(self.masks));
        assert!(n == masks, "{masks} masks for {n} chosen actions");
        n
    }
}

/// Devices that take categorical decisions. At most 64 actions; bit `a` of a mask is set when `a` is legal, and at least
/// one action of each row must be legal.
pub trait Categorical: Device {
    /// Draws an action for each row from its uniform number in `[0, 1)`, by inversion in ascending order of actions.
    /// Shapes: `logits [n, actions]`, `uniforms [n, 1]`, `n` masks.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn categorical_sample(
        &self,
        chosen: &mut Self::Ints,
        logits: View<'_, Self>,
        draw: Draw<'_, Self>,
    ) {
        let n = self.masks_len(draw.masks);
        let sizes = check(n, logits.shape(), &[draw.uniforms.shape()]);
        self.categorical_sample_kernel(chosen, logits, draw, sizes);
    }

    /// Fills `log_prob [n, 1]` of the chosen actions, `entropy [n, 1]`, and the cache `log_probs [n, actions]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn categorical_fwd(
        &self,
        out: CategoricalOut<'_, Self>,
        logits: View<'_, Self>,
        choices: Choices<'_, Self>,
    ) {
        let (n, log_probs) = (choices.count(self), out.log_probs.shape());
        let columns = [out.log_prob.shape(), out.entropy.shape()];
        let sizes = check(n, logits.shape(), &columns);
        expect_shape("categorical: log_probs", log_probs, logits.shape());
        self.categorical_fwd_kernel(out, logits, choices, sizes);
    }

    /// Fills `d_logits [n, actions]` from `d_log_prob [n, 1]`, `d_entropy [n, 1]` and the cache.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn categorical_bwd(
        &self,
        d_logits: ViewMut<'_, Self>,
        d: CategoricalIn<'_, Self>,
        choices: Choices<'_, Self>,
    ) {
        let (n, log_probs) = (choices.count(self), d.log_probs.shape());
        let columns = [d.d_log_prob.shape(), d.d_entropy.shape()];
        let sizes = check(n, d_logits.shape(), &columns);
        expect_shape("categorical: log_probs", log_probs, d_logits.shape());
        self.categorical_bwd_kernel(d_logits, d, choices, sizes);
    }

    /// The kernel of [`categorical_sample`](Self::categorical_sample), for `n` and actions; `chosen` gets a new length.
    fn categorical_sample_kernel(
        &self,
        chosen: &mut Self::Ints,
        logits: View<'_, Self>,
        draw: Draw<'_, Self>,
        sizes: Checked<2>,
    );

    /// The kernel of [`categorical_fwd`](Self::categorical_fwd), for `n` and actions.
    fn categorical_fwd_kernel(
        &self,
        out: CategoricalOut<'_, Self>,
        logits: View<'_, Self>,
        choices: Choices<'_, Self>,
        sizes: Checked<2>,
    );

    /// The kernel of [`categorical_bwd`](Self::categorical_bwd), for `n` and actions.
    fn categorical_bwd_kernel(
        &self,
        d_logits: ViewMut<'_, Self>,
        d: CategoricalIn<'_, Self>,
        choices: Choices<'_, Self>,
        sizes: Checked<2>,
    );
}

/// Where the results of decisions go.
#[derive(Debug)]
pub struct CategoricalOut<'a, D: Device> {
    /// Log-probability of the chosen action, `[n, 1]`.
    pub log_prob: ViewMut<'a, D>,
    /// Entropy, `[n, 1]`.
    pub entropy: ViewMut<'a, D>,
    /// Log-probability of every action, `[n, actions]`; 0 for illegal ones.
    pub log_probs: ViewMut<'a, D>,
}

/// What the derivative of decisions is computed from.
#[derive(Debug)]
pub struct CategoricalIn<'a, D: Device> {
    /// Derivative with respect to the log-probability of the chosen action, `[n, 1]`.
    pub d_log_prob: View<'a, D>,
    /// Derivative with respect to the entropy, `[n, 1]`.
    pub d_entropy: View<'a, D>,
    /// The cache of the forward pass, `[n, actions]`.
    pub log_probs: View<'a, D>,
}

/// `n` and actions.
fn check(n: usize, [rows, actions]: [usize; 2], columns: &[[usize; 2]]) -> Checked<2> {
    assert!(
        (1..=64).contains(&actions),
        "categorical: {actions} actions, expected 1 to 64"
    );
    assert!(n == rows, "categorical: {n} masks for {rows} rows");
    for &column in columns {
        expect_shape("categorical: column", column, [n, 1]);
    }
    Checked([n, actions])
}
