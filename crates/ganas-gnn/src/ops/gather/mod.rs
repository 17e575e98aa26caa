//! Row look-up: `out[i, :] = table[index[i], :]` (or `+=`), the product of a one-hot matrix with a table.
//!
//! Adjoint: `d_table[index[i], :] += d_out[i, :]`. PyTorch: `torch.nn.functional.embedding`.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::Checked;
use super::product::Write;
use crate::{Device, View, ViewMut};

/// Rows of a table, by their numbers.
#[derive(Debug)]
pub struct TableRows<'a, D: Device> {
    /// `[labels, c]`.
    pub table: View<'a, D>,
    /// `n` of them.
    pub index: &'a D::Ints,
}

/// Devices that look up rows.
pub trait Gather: Device {
    /// `out[i, :] = table[index[i], :]`, or `+=`; shapes `[n, c]`, `[labels, c]`, `n` indices.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit, or an index is out of range.
    fn gather_fwd(
        &self,
        out: ViewMut<'_, Self>,
        table: View<'_, Self>,
        index: &Self::Ints,
        write: Write,
    ) {
        let sizes = check(self, out.shape(), table.shape(), index);
        self.gather_fwd_kernel(out, TableRows { table, index }, write, sizes);
    }

    /// `d_table[index[i], :] += d_out[i, :]`; shapes as in [`gather_fwd`](Self::gather_fwd).
    ///
    /// # Panics
    ///
    /// As for [`gather_fwd`](Self::gather_fwd).
    fn gather_bwd(&self, d_table: ViewMut<'_, Self>, d_out: View<'_, Self>, index: &Self::Ints) {
        let sizes = check(self, d_out.shape(), d_table.shape(), index);
        self.gather_bwd_kernel(d_table, d_out, index, sizes);
    }

    /// The kernel of [`gather_fwd`](Self::gather_fwd), for `n`, labels and `c`.
    fn gather_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        rows: TableRows<'_, Self>,
        write: Write,
        sizes: Checked<3>,
    );

    /// The kernel of [`gather_bwd`](Self::gather_bwd), for `n`, labels and `c`.
    fn gather_bwd_kernel(
        &self,
        d_table: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        index: &Self::Ints,
        sizes: Checked<3>,
    );
}

/// `n`, labels and `c`.
fn check<D: Device>(
    device: &D,
    [n, c]: [usize; 2],
    [labels, columns]: [usize; 2],
    index: &D::Ints,
) -> Checked<3> {
    let n_indices = device.ints_len(index);
    assert!(
        n == n_indices && c == columns,
        "gather: {n} rows of {c} by {n_indices} indices from rows of {columns}"
    );
    Checked([n, labels, c])
}
