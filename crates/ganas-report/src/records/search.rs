//! The record of a search: what was asked for, and every run.

use ganas_store::{MetricPair, Objectives};
use serde::{Deserialize, Serialize};

use super::{Gains, RunRecord};

/// What `ganas search --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchRecord {
    /// The version of ganas.
    pub version: String,
    /// The name of the search space.
    pub space: String,
    /// The sha256 of the table file, or the fingerprint of the surrogate.
    pub table_sha256: String,
    /// What was searched on and what is reported.
    pub protocol: MetricPair,
    /// The name of the algorithm.
    pub algorithm: String,
    /// Its configuration, every field.
    pub config: serde_json::Value,
    /// What every evaluated architecture satisfies.
    pub constraints: Vec<String>,
    /// Those of them that mask the actions of the generator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
    /// Unique queries of each run.
    pub budget: u32,
    /// The device and the instruction set.
    pub device: String,
    /// The runs, in the order of the seeds; those that were not begun are left out.
    pub runs: Vec<RunRecord>,
    /// What was searched for, when it is a front.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objectives: Option<Objectives>,
    /// What was gained over the given network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub improve: Option<Gains>,
}
