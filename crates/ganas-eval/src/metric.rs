//! The two metrics of a query, as two types.

use serde::{Deserialize, Serialize};

/// The metric that a search selects on; larger is better.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct SearchMetric(pub f64);

/// The metric that is reported for what a search selected; larger is better.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct ReportMetric(pub f64);

/// What one query returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The metric to search on.
    pub search: SearchMetric,
    /// The metric to report.
    pub report: ReportMetric,
    /// What else a search may see, in the order in which it was asked for: the values of several objectives. Never the
    /// metric to report. Empty unless something was asked for.
    pub objectives: Vec<f64>,
}
