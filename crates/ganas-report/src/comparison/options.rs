//! How runs are compared.

use serde::{Deserialize, Serialize};

use super::Axis;
use crate::statistics::Bootstrap;

/// How runs are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// What queries are counted as.
    pub axis: Axis,
    /// The budgets at which runs are compared; when there are none, [`BUDGETS`] as far as the runs go, and how far they go.
    pub budgets: Vec<f64>,
    /// The algorithm with which the others are compared; when none is named, `random`, or else the first.
    pub baseline: Option<String>,
    /// What is counted until a run has reached it.
    pub targets: Vec<Target>,
    /// How intervals are drawn.
    pub bootstrap: Bootstrap,
    /// Below which p-value a difference is called significant.
    pub alpha: f64,
}

/// The budgets of published comparisons, from small to large.
pub const BUDGETS: [u32; 6] = [25, 50, 100, 150, 300, 500];

/// A value that a run is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The best value that there is.
    Optimum,
    /// A normalised regret of so much or less.
    Regret(f64),
    /// This value of the metric, or a better one.
    Value(f64),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Optimum => f.write_str("optimum"),
            Self::Regret(regret) => write!(f, "normalised regret ≤ {regret}"),
            Self::Value(value) => write!(f, "value {value}"),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            axis: Axis::Unique,
            budgets: Vec::new(),
            baseline: None,
            targets: vec![Target::Regret(0.1), Target::Regret(0.01), Target::Optimum],
            bootstrap: Bootstrap::default(),
            alpha: 0.05,
        }
    }
}
