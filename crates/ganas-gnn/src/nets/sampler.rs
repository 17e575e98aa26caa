//! Drawing episodes from a policy, one decision after the other.

use super::edge_head::{DecisionStates, EdgeCache, EdgeRows};
use super::policy::{Input, Policy};
use super::prefix_tree::{Distinction, PrefixTree};
use crate::layers::{EncoderRows, GruCache};
use crate::ops::bernoulli::Logits;
use crate::ops::categorical::{Draw, Exploration};
use crate::ops::list_readout::NodeLists;
use crate::ops::product::Write;
use crate::{Backend, Device, Forward, GraphBatch, Mat};

/// Sampling in progress: the embeddings of the nodes so far, and the state of the GRU after each step so far.
///
/// A step computes what is new only: the nodes that were not seen before in any of the graphs, and the states of episodes
/// that differ from all before them.
#[derive(Debug)]
pub struct Sampler<D: Device> {
    /// The graphs as they are before the next step, to be filled by the caller.
    pub graphs: GraphBatch<D>,
    /// The legal actions of the next decision, to be filled by the caller.
    pub masks: D::Masks,
    /// A uniform number in `[0, 1)` for each graph, `[n, 1]`, to be filled by the caller.
    pub uniforms: Mat<D>,
    /// `t n_labels + label` of the last node before the decision, to be filled by the caller.
    pub last_labels: D::Ints,
    /// The actions that were drawn.
    pub chosen: D::Ints,
    /// The prior log-odds of the next edge decisions, `[n, 1]`, to be filled by the caller.
    pub prior: Mat<D>,
    /// What the next edge decisions are about, to be filled by the caller.
    pub edges: EdgeRows<D>,
    edge_cache: EdgeCache<D>,
    tree: PrefixTree<D>,
    lists: NodeLists<D>,
    /// For each episode, its state among the distinct states of the step.
    state_of: D::Ints,
    state_last_labels: D::Ints,
    host: Vec<u32>,
    encoder: EncoderRows<D>,
    state_logits: Mat<D>,
    gru: GruCache<D>,
    z: Mat<D>,
    hidden: Mat<D>,
    logits: Mat<D>,
}

impl<D: Device> Sampler<D> {
    /// A sampler that has not started.
    pub fn new(device: &D) -> Self {
        let mat = || Mat::empty(device);
        Self {
            graphs: GraphBatch::new(device),
            masks: device.masks(),
            uniforms: mat(),
            last_labels: device.ints(),
            chosen: device.ints(),
            prior: mat(),
            edges: EdgeRows::new(device),
            edge_cache: EdgeCache::new(device),
            tree: PrefixTree::new(device),
            lists: NodeLists::new(device),
            state_of: device.ints(),
            state_last_labels: device.ints(),
            host: Vec::new(),
            encoder: EncoderRows::new(device),
            state_logits: mat(),
            gru: GruCache::new(device),
            z: mat(),
            hidden: mat(),
            logits: mat(),
        }
    }
}

impl Policy {
    /// Prepares a sampler for `n` episodes.
    pub fn start<B: Backend>(&self, pass: Forward<'_, B>, n: usize, sampler: &mut Sampler<B>) {
        let (s, device) = (sampler, pass.device);
        let n_nodes = self.config.n_nodes;
        s.tree.start(n, n_nodes);
        let most = [n * self.steps(), n * n_nodes];
        self.gru.start(pass, most, &mut s.gru);
        if let Input::Graph(layers) = &self.input {
            layers.start_rows(device, n * n_nodes, &mut s.encoder);
        }
        if let Some(head) = &self.edges {
            head.start(device, n * n_nodes, &mut s.edge_cache);
        }
    }

    /// Draws the labels of one step into `sampler.chosen`, from the graphs, masks, uniform numbers and last labels that
    /// the caller filled in.
    pub fn sample_step<B: Backend>(
        &self,
        pass: Forward<'_, B>,
        step: usize,
        exploration: Exploration,
        sampler: &mut Sampler<B>,
    ) {
        let (Forward { device, params }, s) = (pass, sampler);
        let n = s.uniforms.n_rows();
        let prefix = self.config.prefixes[step];
        s.host.resize(n, 0);
        let distinction = if let Input::Graph(_) = &self.input {
            Distinction::Nodes
        } else {
            device.read_ints(&mut s.host, &s.last_labels);
            Distinction::LastLabels(&s.host)
        };
        s.tree.step(device, &s.graphs, prefix, distinction);
        let (first, new) = s.tree.states.step(step);
        match &self.input {
            Input::Graph(layers) => {
                s.tree.nodes.upload_nodes(device);
                layers.extend(pass, &s.tree.nodes, &mut s.encoder);
                s.tree.write_lists(device, first, &mut s.lists);
            }
            Input::LastLabel(table) => {
                s.z.reshape(device, new, self.input_width);
                let (z, table) = (s.z.view_mut(), params.view(*table));
                device.write_ints(&mut s.state_last_labels, &s.tree.last_labels[first..]);
                device.gather_fwd(z, table, &s.state_last_labels, Write::Set);
            }
        }
        let x = self.gru_input(&s.z, || s.encoder.output(), &s.lists);
        self.gru.step(pass, x, &s.tree.states, &mut s.gru);
        let states = s.gru.output().rows(first, new);
        self.hidden.forward(pass, &mut s.hidden, states);
        let n_labels = self.config.n_labels;
        s.state_logits.reshape(device, new, n_labels);
        let (logits, hidden) = (s.state_logits.view_mut(), s.hidden.view());
        self.step_logits(pass, step, logits, hidden);
        s.host.clear();
        s.host.extend(s.tree.last_step_states());
        device.write_ints(&mut s.state_of, &s.host);
        s.logits.reshape(device, n, n_labels);
        let (to, from) = (s.logits.view_mut(), s.state_logits.view());
        device.gather_fwd(to, from, &s.state_of, Write::Set);
        let draw = Draw {
            masks: &s.masks,
            uniforms: s.uniforms.view(),
            exploration,
        };
        device.categorical_sample(&mut s.chosen, s.logits.view(), draw);
    }

    /// After [`sample_step`](Self::sample_step): computes the scores of all edges into the nodes that were labelled, from
    /// `sampler.edges`: the rows of `node_rows` are those of `sampler.graphs`, the states and labels one for each graph.
    ///
    /// # Panics
    ///
    /// When the edges are fixed.
    pub fn start_edges<B: Backend>(
        &self,
        pass: Forward<'_, B>,
        step: usize,
        sampler: &mut Sampler<B>,
    ) {
        let head = self
            .edges
            .as_ref()
            .expect("invariant: edges are sampled where they are free");
        let s = sampler;
        let (first, new) = s.tree.states.step(step);
        let prefix = self.config.prefixes[step];
        s.edge_cache.share(pass.device, &s.edges, &s.tree, prefix);
        head.project_nodes(pass, s.encoder.output(), &mut s.edge_cache);
        let states = DecisionStates {
            states: s.gru.output().rows(first, new),
            of_decisions: &s.state_of,
        };
        head.scores(pass, &s.edges, states, &mut s.edge_cache);
    }

    /// After [`start_edges`](Self::start_edges): draws the edges of the decisions `first..first + n` into
    /// `sampler.chosen`, from the `n` masks, prior log-odds and uniform numbers that the caller filled in.
    pub fn sample_edges<B: Backend>(
        &self,
        device: &B,
        first: usize,
        exploration: Exploration,
        sampler: &mut Sampler<B>,
    ) {
        let n = sampler.uniforms.n_rows();
        let logits = Logits {
            scores: sampler.edge_cache.scores().rows(first, n),
            prior: sampler.prior.view(),
        };
        let draw = Draw {
            masks: &sampler.masks,
            uniforms: sampler.uniforms.view(),
            exploration,
        };
        device.bernoulli_sample(&mut sampler.chosen, logits, draw);
    }
}
