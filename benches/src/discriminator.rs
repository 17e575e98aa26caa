//! The work of the pairwise discriminator: a training step, and rewards.

use ganas_gnn::layers::EncoderConfig;
use ganas_gnn::nets::{DiscriminatorConfig, PairDiscriminator, PairDiscriminatorCache};
use ganas_gnn::ops::bce::Targets;
use ganas_gnn::ops::bias_activation::Activation;
use ganas_gnn::ops::graph_conv::Direction;
use ganas_gnn::{
    Adam, AdamConfig, Backend, Backward, Forward, Grads, GraphBatch, Layout, Mat, Params,
};
use ndarray::Array2;

use crate::graphs::{Graph, N_LABELS, random_graphs};
use crate::{Shape, stream};

/// A discriminator that is trained on a fixed truth set and on graphs that are handed over before, as in a search, which
/// takes several steps on the same graphs.
#[derive(Debug)]
pub struct DiscriminatorWork<B: Backend> {
    device: B,
    net: PairDiscriminator,
    params: Params<B>,
    grads: Grads<B>,
    adam: Adam<B>,
    trained_on: GraphBatch<B>,
    rewarded: GraphBatch<B>,
    cache: PairDiscriminatorCache<B>,
    truth: Vec<Graph>,
    n_negatives: usize,
    targets: Mat<B>,
    weights: Mat<B>,
    logits: Array2<f32>,
}

impl<B: Backend<Elem = f32>> DiscriminatorWork<B> {
    /// A discriminator with starting values.
    #[must_use]
    pub fn new(device: &B, shape: Shape) -> Self {
        let device = device.clone();
        let mut layout = Layout::default();
        let encoder = EncoderConfig {
            n_labels: N_LABELS,
            width: shape.width,
            layers: shape.layers,
            direction: Direction::Both,
            activation: Activation::Relu,
        };
        let config = DiscriminatorConfig {
            encoder,
            head_width: shape.width,
        };
        let net = PairDiscriminator::new(&mut layout, config);
        let mut params = Params::zeros(&device, &layout);
        params.write(&device, &layout.draw(&mut stream(1, 0, 0)));
        let n_negatives = shape.batch / 2;
        let (k, n) = (shape.truth, shape.truth + n_negatives);
        let targets = Array2::from_shape_fn([k, n], |(row, column)| {
            if column < k && column != row {
                1.0
            } else {
                0.0
            }
        });
        let weights = Array2::from_shape_fn([k, n], |(row, column)| match column {
            column if column == row => 0.0,
            column if column < k => mean_of(k * (k - 1)),
            _ => mean_of(k * n_negatives),
        });
        Self {
            grads: Grads::zeros(&device, &layout),
            adam: Adam::new(&device, &layout, AdamConfig::default()),
            trained_on: GraphBatch::new(&device),
            rewarded: GraphBatch::new(&device),
            cache: PairDiscriminatorCache::new(&device),
            truth: random_graphs(shape.truth, 2),
            n_negatives,
            targets: Mat::from_host(&device, targets.view()),
            weights: Mat::from_host(&device, weights.view()),
            logits: Array2::default([0, 0]),
            device,
            net,
            params,
        }
    }

    /// Hands over what is generated, at least half a batch of graphs.
    pub fn show(&mut self, generated: &[Graph]) {
        let negatives = &generated[..self.n_negatives];
        fill(&self.device, &mut self.trained_on, &self.truth, negatives);
    }

    /// One step on the truth set and half a batch of generated graphs: forward, backward, Adam; returns the loss.
    ///
    /// # Panics
    ///
    /// When no graphs were handed over.
    pub fn step(&mut self) -> f64 {
        let batch = &self.trained_on;
        self.net.forward(
            Forward::new(&self.device, &self.params),
            batch,
            self.truth.len(),
            &mut self.cache,
        );
        let (logits, d_logits) = self.cache.logits_and_derivative(&self.device);
        let targets = Targets {
            values: self.targets.view(),
            weights: self.weights.view(),
        };
        let loss = (self.device).bce(d_logits.view_mut(), logits, targets);
        self.net.backward(
            &mut Backward::new(&self.device, &self.params, &mut self.grads),
            batch,
            &mut self.cache,
        );
        self.adam.step(
            &self.device,
            &mut self.params,
            &mut self.grads,
            crate::LEARNING_RATE,
        );
        loss
    }

    /// The mean over the truth set of the probability that each graph is from it.
    pub fn rewards(&mut self, graphs: &[Graph]) -> Vec<f32> {
        fill(&self.device, &mut self.rewarded, &self.truth, graphs);
        self.net.forward(
            Forward::new(&self.device, &self.params),
            &self.rewarded,
            self.truth.len(),
            &mut self.cache,
        );
        self.cache.logits().read(&self.device, &mut self.logits);
        let (k, n) = (self.truth.len(), self.truth.len() + graphs.len());
        (k..n)
            .map(|column| {
                let logits = self.logits.column(column);
                logits.iter().map(|x| 1.0 / (1.0 + (-x).exp())).sum::<f32>() * mean_of(k)
            })
            .collect()
    }
}

/// Replaces the graphs of a batch by the truth set and others.
fn fill<B: Backend>(device: &B, batch: &mut GraphBatch<B>, truth: &[Graph], others: &[Graph]) {
    batch.clear();
    for graph in truth.iter().chain(others) {
        batch.push(graph.labels.iter().copied(), &graph.predecessors);
    }
    batch.prepare(device);
}

/// The weight of one of `n` equal parts.
#[expect(clippy::cast_precision_loss, reason = "counts of a bench are small")]
fn mean_of(n: usize) -> f32 {
    1.0 / n as f32
}
