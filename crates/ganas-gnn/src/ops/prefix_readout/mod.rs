//! Read-out of growing graphs: what a generator sees before each of its steps.
//!
//! `R` graphs of `V` nodes each; before step `t` the first `k_t` nodes exist. Steps are the slow index:
//! `out[t R + r] = [mean of x[r, 0..k_t] | x[r, k_t - 1]]`.
//! With an encoder that looks at predecessors only, one pass over the finished graphs serves all steps.
//!
//! Adjoint: `d_x[r, v] += Σ_{t: v < k_t} d_out[t R + r][mean] / k_t + Σ_{t: v = k_t - 1} d_out[t R + r][last]`.
//! An exception to the rule for activations: `d_x` is added to, since nodes have other readers (edges) as well.

mod cpu;
#[cfg(test)]
mod tests;

use super::expect_shape;
use crate::{Device, View, ViewMut};

/// Devices that read out growing graphs.
pub trait PrefixReadout: Device {
    /// Fills `out [steps * graphs, 2c]` from the nodes `x [graphs * nodes, c]`; `prefixes[t]` nodes exist before step
    /// `t`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit, or a prefix is empty or longer than a graph.
    fn prefix_readout_fwd(
        &self,
        out: ViewMut<'_, Self>,
        x: View<'_, Self>,
        prefixes: &[usize],
        n_nodes: usize,
    );

    /// Adds to `d_x [graphs * nodes, c]` from `d_out [steps * graphs, 2c]`.
    ///
    /// # Panics
    ///
    /// As for [`prefix_readout_fwd`](Self::prefix_readout_fwd).
    fn prefix_readout_bwd(
        &self,
        d_x: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        prefixes: &[usize],
        n_nodes: usize,
    );
}

/// The number of graphs and the width.
fn check(out: [usize; 2], x: [usize; 2], prefixes: &[usize], n_nodes: usize) -> [usize; 2] {
    assert!(
        prefixes.iter().all(|k| (1..=n_nodes).contains(k)),
        "prefix_readout: prefixes {prefixes:?} of graphs with {n_nodes} nodes"
    );
    let (graphs, c) = (x[0] / n_nodes, x[1]);
    expect_shape("prefix_readout: nodes", x, [graphs * n_nodes, c]);
    expect_shape("prefix_readout: out", out, [prefixes.len() * graphs, 2 * c]);
    [graphs, c]
}
