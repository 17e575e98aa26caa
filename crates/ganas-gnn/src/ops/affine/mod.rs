//! A product with bias and activation: `Y = act(X W + b)`.
//!
//! Adjoint: that of [`bias_activation`](super::bias_activation), then those of the [`product`](super::product).
//! PyTorch: `torch.nn.functional.linear`, then the activation.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::bias_activation::{Activation, BiasActivation};
use super::expect_shape;
use super::product::{Old, Product};
use crate::{View, ViewMut};

/// Devices that compute affine maps; by default as a product and then bias and activation.
pub trait Affine: Product + BiasActivation {
    /// Fills `y [n, outputs]` from `x [n, inputs]`, `weight [inputs, outputs]` and `bias [1, outputs]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn affine_fwd(
        &self,
        mut y: ViewMut<'_, Self>,
        x: View<'_, Self>,
        weight: View<'_, Self>,
        bias: View<'_, Self>,
        activation: Activation,
    ) {
        self.product(y.reborrow(), x, weight, Old::Overwrite);
        self.bias_activation_fwd(y, bias, activation);
    }
}

/// Panics when the bias does not fit.
#[cfg_attr(
    not(feature = "cuda"),
    expect(dead_code, reason = "the default leaves the check to its parts")
)]
fn check(y: [usize; 2], bias: [usize; 2]) {
    expect_shape("affine: bias", bias, [1, y[1]]);
}
