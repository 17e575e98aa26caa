//! What a run is: everything that its result depends on.

use ganas_eval::{Fidelity, MetricPair};
use serde::{Deserialize, Serialize};

use crate::{Budget, Objectives, Pace, Rungs, StopBelow};

/// Everything that the record of a run depends on; two runs with equal specs have equal records, and of two that differ in their
/// budget alone one has the beginning of the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// The version of ganas.
    pub version: String,
    /// The name of the search space.
    pub space: String,
    /// The sha256 of the table's file, hexadecimal.
    pub table_sha256: String,
    /// What is searched on, and what is reported.
    pub protocol: MetricPair,
    /// The name of the algorithm.
    pub algorithm: String,
    /// The algorithm's configuration as JSON text, every field written out that has an effect or was there from the start.
    pub config: String,
    /// How thorough each evaluation is, where the evaluator can be told.
    #[serde(default, skip_serializing_if = "Fidelity::is_empty")]
    pub fidelity: Fidelity,
    /// When the searcher is asked and told.
    #[serde(default, skip_serializing_if = "is_rounds", rename = "window")]
    pub pace: Pace,
    /// The fidelities with which evaluations begin and go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rungs: Option<Rungs>,
    /// When evaluations are stopped early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_below: Option<StopBelow>,
    /// The budget in unique queries. It is no part of what the run is: the same run can go on with a larger one.
    pub budget: Budget,
    /// The device and the instruction set, for example `cpu-f32 x86_64 avx2 fma`.
    pub device: String,
    /// The seed of the run.
    pub seed: u64,
    /// What is searched for when it is a front: several objectives; nothing when the search metric alone counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objectives: Option<Objectives>,
}

impl RunSpec {
    /// Whether two specs are of the same run, which has several budgets in turn.
    #[must_use]
    pub fn is_same_run(&self, other: &Self) -> bool {
        // Most runs of a study differ in this already.
        self.seed == other.seed
            && *self
                == Self {
                    budget: self.budget,
                    ..other.clone()
                }
    }

    /// Whether two specs are of the same run, which may go on on another device than it began on.
    #[must_use]
    pub fn is_same_run_elsewhere(&self, other: &Self) -> bool {
        self.is_same_run(&Self {
            device: self.device.clone(),
            ..other.clone()
        })
    }
}

fn is_rounds(pace: &Pace) -> bool {
    *pace == Pace::Rounds
}

#[cfg(test)]
mod tests {
    use ganas_eval::SelectionKind;

    use super::*;

    #[test]
    fn a_run_has_several_budgets_and_may_change_its_device() {
        let spec = RunSpec {
            version: "1".to_owned(),
            space: "toy".to_owned(),
            table_sha256: String::new(),
            protocol: MetricPair::maximized("valid", "test", SelectionKind::ValidationSelected),
            algorithm: "random".to_owned(),
            config: "{}".to_owned(),
            fidelity: Fidelity::new(),
            pace: Pace::Rounds,
            rungs: None,
            stop_below: None,
            budget: Budget::ONE,
            device: "cpu".to_owned(),
            seed: 0,
            objectives: None,
        };
        let longer = RunSpec {
            budget: Budget::unique(2).unwrap(),
            ..spec.clone()
        };
        let elsewhere = RunSpec {
            device: "gpu".to_owned(),
            ..longer.clone()
        };
        let other = RunSpec {
            seed: 1,
            ..longer.clone()
        };
        let same = [&longer, &elsewhere, &other].map(|b| spec.is_same_run(b));
        assert_eq!(same, [true, false, false]);
        let same = [&longer, &elsewhere, &other].map(|b| spec.is_same_run_elsewhere(b));
        assert_eq!(same, [true, true, false]);
    }
}
