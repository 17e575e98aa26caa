//! Row look-up on NVIDIA GPUs.

use super::Gather;
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Buffer, Cuda, Launch};
use crate::ops::product::Old;
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
    fn gather_fwd(
        &self,
        out: ViewMut<'_, Self>,
        table: View<'_, Self>,
        index: &Buffer<u32>,
        old: Old,
    ) {
        let [n, c] = out.shape();
        assert!(
            n == index.len() && table.shape()[1] == c,
            "gather: shapes do not fit"
        );
        Launch::new(self, &FORWARD)
            .output(&out) // float* out
            .input(table) // const float* table
            .buffer(index) // const u32* index
            .sizes([n, c, usize::from(old == Old::Add)]) // u32 n, c, add
            .over(n * c);
    }

    fn gather_bwd(&self, d_table: ViewMut<'_, Self>, d_out: View<'_, Self>, index: &Buffer<u32>) {
        let ([n, c], [rows, columns]) = (d_out.shape(), d_table.shape());
        assert!(
            n == index.len() && columns == c,
            "gather: shapes do not fit"
        );
        Launch::new(self, &BACKWARD)
            .output(&d_table) // float* d_table
            .input(d_out) // const float* d_out
            .buffer(index) // const u32* index
            .sizes([n, c]) // u32 n, c
            .blocks([rows, c.div_ceil(32), 1]);
    }
}
