//! Weighted binary cross-entropy on logits.
//!
//! `L = Σ_i w_i (softplus(x_i) - t_i x_i)`, with targets `t_i` in `[0, 1]`; adjoint: `d_x_i = w_i (σ(x_i) - t_i)`.
//! PyTorch: `binary_cross_entropy_with_logits(x, t, weight=w, reduction="sum")`.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::{Checked, expect_shape};
use crate::{Device, View, ViewMut};

/// What logits should be.
#[derive(Debug)]
pub struct Targets<'a, D: Device> {
    /// The targets, in `[0, 1]`.
    pub values: View<'a, D>,
    /// What each loss is multiplied by.
    pub weights: View<'a, D>,
}

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
        targets: Targets<'_, Self>,
    ) -> f64 {
        let shape @ [rows, columns] = d_logits.shape();
        for other in [logits, targets.values, targets.weights] {
            expect_shape("bce", other.shape(), shape);
        }
        self.bce_kernel(d_logits, logits, targets, Checked([rows * columns]))
    }

    /// The kernel of [`bce`](Self::bce), for `n` logits.
    fn bce_kernel(
        &self,
        d_logits: ViewMut<'_, Self>,
        logits: View<'_, Self>,
        targets: Targets<'_, Self>,
        n: Checked<1>,
    ) -> f64;
}
