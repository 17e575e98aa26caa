//! The edge head of a policy: is there an edge from an earlier node to the one that was just labelled?

use super::prefix_tree::PrefixTree;
use crate::ops::affine::AffineInputs;
use crate::ops::bernoulli::{BernoulliIn, BernoulliOut, Choices, Logits};
use crate::ops::bias_activation::Activation;
use crate::ops::edge_scores::{EdgeScoreDerivatives, EdgeScoreInputs};
use crate::ops::product::{ProductDerivatives, Write};
use crate::{Backend, Backward, Device, Forward, Init, Layout, Mat, ParamId, View, ViewMut};

/// `s = w · relu(A h + B x_j + C[label] + b) + c`: the score of the edge from node `j`, given the state `h` of the policy
/// and the label of the node that is being connected.
///
/// The three projections are taken once for each state, node and label, and only their sum is formed for each edge.
/// The logit is the score plus the prior log-odds of the decision.
/// Shapes: `h [s, state_width]`, `x [nodes, node_width]`, scores `[edges, 1]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct EdgeHead {
    width: usize,
    state: ParamId,
    node: ParamId,
    label: ParamId,
    bias: ParamId,
    score: ParamId,
}

/// Which node, state and label each edge decision is about.
#[derive(Debug)]
pub struct EdgeRows<D: Device> {
    /// The row of the earlier node among the embeddings, one for each decision.
    pub node_rows: D::Ints,
    /// The label decision that the edge belongs to, one for each edge decision.
    pub state_rows: D::Ints,
    /// The label of the node that is being connected, one for each label decision.
    pub labels: D::Ints,
    /// The number of decisions.
    pub n_edges: usize,
}

impl<D: Device> EdgeRows<D> {
    /// No decisions.
    pub fn new(device: &D) -> Self {
        Self {
            node_rows: device.ints(),
            state_rows: device.ints(),
            labels: device.ints(),
            n_edges: 0,
        }
    }
}

/// Edge decisions that were taken.
#[derive(Debug)]
pub struct EdgeDecisions<D: Device> {
    /// What each decision is about.
    pub rows: EdgeRows<D>,
    /// The prior log-odds of an edge, `[n_edges, 1]`: those of a decision whose score is 0.
    pub prior: Mat<D>,
    /// Bit 0 when the edge may be absent, bit 1 when it may be present.
    pub masks: D::Masks,
    /// 1 for an edge, 0 for none.
    pub chosen: D::Ints,
}

impl<D: Device> EdgeDecisions<D> {
    /// No decisions.
    pub fn new(device: &D) -> Self {
        Self {
            rows: EdgeRows::new(device),
            prior: Mat::empty(device),
            masks: device.masks(),
            chosen: device.ints(),
        }
    }

    fn choices(&self) -> Choices<'_, D> {
        Choices {
            masks: &self.masks,
            chosen: &self.chosen,
        }
    }
}

/// The distinct states, and which of them each label decision has.
#[derive(Debug)]
pub(super) struct DecisionStates<'a, D: Device> {
    pub(super) states: View<'a, D>,
    pub(super) of_decisions: &'a D::Ints,
}

/// What edge decisions were taken from.
#[derive(Debug)]
pub(super) struct EdgeInputs<'a, D: Device> {
    /// The embeddings of the distinct nodes.
    pub(super) nodes: View<'a, D>,
    pub(super) states: DecisionStates<'a, D>,
    pub(super) decisions: &'a EdgeDecisions<D>,
}

/// Derivatives of the inputs of edge decisions, and those that they come from.
#[derive(Debug)]
pub(super) struct EdgeDerivatives<'a, D: Device> {
    /// Of the distinct nodes; added to.
    pub(super) d_nodes: ViewMut<'a, D>,
    /// Of the distinct states; added to.
    pub(super) d_states: ViewMut<'a, D>,
    /// Of the log-probabilities of the label decisions.
    pub(super) d_log_prob: View<'a, D>,
    /// Of their entropies.
    pub(super) d_entropy: View<'a, D>,
}

/// What the backward pass needs, and scratch memory.
#[derive(Debug)]
pub(super) struct EdgeCache<D: Device> {
    /// The distinct node of each edge decision.
    node_rows: D::Ints,
    host_rows: Vec<u32>,
    of_nodes: Mat<D>,
    n_nodes: usize,
    of_states: Mat<D>,
    of_decisions: Mat<D>,
    scores: Mat<D>,
    log_prob: Mat<D>,
    entropy: Mat<D>,
    d_log_prob: Mat<D>,
    d_entropy: Mat<D>,
    d_scores: Mat<D>,
    d_of_nodes: Mat<D>,
    d_of_states: Mat<D>,
    d_of_decisions: Mat<D>,
}

impl<D: Device> EdgeCache<D> {
    pub(super) fn new(device: &D) -> Self {
        let mat = || Mat::empty(device);
        Self {
            node_rows: device.ints(),
            host_rows: Vec::new(),
            of_nodes: mat(),
            n_nodes: 0,
            of_states: mat(),
            of_decisions: mat(),
            scores: mat(),
            log_prob: mat(),
            entropy: mat(),
            d_log_prob: mat(),
            d_entropy: mat(),
            d_scores: mat(),
            d_of_nodes: mat(),
            d_of_states: mat(),
            d_of_decisions: mat(),
        }
    }

    /// Looks up which distinct node each decision is about; each graph has `n_nodes` nodes.
    pub(super) fn share(
        &mut self,
        device: &D,
        rows: &EdgeRows<D>,
        tree: &PrefixTree<D>,
        n_nodes: usize,
    ) {
        self.host_rows.resize(rows.n_edges, 0);
        device.read_ints(&mut self.host_rows, &rows.node_rows);
        tree.distinct(&mut self.host_rows, n_nodes);
        device.write_ints(&mut self.node_rows, &self.host_rows);
    }

    /// The scores of the last [`EdgeHead::scores`], `[edges, 1]`.
    pub(super) fn scores(&self) -> &Mat<D> {
        &self.scores
    }
}

impl EdgeHead {
    pub(super) fn new(
        layout: &mut Layout,
        [state_width, node_width, n_labels, width]: [usize; 4],
    ) -> Self {
        let near_zero = Init::Normal { deviation: 0.05 };
        // The three projections are one matrix on [h | x | one-hot label], and start as one.
        let fan_in = state_width + node_width + n_labels;
        let init = Init::Glorot {
            gain: 1.0,
            fan_in,
            fan_out: width,
        };
        Self {
            width,
            state: layout.matrix("edge.state", state_width, width, init),
            node: layout.matrix("edge.node", node_width, width, init),
            label: layout.matrix("edge.label", n_labels, width, init),
            bias: layout.bias("edge.bias", width),
            score: layout.matrix("edge.score.weight_and_bias", 1, width + 1, near_zero),
        }
    }

    /// Prepares for at most `capacity` distinct nodes.
    pub(super) fn start<B: Backend>(&self, device: &B, capacity: usize, cache: &mut EdgeCache<B>) {
        cache.of_nodes.reshape(device, capacity, self.width);
        cache.n_nodes = 0;
    }

    /// Projects the embeddings `nodes [n, node_width]` that were not projected since [`start`](Self::start).
    pub(super) fn project_nodes<B: Backend>(
        &self,
        Forward { device, params }: Forward<'_, B>,
        nodes: View<'_, B>,
        cache: &mut EdgeCache<B>,
    ) {
        let (first, n) = (cache.n_nodes, nodes.shape()[0]);
        cache.n_nodes = n;
        if n > first {
            let (to, weight) = (
                cache.of_nodes.rows_mut(first, n - first),
                params.view(self.node),
            );
            device.product(to, nodes.rows(first, n - first), weight, Write::Set);
        }
    }

    /// Fills the scores of all decisions, from the projected nodes and the states.
    pub(super) fn scores<B: Backend>(
        &self,
        Forward { device, params }: Forward<'_, B>,
        rows: &EdgeRows<B>,
        DecisionStates {
            states,
            of_decisions,
        }: DecisionStates<'_, B>,
        cache: &mut EdgeCache<B>,
    ) {
        let (c, width) = (cache, self.width);
        c.of_states.reshape(device, states.shape()[0], width);
        let inputs = AffineInputs {
            x: states,
            weight: params.view(self.state),
            bias: params.view(self.bias),
            activation: Activation::Identity,
        };
        device.affine_fwd(c.of_states.view_mut(), inputs);
        let n_decisions = device.ints_len(of_decisions);
        c.of_decisions.reshape(device, n_decisions, width);
        let to = c.of_decisions.view_mut();
        device.gather_fwd(to, c.of_states.view(), of_decisions, Write::Set);
        let (to, labels) = (c.of_decisions.view_mut(), params.view(self.label));
        device.gather_fwd(to, labels, &rows.labels, Write::Add);
        c.scores.reshape(device, rows.n_edges, 1);
        let inputs = EdgeScoreInputs {
            nodes: c.of_nodes.rows(0, c.n_nodes),
            node_of: &c.node_rows,
            decisions: c.of_decisions.view(),
            decision_of: &rows.state_rows,
            w: params.view(self.score),
        };
        device.edge_scores_fwd(c.scores.view_mut(), inputs);
    }

    /// After [`scores`](Self::scores): adds log-probability and entropy of each decision to those of its label decision.
    pub(super) fn forward<B: Backend>(
        &self,
        device: &B,
        decisions: &EdgeDecisions<B>,
        out: BernoulliOut<'_, B>,
        cache: &mut EdgeCache<B>,
    ) {
        let n = decisions.rows.n_edges;
        cache.log_prob.reshape(device, n, 1);
        cache.entropy.reshape(device, n, 1);
        let of_edges = BernoulliOut {
            log_prob: cache.log_prob.view_mut(),
            entropy: cache.entropy.view_mut(),
        };
        let logits = Logits {
            scores: cache.scores.view(),
            prior: decisions.prior.view(),
        };
        device.bernoulli_fwd(of_edges, logits, decisions.choices());
        // The decisions of a step are independent given its state: their sum is a scatter-add, the adjoint of a gather.
        let rows = &decisions.rows.state_rows;
        device.gather_bwd(out.log_prob, cache.log_prob.view(), rows);
        device.gather_bwd(out.entropy, cache.entropy.view(), rows);
    }

    /// Adds to the gradients, and adds the derivatives of distinct nodes and states, from those of the label decisions.
    pub(super) fn backward<B: Backend>(
        &self,
        pass: &mut Backward<'_, B>,
        d: EdgeDerivatives<'_, B>,
        inputs: EdgeInputs<'_, B>,
        cache: &mut EdgeCache<B>,
    ) {
        let Backward {
            device,
            params,
            grads,
        } = pass;
        let EdgeInputs {
            nodes,
            states:
                DecisionStates {
                    states,
                    of_decisions,
                },
            decisions,
        } = inputs;
        let c = cache;
        let EdgeRows {
            state_rows,
            labels,
            n_edges,
            ..
        } = &decisions.rows;
        let n = *n_edges;
        for (of_edges, upstream) in [
            (&mut c.d_log_prob, d.d_log_prob),
            (&mut c.d_entropy, d.d_entropy),
        ] {
            of_edges.reshape(device, n, 1);
            device.gather_fwd(of_edges.view_mut(), upstream, state_rows, Write::Set);
        }
        c.d_scores.reshape(device, n, 1);
        let upstream = BernoulliIn {
            d_log_prob: c.d_log_prob.view(),
            d_entropy: c.d_entropy.view(),
            logits: Logits {
                scores: c.scores.view(),
                prior: decisions.prior.view(),
            },
        };
        device.bernoulli_bwd(c.d_scores.view_mut(), upstream, decisions.choices());
        let n_nodes = nodes.shape()[0];
        c.d_of_nodes.reshape(device, n_nodes, self.width);
        let n_decisions = c.of_decisions.n_rows();
        c.d_of_decisions.reshape(device, n_decisions, self.width);
        let inputs = EdgeScoreInputs {
            nodes: c.of_nodes.rows(0, n_nodes),
            node_of: &c.node_rows,
            decisions: c.of_decisions.view(),
            decision_of: state_rows,
            w: params.view(self.score),
        };
        let out = EdgeScoreDerivatives {
            d_nodes: c.d_of_nodes.view_mut(),
            d_decisions: c.d_of_decisions.view_mut(),
            d_w: grads.view_mut(self.score),
        };
        device.edge_scores_bwd(out, c.d_scores.view(), inputs);
        let d_of_decisions = c.d_of_decisions.view();
        device.gather_bwd(grads.view_mut(self.label), d_of_decisions, labels);
        c.d_of_states.reshape(device, states.shape()[0], self.width);
        c.d_of_states.view_mut().clear(device);
        device.gather_bwd(c.d_of_states.view_mut(), d_of_decisions, of_decisions);
        let (to, d_bias) = (c.d_of_states.view_mut(), grads.view_mut(self.bias));
        device.bias_activation_bwd(to, d_bias, c.of_states.view(), Activation::Identity);
        for (weight, input, d_projected, d_input) in [
            (self.node, nodes, &c.d_of_nodes, d.d_nodes),
            (self.state, states, &c.d_of_states, d.d_states),
        ] {
            let out = ProductDerivatives {
                d_w: grads.view_mut(weight),
                d_x: d_input,
                write: Write::Add,
            };
            device.product_bwd(out, d_projected.view(), input, params.view(weight));
        }
    }
}
