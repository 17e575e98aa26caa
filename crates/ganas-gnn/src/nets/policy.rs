//! The policy of the generator: a graph encoder and a GRU that label the nodes of a graph one after the other.

use super::edge_head::{DecisionStates, EdgeDerivatives, EdgeHead, EdgeInputs};
use super::prefix_tree::Distinction;
use super::{Episodes, PolicyCache};
use crate::layers::{Encoder, EncoderConfig, Gru, GruConfig, GruInput, GruInputDerivative, Linear};
use crate::ops::bernoulli::BernoulliOut;
use crate::ops::bias_activation::Activation;
use crate::ops::categorical::{CategoricalIn, CategoricalOut};
use crate::ops::graph_conv::Direction;
use crate::ops::list_readout::NodeLists;
use crate::ops::product::{ProductDerivatives, Write};
use crate::{Backend, Backward, Forward, Init, Layout, Mat, ParamId, View, ViewMut};

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
/// Shapes: `n` finished graphs of `V` nodes, `T` steps; decisions have steps as the slow index, `t n + i`.
/// Inside, each distinct node and each distinct state stands once: what two episodes share up to where they first differ
/// is computed for both together.
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
            hidden: Linear::new(
                layout,
                "hidden",
                [state_width, head_width],
                Activation::Relu,
            ),
            logits: layout.matrix("logits.weight", steps * head_width, n_labels, near_zero),
            logits_bias: layout.matrix("logits.bias", steps, n_labels, Init::Zeros),
            value: Linear::with_init(
                layout,
                "value",
                [state_width, 1],
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

    /// Finds out what episodes share, before the passes over them; once, however many passes there are.
    ///
    /// # Panics
    ///
    /// When the graphs do not have the number of nodes of the policy.
    pub fn share<B: Backend>(
        &self,
        device: &B,
        episodes: &Episodes<B>,
        cache: &mut PolicyCache<B>,
    ) {
        let (c, n) = (cache, episodes.graphs.n_graphs());
        let PolicyConfig {
            prefixes, n_nodes, ..
        } = &self.config;
        assert_eq!(
            episodes.graphs.n_nodes(),
            n * n_nodes,
            "graphs of {n_nodes} nodes"
        );
        let is_graph = matches!(self.input, Input::Graph(_));
        if !is_graph {
            c.host_labels.resize(prefixes.len() * n, 0);
            device.read_ints(&mut c.host_labels, &episodes.decisions.last_labels);
        }
        c.tree.start(n, *n_nodes);
        for (step, &prefix) in prefixes.iter().enumerate() {
            let distinction = if is_graph {
                Distinction::Nodes
            } else {
                Distinction::LastLabels(&c.host_labels[step * n..(step + 1) * n])
            };
            c.tree.step(device, &episodes.graphs, prefix, distinction);
        }
        device.write_ints(&mut c.state_of, &c.tree.state_of);
        device.write_ints(&mut c.last_labels, &c.tree.last_labels);
        c.tree.write_lists(device, 0, &mut c.lists);
        c.tree.write_readers(device, &mut c.lists);
        c.tree.nodes.upload_nodes(device);
        c.tree.nodes.upload_successors(device);
        if self.edges.is_some() {
            let rows = &episodes.decisions.edges.rows;
            c.edges.share(device, rows, &c.tree, *n_nodes);
        }
    }

    /// After [`share`](Self::share): fills the cache with log-probabilities, entropies and values of all decisions.
    ///
    /// # Panics
    ///
    /// When the cache was prepared for other episodes.
    pub fn forward<B: Backend>(
        &self,
        pass: Forward<'_, B>,
        episodes: &Episodes<B>,
        cache: &mut PolicyCache<B>,
    ) {
        let (Forward { device, params }, c) = (pass, cache);
        let rows = self.steps() * episodes.graphs.n_graphs();
        assert_eq!(c.tree.state_of.len(), rows, "share comes before forward");
        let states = c.tree.states.n_states();
        match &self.input {
            Input::Graph(layers) => {
                layers.forward(pass, &c.tree.nodes, &mut c.encoder);
            }
            Input::LastLabel(table) => {
                c.z.reshape(device, states, self.input_width);
                let (z, table) = (c.z.view_mut(), params.view(*table));
                device.gather_fwd(z, table, &c.last_labels, Write::Set);
            }
        }
        let x = self.gru_input(&c.z, || c.encoder.output(), &c.lists);
        self.gru.forward(pass, x, &c.tree.states, &mut c.gru);
        self.hidden.forward(pass, &mut c.hidden, c.gru.output());
        let n_labels = self.config.n_labels;
        c.state_logits.reshape(device, states, n_labels);
        for step in 0..self.steps() {
            let (first, n) = c.tree.states.step(step);
            let (logits, hidden) = (c.state_logits.rows_mut(first, n), c.hidden.rows(first, n));
            self.step_logits(pass, step, logits, hidden);
        }
        self.value
            .forward(pass, &mut c.state_values, c.gru.output());
        for (of_decisions, of_states) in [
            (&mut c.logits, &c.state_logits),
            (&mut c.out.value, &c.state_values),
        ] {
            of_decisions.reshape(device, rows, of_states.n_cols());
            let to = of_decisions.view_mut();
            device.gather_fwd(to, of_states.view(), &c.state_of, Write::Set);
        }
        c.out.log_prob.reshape(device, rows, 1);
        c.out.entropy.reshape(device, rows, 1);
        c.log_probs.reshape(device, rows, n_labels);
        device.categorical_fwd(
            CategoricalOut {
                log_prob: c.out.log_prob.view_mut(),
                entropy: c.out.entropy.view_mut(),
                log_probs: c.log_probs.view_mut(),
            },
            c.logits.view(),
            episodes.decisions.choices(),
        );
        if let Some(head) = &self.edges {
            let (decisions, nodes) = (&episodes.decisions.edges, c.encoder.output());
            head.start(device, nodes.shape()[0], &mut c.edges);
            head.project_nodes(pass, nodes, &mut c.edges);
            let states = DecisionStates {
                states: c.gru.output(),
                of_decisions: &c.state_of,
            };
            head.scores(pass, &decisions.rows, states, &mut c.edges);
            let out = BernoulliOut {
                log_prob: c.out.log_prob.view_mut(),
                entropy: c.out.entropy.view_mut(),
            };
            head.forward(device, decisions, out, &mut c.edges);
        }
    }

    /// Adds to the gradients, from the derivatives in `cache.out`.
    pub fn backward<B: Backend>(
        &self,
        pass: &mut Backward<'_, B>,
        episodes: &Episodes<B>,
        cache: &mut PolicyCache<B>,
    ) {
        let (c, device) = (cache, pass.device);
        self.backward_labels(pass, episodes, c);
        let (states, mut d_states) = c.gru.output_and_derivative(device);
        self.hidden
            .backward(pass, &mut c.d_hidden, c.hidden.view(), states);
        let (d_values, values) = (&mut c.d_state_values, c.state_values.view());
        self.value.backward(pass, d_values, values, states);
        let (to, d) = (d_states.reborrow(), c.d_hidden.view());
        self.hidden
            .backward_input(pass.forward(), to, d, Write::Set);
        let (to, d) = (d_states.reborrow(), c.d_state_values.view());
        self.value.backward_input(pass.forward(), to, d, Write::Add);
        if let Input::Graph(_) = &self.input {
            let n_nodes = c.tree.nodes.n_nodes();
            c.d_nodes.reshape(device, n_nodes, self.input_width / 2);
            c.d_nodes.view_mut().clear(device);
        }
        if let Some(head) = &self.edges {
            let d = EdgeDerivatives {
                d_nodes: c.d_nodes.view_mut(),
                d_states,
                d_log_prob: c.out.d_log_prob.view(),
                d_entropy: c.out.d_entropy.view(),
            };
            let inputs = EdgeInputs {
                nodes: c.encoder.output(),
                states: DecisionStates {
                    states,
                    of_decisions: &c.state_of,
                },
                decisions: &episodes.decisions.edges,
            };
            head.backward(pass, d, inputs, &mut c.edges);
        }
        let d_x = match &self.input {
            Input::Graph(_) => GruInputDerivative::ReadOuts {
                nodes: c.encoder.output(),
                lists: &c.lists,
                d_nodes: c.d_nodes.view_mut(),
            },
            Input::LastLabel(_) => {
                let n_states = c.tree.states.n_states();
                c.d_z.reshape(device, n_states, self.input_width);
                GruInputDerivative::Rows {
                    x: c.z.view(),
                    d_x: c.d_z.view_mut(),
                }
            }
        };
        self.gru.backward(pass, d_x, &c.tree.states, &mut c.gru);
        match &self.input {
            Input::Graph(encoder) => {
                let (d_nodes, nodes) = (c.d_nodes.view_mut(), &c.tree.nodes);
                encoder.backward(pass, d_nodes, nodes, &mut c.encoder);
            }
            Input::LastLabel(table) => {
                let last = &c.last_labels;
                device.gather_bwd(pass.grads.view_mut(*table), c.d_z.view(), last);
            }
        }
    }

    /// The backward pass through the label decisions and the output layers: fills `d_hidden` and `d_state_values`.
    fn backward_labels<B: Backend>(
        &self,
        pass: &mut Backward<'_, B>,
        episodes: &Episodes<B>,
        cache: &mut PolicyCache<B>,
    ) {
        let Backward {
            device,
            params,
            grads,
        } = pass;
        let c = cache;
        let PolicyConfig {
            n_labels,
            head_width,
            ..
        } = self.config;
        c.d_logits.reshape(device, c.logits.n_rows(), n_labels);
        device.categorical_bwd(
            c.d_logits.view_mut(),
            CategoricalIn {
                d_log_prob: c.out.d_log_prob.view(),
                d_entropy: c.out.d_entropy.view(),
                log_probs: c.log_probs.view(),
            },
            episodes.decisions.choices(),
        );
        let states = c.tree.states.n_states();
        for (of_states, of_decisions) in [
            (&mut c.d_state_logits, &c.d_logits),
            (&mut c.d_state_values, &c.out.d_value),
        ] {
            of_states.reshape(device, states, of_decisions.n_cols());
            of_states.view_mut().clear(device);
            device.gather_bwd(of_states.view_mut(), of_decisions.view(), &c.state_of);
        }
        c.d_hidden.reshape(device, states, head_width);
        for step in 0..self.steps() {
            let (first, n) = c.tree.states.step(step);
            let weights = step * head_width;
            let d_bias = grads.view_mut(self.logits_bias).rows(step, 1);
            let y = c.state_logits.rows(first, n);
            let d = c.d_state_logits.rows_mut(first, n);
            device.bias_activation_bwd(d, d_bias, y, Activation::Identity);
            let out = ProductDerivatives {
                d_w: grads.view_mut(self.logits).rows(weights, head_width),
                d_x: c.d_hidden.rows_mut(first, n),
                write: Write::Set,
            };
            let (hidden, d) = (c.hidden.rows(first, n), c.d_state_logits.rows(first, n));
            let weight = params.view(self.logits).rows(weights, head_width);
            device.product_bwd(out, d, hidden, weight);
        }
    }

    /// The inputs of the GRU: read-outs of the nodes so far, or the embeddings `z` of last labels.
    pub(super) fn gru_input<'a, B: Backend>(
        &self,
        z: &'a Mat<B>,
        nodes: impl FnOnce() -> View<'a, B>,
        lists: &'a NodeLists<B>,
    ) -> GruInput<'a, B> {
        match self.input {
            Input::Graph(_) => GruInput::ReadOuts(nodes(), lists),
            Input::LastLabel(_) => GruInput::Rows(z.view()),
        }
    }

    /// Fills the logits of the states of one step.
    pub(super) fn step_logits<B: Backend>(
        &self,
        Forward { device, params }: Forward<'_, B>,
        step: usize,
        mut logits: ViewMut<'_, B>,
        hidden: View<'_, B>,
    ) {
        let [_, head_width] = hidden.shape();
        let weight = params.view(self.logits).rows(step * head_width, head_width);
        let bias = params.view(self.logits_bias).rows(step, 1);
        device.product(logits.reborrow(), hidden, weight, Write::Set);
        device.bias_activation_fwd(logits, bias, Activation::Identity);
    }
}
