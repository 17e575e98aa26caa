//! Read-out of lists of nodes on the CPU.

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
                        let row = |&node| &x[at(node) * c..(at(node) + 1) * c];
                        lanes::add_rows(mean, list.iter().map(row));
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
        let readers = Readers::new(lists, d_x.len() / c);
        let rows = block_rows(readers.n_nodes(), readers.work(c));
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
        let readers = Readers::new(lists, d_projected.len() / (2 * c));
        let rows = block_rows(readers.n_nodes(), readers.work(c));
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
    fn new<T: Element>(lists: &'a NodeLists<Cpu<T>>, n_nodes: usize) -> Self {
        let of_nodes = lists.readers(n_nodes);
        Self {
            starts: &lists.start,
            nodes: &lists.nodes,
            of_nodes: [&of_nodes.start, &of_nodes.nodes],
        }
    }

    fn n_nodes(&self) -> usize {
        self.of_nodes[0].len() - 1
    }

    /// The work of a node in multiply-adds of a product that take as long, for rows of `c` columns.
    fn work(&self, c: usize) -> usize {
        ENTRY_WORK * self.nodes.len() / self.n_nodes().max(1) * c
    }

    /// Those of a node, ascending; once for each time that the node stands in a list, the last one of which counts as last.
    #[inline(always)]
    fn of<T: Element>(self, node: usize) -> impl Iterator<Item = Reader<T>> + Clone {
        let [starts, lists] = self.of_nodes;
        let lists = &lists[at(starts[node])..at(starts[node + 1])];
        lists.iter().enumerate().map(move |(i, &list)| {
            let [start, end] = [0, 1].map(|next| at(self.starts[at(list) + next]));
            Reader {
                list: at(list),
                share: T::one() / T::of_count(end - start),
                is_last: at(self.nodes[end - 1]) == node && lists.get(i + 1) != Some(&list),
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
        lanes::update(d, mean, |d, m| d + m * reader.share);
        if reader.is_last {
            lanes::add(d, last);
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
    lanes::add_scaled_rows(mean, all.map(|reader| (row(reader.list), reader.share)));
    last.fill(T::zero());
    let ending = readers.filter(|reader| reader.is_last);
    lanes::add_rows(last, ending.map(|reader| row(reader.list)));
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
