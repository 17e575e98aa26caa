//! The aggregation on the CPU.

use super::{Direction, GraphConvolve, check};
use crate::cpu::{at, block_rows, for_each};
use crate::graph::Neighbours;
use crate::lanes;
use crate::ops::bias_activation::{Activation, BiasActivation as _};
use crate::ops::expect_shape;
use crate::{Cpu, Element, GraphBatch, View, ViewMut};

impl<T: Element> GraphConvolve for Cpu<T> {
    fn graph_conv_fwd(
        &self,
        out: ViewMut<'_, Self>,
        projected: View<'_, Self>,
        bias: View<'_, Self>,
        graphs: &GraphBatch<Self>,
        direction: Direction,
        activation: Activation,
    ) {
        let c = check(
            graphs,
            direction,
            out.shape(),
            projected.shape(),
            bias.shape(),
        );
        if c == 0 {
            return;
        }
        let (out, projected, bias) = (out.host(), projected.host(), bias.host());
        let first = graphs.n_nodes() - out.len() / c;
        let rows = block_rows(out.len() / c, ROW_WORK * c);
        for_each(out.chunks_mut(rows * c).enumerate(), |(block, out)| {
            self.vectorised(
                #[inline(always)]
                || {
                    let first = first + block * rows;
                    forward(
                        out, first, projected, bias, graphs, direction, c, activation,
                    );
                },
            );
        });
    }

    fn graph_conv_bwd(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_bias: ViewMut<'_, Self>,
        mut d_out: ViewMut<'_, Self>,
        out: View<'_, Self>,
        graphs: &GraphBatch<Self>,
        direction: Direction,
        activation: Activation,
    ) {
        let c = check(
            graphs,
            direction,
            out.shape(),
            d_projected.shape(),
            d_bias.shape(),
        );
        check(
            graphs,
            direction,
            d_out.shape(),
            d_projected.shape(),
            d_bias.shape(),
        );
        expect_shape("graph_conv: d_out", d_out.shape(), [graphs.n_nodes(), c]);
        expect_shape("graph_conv: out", out.shape(), d_out.shape());
        if c == 0 {
            return;
        }
        // First e, in place of d_out, and its sums over the nodes: each e is read several times.
        self.bias_activation_bwd(d_out.reborrow(), d_bias, out, activation);
        let (d_projected, e) = (d_projected.host(), d_out.host());
        let width = direction.projections() * c;
        let rows = block_rows(graphs.n_nodes(), ROW_WORK * c);
        for_each(
            d_projected.chunks_mut(rows * width).enumerate(),
            |(block, d_projected)| {
                self.vectorised(
                    #[inline(always)]
                    || backward(d_projected, block * rows, e, graphs, direction, c),
                );
            },
        );
    }
}

/// The work of a row in multiply-adds of a product that take as long, for each column.
const ROW_WORK: usize = 64;

/// Fills the rows of the nodes from `first` on.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "output, inputs, structure: a kernel signature"
)]
fn forward<T: Element>(
    out: &mut [T],
    first: usize,
    projected: &[T],
    bias: &[T],
    graphs: &GraphBatch<Cpu<T>>,
    direction: Direction,
    c: usize,
    activation: Activation,
) {
    let width = direction.projections() * c;
    for (i, row) in (first..).zip(out.chunks_exact_mut(c)) {
        lanes::combine(row, &projected[i * width..i * width + c], bias, |x, b| {
            x + b
        });
        for &j in neighbours(&graphs.predecessors, i) {
            let block = at(j) * width + c;
            lanes::add(row, &projected[block..block + c]);
        }
        if direction == Direction::Both {
            for &j in neighbours(&graphs.successors, i) {
                let block = at(j) * width + 2 * c;
                lanes::add(row, &projected[block..block + c]);
            }
        }
        lanes::apply(row, |x| activation.apply(x));
    }
}

/// Fills the rows of the nodes from `first` on, from the rows of `e`.
#[inline(always)]
fn backward<T: Element>(
    d_projected: &mut [T],
    first: usize,
    e: &[T],
    graphs: &GraphBatch<Cpu<T>>,
    direction: Direction,
    c: usize,
) {
    let e = |i: usize| &e[i * c..(i + 1) * c];
    for (j, row) in (first..).zip(d_projected.chunks_exact_mut(direction.projections() * c)) {
        let (root, rest) = row.split_at_mut(c);
        root.copy_from_slice(e(j));
        let (of_predecessor, of_successor) = rest.split_at_mut(c);
        of_predecessor.fill(T::zero());
        for &i in neighbours(&graphs.successors, j) {
            lanes::add(of_predecessor, e(at(i)));
        }
        if direction == Direction::Both {
            of_successor.fill(T::zero());
            for &i in neighbours(&graphs.predecessors, j) {
                lanes::add(of_successor, e(at(i)));
            }
        }
    }
}

#[inline(always)]
fn neighbours<T: Element>(neighbours: &Neighbours<Cpu<T>>, node: usize) -> &[u32] {
    &neighbours.nodes[at(neighbours.start[node])..at(neighbours.start[node + 1])]
}
