//! The aggregation on the CPU.

use super::{ConvDerivatives, ConvInputs, Direction, GraphConv, GraphConvolve};
use crate::cpu::{block_rows, for_each};
use crate::index::to_usize;
use crate::ops::Checked;
use crate::ops::bias_activation::BiasActivation as _;
use crate::simd_rows;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> GraphConvolve for Cpu<T> {
    fn graph_conv_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        inputs: ConvInputs<'_, Self>,
        conv: GraphConv<'_, Self>,
        Checked([m, c]): Checked<2>,
    ) {
        if c == 0 {
            return;
        }
        let (projected, bias) = (inputs.projected.host(), inputs.bias.host());
        let first = conv.graphs.n_nodes() - m;
        let rows = block_rows(m, ROW_WORK * c);
        for_each(
            out.host().chunks_mut(rows * c).enumerate(),
            |(block, out)| {
                self.vectorised(
                    #[inline(always)]
                    || forward(out, first + block * rows, projected, bias, conv),
                );
            },
        );
    }

    fn graph_conv_bwd_kernel(
        &self,
        d: ConvDerivatives<'_, Self>,
        out: View<'_, Self>,
        conv: GraphConv<'_, Self>,
        Checked([n, c]): Checked<2>,
    ) {
        let mut d_out = d.d_out;
        if c == 0 {
            return;
        }
        // First e, in place of d_out, and its sums over the nodes: each e is read several times.
        self.bias_activation_bwd(d_out.reborrow(), d.d_bias, out, conv.activation);
        let (d_projected, e) = (d.d_projected.host(), d_out.host());
        let width = conv.direction.projections() * c;
        let rows = block_rows(n, ROW_WORK * c);
        for_each(
            d_projected.chunks_mut(rows * width).enumerate(),
            |(block, d_projected)| {
                self.vectorised(
                    #[inline(always)]
                    || backward(d_projected, block * rows, e, conv, c),
                );
            },
        );
    }
}

/// The work of a row in multiply-adds of a product that take as long, for each column.
const ROW_WORK: usize = 64;

/// Fills the rows of the nodes from `first` on.
#[inline(always)]
fn forward<T: Element>(
    out: &mut [T],
    first: usize,
    projected: &[T],
    bias: &[T],
    conv: GraphConv<'_, Cpu<T>>,
) {
    let GraphConv {
        graphs,
        direction,
        activation,
    } = conv;
    let c = bias.len();
    let width = direction.projections() * c;
    for (i, row) in (first..).zip(out.chunks_exact_mut(c)) {
        simd_rows::combine(row, &projected[i * width..i * width + c], bias, |x, b| {
            x + b
        });
        for &j in graphs.predecessors.list(i) {
            let block = to_usize(j) * width + c;
            simd_rows::add(row, &projected[block..block + c]);
        }
        if direction == Direction::Both {
            for &j in graphs.successors.list(i) {
                let block = to_usize(j) * width + 2 * c;
                simd_rows::add(row, &projected[block..block + c]);
            }
        }
        simd_rows::apply(row, |x| activation.apply(x));
    }
}

/// Fills the rows of the nodes from `first` on, from the rows of `e`.
#[inline(always)]
fn backward<T: Element>(
    d_projected: &mut [T],
    first: usize,
    e: &[T],
    conv: GraphConv<'_, Cpu<T>>,
    c: usize,
) {
    let GraphConv {
        graphs, direction, ..
    } = conv;
    let e = |i: usize| &e[i * c..(i + 1) * c];
    for (j, row) in (first..).zip(d_projected.chunks_exact_mut(direction.projections() * c)) {
        let (root, rest) = row.split_at_mut(c);
        root.copy_from_slice(e(j));
        let (of_predecessor, of_successor) = rest.split_at_mut(c);
        of_predecessor.fill(T::zero());
        for &i in graphs.successors.list(j) {
            simd_rows::add(of_predecessor, e(to_usize(i)));
        }
        if direction == Direction::Both {
            of_successor.fill(T::zero());
            for &i in graphs.predecessors.list(j) {
                simd_rows::add(of_successor, e(to_usize(i)));
            }
        }
    }
}
