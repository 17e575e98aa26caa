//! Read-out of lists of nodes on NVIDIA GPUs.

use super::{ListReadout, NodeLists};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::Checked;
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
    fn list_readout_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        x: View<'_, Self>,
        lists: &NodeLists<Self>,
        Checked([n_lists, _, c]): Checked<3>,
    ) {
        Launch::new(self, &FORWARD)
            .output(&out) // float* out
            .input(x) // const float* x
            .buffer(&lists.start) // const u32* start
            .buffer(&lists.nodes) // const u32* nodes
            .sizes([n_lists, c]) // u32 n_lists, c
            .over(n_lists * c);
    }

    fn list_readout_bwd_kernel(
        &self,
        d_x: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
        Checked([_, n_nodes, c]): Checked<3>,
    ) {
        let readers = &lists.readers;
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

    fn projected_readout_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        projected: View<'_, Self>,
        lists: &NodeLists<Self>,
        Checked([n_lists, _, c]): Checked<3>,
    ) {
        Launch::new(self, &PROJECTED_FORWARD)
            .output(&out) // float* out
            .input(projected) // const float* projected
            .buffer(&lists.start) // const u32* start
            .buffer(&lists.nodes) // const u32* nodes
            .sizes([n_lists, c]) // u32 n_lists, c
            .over(n_lists * c);
    }

    fn projected_readout_bwd_kernel(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
        Checked([_, n_nodes, c]): Checked<3>,
    ) {
        let readers = &lists.readers;
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
