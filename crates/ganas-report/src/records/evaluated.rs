//! The record of a list of architectures that were evaluated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::statistics::moments;

/// What `ganas evaluate --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluatedRecord {
    /// The version of ganas.
    pub version: String,
    /// The name of the search space.
    pub space: String,
    /// What evaluated, for people.
    pub evaluator: String,
    /// What tells it from others: the sha256 of a table file, or of what the workers are.
    pub identity: String,
    /// How thorough the evaluations are.
    pub fidelity: BTreeMap<String, f64>,
    /// The study that keeps the evaluations, when there is one.
    pub study: Option<String>,
    /// The metrics in their order: those that the evaluator declares, then others that came.
    pub metrics: Vec<String>,
    /// The architectures in the order of the list, those of one class each.
    pub architectures: Vec<EvaluatedArch>,
    /// The number of evaluations; architectures of one class have theirs in common.
    pub evaluations: usize,
    /// Those that were there before.
    pub reused: usize,
    /// Those that failed.
    pub failed: usize,
}

/// An architecture of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluatedArch {
    /// As text.
    pub arch: String,
    /// Its class.
    pub key: String,
    /// An evaluation for each training seed.
    pub evaluations: Vec<EvaluatedOnce>,
    /// Over those evaluations that succeeded, for each metric.
    pub over_seeds: BTreeMap<String, OverSeeds>,
}

/// One evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluatedOnce {
    /// The training seed that was asked for; nothing for the one that follows from the class.
    pub training_seed: Option<u32>,
    /// Whether it was there before.
    pub reused: bool,
    /// What was measured; nothing of an evaluation that failed.
    pub metrics: Option<BTreeMap<String, f64>>,
    /// Why there is nothing.
    pub reason: Option<String>,
    /// What it cost.
    pub cost: BTreeMap<String, f64>,
    /// Where the evaluator left what it made.
    pub artifact: Option<String>,
}

/// A metric over training seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverSeeds {
    /// The number of values.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with n - 1 in the denominator; nothing for one value.
    pub sd: Option<f64>,
}

impl EvaluatedArch {
    /// The evaluations of an architecture, with what they have in common.
    #[must_use]
    pub fn new(arch: String, key: String, evaluations: Vec<EvaluatedOnce>) -> Self {
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (name, value) in evaluations
            .iter()
            .filter_map(|e| e.metrics.as_ref())
            .flatten()
        {
            values.entry(name.clone()).or_default().push(*value);
        }
        let over = |(name, values): (String, Vec<f64>)| {
            let of = moments(&values)?;
            let over = OverSeeds {
                n: values.len(),
                mean: of.mean,
                sd: (values.len() > 1).then_some(of.sd),
            };
            Some((name, over))
        };
        Self {
            arch,
            key,
            over_seeds: values.into_iter().filter_map(over).collect(),
            evaluations,
        }
    }
}
