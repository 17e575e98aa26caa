//! Scores of listed pairs of a node and a decision, with the first layer of the head factorised.
//!
//! `s_e = w · relu(x_n(e) + u_d(e)) + w_c`, where `x = X B` and `u = H A + C[label] + bias` are the projections of the nodes
//! and of the decisions: each is taken once, and the hidden layer of a pair is a sum, which is never stored.
//!
//! Adjoint, with `m_e = 1[x_n(e) + u_d(e) > 0]`: `d_x_i = Σ_{n(e) = i} d_s_e w m_e`, `d_u_j = Σ_{d(e) = j} d_s_e w m_e`,
//! `d_w += Σ_e d_s_e relu(x_n(e) + u_d(e))`, `d_w_c += Σ_e d_s_e`.
//! [`pair_scores`](super::pair_scores) is the same for all pairs.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::{Checked, expect_shape};
use crate::device::copied;
use crate::{Device, View, ViewMut};

/// The inputs of an edge head: `nodes [n, c]`, `decisions [m, c]`, its output layer `w [1, c + 1]`, constant last, and which
/// node and which decision each score is about.
#[derive(Debug)]
pub struct EdgeScoreInputs<'a, D: Device> {
    /// Projections of the nodes.
    pub nodes: View<'a, D>,
    /// The node of each score.
    pub node_of: &'a D::Ints,
    /// Projections of the decisions, bias included.
    pub decisions: View<'a, D>,
    /// The decision of each score.
    pub decision_of: &'a D::Ints,
    /// Weights of the hidden layer, then the constant.
    pub w: View<'a, D>,
}

copied!(EdgeScoreInputs);

/// Where the derivatives of an edge head go.
#[derive(Debug)]
pub struct EdgeScoreDerivatives<'a, D: Device> {
    /// Of `nodes`; overwritten.
    pub d_nodes: ViewMut<'a, D>,
    /// Of `decisions`; overwritten.
    pub d_decisions: ViewMut<'a, D>,
    /// Of `w`; added to.
    pub d_w: ViewMut<'a, D>,
}

/// Devices that score edges.
pub trait EdgeScores: Device {
    /// Fills `scores [e, 1]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn edge_scores_fwd(&self, scores: ViewMut<'_, Self>, inputs: EdgeScoreInputs<'_, Self>) {
        let sizes = check(self, scores.shape(), inputs);
        self.edge_scores_fwd_kernel(scores, inputs, sizes);
    }

    /// Fills the derivatives from `d_scores [e, 1]` and the inputs.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn edge_scores_bwd(
        &self,
        out: EdgeScoreDerivatives<'_, Self>,
        d_scores: View<'_, Self>,
        inputs: EdgeScoreInputs<'_, Self>,
    ) {
        let sizes @ Checked([_, n, m, c]) = check(self, d_scores.shape(), inputs);
        let EdgeScoreDerivatives {
            d_nodes,
            d_decisions,
            d_w,
        } = &out;
        expect_shape("edge_scores: d_nodes", d_nodes.shape(), [n, c]);
        expect_shape("edge_scores: d_decisions", d_decisions.shape(), [m, c]);
        expect_shape("edge_scores: d_w", d_w.shape(), [1, c + 1]);
        self.edge_scores_bwd_kernel(out, d_scores, inputs, sizes);
    }

    /// The kernel of [`edge_scores_fwd`](Self::edge_scores_fwd), for edges, nodes, decisions and `c`.
    fn edge_scores_fwd_kernel(
        &self,
        scores: ViewMut<'_, Self>,
        inputs: EdgeScoreInputs<'_, Self>,
        sizes: Checked<4>,
    );

    /// The kernel of [`edge_scores_bwd`](Self::edge_scores_bwd), for edges, nodes, decisions and `c`.
    fn edge_scores_bwd_kernel(
        &self,
        out: EdgeScoreDerivatives<'_, Self>,
        d_scores: View<'_, Self>,
        inputs: EdgeScoreInputs<'_, Self>,
        sizes: Checked<4>,
    );
}

/// The numbers of edges, nodes, decisions and units.
fn check<D: Device>(device: &D, scores: [usize; 2], inputs: EdgeScoreInputs<'_, D>) -> Checked<4> {
    let ([n, c], [m, _]) = (inputs.nodes.shape(), inputs.decisions.shape());
    expect_shape("edge_scores: decisions", inputs.decisions.shape(), [m, c]);
    expect_shape("edge_scores: w", inputs.w.shape(), [1, c + 1]);
    for index in [inputs.node_of, inputs.decision_of] {
        expect_shape("edge_scores: scores", scores, [device.ints_len(index), 1]);
    }
    Checked([scores[0], n, m, c])
}
