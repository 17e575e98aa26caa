//! The improved discriminator: one score for each graph.

use super::discriminator::DiscriminatorConfig;
use crate::layers::{Encoder, Linear, RefinedCache};
use crate::ops::bias_activation::Activation;
use crate::ops::product::Write;
use crate::{Backend, Backward, Device, Forward, GraphBatch, Layout, Mat, View};

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
                [2 * encoder.width, head_width],
                Activation::Relu,
            ),
            score: Linear::new(layout, "score", [head_width, 1], Activation::Identity),
        }
    }

    /// Fills the cache with the scores.
    pub fn forward<B: Backend>(
        &self,
        pass: Forward<'_, B>,
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
        self.encoder.forward_refined(pass, graphs, readout, encoder);
        self.hidden.forward(pass, hidden, readout.view());
        self.score.forward(pass, scores, hidden.view());
    }

    /// Adds to the gradients, from `cache.d_scores`.
    pub fn backward<B: Backend>(
        &self,
        pass: &mut Backward<'_, B>,
        graphs: &GraphBatch<B>,
        cache: &mut RankDiscriminatorCache<B>,
    ) {
        let (c, n, device) = (cache, graphs.n_graphs(), pass.device);
        let (scores, hidden) = (c.scores.view(), c.hidden.view());
        self.score.backward(pass, &mut c.d_scores, scores, hidden);
        c.d_hidden.reshape(device, n, c.hidden.n_cols());
        let (to, d) = (c.d_hidden.view_mut(), c.d_scores.view());
        self.score.backward_input(pass.forward(), to, d, Write::Set);
        let readout = c.readout.view();
        self.hidden.backward(pass, &mut c.d_hidden, hidden, readout);
        c.d_readout.reshape(device, n, 2 * self.width);
        let (to, d) = (c.d_readout.view_mut(), c.d_hidden.view());
        self.hidden
            .backward_input(pass.forward(), to, d, Write::Set);
        let d_readout = c.d_readout.view();
        self.encoder
            .backward_refined(pass, d_readout, graphs, &mut c.encoder);
    }
}
