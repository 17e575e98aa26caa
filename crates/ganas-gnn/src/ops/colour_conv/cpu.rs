//! The aggregation over distinct inputs and outputs on the CPU.

use super::{ColourConv, ColourConvolve};
use crate::cpu::{block_rows, for_each};
use crate::index::to_usize;
use crate::ops::Checked;
use crate::ops::bias_activation::BiasActivation as _;
use crate::ops::graph_conv::{ConvDerivatives, ConvInputs};
use crate::refinement::Level;
use crate::simd_rows;
use crate::{Cpu, Element, View, ViewMut};

/// The work of a row in multiply-adds of a product that take as long, for each column.
const ROW_WORK: usize = 64;

/// The same of an output that an input's derivative is read from.
const READ_WORK: usize = 16;

impl<T: Element> ColourConvolve for Cpu<T> {
    fn colour_conv_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        inputs: ConvInputs<'_, Self>,
        conv: ColourConv<'_, Self>,
        Checked([_, n_outputs, c]): Checked<3>,
    ) {
        if c == 0 {
            return;
        }
        let (projected, bias) = (inputs.projected.host(), inputs.bias.host());
        let rows = block_rows(n_outputs, ROW_WORK * c);
        for_each(
            out.host().chunks_mut(rows * c).enumerate(),
            |(block, out)| {
                self.vectorised(
                    #[inline(always)]
                    || forward(out, block * rows, projected, bias, conv),
                );
            },
        );
    }

    fn colour_conv_bwd_kernel(
        &self,
        d: ConvDerivatives<'_, Self>,
        out: View<'_, Self>,
        conv: ColourConv<'_, Self>,
        Checked([n_inputs, _, c]): Checked<3>,
    ) {
        if c == 0 {
            return;
        }
        let (level, mut d_out) = (conv.level, d.d_out);
        // First e, in place of d_out, and its sums over the outputs: each e is read several times.
        self.bias_activation_bwd(d_out.reborrow(), d.d_bias, out, conv.activation);
        let (d_projected, e) = (d.d_projected.host(), d_out.host());
        // Each part of each input is a row of its own: there are few inputs where they are labels.
        let n = 3 * n_inputs;
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
    ColourConv { level, activation }: ColourConv<'_, Cpu<T>>,
) {
    let c = bias.len();
    let block = |input: u32, number: usize| {
        let start = (3 * to_usize(input) + number) * c;
        &projected[start..start + c]
    };
    for (o, row) in (first..).zip(out.chunks_exact_mut(c)) {
        simd_rows::combine(row, block(level.root[o], 0), bias, |x, b| x + b);
        let predecessors = level.predecessors.list(o).iter().map(|&i| block(i, 1));
        let successors = level.successors.list(o).iter().map(|&i| block(i, 2));
        simd_rows::add_rows(row, predecessors);
        simd_rows::add_rows(row, successors);
        simd_rows::apply(row, |x| activation.apply(x));
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
        let readers = level.readers[part % 3].list(part / 3).iter();
        simd_rows::add_rows(
            sums,
            readers.map(|&o| &e[to_usize(o) * c..(to_usize(o) + 1) * c]),
        );
    }
}
