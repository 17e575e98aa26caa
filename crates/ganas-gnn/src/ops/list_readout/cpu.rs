//! Read-out of lists of nodes on the CPU.

use super::{ListReadout, NodeLists};
use crate::cpu::{block_rows, for_each};
use crate::index::to_usize;
use crate::ops::Checked;
use crate::simd_rows;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> ListReadout for Cpu<T> {
    fn list_readout_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        x: View<'_, Self>,
        lists: &NodeLists<Self>,
        Checked([n_lists, _, c]): Checked<3>,
    ) {
        if c == 0 {
            return;
        }
        let (out, x) = (out.host(), x.host());
        let rows = block_rows(n_lists, ROW_WORK * c);
        for_each(out.chunks_mut(rows * 2 * c).enumerate(), |(block, out)| {
            let bounds = lists.start[block * rows..].windows(2);
            self.vectorised(
                #[inline(always)]
                || {
                    for (row, bounds) in out.chunks_exact_mut(2 * c).zip(bounds) {
                        let list = &lists.nodes[to_usize(bounds[0])..to_usize(bounds[1])];
                        let (mean, last) = row.split_at_mut(c);
                        mean.fill(T::zero());
                        let row = |&node| &x[to_usize(node) * c..(to_usize(node) + 1) * c];
                        simd_rows::add_rows(mean, list.iter().map(row));
                        let scale = T::one() / T::of_count(list.len());
                        simd_rows::apply(mean, |m| m * scale);
                        let node = to_usize(list[list.len() - 1]);
                        last.copy_from_slice(&x[node * c..(node + 1) * c]);
                    }
                },
            );
        });
    }

    fn list_readout_bwd_kernel(
        &self,
        d_x: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
        Checked([_, n_nodes, c]): Checked<3>,
    ) {
        if c == 0 {
            return;
        }
        let (d_x, d_out) = (d_x.host(), d_out.host());
        let readers = Readers::new(lists);
        let rows = block_rows(n_nodes, readers.work(n_nodes, c));
        for_each(d_x.chunks_mut(rows * c).enumerate(), |(block, d_x)| {
            self.vectorised(
                #[inline(always)]
                || {
                    for (node, d) in (block * rows..).zip(d_x.chunks_exact_mut(c)) {
                        backward(d, readers.of(node), d_out);
                    }
                },
            );
        });
    }

    fn projected_readout_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        projected: View<'_, Self>,
        lists: &NodeLists<Self>,
        Checked([n_lists, _, c]): Checked<3>,
    ) {
        if c == 0 {
            return;
        }
        let (out, projected) = (out.host(), projected.host());
        let rows = block_rows(n_lists, ROW_WORK * c);
        for_each(out.chunks_mut(rows * c).enumerate(), |(block, out)| {
            let starts = &lists.start[block * rows..];
            self.vectorised(
                #[inline(always)]
                || forward_projected(out, projected, starts, &lists.nodes, c),
            );
        });
    }

    fn projected_readout_bwd_kernel(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
        Checked([_, n_nodes, c]): Checked<3>,
    ) {
        if c == 0 {
            return;
        }
        let (d_projected, d_out) = (d_projected.host(), d_out.host());
        let readers = Readers::new(lists);
        let rows = block_rows(n_nodes, readers.work(n_nodes, c));
        let blocks = d_projected.chunks_mut(rows * 2 * c).enumerate();
        for_each(blocks, |(block, d)| {
            self.vectorised(
                #[inline(always)]
                || {
                    for (node, d) in (block * rows..).zip(d.chunks_exact_mut(2 * c)) {
                        backward_projected(d, readers.of(node), d_out);
                    }
                },
            );
        });
    }
}

/// The work of a list in multiply-adds of a product that take as long, for each column.
const ROW_WORK: usize = 32;

/// The same of an entry that a node's derivative is read from.
const ENTRY_WORK: usize = 16;

/// Which lists read each node.
#[derive(Clone, Copy)]
struct Readers<'a> {
    starts: &'a [u32],
    nodes: &'a [u32],
    /// For each node, where its lists begin, and the lists.
    of_nodes: [&'a [u32]; 2],
}

/// A list that reads a node.
#[derive(Clone, Copy)]
struct Reader<T> {
    list: usize,
    /// One part of the length of the list.
    share: T,
    /// Whether the node is the last one there.
    is_last: bool,
}

impl<'a> Readers<'a> {
    fn new<T: Element>(lists: &'a NodeLists<Cpu<T>>) -> Self {
        let of_nodes = &lists.readers;
        Self {
            starts: &lists.start,
            nodes: &lists.nodes,
            of_nodes: [&of_nodes.start, &of_nodes.nodes],
        }
    }

    /// The work of one of `n` nodes in multiply-adds of a product that take as long, for rows of `c` columns.
    fn work(&self, n: usize, c: usize) -> usize {
        ENTRY_WORK * self.nodes.len() / n.max(1) * c
    }

    /// Those of a node, ascending; once for each time that the node stands in a list, the last one of which counts as last.
    #[inline(always)]
    fn of<T: Element>(self, node: usize) -> impl Iterator<Item = Reader<T>> + Clone {
        let [starts, lists] = self.of_nodes;
        let lists = &lists[to_usize(starts[node])..to_usize(starts[node + 1])];
        lists.iter().enumerate().map(move |(i, &list)| {
            let [start, end] = [0, 1].map(|next| to_usize(self.starts[to_usize(list) + next]));
            Reader {
                list: to_usize(list),
                share: T::one() / T::of_count(end - start),
                is_last: to_usize(self.nodes[end - 1]) == node && lists.get(i + 1) != Some(&list),
            }
        })
    }
}

/// Fills the derivative of a node, of which there are few readers.
#[inline(always)]
fn backward<T: Element>(d: &mut [T], readers: impl Iterator<Item = Reader<T>>, d_out: &[T]) {
    let c = d.len();
    d.fill(T::zero());
    for reader in readers {
        let (mean, last) = d_out[2 * reader.list * c..][..2 * c].split_at(c);
        simd_rows::update(d, mean, |d, m| d + m * reader.share);
        if reader.is_last {
            simd_rows::add(d, last);
        }
    }
}

/// Fills the derivatives of the projections of a node.
#[inline(always)]
fn backward_projected<T: Element>(
    d: &mut [T],
    readers: impl Iterator<Item = Reader<T>> + Clone,
    d_out: &[T],
) {
    let c = d.len() / 2;
    let (mean, last) = d.split_at_mut(c);
    let row = |list: usize| &d_out[list * c..(list + 1) * c];
    mean.fill(T::zero());
    let all = readers.clone();
    simd_rows::add_scaled_rows(mean, all.map(|reader| (row(reader.list), reader.share)));
    last.fill(T::zero());
    let ending = readers.filter(|reader| reader.is_last);
    simd_rows::add_rows(last, ending.map(|reader| row(reader.list)));
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
        let start = (2 * to_usize(node) + part) * c;
        &projected[start..start + c]
    };
    for (row, bounds) in out.chunks_exact_mut(c).zip(starts.windows(2)) {
        let list = &nodes[to_usize(bounds[0])..to_usize(bounds[1])];
        row.fill(T::zero());
        simd_rows::add_rows(row, list.iter().map(|&node| part(node, 0)));
        let scale = T::one() / T::of_count(list.len());
        let last = part(list[list.len() - 1], 1);
        simd_rows::update(row, last, |sum, last| sum * scale + last);
    }
}
