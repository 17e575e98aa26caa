//! Bias and activation, in place: `y = act(y + b)`.
//!
//! Adjoint, in place: `d_y = d_y act'(y)`, where `y` is the output, then `d_b += Σ_rows d_y`.
//! An exception to the rule that outputs are separate: the sum before the activation is never needed again.

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{Checked, expect_shape};
use crate::{Device, Element, View, ViewMut};

/// A pointwise function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `x`.
    Identity,
    /// `max(x, 0)`, with slope 0 at 0.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// The function.
    #[inline(always)]
    pub fn apply<T: Element>(self, x: T) -> T {
        match self {
            Self::Identity => x,
            Self::Relu => {
                if x > T::zero() {
                    x
                } else {
                    T::zero()
                }
            }
            Self::Tanh => x.hyperbolic_tangent(),
        }
    }

    /// Its slope, as a function of its value.
    #[inline(always)]
    pub fn slope<T: Element>(self, y: T) -> T {
        match self {
            Self::Identity => T::one(),
            Self::Relu => {
                if y > T::zero() {
                    T::one()
                } else {
                    T::zero()
                }
            }
            Self::Tanh => T::one() - y * y,
        }
    }
}

/// Devices that add a bias and apply an activation.
pub trait BiasActivation: Device {
    /// `y = act(y + bias)`; shapes `[n, c]` and `[1, c]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn bias_activation_fwd(
        &self,
        y: ViewMut<'_, Self>,
        bias: View<'_, Self>,
        activation: Activation,
    ) {
        let sizes = check(y.shape(), bias.shape());
        self.bias_activation_fwd_kernel(y, bias, activation, sizes);
    }

    /// `d_y = d_y act'(y)`, `d_bias += Σ_rows d_y`; shapes `[n, c]`, `[1, c]`, `[n, c]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn bias_activation_bwd(
        &self,
        mut d_y: ViewMut<'_, Self>,
        d_bias: ViewMut<'_, Self>,
        y: View<'_, Self>,
        activation: Activation,
    ) {
        let sizes = check(d_y.shape(), d_bias.shape());
        expect_shape("bias_activation: y", y.shape(), d_y.shape());
        if activation != Activation::Identity {
            self.activation_bwd_kernel(d_y.reborrow(), y, activation, sizes);
        }
        self.column_sums_kernel(d_bias, d_y.as_view(), sizes);
    }

    /// `sums += Σ_rows x`, the derivative of a bias; shapes `[1, c]` and `[n, c]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn column_sums(&self, sums: ViewMut<'_, Self>, x: View<'_, Self>) {
        let sizes = check(x.shape(), sums.shape());
        self.column_sums_kernel(sums, x, sizes);
    }

    /// The kernel of [`bias_activation_fwd`](Self::bias_activation_fwd), for `n` and `c`.
    fn bias_activation_fwd_kernel(
        &self,
        y: ViewMut<'_, Self>,
        bias: View<'_, Self>,
        activation: Activation,
        sizes: Checked<2>,
    );

    /// `d_y = d_y act'(y)`, for `n` and `c`.
    fn activation_bwd_kernel(
        &self,
        d_y: ViewMut<'_, Self>,
        y: View<'_, Self>,
        activation: Activation,
        sizes: Checked<2>,
    );

    /// The kernel of [`column_sums`](Self::column_sums), for `n` and `c`.
    fn column_sums_kernel(&self, sums: ViewMut<'_, Self>, x: View<'_, Self>, sizes: Checked<2>);
}

/// `n` and `c`.
fn check([n, c]: [usize; 2], bias: [usize; 2]) -> Checked<2> {
    expect_shape("bias_activation: bias", bias, [1, c]);
    Checked([n, c])
}
