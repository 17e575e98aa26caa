//! The aggregation of GraphConv, with bias and activation in one pass.
//!
//! With `P = [P_root | P_pred | P_succ]`, the projected nodes, for each node `i`
//!
//! `out_i = act(P_root_i + Σ_{j in pred(i)} P_pred_j + Σ_{j in succ(i)} P_succ_j + b)`.
//!
//! Adjoint, with `e_i = d_out_i act'(out_i)`: `d_P_root_i = e_i`, `d_P_pred_j = Σ_{i in succ(j)} e_i`,
//! `d_P_succ_j = Σ_{i in pred(j)} e_i`, `d_b += Σ_i e_i`. Each output is summed by one thread, in ascending order.
//!
//! Morris et al., "Weisfeiler and Leman Go Neural: Higher-order Graph Neural Networks", AAAI 2019 (the 1-GNN), here with
//! separate weights for the two directions of an edge. PyTorch Geometric: `GraphConv(aggr="add")` for each direction.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::bias_activation::Activation;
use super::expect_shape;
use crate::{Device, GraphBatch, View, ViewMut};

/// Which neighbours a node sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Predecessors only: the embedding of a node does not change when later nodes are added.
    Predecessors,
    /// Predecessors and successors, with separate weights.
    Both,
}

impl Direction {
    /// The number of projections of each node: one for itself and one for each direction.
    #[must_use]
    pub fn projections(self) -> usize {
        match self {
            Self::Predecessors => 2,
            Self::Both => 3,
        }
    }
}

/// Devices that aggregate over neighbours.
pub trait GraphConvolve: Device {
    /// Fills `out [m, c]`, the last `m` of the `n` nodes, from `projected [n, projections * c]` and `bias [1, c]`.
    ///
    /// Where a node sees predecessors only, nodes that were there before need not be computed again when some are added.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn graph_conv_fwd(
        &self,
        out: ViewMut<'_, Self>,
        projected: View<'_, Self>,
        bias: View<'_, Self>,
        graphs: &GraphBatch<Self>,
        direction: Direction,
        activation: Activation,
    );

    /// Fills `d_projected` and adds to `d_bias`, from `d_out` and `out`; `d_out` is scratch memory then.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    #[expect(
        clippy::too_many_arguments,
        reason = "outputs, inputs, structure: a kernel signature"
    )]
    fn graph_conv_bwd(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_bias: ViewMut<'_, Self>,
        d_out: ViewMut<'_, Self>,
        out: View<'_, Self>,
        graphs: &GraphBatch<Self>,
        direction: Direction,
        activation: Activation,
    );
}

fn check<D: Device>(
    graphs: &GraphBatch<D>,
    direction: Direction,
    out: [usize; 2],
    projected: [usize; 2],
    bias: [usize; 2],
) -> usize {
    let c = bias[1];
    assert!(
        out[0] <= graphs.n_nodes(),
        "graph_conv: {} rows for {} nodes",
        out[0],
        graphs.n_nodes()
    );
    expect_shape("graph_conv: out", out, [out[0], c]);
    expect_shape(
        "graph_conv: projected",
        projected,
        [graphs.n_nodes(), direction.projections() * c],
    );
    expect_shape("graph_conv: bias", bias, [1, c]);
    c
}
