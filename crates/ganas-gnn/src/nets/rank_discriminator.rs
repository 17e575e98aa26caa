//! The improved discriminator: one score for each graph.

use super::DiscriminatorConfig;
use crate::layers::{Encoder, Linear, RefinedCache};
use crate::ops::bias_activation::Activation;
use crate::ops::product::Old;
use crate::{Backend, Device, Grads, GraphBatch, Layout, Mat, Params, View};

/// `f(x) = w · relu(W [mean | last] + b) + c` on the read-out of a graph encoder; `P(a beats b) = σ(f(a) - f(b))`.
///
/// Shapes: `n` graphs to scores `[n, 1]`.
#[derive(Clone, Debug)]
pub struct RankDiscriminator {
    width: usize,
    encoder: Encoder,
    hidden: Linear,
    score: Linear,
}

/// What the backward pass needs, and scratch memory.
#[derive(Debug)]
pub struct RankDiscriminatorCache<D: Device> {
    encoder: RefinedCache<D>,
    readout: Mat<D>,
    hidden: Mat<D>,
    scores: Mat<D>,
    /// The derivative of the scores, to be filled before the backward pass, which overwrites it.
    pub d_scores: Mat<D>,
    d_hidden: Mat<D>,
    d_readout: Mat<D>,
}

impl<D: Device> RankDiscriminatorCache<D> {
    /// An empty cache; it grows at its first use.
    pub fn new(device: &D) -> Self {
        let mat = || Mat::empty(device);
        Self {
            encoder: RefinedCache::new(device),
            readout: mat(),
            hidden: mat(),
            scores: mat(),
            d_scores: mat(),
            d_hidden: mat(),
            d_readout: mat(),
        }
    }

    /// The scores, `[n, 1]`.
    pub fn scores(&self) -> View<'_, D> {
        self.scores.view()
    }

    /// The scores, and the matrix for their derivative in the same shape.
    pub fn scores_and_derivative(&mut self, device: &D) -> (View<'_, D>, &mut Mat<D>) {
        self.d_scores.reshape(device, self.scores.n_rows(), 1);
        (self.scores.view(), &mut self.d_scores)
    }
}

impl RankDiscriminator {
    /// Adds the parameters to a layout.
    pub fn new(layout: &mut Layout, config: DiscriminatorConfig) -> Self {
        let DiscriminatorConfig {
            encoder,
            head_width,
        } = config;
        Self {
            width: encoder.width,
            encoder: Encoder::new(layout, "encoder", encoder),
            hidden: Linear::new(
                layout,
                "hidden",
                2 * encoder.width,
                head_width,
                Activation::Relu,
            ),
            score: Linear::new(layout, "score", head_width, 1, Activation::Identity),
        }
    }

    /// Fills the cache with the scores.
    pub fn forward<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        graphs: &GraphBatch<B>,
        cache: &mut RankDiscriminatorCache<B>,
    ) {
        let RankDiscriminatorCache {
            encoder,
            readout,
            hidden,
            scores,
            ..
        } = cache;
        self.encoder
            .forward_refined(device, params, graphs, readout, encoder);
        self.hidden.forward(device, params, hidden, readout.view());
        self.score.forward(device, params, scores, hidden.view());
    }

    /// Adds to the gradients, from `cache.d_scores`.
    pub fn backward<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        grads: &mut Grads<B>,
        graphs: &GraphBatch<B>,
        cache: &mut RankDiscriminatorCache<B>,
    ) {
        let n = graphs.n_graphs();
        let c = cache;
        self.score.backward(
            device,
            grads,
            &mut c.d_scores,
            c.scores.view(),
            c.hidden.view(),
        );
        c.d_hidden.reshape(device, n, c.hidden.n_cols());
        let d_hidden = c.d_hidden.view_mut();
        self.score
            .backward_input(device, params, d_hidden, c.d_scores.view(), Old::Overwrite);
        self.hidden.backward(
            device,
            grads,
            &mut c.d_hidden,
            c.hidden.view(),
            c.readout.view(),
        );
        c.d_readout.reshape(device, n, 2 * self.width);
        let d_readout = c.d_readout.view_mut();
        self.hidden
            .backward_input(device, params, d_readout, c.d_hidden.view(), Old::Overwrite);
        let d_readout = c.d_readout.view();
        self.encoder
            .backward_refined(device, params, grads, d_readout, graphs, &mut c.encoder);
    }
}
