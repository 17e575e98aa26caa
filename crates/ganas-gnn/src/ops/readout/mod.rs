//! Read-out of whole graphs: `out_g = [mean of the nodes of g | last node of g]`.
//!
//! Adjoint: `d_x_i = d_out_g[mean] / n_g`, plus `d_out_g[last]` for the last node of `g`.

mod cpu;
#[cfg(test)]
mod tests;

use super::expect_shape;
use crate::{Device, GraphBatch, View, ViewMut};

/// Devices that read out graphs.
pub trait Readout: Device {
    /// Fills `out [graphs, 2c]` from the nodes `x [nodes, c]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn readout_fwd(&self, out: ViewMut<'_, Self>, x: View<'_, Self>, graphs: &GraphBatch<Self>);

    /// Fills `d_x [nodes, c]` from `d_out [graphs, 2c]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn readout_bwd(&self, d_x: ViewMut<'_, Self>, d_out: View<'_, Self>, graphs: &GraphBatch<Self>);
}

fn check<D: Device>(graphs: &GraphBatch<D>, out: [usize; 2], x: [usize; 2]) -> usize {
    let c = x[1];
    expect_shape("readout: nodes", x, [graphs.n_nodes(), c]);
    expect_shape("readout: out", out, [graphs.n_graphs(), 2 * c]);
    c
}
