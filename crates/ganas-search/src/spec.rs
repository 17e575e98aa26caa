//! What a run is: everything that its result depends on.

use ganas_eval::{Fidelity, MetricPair};
use serde::{Deserialize, Serialize};

use crate::{Budget, Objectives, Pace, Rungs};

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

fn is_rounds(pace: &Pace) -> bool {
    *pace == Pace::Rounds
}
