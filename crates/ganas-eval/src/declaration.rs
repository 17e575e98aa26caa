//! What an evaluator says of a metric.

use serde::{Deserialize, Serialize};

use crate::MetricRole;

/// A metric as its evaluator declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricDeclaration {
    /// Its name.
    pub name: String,
    /// What it is measured on.
    pub role: MetricRole,
    /// The smallest value that is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest value that is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}
