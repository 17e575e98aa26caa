//! The faithful discriminator: truth against generated.

use ganas_gnn::nets::{PairDiscriminator, PairDiscriminatorCache};
use ganas_gnn::ops::bce::Targets;
use ganas_gnn::{Backend, Backward, Element, Forward, GraphBatch, Layout, Mat};
use ndarray::Array2;

use super::{Training, TrainingState, shape, sigmoid};
use crate::ga_nas::config::DiscriminatorConfig;
use crate::ga_nas::encode::SeenGraph;
use crate::streams::Streams;

/// A pairwise discriminator and its training.
///
/// The loss is the mean logistic loss over the pairs of two distinct truth cells (positive), plus that over the pairs of
/// a truth cell and a negative.
#[derive(Debug)]
pub(in crate::ga_nas) struct PairTrainer<B: Backend> {
    device: B,
    net: PairDiscriminator,
    training: Training<B>,
    learning_rate: f64,
    batch: GraphBatch<B>,
    cache: PairDiscriminatorCache<B>,
    targets: Mat<B>,
    weights: Mat<B>,
    logits: Array2<B::Elem>,
}

impl<B: Backend> PairTrainer<B> {
    pub(in crate::ga_nas) fn new(
        device: &B,
        config: &DiscriminatorConfig,
        n_labels: usize,
        streams: Streams,
    ) -> Self {
        let mut layout = Layout::default();
        let net = PairDiscriminator::new(&mut layout, shape(config, n_labels));
        Self {
            net,
            training: Training::new(device, layout, streams, 0),
            learning_rate: config.learning_rate,
            batch: GraphBatch::new(device),
            cache: PairDiscriminatorCache::new(device),
            targets: Mat::empty(device),
            weights: Mat::empty(device),
            logits: Array2::default([0, 0]),
            device: device.clone(),
        }
    }

    /// Starts afresh.
    pub(in crate::ga_nas) fn restart(&mut self, streams: Streams, round: u32) {
        self.training.restart(&self.device, streams, round, 0);
    }

    /// Takes so many training steps on the same graphs; returns the loss before the last one, `None` for no step.
    pub(in crate::ga_nas) fn train(
        &mut self,
        truth: &[&SeenGraph],
        negatives: &[&SeenGraph],
        steps: usize,
    ) -> Option<f64> {
        self.fill(truth, negatives);
        self.set_pairs(truth.len(), negatives.len());
        (0..steps).map(|_| self.step(truth.len())).last()
    }

    /// One step on the graphs of the batch, of which the first `n_truth` are truth cells; returns the loss before it.
    fn step(&mut self, n_truth: usize) -> f64 {
        self.forward(n_truth);
        let device = &self.device;
        let (logits, d_logits) = self.cache.logits_and_derivative(device);
        let targets = Targets {
            values: self.targets.view(),
            weights: self.weights.view(),
        };
        let loss = device.bce(d_logits.view_mut(), logits, targets);
        let n = self.batch.n_graphs();
        debug_assert_eq!(d_logits.n_cols(), n, "one column for each graph");
        let Training {
            params,
            grads,
            adam,
            ..
        } = &mut self.training;
        self.net.backward(
            &mut Backward::new(device, params, grads),
            &self.batch,
            &mut self.cache,
        );
        adam.step(device, params, grads, self.learning_rate);
        loss
    }

    /// The mean over the truth set of the probability that each graph is from it.
    pub(in crate::ga_nas) fn rewards(
        &mut self,
        truth: &[&SeenGraph],
        graphs: &[&SeenGraph],
    ) -> Vec<B::Elem> {
        self.logits(truth, graphs);
        let (k, n) = (truth.len(), truth.len() + graphs.len());
        (k..n)
            .map(|column| {
                let logits = self.logits.column(column);
                let sum: f64 = logits.iter().map(|x| sigmoid(x.wide())).sum();
                B::Elem::of(sum / f64::of_count(k))
            })
            .collect()
    }

    /// The logits of all pairs of a truth cell, the rows, and a graph: the truth cells, then the others.
    pub(super) fn logits(
        &mut self,
        truth: &[&SeenGraph],
        graphs: &[&SeenGraph],
    ) -> &Array2<B::Elem> {
        self.fill(truth, graphs);
        self.forward(truth.len());
        self.cache.logits().read(&self.device, &mut self.logits);
        &self.logits
    }

    /// Replaces the graphs of the batch.
    fn fill(&mut self, truth: &[&SeenGraph], others: &[&SeenGraph]) {
        self.batch.clear();
        for graph in truth.iter().chain(others) {
            graph.push(&mut self.batch);
        }
        self.batch.prepare(&self.device);
    }

    /// Fills the cache with the logits of all pairs of a truth cell, the first `n_truth` graphs of the batch, and a graph.
    fn forward(&mut self, n_truth: usize) {
        let (params, batch) = (&self.training.params, &self.batch);
        self.net.forward(
            Forward::new(&self.device, params),
            batch,
            n_truth,
            &mut self.cache,
        );
    }

    /// Targets and weights of all pairs of `k` truth cells with themselves and `m` negatives.
    fn set_pairs(&mut self, k: usize, m: usize) {
        let n = k + m;
        if self.weights.n_rows() == k && self.weights.n_cols() == n {
            return;
        }
        let mean = |pairs: usize| {
            if pairs == 0 {
                B::Elem::of(0.0)
            } else {
                B::Elem::of(1.0 / f64::of_count(pairs))
            }
        };
        let (positive, negative) = (mean(k * (k - 1)), mean(k * m));
        let targets = Array2::from_shape_fn([k, n], |(_, column)| {
            B::Elem::of(if column < k { 1.0 } else { 0.0 })
        });
        let weights =
            Array2::from_shape_fn([k, n], |(row, column)| match (column < k, row == column) {
                (true, true) => B::Elem::of(0.0),
                (true, false) => positive,
                (false, _) => negative,
            });
        self.targets.set(&self.device, targets.view());
        self.weights.set(&self.device, weights.view());
    }

    pub(in crate::ga_nas) fn state(&self) -> Vec<TrainingState<B::Elem>> {
        vec![self.training.state(&self.device)]
    }

    pub(in crate::ga_nas) fn set_state(
        &mut self,
        states: &[TrainingState<B::Elem>],
    ) -> Result<(), String> {
        match states {
            [state] => self.training.set_state(&self.device, state),
            _ => Err(format!(
                "expected 1 discriminator, the checkpoint has {}",
                states.len()
            )),
        }
    }
}
