//! What a discriminator says of pairs of a truth cell and another one, as logarithms.

use ganas_gnn::{Backend, Element};

use super::{Discriminator, sigmoid};
use crate::ga_nas::encode::SeenGraph;
use crate::theory::Judged;

impl<B: Backend> Discriminator<B> {
    /// Judges the pairs of the truth set with itself and with other graphs. Nothing is learnt.
    ///
    /// Of an ensemble of rankers, D is the reward of one pair: the mean over the members of the probability that the graph
    /// beats the truth cell.
    pub(in crate::ga_nas) fn judge(
        &mut self,
        truth: &[&SeenGraph],
        graphs: &[&SeenGraph],
    ) -> Judged {
        let (k, n) = (truth.len(), truth.len() + graphs.len());
        match self {
            Self::Pair(trainer) => {
                let logits = trainer.logits(truth, graphs);
                judged(k, n, |cell, x| {
                    let logit = logits[[cell, x]].wide();
                    (-softplus(-logit), -softplus(logit))
                })
            }
            Self::Rank { ensemble, .. } => {
                let all: Vec<&SeenGraph> = truth.iter().chain(graphs).copied().collect();
                let scores = ensemble.scores(&all);
                let members = f64::of_count(scores.len());
                let mean = |sign: f64, cell: usize, x: usize| -> f64 {
                    let beats = scores.iter().map(|s| sigmoid(sign * (s[x] - s[cell])));
                    beats.sum::<f64>() / members
                };
                judged(k, n, |cell, x| {
                    (mean(1.0, cell, x).ln(), mean(-1.0, cell, x).ln())
                })
            }
        }
    }
}

/// Means of the logarithms of D and 1 - D over the pairs of `k` truth cells, which come first, and `n` graphs in all.
fn judged(k: usize, n: usize, logarithms: impl Fn(usize, usize) -> (f64, f64)) -> Judged {
    let mut of_truth = 0.0;
    for cell in 0..k {
        for other in (0..k).filter(|&other| other != cell) {
            of_truth += logarithms(cell, other).0;
        }
    }
    let of_graph = |x: usize| {
        let sum: f64 = (0..k).map(|cell| logarithms(cell, x).1).sum();
        sum / f64::of_count(k)
    };
    Judged {
        truth: of_truth / f64::of_count(k * k.saturating_sub(1)),
        classes: (k..n).map(of_graph).collect(),
    }
}

/// `ln(1 + exp x)`.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}
