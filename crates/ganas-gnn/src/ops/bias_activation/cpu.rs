//! Bias and activation on the CPU.

use super::{Activation, BiasActivation, check};
use crate::cpu::{block_rows, for_each};
use crate::lanes;
use crate::ops::expect_shape;
use crate::{Cpu, Element, View, ViewMut};

/// Runs a loop with a constant for the activation, so that the choice is made once: a variable would be captured by the closures
/// of the loop, and looked at for each element.
macro_rules! with_activation {
    ($activation:expr, |$ACT:ident| $body:expr) => {
        match $activation {
            Activation::Identity => {
                const $ACT: Activation = Activation::Identity;
                $body
            }
            Activation::Relu => {
                const $ACT: Activation = Activation::Relu;
                $body
            }
            Activation::Tanh => {
                const $ACT: Activation = Activation::Tanh;
                $body
            }
        }
    };
}

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
        with_activation!(activation, |ACT| for_each(y.chunks_mut(rows * c), |y| self
            .vectorised(
                #[inline(always)]
                || for row in y.chunks_exact_mut(c) {
                    lanes::update(row, bias, |x, b| ACT.apply(x + b));
                }
            )));
    }

    fn bias_activation_bwd(
        &self,
        mut d_y: ViewMut<'_, Self>,
        d_bias: ViewMut<'_, Self>,
        y: View<'_, Self>,
        activation: Activation,
    ) {
        let c = check(d_y.shape(), d_bias.shape());
        expect_shape("bias_activation: y", y.shape(), d_y.shape());
        if c == 0 {
            return;
        }
        if activation != Activation::Identity {
            let (d_y, y) = (d_y.reborrow().host(), y.host());
            let rows = block_rows(d_y.len() / c, ROW_WORK * c);
            let blocks = d_y.chunks_mut(rows * c).zip(y.chunks(rows * c));
            with_activation!(activation, |ACT| for_each(blocks, |(d_y, y)| self
                .vectorised(
                    #[inline(always)]
                    || lanes::update(d_y, y, |d, y| d * ACT.slope(y))
                )));
        }
        self.column_sums(d_bias, d_y.as_view());
    }

    fn column_sums(&self, sums: ViewMut<'_, Self>, x: View<'_, Self>) {
        let c = check(x.shape(), sums.shape());
        if c == 0 {
            return;
        }
        let (sums, x) = (sums.host(), x.host());
        // A sum over rows is a column's own: threads share out the columns.
        let columns = block_rows(c, ROW_WORK * (x.len() / c)).next_multiple_of(lanes::LANES);
        for_each(sums.chunks_mut(columns).enumerate(), |(block, sums)| {
            self.vectorised(
                #[inline(always)]
                || {
                    let first = block * columns;
                    let part = first..first + sums.len();
                    lanes::add_rows(sums, x.chunks_exact(c).map(|row| &row[part.clone()]));
                },
            );
        });
    }
}

/// The work of a row in multiply-adds of a product that take as long, for each column.
const ROW_WORK: usize = 8;
