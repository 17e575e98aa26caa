//! Weighted binary cross-entropy on logits.
//!
//! `L = Σ_i w_i (softplus(x_i) - t_i x_i)`, with targets `t_i` in `[0, 1]`; adjoint: `d_x_i = w_i (σ(x_i) - t_i)`.
//! PyTorch: `binary_cross_entropy_with_logits(x, t, weight=w, reduction="sum")`.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::expect_shape;
use crate::{Device, View, ViewMut};

/// Devices that compute the binary cross-entropy.
pub trait BinaryCrossEntropy: Device {
    /// Returns the loss and fills `d_logits`; all four matrices have one shape.
    ///
    /// # Panics
    ///
    /// When the shapes differ.
    fn bce(
        &self,
        d_logits: ViewMut<'_, Self>,
        logits: View<'_, Self>,
        targets: View<'_, Self>,
        weights: View<'_, Self>,
    ) -> f64;
}

fn check(d_logits: [usize; 2], others: [[usize; 2]; 3]) {
    for other in others {
        expect_shape("bce", other, d_logits);
    }
}
