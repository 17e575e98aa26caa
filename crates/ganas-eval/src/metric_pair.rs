//! The pair of metrics: what is searched on, what is reported.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Direction;

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

impl MetricRole {
    /// How honest a search on a metric of this role is.
    #[must_use]
    pub fn selection_kind(self) -> SelectionKind {
        match self {
            Self::Validation => SelectionKind::ValidationSelected,
            Self::Test => SelectionKind::TestSelected,
            Self::Cost | Self::Other => SelectionKind::Unclassified,
        }
    }
}

impl fmt::Display for MetricRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Validation => "validation",
            Self::Test => "test",
            Self::Cost => "cost",
            Self::Other => "other",
        })
    }
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
    /// Which of its values are better.
    #[serde(default)]
    pub search_direction: Direction,
    /// The name of the metric that is reported.
    pub report: String,
    /// Which of its values are better; `None` when that is not known, and then nothing that is reported is ranked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_direction: Option<Direction>,
    /// How honest that is.
    pub kind: SelectionKind,
    /// Training epochs behind the search metric, when known.
    pub search_epochs: Option<u32>,
    /// Training epochs behind the reported metric, when known.
    pub report_epochs: Option<u32>,
}

impl MetricPair {
    /// Metrics of which larger is better, with unknown epochs.
    #[must_use]
    pub fn maximized(search: &str, report: &str, kind: SelectionKind) -> Self {
        Self {
            search: search.to_owned(),
            search_direction: Direction::Maximize,
            report: report.to_owned(),
            report_direction: Some(Direction::Maximize),
            kind,
            search_epochs: None,
            report_epochs: None,
        }
    }
}

impl fmt::Display for MetricPair {
    /// `search NAME, report NAME (kind)`, and where smaller values are better.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let smaller = match self.search_direction {
            Direction::Maximize => "",
            Direction::Minimize => " (smaller is better)",
        };
        let Self {
            search,
            report,
            kind,
            ..
        } = self;
        write!(f, "search {search}{smaller}, report {report} ({kind})")
    }
}
