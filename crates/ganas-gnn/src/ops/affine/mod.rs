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
use super::product::{Product, Write};
use super::{Checked, expect_shape};
use crate::{Device, View, ViewMut};

/// What an affine map is computed from.
#[derive(Debug)]
pub struct AffineInputs<'a, D: Device> {
    /// `[n, inputs]`.
    pub x: View<'a, D>,
    /// `[inputs, outputs]`.
    pub weight: View<'a, D>,
    /// `[1, outputs]`.
    pub bias: View<'a, D>,
    /// What follows.
    pub activation: Activation,
}

/// Devices that compute affine maps.
pub trait Affine: Product + BiasActivation {
    /// Fills `y [n, outputs]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn affine_fwd(&self, y: ViewMut<'_, Self>, inputs: AffineInputs<'_, Self>) {
        let sizes = check(y.shape(), &inputs);
        self.affine_fwd_kernel(y, inputs, sizes);
    }

    /// The kernel of [`affine_fwd`](Self::affine_fwd), for `n`, inputs and outputs; by default a product, and then bias and
    /// activation.
    fn affine_fwd_kernel(
        &self,
        mut y: ViewMut<'_, Self>,
        inputs: AffineInputs<'_, Self>,
        sizes: Checked<3>,
    ) {
        let AffineInputs {
            x,
            weight,
            bias,
            activation,
        } = inputs;
        let factors = [x.into(), weight.into()];
        self.product_kernel(y.reborrow(), factors, Write::Set, sizes);
        let Checked([n, _, c]) = sizes;
        self.bias_activation_fwd_kernel(y, bias, activation, Checked([n, c]));
    }
}

/// `n`, inputs and outputs.
fn check<D: Device>(y: [usize; 2], inputs: &AffineInputs<'_, D>) -> Checked<3> {
    let ([n, k], [_, c]) = (inputs.x.shape(), inputs.weight.shape());
    expect_shape("affine: weight", inputs.weight.shape(), [k, c]);
    expect_shape("affine: bias", inputs.bias.shape(), [1, c]);
    expect_shape("affine: y", y, [n, c]);
    Checked([n, k, c])
}
