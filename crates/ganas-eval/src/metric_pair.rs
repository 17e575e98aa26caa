//! The pair of metrics: what is searched on, what is reported.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a metric was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricRole {
    /// Held-out images that may be used for selection.
    Validation,
    /// Held-out images that may be used for the final report only.
    Test,
    /// A cost: parameters, FLOPs, latency, energy, time.
    Cost,
    /// Not known.
    Other,
}

/// How honest a search on this pair of metrics is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelectionKind {
    /// Selects on validation, reports another metric: the honest default.
    ValidationSelected,
    /// Selects on a test metric: comparable with published numbers that did so, optimistic otherwise.
    TestSelected,
    /// Selects on what a surrogate predicts, and reports another prediction or the same one: nothing was measured.
    Predicted,
    /// Selects on a metric whose role is not known.
    Unclassified,
}

impl fmt::Display for SelectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ValidationSelected => "validation-selected",
            Self::TestSelected => "test-selected",
            Self::Predicted => "predicted",
            Self::Unclassified => "unclassified",
        })
    }
}

/// What a run searches on and what it reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricPair {
    /// The name of the metric that is searched on.
    pub search: String,
    /// The name of the metric that is reported.
    pub report: String,
    /// How honest that is.
    pub kind: SelectionKind,
    /// Training epochs behind the search metric, when known.
    pub search_epochs: Option<u32>,
    /// Training epochs behind the reported metric, when known.
    pub report_epochs: Option<u32>,
}
