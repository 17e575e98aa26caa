//! What is measured in a round, from the distributions of truth set and generator. Logarithms are natural.

use std::f64::consts::LN_2;

use ganas_gnn::Element as _;

use super::{KIND, Landscape};
use crate::Event;

/// The distributions over classes that a round has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Distributions<'a> {
    /// The probability with which the generator draws each class.
    pub(crate) generated: &'a [f64],
    /// The classes of the truth set, each once; its distribution is uniform over them.
    pub(crate) truth: &'a [usize],
}

/// What a discriminator D says of pairs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judged {
    /// The mean of ln D over the pairs of two distinct truth cells.
    pub(crate) truth: f64,
    /// For each class the mean over the truth set of ln (1 - D).
    pub(crate) classes: Vec<f64>,
}

/// What is measured, as an event: docs/THEORY.md has the equations.
pub(crate) fn measures(
    landscape: &Landscape,
    of: Distributions<'_>,
    judged: &Judged,
    truth_set: usize,
) -> Event {
    let gains = &landscape.gains;
    let gains_of_truth = of.truth.iter().filter_map(|&class| gains[class]);
    let level = gains_of_truth.min_by(f64::total_cmp).unwrap_or(f64::NAN);
    let at_least = |bound: f64| -> f64 {
        let classes = gains.iter().zip(of.generated);
        let reached = classes.filter(|(gain, _)| gain.is_some_and(|gain| gain >= bound));
        reached.map(|(_, p)| p).sum()
    };
    let values = [
        ("gap", landscape.highest_level(truth_set) - level),
        ("p_level", at_least(level)),
        ("js", of.divergence()),
        ("js_pairs", of.pair_divergence()),
        ("js_estimate", of.estimate(judged)),
        ("kl_optimum", -at_least(landscape.optimum()).ln()),
    ];
    Event {
        kind: KIND.to_owned(),
        values: values
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec(),
    }
}

impl Distributions<'_> {
    /// The Jensen-Shannon divergence of both, in nats: between 0 and ln 2.
    pub(crate) fn divergence(&self) -> f64 {
        let of_truth = self.truth.iter().map(|&class| self.generated[class]);
        jensen_shannon(&of_truth.collect::<Vec<f64>>())
    }

    /// The mean over the truth cells of the divergence of the generator from the truth set without that cell: what a
    /// discriminator of pairs is shown beside that cell.
    pub(crate) fn pair_divergence(&self) -> f64 {
        let of_truth: Vec<f64> = (self.truth.iter())
            .map(|&class| self.generated[class])
            .collect();
        let without = |cell: usize| {
            let mut others = of_truth.clone();
            others.remove(cell);
            jensen_shannon(&others)
        };
        let n = of_truth.len();
        (0..n).map(without).sum::<f64>() / f64::of_count(n)
    }

    /// What a discriminator of pairs says that divergence is: never more than it.
    pub(crate) fn estimate(&self, judged: &Judged) -> f64 {
        let classes = self.generated.iter().zip(&judged.classes);
        let of_generated: f64 = classes.map(|(p, ln)| p * ln).sum();
        LN_2 + 0.5 * (judged.truth + of_generated)
    }
}

/// The Jensen-Shannon divergence of a uniform distribution over a few classes and another one that draws each of them with
/// these probabilities, and something else otherwise.
///
/// `½ Σ q ln(q / m) + ½ Σ p ln(p / m)` with `m = (p + q) / 2`; where `q = 0` the second summand is `p ln 2`.
fn jensen_shannon(of_truth: &[f64]) -> f64 {
    if of_truth.is_empty() {
        return f64::NAN;
    }
    let q = 1.0 / f64::of_count(of_truth.len());
    let elsewhere = (1.0 - of_truth.iter().sum::<f64>()).max(0.0);
    let within: f64 = (of_truth.iter())
        .map(|&p| {
            let m = 0.5 * (p + q);
            q * (q / m).ln() + if p > 0.0 { p * (p / m).ln() } else { 0.0 }
        })
        .sum();
    0.5 * (within + elsewhere * LN_2)
}
