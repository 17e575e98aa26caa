//! The faithful discriminator: one logit for each pair of graphs.

use super::discriminator::DiscriminatorConfig;
use crate::layers::{Encoder, RefinedCache};
use crate::ops::affine::AffineInputs;
use crate::ops::bias_activation::Activation;
use crate::ops::pair_scores::{PairDerivatives, PairInputs};
use crate::ops::product::{ProductDerivatives, Write};
use crate::{Backend, Backward, Device, Forward, GraphBatch, Init, Layout, Mat, ParamId, View};

/// A Siamese graph encoder, and a head on the concatenated read-outs of a pair:
/// `s(a, b) = w · relu(W [e_a | e_b] + b) + c`, with each graph encoded once and each half of `W` applied once.
///
/// Shapes: `n` graphs, of which the first `m` are left members, to logits `[m, n]` of all pairs (left, any).
#[derive(Clone, Debug)]
pub struct PairDiscriminator {
    width: usize,
    head_width: usize,
    encoder: Encoder,
    left: ParamId,
    right: ParamId,
    bias: ParamId,
    score: ParamId,
}

/// What the backward pass needs, and scratch memory.
#[derive(Debug)]
pub struct PairDiscriminatorCache<D: Device> {
    encoder: RefinedCache<D>,
    readout: Mat<D>,
    a: Mat<D>,
    b: Mat<D>,
    logits: Mat<D>,
    /// The derivative of the logits, to be filled before the backward pass.
    pub d_logits: Mat<D>,
    d_a: Mat<D>,
    d_b: Mat<D>,
    d_readout: Mat<D>,
}

impl<D: Device> PairDiscriminatorCache<D> {
    /// An empty cache; it grows at its first use.
    pub fn new(device: &D) -> Self {
        let mat = || Mat::empty(device);
        Self {
            encoder: RefinedCache::new(device),
            readout: mat(),
            a: mat(),
            b: mat(),
            logits: mat(),
            d_logits: mat(),
            d_a: mat(),
            d_b: mat(),
            d_readout: mat(),
        }
    }

    /// The logits, `[m, n]`.
    pub fn logits(&self) -> View<'_, D> {
        self.logits.view()
    }

    /// The logits, and the matrix for their derivative in the same shape.
    pub fn logits_and_derivative(&mut self, device: &D) -> (View<'_, D>, &mut Mat<D>) {
        self.d_logits
            .reshape(device, self.logits.n_rows(), self.logits.n_cols());
        (self.logits.view(), &mut self.d_logits)
    }
}

impl PairDiscriminator {
    /// Adds the parameters to a layout.
    pub fn new(layout: &mut Layout, config: DiscriminatorConfig) -> Self {
        let DiscriminatorConfig {
            encoder,
            head_width,
        } = config;
        let width = encoder.width;
        // Both halves of the first layer start as the one matrix that they are.
        let half = Init::Glorot {
            gain: 1.0,
            fan_in: 4 * width,
            fan_out: head_width,
        };
        let score = Init::Glorot {
            gain: 1.0,
            fan_in: head_width,
            fan_out: 1,
        };
        Self {
            width,
            head_width,
            encoder: Encoder::new(layout, "encoder", encoder),
            left: layout.matrix("left.weight", 2 * width, head_width, half),
            right: layout.matrix("right.weight", 2 * width, head_width, half),
            bias: layout.bias("hidden.bias", head_width),
            score: layout.matrix("score.weight_and_bias", 1, head_width + 1, score),
        }
    }

    /// Fills the cache with the logits of all pairs whose left member is one of the first `n_left` graphs.
    pub fn forward<B: Backend>(
        &self,
        pass: Forward<'_, B>,
        graphs: &GraphBatch<B>,
        n_left: usize,
        cache: &mut PairDiscriminatorCache<B>,
    ) {
        let (Forward { device, params }, n) = (pass, graphs.n_graphs());
        let PairDiscriminatorCache {
            encoder,
            readout,
            a,
            b,
            logits,
            ..
        } = cache;
        self.encoder.forward_refined(pass, graphs, readout, encoder);
        a.reshape(device, n_left, self.head_width);
        device.product(
            a.view_mut(),
            readout.rows(0, n_left),
            params.view(self.left),
            Write::Set,
        );
        b.reshape(device, n, self.head_width);
        let inputs = AffineInputs {
            x: readout.view(),
            weight: params.view(self.right),
            bias: params.view(self.bias),
            activation: Activation::Identity,
        };
        device.affine_fwd(b.view_mut(), inputs);
        logits.reshape(device, n_left, n);
        let w = params.view(self.score);
        device.pair_scores_fwd(
            logits.view_mut(),
            PairInputs {
                a: a.view(),
                b: b.view(),
                w,
            },
        );
    }

    /// Adds to the gradients, from `cache.d_logits`.
    pub fn backward<B: Backend>(
        &self,
        pass: &mut Backward<'_, B>,
        graphs: &GraphBatch<B>,
        cache: &mut PairDiscriminatorCache<B>,
    ) {
        let Backward {
            device,
            params,
            grads,
        } = pass;
        let n = graphs.n_graphs();
        let c = cache;
        let n_left = c.a.n_rows();
        c.d_a.reshape(device, n_left, self.head_width);
        c.d_b.reshape(device, n, self.head_width);
        device.pair_scores_bwd(
            PairDerivatives {
                d_a: c.d_a.view_mut(),
                d_b: c.d_b.view_mut(),
                d_w: grads.view_mut(self.score),
            },
            c.d_logits.view(),
            PairInputs {
                a: c.a.view(),
                b: c.b.view(),
                w: params.view(self.score),
            },
        );
        let d_bias = grads.view_mut(self.bias);
        device.bias_activation_bwd(c.d_b.view_mut(), d_bias, c.b.view(), Activation::Identity);
        c.d_readout.reshape(device, n, 2 * self.width);
        let out = ProductDerivatives {
            d_w: grads.view_mut(self.right),
            d_x: c.d_readout.view_mut(),
            write: Write::Set,
        };
        let (all, right) = (c.readout.view(), params.view(self.right));
        device.product_bwd(out, c.d_b.view(), all, right);
        let out = ProductDerivatives {
            d_w: grads.view_mut(self.left),
            d_x: c.d_readout.rows_mut(0, n_left),
            write: Write::Add,
        };
        let (first, left) = (c.readout.rows(0, n_left), params.view(self.left));
        device.product_bwd(out, c.d_a.view(), first, left);
        let d_readout = c.d_readout.view();
        self.encoder
            .backward_refined(pass, d_readout, graphs, &mut c.encoder);
    }
}
