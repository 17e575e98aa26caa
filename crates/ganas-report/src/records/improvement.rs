//! What a search gained over a given network.

use serde::{Deserialize, Serialize};

/// What was gained over a given network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gains {
    /// The given network.
    pub given: KnownNetwork,
    /// The names of the search metric and of the reported one.
    pub metrics: [String; 2],
    /// What each run found.
    pub found: Vec<ImprovedRun>,
}

/// The best that a run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImprovedRun {
    /// The seed of the run.
    pub seed: u64,
    /// The best network; `None` when every query failed.
    pub best: Option<KnownNetwork>,
}

/// What is known of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownNetwork {
    /// As text.
    pub arch: String,
    /// The metric that is searched on.
    pub accuracy: f64,
    /// The metric that is reported.
    pub report: f64,
    /// The number of parameters, when the space knows it.
    pub params: Option<u64>,
    /// Multiply-adds of one forward pass, when the space knows them.
    pub flops: Option<u64>,
}
