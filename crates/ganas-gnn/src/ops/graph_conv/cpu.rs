//! The aggregation on the CPU.

use super::{Direction, GraphConvolve, check};
use crate::cpu::at;
use crate::graph::Neighbours;
use crate::ops::bias_activation::Activation;
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
        self.vectorised(|| forward(out, projected, bias, graphs, direction, c));
        activation.apply_all(self, out);
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
        if c == 0 {
            return;
        }
        let (d_projected, d_bias) = (d_projected.host(), d_bias.host());
        let (d_out, out) = (d_out.host(), out.host());
        self.vectorised(|| {
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
) {
    let width = direction.projections() * c;
    for (i, row) in out.chunks_exact_mut(c).enumerate() {
        let root = &projected[i * width..i * width + c];
        for ((x, &r), &b) in row.iter_mut().zip(root).zip(bias) {
            *x = r + b;
        }
        for &j in neighbours(&graphs.predecessors, i) {
            add(row, &projected[at(j) * width + c..at(j) * width + 2 * c]);
        }
        if direction == Direction::Both {
            for &j in neighbours(&graphs.successors, i) {
                add(
                    row,
                    &projected[at(j) * width + 2 * c..at(j) * width + 3 * c],
                );
            }
        }
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
    let rows = d_projected
        .chunks_exact_mut(width)
        .zip(d_out.chunks_exact(c))
        .zip(out.chunks_exact(c));
    for ((d_row, d_out), out) in rows {
        let root = &mut d_row[..c];
        for ((e, &d), &y) in root.iter_mut().zip(d_out).zip(out) {
            *e = d * activation.slope(y);
        }
        add(d_bias, root);
    }
    for j in 0..graphs.n_nodes() {
        sum_roots(
            d_projected,
            neighbours(&graphs.successors, j),
            j * width + c,
            width,
            c,
        );
        if direction == Direction::Both {
            sum_roots(
                d_projected,
                neighbours(&graphs.predecessors, j),
                j * width + 2 * c,
                width,
                c,
            );
        }
    }
}

/// Writes the sum of the root blocks of some nodes into the block that starts at `target`.
#[inline(always)]
fn sum_roots<T: Element>(
    d_projected: &mut [T],
    nodes: &[u32],
    target: usize,
    width: usize,
    c: usize,
) {
    d_projected[target..target + c].fill(T::zero());
    for &i in nodes {
        let source = at(i) * width;
        let (from, to) = if source < target {
            let (head, tail) = d_projected.split_at_mut(target);
            (&head[source..source + c], &mut tail[..c])
        } else {
            let (head, tail) = d_projected.split_at_mut(source);
            (&tail[..c], &mut head[target..target + c])
        };
        add(to, from);
    }
}

#[inline(always)]
fn neighbours<T: Element>(neighbours: &Neighbours<Cpu<T>>, node: usize) -> &[u32] {
    &neighbours.nodes[at(neighbours.start[node])..at(neighbours.start[node + 1])]
}

#[inline(always)]
fn add<T: Element>(to: &mut [T], from: &[T]) {
    for (x, &y) in to.iter_mut().zip(from) {
        *x += y;
    }
}
