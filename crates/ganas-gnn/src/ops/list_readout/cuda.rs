//! Read-out of lists of nodes on NVIDIA GPUs.

use super::{ListReadout, NodeLists, check, check_projected};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::{View, ViewMut};

use Parameter::{Pointer as P, U32 as U};

pub(crate) const FORWARD: Kernel = Kernel {
    name: "list_readout_fwd",
    block: [128, 1],
    parameters: &[P, P, P, P, U, U],
};

pub(crate) const BACKWARD: Kernel = Kernel {
    name: "list_readout_bwd",
    block: [32, 8],
    parameters: &[P, P, P, P, P, P, U],
};

pub(crate) const PROJECTED_FORWARD: Kernel = Kernel {
    name: "projected_readout_fwd",
    block: [128, 1],
    parameters: &[P, P, P, P, U, U],
};

pub(crate) const PROJECTED_BACKWARD: Kernel = Kernel {
    name: "projected_readout_bwd",
    block: [32, 8],
    parameters: &[P, P, P, P, P, P, U],
};

impl ListReadout for Cuda {
    fn list_readout_fwd(&self, out: ViewMut<'_, Self>, x: View<'_, Self>, lists: &NodeLists<Self>) {
        let c = check(out.shape(), x.shape(), lists.start.len());
        let [n_lists, _] = out.shape();
        Launch::new(self, &FORWARD)
            .output(&out) // float* out
            .input(x) // const float* x
            .buffer(&lists.start) // const u32* start
            .buffer(&lists.nodes) // const u32* nodes
            .sizes([n_lists, c]) // u32 n_lists, c
            .over(n_lists * c);
    }

    fn list_readout_bwd(
        &self,
        d_x: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
    ) {
        let c = check(d_out.shape(), d_x.shape(), lists.start.len());
        let [n_nodes, _] = d_x.shape();
        let readers = lists.readers(n_nodes);
        Launch::new(self, &BACKWARD)
            .output(&d_x) // float* d_x
            .input(d_out) // const float* d_out
            .buffer(&lists.start) // const u32* start
            .buffer(&lists.nodes) // const u32* nodes
            .buffer(&readers.start) // const u32* reader_start
            .buffer(&readers.nodes) // const u32* readers
            .sizes([c]) // u32 c
            .blocks([n_nodes, c.div_ceil(32), 1]);
    }

    fn projected_readout_fwd(
        &self,
        out: ViewMut<'_, Self>,
        projected: View<'_, Self>,
        lists: &NodeLists<Self>,
    ) {
        let c = check_projected(out.shape(), projected.shape(), lists.start.len());
        let [n_lists, _] = out.shape();
        Launch::new(self, &PROJECTED_FORWARD)
            .output(&out) // float* out
            .input(projected) // const float* projected
            .buffer(&lists.start) // const u32* start
            .buffer(&lists.nodes) // const u32* nodes
            .sizes([n_lists, c]) // u32 n_lists, c
            .over(n_lists * c);
    }

    fn projected_readout_bwd(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
    ) {
        let c = check_projected(d_out.shape(), d_projected.shape(), lists.start.len());
        let [n_nodes, _] = d_projected.shape();
        let readers = lists.readers(n_nodes);
        Launch::new(self, &PROJECTED_BACKWARD)
            .output(&d_projected) // float* d_projected
            .input(d_out) // const float* d_out
            .buffer(&lists.start) // const u32* start
            .buffer(&lists.nodes) // const u32* nodes
            .buffer(&readers.start) // const u32* reader_start
            .buffer(&readers.nodes) // const u32* readers
            .sizes([c]) // u32 c
            .blocks([n_nodes, c.div_ceil(32), 1]);
    }
}
