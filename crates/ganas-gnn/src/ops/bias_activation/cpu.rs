//! Bias and activation on the CPU.

use super::{Activation, BiasActivation, check};
use crate::cpu::{block_rows, for_each};
use crate::lanes;
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
        let rows = block_rows(y.len() / c, ROW_WORK * c);
        with_activation!(activation, |act| for_each(y.chunks_mut(rows * c), |y| self
            .vectorised(
                #[inline(always)]
                || for row in y.chunks_exact_mut(c) {
                    lanes::update(row, bias, |x, b| act.apply(x + b));
                }
            )));
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
        if activation != Activation::Identity {
            let rows = block_rows(d_y.len() / c, ROW_WORK * c);
            let blocks = d_y.chunks_mut(rows * c).zip(y.chunks(rows * c));
            with_activation!(activation, |act| for_each(blocks, |(d_y, y)| self
                .vectorised(
                    #[inline(always)]
                    || lanes::update(d_y, y, |d, y| d * act.slope(y))
                )));
        }
        // A sum over rows is a column's own: threads share out the columns.
        let columns = block_rows(c, ROW_WORK * (d_y.len() / c)).next_multiple_of(lanes::LANES);
        let d_y = &*d_y;
        for_each(d_bias.chunks_mut(columns).enumerate(), |(block, sums)| {
            let first = block * columns;
            self.vectorised(
                #[inline(always)]
                || {
                    for row in d_y.chunks_exact(c) {
                        lanes::add(sums, &row[first..first + sums.len()]);
                    }
                },
            );
        });
    }
}

/// The work of a row in multiply-adds of a product that take as long, for each column.
const ROW_WORK: usize = 8;
