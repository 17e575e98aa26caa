//! The aggregation over distinct inputs and outputs on the CPU.

use rayon::iter::IndexedParallelIterator as _;
use rayon::slice::ParallelSliceMut as _;

use super::{ColourConvolve, Colours, check};
use crate::cpu::{at, block_rows, for_each};
use crate::graph::Neighbours;
use crate::lanes;
use crate::ops::bias_activation::Activation;
use crate::ops::bias_activation::cpu::with_activation;
use crate::ops::expect_shape;
use crate::refinement::Level;
use crate::{Cpu, Element, View, ViewMut};

/// The work of a row in multiply-adds of a product that take as long, for each column.
const ROW_WORK: usize = 64;

impl<T: Element> ColourConvolve for Cpu<T> {
    fn colour_conv_fwd(
        &self,
        out: ViewMut<'_, Self>,
        projected: View<'_, Self>,
        bias: View<'_, Self>,
        colours: Colours<'_, Self>,
        activation: Activation,
    ) {
        let c = check(colours, out.shape(), projected.shape(), bias.shape());
        if c == 0 {
            return;
        }
        let (out, projected, bias) = (out.host(), projected.host(), bias.host());
        let level = colours.0;
        let rows = block_rows(level.n_outputs, ROW_WORK * c, 1);
        with_activation!(activation, |act| for_each(
            out.par_chunks_mut(rows * c).enumerate(),
            |(block, out)| self.vectorised(
                #[inline(always)]
                || forward(out, block * rows, projected, bias, level, c, act)
            )
        ));
    }

    fn colour_conv_bwd(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_bias: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        out: View<'_, Self>,
        colours: Colours<'_, Self>,
        activation: Activation,
    ) {
        let c = check(colours, out.shape(), d_projected.shape(), d_bias.shape());
        expect_shape("colour_conv: d_out", d_out.shape(), out.shape());
        if c == 0 {
            return;
        }
        let (d_projected, d_bias) = (d_projected.host(), d_bias.host());
        let (d_out, out) = (d_out.host(), out.host());
        let level = colours.0;
        let rows = block_rows(level.n_inputs, ROW_WORK * c, 1);
        with_activation!(activation, |act| {
            for_each(
                d_projected.par_chunks_mut(rows * 3 * c).enumerate(),
                |(block, d_projected)| {
                    self.vectorised(
                        #[inline(always)]
                        || backward(d_projected, block * rows, [d_out, out], level, c, act),
                    );
                },
            );
            self.vectorised(
                #[inline(always)]
                || {
                    for (d, y) in d_out.chunks_exact(c).zip(out.chunks_exact(c)) {
                        lanes::accumulate(d_bias, d, y, |d, y| d * act.slope(y));
                    }
                },
            );
        });
    }
}

/// Fills the outputs from number `first` on.
#[inline(always)]
fn forward<T: Element>(
    out: &mut [T],
    first: usize,
    projected: &[T],
    bias: &[T],
    level: &Level<Cpu<T>>,
    c: usize,
    activation: Activation,
) {
    let block = |input: u32, number: usize| {
        let start = (3 * at(input) + number) * c;
        &projected[start..start + c]
    };
    for (o, row) in (first..).zip(out.chunks_exact_mut(c)) {
        lanes::combine(row, block(level.root[o], 0), bias, |x, b| x + b);
        for &i in list(&level.predecessors, o) {
            lanes::add(row, block(i, 1));
        }
        for &i in list(&level.successors, o) {
            lanes::add(row, block(i, 2));
        }
        lanes::apply(row, |x| activation.apply(x));
    }
}

/// Fills the derivatives of the inputs from number `first` on; `e_o` is computed for each of its readers anew.
#[inline(always)]
fn backward<T: Element>(
    d_projected: &mut [T],
    first: usize,
    [d_out, out]: [&[T]; 2],
    level: &Level<Cpu<T>>,
    c: usize,
    activation: Activation,
) {
    for (i, row) in (first..).zip(d_projected.chunks_exact_mut(3 * c)) {
        for (sums, readers) in row.chunks_exact_mut(c).zip(&level.readers) {
            sums.fill(T::zero());
            for &o in list(readers, i) {
                let range = at(o) * c..(at(o) + 1) * c;
                let slope = |d: T, y: T| d * activation.slope(y);
                lanes::accumulate(sums, &d_out[range.clone()], &out[range], slope);
            }
        }
    }
}

#[inline(always)]
fn list<T: Element>(lists: &Neighbours<Cpu<T>>, number: usize) -> &[u32] {
    &lists.nodes[at(lists.start[number])..at(lists.start[number + 1])]
}
