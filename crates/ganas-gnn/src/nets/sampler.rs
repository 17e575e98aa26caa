//! Drawing episodes from a policy, one decision after the other.

use super::edge_head::{EdgeCache, EdgeRows};
use super::policy::{Input, Policy};
use crate::layers::{EncoderCache, GruCache};
use crate::ops::categorical::Exploration;
use crate::ops::product::Old;
use crate::{Backend, Device, GraphBatch, Mat, Params};

/// Sampling in progress: the state of the GRU after each step so far.
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
    encoder: EncoderCache<D>,
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
            encoder: EncoderCache::new(device),
            gru: GruCache::new(device),
            z: mat(),
            hidden: mat(),
            logits: mat(),
        }
    }
}

impl Policy {
    /// Prepares a sampler for `n` episodes.
    pub fn start<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        n: usize,
        sampler: &mut Sampler<B>,
    ) {
        self.gru.start(device, params, n, &mut sampler.gru);
    }

    /// Draws the labels of one step into `sampler.chosen`, from the graphs, masks, uniform numbers and last labels that
    /// the caller filled in.
    pub fn sample_step<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        step: usize,
        exploration: Exploration,
        sampler: &mut Sampler<B>,
    ) {
        let s = sampler;
        let n = s.uniforms.n_rows();
        s.z.reshape(device, n, self.input_width);
        match &self.input {
            Input::Graph(layers) => {
                layers.forward(device, params, &s.graphs, &mut s.encoder);
                device.readout_fwd(s.z.view_mut(), s.encoder.output(), &s.graphs);
            }
            Input::LastLabel(table) => {
                let table = params.view(*table);
                device.gather_fwd(s.z.view_mut(), table, &s.last_labels, Old::Overwrite);
            }
        }
        self.gru.step(device, params, step, s.z.view(), &mut s.gru);
        let state = s.gru.step_output(step);
        self.hidden.forward(device, params, &mut s.hidden, state);
        s.logits.reshape(device, n, self.config.n_labels);
        self.step_logits(device, params, step, &mut s.logits, 0, s.hidden.view());
        device.categorical_sample(
            &mut s.chosen,
            s.logits.view(),
            &s.masks,
            s.uniforms.view(),
            exploration,
        );
    }

    /// After [`sample_step`](Self::sample_step): computes the scores of all edges into the nodes that were labelled, from
    /// `sampler.edges`: the rows of `node_rows` are those of `sampler.graphs`, the states and labels one for each graph.
    ///
    /// # Panics
    ///
    /// When the edges are fixed.
    pub fn start_edges<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        step: usize,
        sampler: &mut Sampler<B>,
    ) {
        let head = self
            .edges
            .as_ref()
            .expect("invariant: edges are sampled where they are free");
        let (nodes, states) = (sampler.encoder.output(), sampler.gru.step_output(step));
        head.scores(
            device,
            params,
            &sampler.edges,
            nodes,
            states,
            &mut sampler.edge_cache,
        );
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
        device.bernoulli_sample(
            &mut sampler.chosen,
            sampler.edge_cache.scores().rows(first, n),
            sampler.prior.view(),
            &sampler.masks,
            sampler.uniforms.view(),
            exploration,
        );
    }
}
