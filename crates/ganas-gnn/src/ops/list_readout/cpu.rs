//! Read-out of lists of nodes on the CPU.

use std::ops::Range;

use super::{ListReadout, NodeLists, check, check_projected};
use crate::cpu::{at, block_rows, for_each};
use crate::lanes;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> ListReadout for Cpu<T> {
    fn list_readout_fwd(&self, out: ViewMut<'_, Self>, x: View<'_, Self>, lists: &NodeLists<Self>) {
        let c = check(out.shape(), x.shape(), lists.start.len());
        if c == 0 {
            return;
        }
        let (out, x) = (out.host(), x.host());
        let rows = block_rows(out.len() / (2 * c), ROW_WORK * c);
        for_each(out.chunks_mut(rows * 2 * c).enumerate(), |(block, out)| {
            let bounds = lists.start[block * rows..].windows(2);
            self.vectorised(
                #[inline(always)]
                || {
                    for (row, bounds) in out.chunks_exact_mut(2 * c).zip(bounds) {
                        let list = &lists.nodes[at(bounds[0])..at(bounds[1])];
                        let (mean, last) = row.split_at_mut(c);
                        mean.fill(T::zero());
                        for &node in list {
                            lanes::add(mean, &x[at(node) * c..(at(node) + 1) * c]);
                        }
                        let scale = T::one() / T::of_count(list.len());
                        lanes::apply(mean, |m| m * scale);
                        let node = at(list[list.len() - 1]);
                        last.copy_from_slice(&x[node * c..(node + 1) * c]);
                    }
                },
            );
        });
    }

    fn list_readout_bwd(
        &self,
        d_x: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
    ) {
        let c = check(d_out.shape(), d_x.shape(), lists.start.len());
        if c == 0 {
            return;
        }
        let (d_x, d_out) = (d_x.host(), d_out.host());
        // Each thread has some nodes, and looks for them in all lists.
        let work = ROW_WORK * lists.start.len() / (d_x.len() / c).max(1);
        let rows = block_rows(d_x.len() / c, work * c);
        for_each(d_x.chunks_mut(rows * c).enumerate(), |(block, d_x)| {
            let first = block * rows;
            self.vectorised(
                #[inline(always)]
                || backward(d_x, first, d_out, lists, c),
            );
        });
    }

    fn projected_readout_fwd(
        &self,
        out: ViewMut<'_, Self>,
        projected: View<'_, Self>,
        lists: &NodeLists<Self>,
    ) {
        let c = check_projected(out.shape(), projected.shape(), lists.start.len());
        if c == 0 {
            return;
        }
        let (out, projected) = (out.host(), projected.host());
        let rows = block_rows(out.len() / c, ROW_WORK * c);
        for_each(out.chunks_mut(rows * c).enumerate(), |(block, out)| {
            let starts = &lists.start[block * rows..];
            self.vectorised(
                #[inline(always)]
                || forward_projected(out, projected, starts, &lists.nodes, c),
            );
        });
    }

    fn projected_readout_bwd(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
    ) {
        let c = check_projected(d_out.shape(), d_projected.shape(), lists.start.len());
        if c == 0 {
            return;
        }
        let (d_projected, d_out) = (d_projected.host(), d_out.host());
        let n = d_projected.len() / (2 * c);
        let rows = block_rows(n, ROW_WORK * lists.start.len() / n.max(1) * c);
        let blocks = d_projected.chunks_mut(rows * 2 * c).enumerate();
        for_each(blocks, |(block, d)| {
            d.fill(T::zero());
            self.vectorised(
                #[inline(always)]
                || backward_projected(d, block * rows, d_out, lists, c),
            );
        });
    }
}

/// The work of a list in multiply-adds of a product that take as long, for each column.
const ROW_WORK: usize = 32;

/// For each entry of the lists that is one of the nodes `own`: its list, its number among these nodes, one part of the
/// length of its list, and whether it is the last one there; list by list.
#[inline(always)]
fn for_each_entry<T: Element>(
    lists: &NodeLists<Cpu<T>>,
    own: Range<usize>,
    mut visit: impl FnMut(usize, usize, T, bool),
) {
    for (list, bounds) in lists.start.windows(2).enumerate() {
        let nodes = &lists.nodes[at(bounds[0])..at(bounds[1])];
        let share = T::one() / T::of_count(nodes.len());
        for (left, &node) in (0..nodes.len()).rev().zip(nodes) {
            // Nodes before the first one wrap around to numbers beyond the last.
            let node = at(node).wrapping_sub(own.start);
            if node < own.len() {
                visit(list, node, share, left == 0);
            }
        }
    }
}

/// Adds to the derivatives of the nodes from number `first` on.
#[inline(always)]
fn backward<T: Element>(
    d_x: &mut [T],
    first: usize,
    d_out: &[T],
    lists: &NodeLists<Cpu<T>>,
    c: usize,
) {
    let own = first..first + d_x.len() / c;
    for_each_entry(lists, own, |list, node, share, is_last| {
        let (mean, last) = d_out[2 * list * c..][..2 * c].split_at(c);
        let d = &mut d_x[node * c..(node + 1) * c];
        lanes::update(d, mean, |d, m| d + m * share);
        if is_last {
            lanes::add(d, last);
        }
    });
}

/// Fills the outputs of the lists that begin at `starts`.
#[inline(always)]
fn forward_projected<T: Element>(
    out: &mut [T],
    projected: &[T],
    starts: &[u32],
    nodes: &[u32],
    c: usize,
) {
    let part = |node: u32, part: usize| {
        let start = (2 * at(node) + part) * c;
        &projected[start..start + c]
    };
    for (row, bounds) in out.chunks_exact_mut(c).zip(starts.windows(2)) {
        let list = &nodes[at(bounds[0])..at(bounds[1])];
        row.fill(T::zero());
        lanes::add_rows(row, list.iter().map(|&node| part(node, 0)));
        let scale = T::one() / T::of_count(list.len());
        let last = part(list[list.len() - 1], 1);
        lanes::update(row, last, |sum, last| sum * scale + last);
    }
}

/// Adds to the derivatives of the projections of the nodes from number `first` on.
#[inline(always)]
fn backward_projected<T: Element>(
    d_projected: &mut [T],
    first: usize,
    d_out: &[T],
    lists: &NodeLists<Cpu<T>>,
    c: usize,
) {
    let own = first..first + d_projected.len() / (2 * c);
    for_each_entry(lists, own, |list, node, share, is_last| {
        let row = &d_out[list * c..(list + 1) * c];
        let (mean, last) = d_projected[2 * node * c..][..2 * c].split_at_mut(c);
        lanes::update(mean, row, |d, x| d + x * share);
        if is_last {
            lanes::add(last, row);
        }
    });
}
