//! The kernel: how alike two architectures are, from the decisions that they differ in.

use serde::{Deserialize, Serialize};

/// The decisions that build an architecture.
pub(super) type Point = Box<[u8]>;

/// The hyper-parameters, which are fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Hyper {
    /// The logarithm of the variance of the function.
    pub(super) log_signal: f64,
    /// The logarithm of the variance of the noise.
    pub(super) log_noise: f64,
    /// The logarithm of the weight of each decision; a single one is that of all of them.
    pub(super) log_weights: Vec<f64>,
}

impl Hyper {
    /// The variance of the function.
    pub(super) fn signal(&self) -> f64 {
        self.log_signal.exp()
    }

    /// The variance of the noise.
    pub(super) fn noise(&self) -> f64 {
        self.log_noise.exp()
    }

    /// The number of hyper-parameters.
    pub(super) fn len(&self) -> usize {
        2 + self.log_weights.len()
    }

    /// All of them in a row.
    pub(super) fn to_vec(&self) -> Vec<f64> {
        let both = [self.log_signal, self.log_noise];
        both.into_iter()
            .chain(self.log_weights.iter().copied())
            .collect()
    }

    /// The inverse of [`to_vec`](Self::to_vec).
    pub(super) fn of_slice(values: &[f64]) -> Self {
        Self {
            log_signal: values[0],
            log_noise: values[1],
            log_weights: values[2..].to_vec(),
        }
    }
}

/// `k(x, y) = s exp(-sum_d w_d [x_d != y_d])`: the exponential of the weighted number of decisions that differ, which is a
/// product of positive definite kernels, one for each decision.
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    signal: f64,
    weights: Weights,
}

#[derive(Clone, Debug)]
enum Weights {
    Equal(f64),
    Each(Vec<f64>),
}

impl Kernel {
    pub(super) fn new(hyper: &Hyper) -> Self {
        let weights = match hyper.log_weights.as_slice() {
            [all] => Weights::Equal(all.exp()),
            each => Weights::Each(each.iter().map(|w| w.exp()).collect()),
        };
        Self {
            signal: hyper.signal(),
            weights,
        }
    }

    /// The covariance of the function at two points.
    pub(super) fn between(&self, a: &[u8], b: &[u8]) -> f64 {
        let distance = match &self.weights {
            Weights::Equal(weight) => weight * differing(a, b),
            Weights::Each(weights) => a
                .iter()
                .zip(b)
                .zip(weights)
                .map(|((a, b), weight)| if a == b { 0.0 } else { *weight })
                .sum(),
        };
        self.signal * (-distance).exp()
    }

    /// Adds `scale` times the derivative of `k(a, b)` with respect to each logarithm of a weight, where `k` is its value.
    pub(super) fn add_weight_slopes(&self, to: &mut [f64], scale: f64, [a, b]: [&[u8]; 2]) {
        match &self.weights {
            Weights::Equal(weight) => to[0] -= scale * weight * differing(a, b),
            Weights::Each(weights) => {
                for ((to, weight), (a, b)) in to.iter_mut().zip(weights).zip(a.iter().zip(b)) {
                    if a != b {
                        *to -= scale * weight;
                    }
                }
            }
        }
    }
}

/// The number of decisions that differ.
fn differing(a: &[u8], b: &[u8]) -> f64 {
    let differing = a.iter().zip(b).filter(|(a, b)| a != b);
    differing.fold(0.0, |n, _| n + 1.0)
}
