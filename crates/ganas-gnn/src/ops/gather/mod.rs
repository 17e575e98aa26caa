//! Row look-up: `out[i, :] = table[index[i], :]` (or `+=`), the product of a one-hot matrix with a table.
//!
//! Adjoint: `d_table[index[i], :] += d_out[i, :]`. PyTorch: `torch.nn.functional.embedding`.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::product::Old;
use crate::{Device, View, ViewMut};

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
        old: Old,
    );

    /// `d_table[index[i], :] += d_out[i, :]`; shapes as in [`gather_fwd`](Self::gather_fwd).
    ///
    /// # Panics
    ///
    /// As for [`gather_fwd`](Self::gather_fwd).
    fn gather_bwd(&self, d_table: ViewMut<'_, Self>, d_out: View<'_, Self>, index: &Self::Ints);
}
