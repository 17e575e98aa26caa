//! Read-out of lists of nodes: what a generator sees of a graph that grows.
//!
//! `out_s = [mean of x_j over the list of s | x of the last of the list]`; a list is the first nodes of a graph, in order.
//! With an encoder that looks at predecessors only, nodes that several graphs or several steps share stand in `x` once.
//!
//! Adjoint: `d_x_j = Σ_{entries j of s} d_out_s[mean] / length + Σ_{s that end in j} d_out_s[last]`.
//!
//! What is linear in a read-out can be taken of the nodes first, however many lists they are in: with `W = [M; L]`, the rows
//! of the mean over those of the last node, `out_s W = mean of x_j M + x_last L`. `projected_readout` is this sum of the
//! projections `P_j = [x_j M | x_j L]`, with `d_P_j = [Σ_{entries j of s} d_s / length | Σ_{s that end in j} d_s]`.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::{Checked, expect_shape};
use crate::lists::{Lists, Neighbours};
use crate::{Device, View, ViewMut};

/// Lists of nodes, one after the other: list `s` is `nodes[start[s]..start[s + 1]]`, and has at least one entry.
#[derive(Debug)]
pub struct NodeLists<D: Device> {
    /// Where each list begins, and where the last one ends.
    start: D::Ints,
    /// The entries.
    nodes: D::Ints,
    /// The lists in which each node stands, ascending, as often as it does.
    readers: Neighbours<D>,
    /// The number of nodes with readers; `None` where they were not written.
    read: Option<usize>,
    /// The same on the host.
    transposed: Lists,
}

impl<D: Device> NodeLists<D> {
    /// No lists.
    pub fn new(device: &D) -> Self {
        Self {
            start: device.ints(),
            nodes: device.ints(),
            readers: Neighbours::new(device),
            read: None,
            transposed: Lists::default(),
        }
    }

    /// Replaces the lists: where each begins, and where the last one ends, and the entries.
    pub fn write(&mut self, device: &D, [start, nodes]: [&[u32]; 2]) {
        self.read = None;
        device.write_ints(&mut self.start, start);
        device.write_ints(&mut self.nodes, nodes);
    }

    /// Finds out in which of the lists, as they were [written](Self::write), each of `n` nodes stands, unless it was done: a
    /// backward pass needs it.
    ///
    /// # Panics
    ///
    /// When a list has a node that is not below `n`, or the lists are not those that were written.
    pub fn write_readers(&mut self, device: &D, [start, nodes]: [&[u32]; 2], n: usize) {
        if self.read == Some(n) {
            return;
        }
        let [n_starts, n_entries] = [&self.start, &self.nodes].map(|ints| device.ints_len(ints));
        assert!(
            start.len() == n_starts && nodes.len() == n_entries,
            "list_readout: the lists are those that were written"
        );
        self.transposed.transpose(start, nodes, n);
        self.transposed.write(device, &mut self.readers);
        self.read = Some(n);
    }

    fn n_lists(&self, device: &D) -> usize {
        device.ints_len(&self.start).max(1) - 1
    }

    /// Lists, nodes and the width.
    fn check(&self, device: &D, out: [usize; 2], [nodes, c]: [usize; 2]) -> Checked<3> {
        let lists = self.n_lists(device);
        expect_shape("list_readout: out", out, [lists, 2 * c]);
        Checked([lists, nodes, c])
    }

    /// The same for an output that is a sum of projections.
    fn check_projected(&self, device: &D, out: [usize; 2], projected: [usize; 2]) -> Checked<3> {
        let ([nodes, columns], lists) = (projected, self.n_lists(device));
        let c = columns / 2;
        expect_shape("projected_readout: out", out, [lists, c]);
        expect_shape("projected_readout: projected", projected, [nodes, 2 * c]);
        Checked([lists, nodes, c])
    }

    fn check_readers(&self, Checked([_, nodes, _]): Checked<3>) {
        assert_eq!(
            self.read,
            Some(nodes),
            "list_readout: readers are written first"
        );
    }
}

/// Devices that read out lists of nodes.
pub trait ListReadout: Device {
    /// Fills `out [lists, 2c]` from the nodes `x [nodes, c]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit, an index is out of range or a list is empty.
    fn list_readout_fwd(&self, out: ViewMut<'_, Self>, x: View<'_, Self>, lists: &NodeLists<Self>) {
        let sizes = lists.check(self, out.shape(), x.shape());
        self.list_readout_fwd_kernel(out, x, lists, sizes);
    }

    /// Fills `d_x [nodes, c]` from `d_out [lists, 2c]`.
    ///
    /// # Panics
    ///
    /// As for [`list_readout_fwd`](Self::list_readout_fwd), and when the [readers](NodeLists::write_readers) are not written.
    fn list_readout_bwd(
        &self,
        d_x: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
    ) {
        let sizes = lists.check(self, d_out.shape(), d_x.shape());
        lists.check_readers(sizes);
        self.list_readout_bwd_kernel(d_x, d_out, lists, sizes);
    }

    /// Fills `out [lists, c]` from the projections of nodes `projected [nodes, 2c]`.
    ///
    /// # Panics
    ///
    /// As for [`list_readout_fwd`](Self::list_readout_fwd).
    fn projected_readout_fwd(
        &self,
        out: ViewMut<'_, Self>,
        projected: View<'_, Self>,
        lists: &NodeLists<Self>,
    ) {
        let sizes = lists.check_projected(self, out.shape(), projected.shape());
        self.projected_readout_fwd_kernel(out, projected, lists, sizes);
    }

    /// Fills `d_projected [nodes, 2c]` from `d_out [lists, c]`.
    ///
    /// # Panics
    ///
    /// As for [`list_readout_bwd`](Self::list_readout_bwd).
    fn projected_readout_bwd(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
    ) {
        let sizes = lists.check_projected(self, d_out.shape(), d_projected.shape());
        lists.check_readers(sizes);
        self.projected_readout_bwd_kernel(d_projected, d_out, lists, sizes);
    }

    /// The kernel of [`list_readout_fwd`](Self::list_readout_fwd), for lists, nodes and `c`.
    fn list_readout_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        x: View<'_, Self>,
        lists: &NodeLists<Self>,
        sizes: Checked<3>,
    );

    /// The kernel of [`list_readout_bwd`](Self::list_readout_bwd), for lists, nodes and `c`.
    fn list_readout_bwd_kernel(
        &self,
        d_x: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
        sizes: Checked<3>,
    );

    /// The kernel of [`projected_readout_fwd`](Self::projected_readout_fwd), for lists, nodes and `c`.
    fn projected_readout_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        projected: View<'_, Self>,
        lists: &NodeLists<Self>,
        sizes: Checked<3>,
    );

    /// The kernel of [`projected_readout_bwd`](Self::projected_readout_bwd), for lists, nodes and `c`.
    fn projected_readout_bwd_kernel(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
        sizes: Checked<3>,
    );
}
