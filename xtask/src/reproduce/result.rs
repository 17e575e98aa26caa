//! What `ganas search --json` prints, as far as studies need it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The result of one search.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct SearchResult {
    pub(super) version: String,
    pub(super) table_sha256: String,
    pub(super) device: String,
    pub(super) budget: u32,
    pub(super) runs: Vec<Run>,
    /// With `--improve`.
    pub(super) improve: Option<Comparison>,
}

/// What `--improve` found, beside what it was given.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Comparison {
    pub(super) given: Network,
    pub(super) found: Vec<Found>,
}

/// The best of one seed.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Found {
    pub(super) best: Network,
}

/// A network and its costs.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Network {
    /// The search metric.
    pub(super) accuracy: f64,
    pub(super) params: f64,
    /// Multiply-adds of one forward pass.
    pub(super) flops: f64,
}

/// One run: a seed.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Run {
    pub(super) seed: u64,
    pub(super) queries: u32,
    pub(super) unique_queries: u32,
    pub(super) queries_to_best: Option<u32>,
    /// Best search metric, and the report metric of that architecture, after each unique query.
    pub(super) curve: Vec<Option<(f64, f64)>>,
    /// The front, of a search with several objectives.
    #[serde(default)]
    pub(super) front: Vec<FrontMember>,
    /// How much it dominates.
    #[serde(default)]
    pub(super) hypervolume: Option<f64>,
    /// The hypervolume after each unique query.
    #[serde(default)]
    hypervolume_curve: Vec<Option<f64>>,
}

/// An architecture of a front.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct FrontMember {
    pub(super) key: String,
    pub(super) objectives: BTreeMap<String, f64>,
}

impl Run {
    /// The best search metric and its report metric after so many unique queries.
    pub(super) fn at(&self, queries: usize) -> Option<(f64, f64)> {
        let index = queries.min(self.curve.len()).checked_sub(1)?;
        self.curve[index]
    }

    /// The hypervolume after so many unique queries.
    pub(super) fn hypervolume_at(&self, queries: usize) -> Option<f64> {
        let index = queries.min(self.hypervolume_curve.len()).checked_sub(1)?;
        self.hypervolume_curve[index]
    }
}
