//! Row look-up on NVIDIA GPUs.

use super::{Gather, TableRows};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Buffer, Cuda, Launch};
use crate::ops::Checked;
use crate::ops::product::Write;
use crate::{View, ViewMut};

use Parameter::{Pointer as P, U32 as U};

pub(crate) const FORWARD: Kernel = Kernel {
    name: "gather_fwd",
    block: [256, 1],
    parameters: &[P, P, P, U, U, U],
};

pub(crate) const BACKWARD: Kernel = Kernel {
    name: "gather_bwd",
    block: [32, 8],
    parameters: &[P, P, P, U, U],
};

impl Gather for Cuda {
    fn gather_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        TableRows { table, index }: TableRows<'_, Self>,
        write: Write,
        Checked([n, _, c]): Checked<3>,
    ) {
        Launch::new(self, &FORWARD)
            .output(&out) // float* out
            .input(table) // const float* table
            .buffer(index) // const u32* index
            .sizes([n, c, usize::from(write == Write::Add)]) // u32 n, c, add
            .over(n * c);
    }

    fn gather_bwd_kernel(
        &self,
        d_table: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        index: &Buffer<u32>,
        Checked([n, rows, c]): Checked<3>,
    ) {
        Launch::new(self, &BACKWARD)
            .output(&d_table) // float* d_table
            .input(d_out) // const float* d_out
            .buffer(index) // const u32* index
            .sizes([n, c]) // u32 n, c
            .blocks([rows, c.div_ceil(32), 1]);
    }
}
