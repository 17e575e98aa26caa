//! Bias and activation on the CPU.

use super::{Activation, BiasActivation};
use crate::cpu::{block_rows, for_each};
use crate::ops::Checked;
use crate::simd_rows;
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
    fn bias_activation_fwd_kernel(
        &self,
        y: ViewMut<'_, Self>,
        bias: View<'_, Self>,
        activation: Activation,
        Checked([n, c]): Checked<2>,
    ) {
        if c == 0 {
            return;
        }
        let (y, bias) = (y.host(), bias.host());
        let rows = block_rows(n, ROW_WORK * c);
        with_activation!(activation, |ACT| for_each(y.chunks_mut(rows * c), |y| self
            .vectorised(
                #[inline(always)]
                || for row in y.chunks_exact_mut(c) {
                    simd_rows::update(row, bias, |x, b| ACT.apply(x + b));
                }
            )));
    }

    fn activation_bwd_kernel(
        &self,
        d_y: ViewMut<'_, Self>,
        y: View<'_, Self>,
        activation: Activation,
        Checked([n, c]): Checked<2>,
    ) {
        if c == 0 {
            return;
        }
        let (d_y, y) = (d_y.host(), y.host());
        let rows = block_rows(n, ROW_WORK * c);
        let blocks = d_y.chunks_mut(rows * c).zip(y.chunks(rows * c));
        with_activation!(activation, |ACT| for_each(blocks, |(d_y, y)| self
            .vectorised(
                #[inline(always)]
                || simd_rows::update(d_y, y, |d, y| d * ACT.slope(y))
            )));
    }

    fn column_sums_kernel(
        &self,
        sums: ViewMut<'_, Self>,
        x: View<'_, Self>,
        Checked([n, c]): Checked<2>,
    ) {
        if c == 0 {
            return;
        }
        let (sums, x) = (sums.host(), x.host());
        // A sum over rows is a column's own: threads share out the columns.
        let columns = block_rows(c, ROW_WORK * n).next_multiple_of(simd_rows::LANES);
        for_each(sums.chunks_mut(columns).enumerate(), |(block, sums)| {
            self.vectorised(
                #[inline(always)]
                || {
                    let first = block * columns;
                    let part = first..first + sums.len();
                    simd_rows::add_rows(sums, x.chunks_exact(c).map(|row| &row[part.clone()]));
                },
            );
        });
    }
}

/// The work of a row in multiply-adds of a product that take as long, for each column.
const ROW_WORK: usize = 8;
