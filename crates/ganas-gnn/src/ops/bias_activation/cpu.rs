//! Bias and activation on the CPU.

use super::{Activation, BiasActivation, check};
use crate::ops::expect_shape;
use crate::{Cpu, Element, View, ViewMut};

/// Runs a loop once for each activation, so that inside it the choice is a constant and the loop is vectorised.
macro_rules! with_activation {
    ($activation:expr, |$act:ident| $body:expr) => {
        match $activation {
            Activation::Identity => {
                let $act = Activation::Identity;
                $body
            }
            Activation::Relu => {
                let $act = Activation::Relu;
                $body
            }
            Activation::Tanh => {
                let $act = Activation::Tanh;
                $body
            }
        }
    };
}
pub(crate) use with_activation;

impl<T: Element> BiasActivation for Cpu<T> {
    fn bias_activation_fwd(
        &self,
        y: ViewMut<'_, Self>,
        bias: View<'_, Self>,
        activation: Activation,
    ) {
        let c = check(y.shape(), bias.shape());
        if c == 0 {
            return;
        }
        let (y, bias) = (y.host(), bias.host());
        with_activation!(activation, |act| self.vectorised(
            #[inline(always)]
            move || {
                for row in y.chunks_exact_mut(c) {
                    for (x, &b) in row.iter_mut().zip(bias) {
                        *x = act.apply(*x + b);
                    }
                }
            }
        ));
    }

    fn bias_activation_bwd(
        &self,
        d_y: ViewMut<'_, Self>,
        d_bias: ViewMut<'_, Self>,
        y: View<'_, Self>,
        activation: Activation,
    ) {
        let c = check(d_y.shape(), d_bias.shape());
        expect_shape("bias_activation: y", y.shape(), d_y.shape());
        if c == 0 {
            return;
        }
        let (d_y, d_bias, y) = (d_y.host(), d_bias.host(), y.host());
        with_activation!(activation, |act| self.vectorised(
            #[inline(always)]
            move || {
                for (d_row, row) in d_y.chunks_exact_mut(c).zip(y.chunks_exact(c)) {
                    for ((d, &y), sum) in d_row.iter_mut().zip(row).zip(d_bias.iter_mut()) {
                        *d *= act.slope(y);
                        *sum += *d;
                    }
                }
            }
        ));
    }
}
