//! The aggregation over distinct inputs and outputs on the CPU.

use super::{ColourConvolve, Colours, check};
use crate::cpu::{at, block_rows, for_each};
use crate::graph::Neighbours;
use crate::lanes;
use crate::ops::bias_activation::{Activation, BiasActivation as _};
use crate::ops::expect_shape;
use crate::refinement::Level;
use crate::{Cpu, Element, View, ViewMut};

/// The work of a row in multiply-adds of a product that take as long, for each column.
const ROW_WORK: usize = 64;

/// The same of an output that an input's derivative is read from.
const READ_WORK: usize = 16;

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
        let rows = block_rows(level.n_outputs, ROW_WORK * c);
        for_each(out.chunks_mut(rows * c).enumerate(), |(block, out)| {
            self.vectorised(
                #[inline(always)]
                || forward(out, block * rows, projected, bias, level, c, activation),
            );
        });
    }

    fn colour_conv_bwd(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_bias: ViewMut<'_, Self>,
        mut d_out: ViewMut<'_, Self>,
        out: View<'_, Self>,
        colours: Colours<'_, Self>,
        activation: Activation,
    ) {
        let c = check(colours, out.shape(), d_projected.shape(), d_bias.shape());
        expect_shape("colour_conv: d_out", d_out.shape(), out.shape());
        if c == 0 {
            return;
        }
        // First e, in place of d_out, and its sums over the outputs: each e is read several times.
        self.bias_activation_bwd(d_out.reborrow(), d_bias, out, activation);
        let (d_projected, e, level) = (d_projected.host(), d_out.host(), colours.0);
        // Each part of each input is a row of its own: there are few inputs where they are labels.
        let n = 3 * level.n_inputs;
        let read = level.root.len() + level.predecessors.nodes.len() + level.successors.nodes.len();
        let rows = block_rows(n, READ_WORK * read * c / n.max(1));
        for_each(
            d_projected.chunks_mut(rows * c).enumerate(),
            |(block, d_projected)| {
                self.vectorised(
                    #[inline(always)]
                    || backward(d_projected, block * rows, e, level, c),
                );
            },
        );
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
        let predecessors = list(&level.predecessors, o).iter().map(|&i| block(i, 1));
        let successors = list(&level.successors, o).iter().map(|&i| block(i, 2));
        lanes::add_rows(row, predecessors);
        lanes::add_rows(row, successors);
        lanes::apply(row, |x| activation.apply(x));
    }
}

/// Fills the derivatives of the parts of inputs from number `first` on, three for each input, from the rows of `e`.
#[inline(always)]
fn backward<T: Element>(
    d_projected: &mut [T],
    first: usize,
    e: &[T],
    level: &Level<Cpu<T>>,
    c: usize,
) {
    for (part, sums) in (first..).zip(d_projected.chunks_exact_mut(c)) {
        sums.fill(T::zero());
        let readers = list(&level.readers[part % 3], part / 3).iter();
        lanes::add_rows(sums, readers.map(|&o| &e[at(o) * c..(at(o) + 1) * c]));
    }
}

#[inline(always)]
fn list<T: Element>(lists: &Neighbours<Cpu<T>>, number: usize) -> &[u32] {
    &lists.nodes[at(lists.start[number])..at(lists.start[number + 1])]
}
