//! The gates of a GRU cell, given its two products.
//!
//! With `gi = x W_i`, `gh = h W_h`, each split into reset, update and new parts,
//!
//! `r = σ(gi_r + b_ir + gh_r + b_hr)`, `z = σ(gi_z + b_iz + gh_z + b_hz)`, `n = tanh(gi_n + b_in + r (gh_n + b_hn))`,
//! `h' = (1 - z) n + z h`.
//!
//! Adjoint, with `e = d_h'`: `d_n' = e (1 - z)(1 - n²)`, `d_z' = e (h - n) z (1 - z)`, `d_r' = d_n' (gh_n + b_hn) r (1 -
//! r)`, `d_gi = [d_r' d_z' d_n']`, `d_gh = [d_r' d_z' r d_n']`, `d_h = e z` (plus the path through `gh`, which is a
//! product). The derivatives of the biases are the column sums of `d_gi` and `d_gh`, which are products with ones.
//!
//! Old and new state are the two halves of one buffer, so that the states of a sequence stand one after the other.
//! An exception to the rule for activations: `d_h` is added to, since a state also has readers of its own.
//!
//! Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014; this form is PyTorch's
//! `torch.nn.GRUCell`, with the order of the gates as there.

mod cpu;
#[cfg(test)]
mod tests;

use super::expect_shape;
use crate::{Device, View, ViewMut};

/// What the gates are computed from.
#[derive(Debug)]
pub struct GruInputs<'a, D: Device> {
    /// `x W_i`, `[n, 3c]`.
    pub gi: View<'a, D>,
    /// `b_i`, `[1, 3c]`.
    pub bias_i: View<'a, D>,
    /// `h W_h`, `[n, 3c]`.
    pub gh: View<'a, D>,
    /// `b_h`, `[1, 3c]`.
    pub bias_h: View<'a, D>,
}

/// Where the derivatives of a GRU cell go.
#[derive(Debug)]
pub struct GruDerivatives<'a, D: Device> {
    /// Of `x W_i`, `[n, 3c]`; overwritten.
    pub d_gi: ViewMut<'a, D>,
    /// Of `h W_h`, `[n, 3c]`; overwritten.
    pub d_gh: ViewMut<'a, D>,
    /// Of the states, `[2n, c]`: the second half, of the new state, is read; to the first half, of the old state, the
    /// part without the path through `h W_h` is added.
    pub d_states: ViewMut<'a, D>,
}

/// Devices that compute the gates of a GRU cell.
pub trait GruGates: Device {
    /// Reads the old state from the first half of `states [2n, c]`; fills the new state, the second half, and the cache
    /// `gates [n, 4c]` (r, z, n, and `gh_n + b_hn`).
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn gru_gates_fwd(
        &self,
        states: ViewMut<'_, Self>,
        gates: ViewMut<'_, Self>,
        inputs: GruInputs<'_, Self>,
    );

    /// Fills the derivatives from the cache and the old state, the first half of `states [2n, c]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn gru_gates_bwd(
        &self,
        out: GruDerivatives<'_, Self>,
        gates: View<'_, Self>,
        states: View<'_, Self>,
    );
}

/// The number of rows of one state, and its width.
fn check(states: [usize; 2], gates: [usize; 2], products: [[usize; 2]; 2]) -> [usize; 2] {
    let [n, c] = [states[0] / 2, states[1]];
    expect_shape("gru: states", states, [2 * n, c]);
    expect_shape("gru: gates", gates, [n, 4 * c]);
    for product in products {
        expect_shape("gru: product", product, [n, 3 * c]);
    }
    [n, c]
}
