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
//! Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014; this form is PyTorch's
//! `torch.nn.GRUCell`, with the order of the gates as there.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::{Checked, expect_shape};
use crate::{Device, View, ViewMut};

/// What the gates are computed from.
#[derive(Debug)]
pub struct GruInputs<'a, D: Device> {
    /// `x W_i`, `[n, 3c]`.
    pub gi: View<'a, D>,
    /// `b_i`, `[1, 3c]`.
    pub bias_i: View<'a, D>,
    /// `h W_h` of states that cells have in common, `[p, 3c]`, and for each cell which of them is its own.
    pub gh: (View<'a, D>, &'a D::Ints),
    /// `b_h`, `[1, 3c]`.
    pub bias_h: View<'a, D>,
    /// The old state `h`, `[n, c]`.
    pub old: View<'a, D>,
}

/// Where the derivatives of a GRU cell go.
#[derive(Debug)]
pub struct GruDerivatives<'a, D: Device> {
    /// Of `x W_i`, `[n, 3c]`; overwritten.
    pub d_gi: ViewMut<'a, D>,
    /// Of `h W_h`, `[n, 3c]`; overwritten.
    pub d_gh: ViewMut<'a, D>,
    /// Of the old state, `[n, c]`, without the path through `h W_h`; overwritten.
    pub d_old: ViewMut<'a, D>,
}

/// What the forward pass of a GRU cell leaves for the backward pass.
#[derive(Debug)]
pub struct GruCached<'a, D: Device> {
    /// r, z, n, and `gh_n + b_hn`, `[n, 4c]`.
    pub gates: View<'a, D>,
    /// The old state, `[n, c]`.
    pub old: View<'a, D>,
}

/// Devices that compute the gates of a GRU cell.
pub trait GruGates: Device {
    /// Fills the new state, `[n, c]`, and the cache `gates [n, 4c]` (r, z, n, and `gh_n + b_hn`).
    ///
    /// # Panics
    ///
    /// When the shapes do not fit, or an index is out of range.
    fn gru_gates_fwd(
        &self,
        new: ViewMut<'_, Self>,
        gates: ViewMut<'_, Self>,
        inputs: GruInputs<'_, Self>,
    ) {
        let sizes = inputs.check(self, new.shape(), gates.shape());
        self.gru_gates_fwd_kernel(new, gates, inputs, sizes);
    }

    /// Fills the derivatives from that of the new state, and from what the forward pass left.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn gru_gates_bwd(
        &self,
        out: GruDerivatives<'_, Self>,
        d_new: View<'_, Self>,
        cached: GruCached<'_, Self>,
    ) {
        let (states, products) = (
            [cached.old.shape(), d_new.shape()],
            [out.d_gi.shape(), out.d_gh.shape()],
        );
        let sizes = check(states, cached.gates.shape(), products);
        expect_shape("gru: d_old", out.d_old.shape(), states[0]);
        self.gru_gates_bwd_kernel(out, d_new, cached, sizes);
    }

    /// The kernel of [`gru_gates_fwd`](Self::gru_gates_fwd), for `n` and `c`.
    fn gru_gates_fwd_kernel(
        &self,
        new: ViewMut<'_, Self>,
        gates: ViewMut<'_, Self>,
        inputs: GruInputs<'_, Self>,
        sizes: Checked<2>,
    );

    /// The kernel of [`gru_gates_bwd`](Self::gru_gates_bwd), for `n` and `c`.
    fn gru_gates_bwd_kernel(
        &self,
        out: GruDerivatives<'_, Self>,
        d_new: View<'_, Self>,
        cached: GruCached<'_, Self>,
        sizes: Checked<2>,
    );
}

impl<D: Device> GruInputs<'_, D> {
    /// `n` and `c`, when all shapes fit those of the new states.
    fn check(&self, device: &D, new: [usize; 2], gates: [usize; 2]) -> Checked<2> {
        let sizes = check([self.old.shape(), new], gates, [self.gi.shape(); 2]);
        let (Checked([n, c]), (gh, of_gh)) = (sizes, self.gh);
        let [p, _] = gh.shape();
        expect_shape("gru: gh", gh.shape(), [p, 3 * c]);
        assert!(n <= device.ints_len(of_gh), "gru: a row for each cell");
        expect_shape("gru: bias_i", self.bias_i.shape(), [1, 3 * c]);
        expect_shape("gru: bias_h", self.bias_h.shape(), [1, 3 * c]);
        sizes
    }
}

/// `n` and `c`; all of `states` have one shape.
fn check(states: [[usize; 2]; 2], gates: [usize; 2], products: [[usize; 2]; 2]) -> Checked<2> {
    let [n, c] = states[0];
    expect_shape("gru: state", states[1], [n, c]);
    expect_shape("gru: gates", gates, [n, 4 * c]);
    for product in products {
        expect_shape("gru: product", product, [n, 3 * c]);
    }
    Checked([n, c])
}
