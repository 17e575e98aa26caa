//! What a search can meet when it asks for an evaluation.

use std::error::Error as StdError;
use std::sync::Arc;

use ganas_space::SpaceError;
use thiserror::Error;

use crate::MetricRange;

/// Why there is no measurement, or why evaluating has to end.
///
/// What can be wrong with the source of the measurements (a table, a surrogate, a worker process) is an error of the
/// crate that opens it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The table holds no row for the architecture's class.
    #[error("the table has no row for `{arch}`")]
    MissingArch {
        /// The architecture as text.
        arch: String,
    },
    /// The table holds a row for the architecture's class, but the metric was not measured.
    #[error("the table has no value of `{metric}` for `{arch}`: the cell is empty")]
    MissingValue {
        /// The name of the metric.
        metric: String,
        /// The architecture as text.
        arch: String,
    },
    /// The evaluator returned the value that stands for a missing one.
    #[error("`{metric}` is missing: its value is {value}, which was declared to say so")]
    Missing {
        /// The name of the metric.
        metric: String,
        /// The value.
        value: f64,
    },
    /// The evaluator returned a value that is not possible.
    #[error(
        "`{metric}` is {value}, outside of the declared range {range}: correct what measures it, or declare another range"
    )]
    OutOfRange {
        /// The name of the metric.
        metric: String,
        /// The value.
        value: f64,
        /// The values that are possible.
        range: MetricRange,
    },
    /// A property that is searched on is not known of an architecture.
    #[error("the value of `{property}`, which is an objective, is not known of this architecture")]
    NoProperty {
        /// The name of the property.
        property: String,
    },
    /// An architecture of another space.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The evaluation of this architecture failed; a search survives it.
    #[error(transparent)]
    Failed(Box<dyn StdError + Send + Sync>),
    /// Nothing can be evaluated any more.
    #[error(transparent)]
    Unusable(Arc<dyn StdError + Send + Sync>),
    /// A failure that an earlier session of the run recorded.
    #[error("{reason}")]
    Recorded {
        /// The reason that was recorded.
        reason: String,
    },
    /// The evaluation was cancelled, as the feed wished.
    #[error("the evaluation was cancelled")]
    Cancelled,
    /// The evaluation was cancelled because it was worse than others at the same step.
    #[error("stopped early at step {step}: {metric} was {value}")]
    StoppedEarly {
        /// The step of the training.
        step: u32,
        /// The metric that was compared.
        metric: String,
        /// Its value at that step.
        value: f64,
    },
    /// A metric that was not kept of an evaluation that is to be used again.
    #[error("the value of `{metric}` was not kept with this evaluation")]
    NotKept {
        /// The name of the metric.
        metric: String,
    },
    /// A stop was asked for before all evaluations were begun.
    #[error("stopped before all evaluations were begun")]
    Interrupted,
    /// A finished evaluation could not be recorded.
    #[error("cannot record a finished evaluation: {source}")]
    Record {
        /// The reason.
        source: Box<dyn StdError + Send + Sync>,
    },
}
