//! The aggregation on the CPU.

use super::{Direction, GraphConvolve, check};
use crate::cpu::at;
use crate::graph::Neighbours;
use crate::lanes;
use crate::ops::bias_activation::Activation;
use crate::ops::bias_activation::cpu::with_activation;
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
        with_activation!(activation, |act| self.vectorised(#[inline(always)] move || {
            forward(out, projected, bias, graphs, direction, c, act);
        }));
    }

    fn graph_conv_bwd(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_bias: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
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
        let (d_projected, d_bias) = (d_projected.host(), d_bias.host());
        let (d_out, out) = (d_out.host(), out.host());
        self.vectorised(#[inline(always)] move || {
            backward(
                d_projected,
                d_bias,
                d_out,
                out,
                graphs,
                direction,
                activation,
                c,
            );
        });
    }
}

#[inline(always)]
fn forward<T: Element>(
    out: &mut [T],
    projected: &[T],
    bias: &[T],
    graphs: &GraphBatch<Cpu<T>>,
    direction: Direction,
    c: usize,
    activation: Activation,
) {
    let width = direction.projections() * c;
    let first = graphs.n_nodes() - out.len() / c;
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

#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "outputs, inputs, structure: a kernel signature"
)]
fn backward<T: Element>(
    d_projected: &mut [T],
    d_bias: &mut [T],
    d_out: &[T],
    out: &[T],
    graphs: &GraphBatch<Cpu<T>>,
    direction: Direction,
    activation: Activation,
    c: usize,
) {
    let width = direction.projections() * c;
    let rows = d_projected.chunks_exact_mut(width);
    for ((d_row, d_out), out) in rows.zip(d_out.chunks_exact(c)).zip(out.chunks_exact(c)) {
        let root = &mut d_row[..c];
        lanes::combine(root, d_out, out, |d, y| d * activation.slope(y));
        lanes::add(d_bias, root);
    }
    for j in 0..graphs.n_nodes() {
        sum_roots(
            d_projected,
            neighbours(&graphs.successors, j),
            j,
            c,
            width,
            c,
        );
        if direction == Direction::Both {
            sum_roots(
                d_projected,
                neighbours(&graphs.predecessors, j),
                j,
                2 * c,
                width,
                c,
            );
        }
    }
}

/// Writes the sum of the root blocks of some nodes into the block of node `j` that starts at column `column`.
#[inline(always)]
fn sum_roots<T: Element>(
    d_projected: &mut [T],
    nodes: &[u32],
    j: usize,
    column: usize,
    width: usize,
    c: usize,
) {
    let (before, rest) = d_projected.split_at_mut(j * width);
    let (row, after) = rest.split_at_mut(width);
    let target = &mut row[column..column + c];
    target.fill(T::zero());
    for &i in nodes {
        let i = at(i);
        let source = if i < j {
            &before[i * width..i * width + c]
        } else {
            let start = (i - j - 1) * width;
            &after[start..start + c]
        };
        lanes::add(target, source);
    }
}

#[inline(always)]
fn neighbours<T: Element>(neighbours: &Neighbours<Cpu<T>>, node: usize) -> &[u32] {
    &neighbours.nodes[at(neighbours.start[node])..at(neighbours.start[node + 1])]
}
