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
use super::{Checked, expect_shape};
use crate::device::copied;
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

/// What a convolution goes along, and what follows it.
#[derive(Debug)]
pub struct GraphConv<'a, D: Device> {
    /// The graphs.
    pub graphs: &'a GraphBatch<D>,
    /// Which neighbours a node sees.
    pub direction: Direction,
    /// What follows.
    pub activation: Activation,
}

copied!(GraphConv);

/// What a convolution is computed from.
#[derive(Debug)]
pub struct ConvInputs<'a, D: Device> {
    /// The projections of the nodes, side by side, `[n, projections c]`.
    pub projected: View<'a, D>,
    /// `[1, c]`.
    pub bias: View<'a, D>,
}

copied!(ConvInputs);

/// Where the derivatives of a convolution go.
#[derive(Debug)]
pub struct ConvDerivatives<'a, D: Device> {
    /// Of the projections; overwritten.
    pub d_projected: ViewMut<'a, D>,
    /// Of the bias; added to.
    pub d_bias: ViewMut<'a, D>,
    /// The derivative of the output; scratch memory then.
    pub d_out: ViewMut<'a, D>,
}

/// Devices that aggregate over neighbours.
pub trait GraphConvolve: Device {
    /// Fills `out [m, c]`, the last `m` of the `n` nodes.
    ///
    /// Where a node sees predecessors only, nodes that were there before need not be computed again when some are added.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn graph_conv_fwd(
        &self,
        out: ViewMut<'_, Self>,
        inputs: ConvInputs<'_, Self>,
        conv: GraphConv<'_, Self>,
    ) {
        let shapes = [inputs.projected.shape(), inputs.bias.shape()];
        let sizes = check(out.shape(), shapes, conv);
        self.graph_conv_fwd_kernel(out, inputs, conv, sizes);
    }

    /// Fills `d_projected` and adds to `d_bias`, from `d_out` and `out`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn graph_conv_bwd(
        &self,
        d: ConvDerivatives<'_, Self>,
        out: View<'_, Self>,
        conv: GraphConv<'_, Self>,
    ) {
        let shapes = [d.d_projected.shape(), d.d_bias.shape()];
        let sizes @ Checked([_, c]) = check(out.shape(), shapes, conv);
        let n = conv.graphs.n_nodes();
        expect_shape("graph_conv: out", out.shape(), [n, c]);
        expect_shape("graph_conv: d_out", d.d_out.shape(), [n, c]);
        self.graph_conv_bwd_kernel(d, out, conv, sizes);
    }

    /// The kernel of [`graph_conv_fwd`](Self::graph_conv_fwd), for `m` and `c`.
    fn graph_conv_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        inputs: ConvInputs<'_, Self>,
        conv: GraphConv<'_, Self>,
        sizes: Checked<2>,
    );

    /// The kernel of [`graph_conv_bwd`](Self::graph_conv_bwd), for `n` and `c`.
    fn graph_conv_bwd_kernel(
        &self,
        d: ConvDerivatives<'_, Self>,
        out: View<'_, Self>,
        conv: GraphConv<'_, Self>,
        sizes: Checked<2>,
    );
}

/// The rows of the output, and the width.
fn check<D: Device>(
    [m, width]: [usize; 2],
    [projected, bias]: [[usize; 2]; 2],
    conv: GraphConv<'_, D>,
) -> Checked<2> {
    let (n, c) = (conv.graphs.n_nodes(), bias[1]);
    assert!(m <= n, "graph_conv: {m} rows for {n} nodes");
    expect_shape("graph_conv: out", [m, width], [m, c]);
    let columns = conv.direction.projections() * c;
    expect_shape("graph_conv: projected", projected, [n, columns]);
    expect_shape("graph_conv: bias", bias, [1, c]);
    Checked([m, c])
}
