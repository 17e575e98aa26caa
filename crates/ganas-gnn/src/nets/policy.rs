//! The policy of the generator: a graph encoder and a GRU that label the nodes of a graph one after the other.

use super::edge_head::{EdgeCache, EdgeDecisions, EdgeHead};
use crate::layers::{Encoder, EncoderCache, EncoderConfig, Gru, GruCache, GruConfig, Linear};
use crate::ops::bias_activation::Activation;
use crate::ops::categorical::{CategoricalIn, CategoricalOut};
use crate::ops::graph_conv::Direction;
use crate::ops::product::Old;
use crate::{Backend, Device, Grads, GraphBatch, Init, Layout, Mat, ParamId, Params, View};

/// What the policy sees of the graph so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyInput {
    /// The read-out (mean and last node) of a graph encoder that looks at predecessors only.
    Graph {
        /// The width of the encoder.
        width: usize,
        /// The number of its layers.
        layers: usize,
        /// Its activation.
        activation: Activation,
    },
    /// An embedding of the last label, different for each step: a plain GRU policy, for ablation.
    LastLabel {
        /// The width of the embedding.
        width: usize,
    },
}

/// The shape of a [`Policy`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyConfig {
    /// The number of labels; an action is a label.
    pub n_labels: usize,
    /// The number of nodes of a finished graph.
    pub n_nodes: usize,
    /// Before step `t`, the first `prefixes[t]` nodes exist; ascending, between 1 and `n_nodes`.
    pub prefixes: Vec<usize>,
    /// What is seen of the graph so far.
    pub input: PolicyInput,
    /// The width of the GRU's state.
    pub state_width: usize,
    /// The width of the hidden layer between the state and the heads, and of that of the edge head.
    pub head_width: usize,
    /// Whether a step also decides the edges into its node; needs [`PolicyInput::Graph`].
    pub edges: EdgeChoice,
}

/// What a step decides besides a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeChoice {
    /// Nothing: the edges are fixed.
    Fixed,
    /// For each earlier node, whether there is an edge from it.
    Free,
}

/// `z_t` = read-out of the first `k_t` nodes; `h_{t+1} = GRU(z_t, h_t)`; `m_t = relu(h_{t+1} W + b)`;
/// `logits_t = m_t U_t + c_t`, with an own output layer for each step, which starts near zero so that the policy starts
/// near uniform; `value_t = h_{t+1} v + d`.
/// Where edges are free, the edge head then decides them one by one, and the log-probability of the step is the sum.
///
/// Shapes: `n` finished graphs of `V` nodes, `T` steps; all rows have steps as the slow index, `t n + i`.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) config: PolicyConfig,
    pub(super) input_width: usize,
    pub(super) input: Input,
    pub(super) gru: Gru,
    pub(super) hidden: Linear,
    logits: ParamId,
    logits_bias: ParamId,
    value: Linear,
    pub(super) edges: Option<EdgeHead>,
}

#[derive(Clone, Debug)]
pub(super) enum Input {
    Graph(Encoder),
    LastLabel(ParamId),
}

/// Finished episodes, of which the log-probabilities are wanted.
#[derive(Debug)]
pub struct Episodes<D: Device> {
    /// The finished graphs, all with the same number of nodes.
    pub graphs: GraphBatch<D>,
    /// The decisions, `T n` of them.
    pub decisions: Decisions<D>,
}

/// Decisions in the order `t n + i`.
#[derive(Debug)]
pub struct Decisions<D: Device> {
    /// The legal labels of each decision.
    pub masks: D::Masks,
    /// The label that was chosen.
    pub chosen: D::Ints,
    /// `t n_labels + label` of the last node before the decision.
    pub last_labels: D::Ints,
    /// The edges, where they are free: for each step, each earlier node and each graph, in this order.
    pub edges: EdgeDecisions<D>,
}

impl<D: Device> Episodes<D> {
    /// No episodes.
    pub fn new(device: &D) -> Self {
        Self {
            graphs: GraphBatch::new(device),
            decisions: Decisions {
                masks: device.masks(),
                chosen: device.ints(),
                last_labels: device.ints(),
                edges: EdgeDecisions::new(device),
            },
        }
    }
}

/// What the policy says of each decision, and what a loss says of that; all `[T n, 1]`.
#[derive(Debug)]
pub struct PolicyOutput<D: Device> {
    /// Log-probability of the chosen label.
    pub log_prob: Mat<D>,
    /// Entropy of the decision.
    pub entropy: Mat<D>,
    /// Value of the state.
    pub value: Mat<D>,
    /// Derivative with respect to the log-probability, to be filled before the backward pass.
    pub d_log_prob: Mat<D>,
    /// Derivative with respect to the entropy, to be filled before the backward pass.
    pub d_entropy: Mat<D>,
    /// Derivative with respect to the value, to be filled before the backward pass, which overwrites it.
    pub d_value: Mat<D>,
}

/// What the backward pass needs, and scratch memory.
#[derive(Debug)]
pub struct PolicyCache<D: Device> {
    /// The results.
    pub out: PolicyOutput<D>,
    encoder: EncoderCache<D>,
    gru: GruCache<D>,
    z: Mat<D>,
    hidden: Mat<D>,
    logits: Mat<D>,
    log_probs: Mat<D>,
    d_logits: Mat<D>,
    d_hidden: Mat<D>,
    d_z: Mat<D>,
    d_nodes: Mat<D>,
    d_states: Mat<D>,
    edges: EdgeCache<D>,
}

impl<D: Device> PolicyCache<D> {
    /// An empty cache; it grows at its first use.
    pub fn new(device: &D) -> Self {
        let mat = || Mat::empty(device);
        Self {
            out: PolicyOutput {
                log_prob: mat(),
                entropy: mat(),
                value: mat(),
                d_log_prob: mat(),
                d_entropy: mat(),
                d_value: mat(),
            },
            encoder: EncoderCache::new(device),
            gru: GruCache::new(device),
            z: mat(),
            hidden: mat(),
            logits: mat(),
            log_probs: mat(),
            d_logits: mat(),
            d_hidden: mat(),
            d_z: mat(),
            d_nodes: mat(),
            d_states: mat(),
            edges: EdgeCache::new(device),
        }
    }
}

impl Policy {
    /// Adds the parameters to a layout.
    ///
    /// # Panics
    ///
    /// When edges are free and there is no graph encoder.
    pub fn new(layout: &mut Layout, config: PolicyConfig) -> Self {
        let steps = config.prefixes.len();
        let PolicyConfig {
            n_labels,
            state_width,
            head_width,
            ..
        } = config;
        let (input_width, input) = match config.input {
            PolicyInput::Graph {
                width,
                layers,
                activation,
            } => {
                let direction = Direction::Predecessors;
                let encoder = EncoderConfig {
                    n_labels,
                    width,
                    layers,
                    direction,
                    activation,
                };
                (
                    2 * width,
                    Input::Graph(Encoder::new(layout, "encoder", encoder)),
                )
            }
            PolicyInput::LastLabel { width } => {
                let init = Init::Normal { deviation: 0.3 };
                let table = layout.matrix("last_label.weight", steps * n_labels, width, init);
                (width, Input::LastLabel(table))
            }
        };
        let gru = GruConfig {
            steps,
            inputs: input_width,
            width: state_width,
        };
        let near_zero = Init::Normal { deviation: 0.05 };
        let mut policy = Self {
            input_width,
            input,
            gru: Gru::new(layout, "gru", gru),
            hidden: Linear::new(layout, "hidden", state_width, head_width, Activation::Relu),
            logits: layout.matrix("logits.weight", steps * head_width, n_labels, near_zero),
            logits_bias: layout.matrix("logits.bias", steps, n_labels, Init::Zeros),
            value: Linear::with_init(
                layout,
                "value",
                state_width,
                1,
                Activation::Identity,
                Init::Zeros,
            ),
            edges: None,
            config,
        };
        if policy.config.edges == EdgeChoice::Free {
            assert!(
                matches!(policy.input, Input::Graph(_)),
                "free edges need a graph encoder"
            );
            let shape = [state_width, input_width / 2, n_labels, head_width];
            policy.edges = Some(EdgeHead::new(layout, shape));
        }
        policy
    }

    /// The number of steps of an episode.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.config.prefixes.len()
    }

    /// Fills the cache with log-probabilities, entropies and values of all decisions.
    pub fn forward<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        episodes: &Episodes<B>,
        cache: &mut PolicyCache<B>,
    ) {
        let n = episodes.graphs.n_graphs();
        let (steps, rows) = (self.steps(), self.steps() * n);
        let PolicyCache {
            out,
            encoder,
            gru,
            z,
            hidden,
            logits,
            log_probs,
            edges,
            ..
        } = cache;
        z.reshape(device, rows, self.input_width);
        match &self.input {
            Input::Graph(layers) => {
                layers.forward(device, params, &episodes.graphs, encoder);
                let PolicyConfig {
                    prefixes, n_nodes, ..
                } = &self.config;
                device.prefix_readout_fwd(z.view_mut(), encoder.output(), prefixes, *n_nodes);
            }
            Input::LastLabel(table) => {
                let last = &episodes.decisions.last_labels;
                let table = params.view(*table);
                device.gather_fwd(z.view_mut(), table, last, Old::Overwrite);
            }
        }
        self.gru.forward(device, params, z.view(), gru);
        self.hidden.forward(device, params, hidden, gru.output());
        logits.reshape(device, rows, self.config.n_labels);
        for step in 0..steps {
            self.step_logits(
                device,
                params,
                step,
                logits,
                step * n,
                hidden.rows(step * n, n),
            );
        }
        self.value
            .forward(device, params, &mut out.value, gru.output());
        out.log_prob.reshape(device, rows, 1);
        out.entropy.reshape(device, rows, 1);
        log_probs.reshape(device, rows, self.config.n_labels);
        device.categorical_fwd(
            CategoricalOut {
                log_prob: out.log_prob.view_mut(),
                entropy: out.entropy.view_mut(),
                log_probs: log_probs.view_mut(),
            },
            logits.view(),
            &episodes.decisions.masks,
            &episodes.decisions.chosen,
        );
        if let Some(head) = &self.edges {
            let (decisions, nodes) = (&episodes.decisions.edges, encoder.output());
            head.scores(device, params, &decisions.rows, nodes, gru.output(), edges);
            let (log_prob, entropy) = (out.log_prob.view_mut(), out.entropy.view_mut());
            head.forward(device, decisions, log_prob, entropy, edges);
        }
    }

    /// Adds to the gradients, from the derivatives in `cache.out`.
    pub fn backward<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        grads: &mut Grads<B>,
        episodes: &Episodes<B>,
        cache: &mut PolicyCache<B>,
    ) {
        let n = episodes.graphs.n_graphs();
        let (steps, rows) = (self.steps(), self.steps() * n);
        let head_width = self.config.head_width;
        let c = cache;
        c.d_logits.reshape(device, rows, self.config.n_labels);
        device.categorical_bwd(
            c.d_logits.view_mut(),
            CategoricalIn {
                d_log_prob: c.out.d_log_prob.view(),
                d_entropy: c.out.d_entropy.view(),
                log_probs: c.log_probs.view(),
            },
            &episodes.decisions.masks,
            &episodes.decisions.chosen,
        );
        c.d_hidden.reshape(device, rows, head_width);
        for step in 0..steps {
            let (first, weights) = (step * n, step * head_width);
            let d_bias = grads.view_mut(self.logits_bias).rows(step, 1);
            let (d, y) = (c.d_logits.rows_mut(first, n), c.logits.rows(first, n));
            device.bias_activation_bwd(d, d_bias, y, Activation::Identity);
            let d_weight = grads.view_mut(self.logits).rows(weights, head_width);
            let hidden = c.hidden.rows(first, n).transposed();
            device.product(d_weight, hidden, c.d_logits.rows(first, n), Old::Add);
            let weight = params
                .view(self.logits)
                .rows(weights, head_width)
                .transposed();
            let d_hidden = c.d_hidden.rows_mut(first, n);
            device.product(d_hidden, c.d_logits.rows(first, n), weight, Old::Overwrite);
        }
        let states = c.gru.output();
        self.hidden
            .backward(device, grads, &mut c.d_hidden, c.hidden.view(), states);
        self.value.backward(
            device,
            grads,
            &mut c.out.d_value,
            c.out.value.view(),
            states,
        );
        let mut d_states = self.gru.d_output(device, &mut c.d_states, n);
        let d = d_states.reborrow();
        self.hidden
            .backward_input(device, params, d, c.d_hidden.view(), Old::Overwrite);
        let d = d_states.reborrow();
        self.value
            .backward_input(device, params, d, c.out.d_value.view(), Old::Add);
        if let Input::Graph(_) = &self.input {
            c.d_nodes
                .reshape(device, n * self.config.n_nodes, self.input_width / 2);
            c.d_nodes.view_mut().clear(device);
        }
        if let Some(head) = &self.edges {
            head.backward(
                device,
                params,
                grads,
                [c.d_nodes.view_mut(), d_states],
                [c.out.d_log_prob.view(), c.out.d_entropy.view()],
                &episodes.decisions.edges,
                [c.encoder.output(), c.gru.output()],
                &mut c.edges,
            );
        }
        let (d_z, d_states) = (&mut c.d_z, &mut c.d_states);
        self.gru
            .backward(device, params, grads, d_z, d_states, c.z.view(), &mut c.gru);
        match &self.input {
            Input::Graph(encoder) => {
                let PolicyConfig {
                    prefixes, n_nodes, ..
                } = &self.config;
                let d_nodes = c.d_nodes.view_mut();
                device.prefix_readout_bwd(d_nodes, c.d_z.view(), prefixes, *n_nodes);
                let d_nodes = c.d_nodes.view();
                encoder.backward(
                    device,
                    params,
                    grads,
                    d_nodes,
                    &episodes.graphs,
                    &mut c.encoder,
                );
            }
            Input::LastLabel(table) => {
                let last = &episodes.decisions.last_labels;
                device.gather_bwd(grads.view_mut(*table), c.d_z.view(), last);
            }
        }
    }

    /// Fills some rows of the logits, from `first` on, with those of one step.
    pub(super) fn step_logits<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        step: usize,
        logits: &mut Mat<B>,
        first: usize,
        hidden: View<'_, B>,
    ) {
        let [n, head_width] = hidden.shape();
        let weight = params.view(self.logits).rows(step * head_width, head_width);
        device.product(logits.rows_mut(first, n), hidden, weight, Old::Overwrite);
        let bias = params.view(self.logits_bias).rows(step, 1);
        device.bias_activation_fwd(logits.rows_mut(first, n), bias, Activation::Identity);
    }
}
