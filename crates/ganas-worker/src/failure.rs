//! What can go wrong with one evaluation, and with the workers as a whole.
//!
//! The text of a [`WorkerFailure`] is recorded, so it names neither the worker nor a time: it does not depend on who
//! did the evaluation.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use ganas_eval::{EvalError, UnknownDirection};
use thiserror::Error;

/// Why an attempt to evaluate an architecture failed.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum WorkerFailure {
    /// The process ended.
    #[error("the worker ended during the evaluation: {status}")]
    Ended {
        /// How it ended.
        status: String,
    },
    /// The evaluation took longer than its time limit.
    #[error("the evaluation took longer than its time limit of {limit_s} s")]
    TimedOut {
        /// The limit in seconds.
        limit_s: f64,
    },
    /// The worker printed something that is no message.
    #[error(
        "the worker printed {line} where a message was expected; print everything else to stderr"
    )]
    Garbage {
        /// What it printed.
        line: String,
    },
    /// The worker did not read its stdin any more.
    #[error("the worker took nothing that it was sent for {limit_s} s")]
    Deaf {
        /// How long, in seconds.
        limit_s: f64,
    },
    /// The worker answered an evaluation that it was not asked for.
    #[error("the worker answered an evaluation that it was not asked for")]
    WrongId,
    /// The worker sent a greeting in the middle of its work.
    #[error("the worker sent a second hello")]
    SecondHello,
    /// A result without a metric that the worker had declared.
    #[error("the result has no metric `{metric}`, which the worker had declared")]
    MissingMetric {
        /// The metric.
        metric: String,
    },
    /// A metric that is NaN or infinite.
    #[error("the metric `{metric}` is not a finite number")]
    NotFinite {
        /// The metric.
        metric: String,
    },
    /// A metric outside of the range that the worker had declared.
    #[error("the metric `{metric}` is {value}, outside of the declared range from {min} to {max}")]
    OutOfRange {
        /// The metric.
        metric: String,
        /// Its value.
        value: f64,
        /// The smallest value that was declared possible.
        min: f64,
        /// The largest value that was declared possible.
        max: f64,
    },
    /// It was cancelled, as the caller wished. Nobody has failed.
    #[error("the evaluation was cancelled")]
    Cancelled,
    /// It was stopped because it was worse than others at the same step. Nobody has failed.
    #[error("stopped early at step {step}: {metric} was {value}")]
    StoppedEarly {
        /// The step of the training.
        step: u32,
        /// The metric that was compared.
        metric: String,
        /// Its value at that step.
        value: f64,
    },
    /// The worker said so itself.
    #[error("{kind}: {message}")]
    Reported {
        /// The kind of failure.
        kind: String,
        /// What happened.
        message: String,
        /// Whether another attempt may succeed.
        retryable: bool,
    },
}

impl WorkerFailure {
    /// Whether another attempt may succeed: not when the same training would give the same again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Ended { .. }
            | Self::TimedOut { .. }
            | Self::Garbage { .. }
            | Self::Deaf { .. }
            | Self::WrongId
            | Self::SecondHello => true,
            Self::MissingMetric { .. }
            | Self::NotFinite { .. }
            | Self::OutOfRange { .. }
            | Self::Cancelled
            | Self::StoppedEarly { .. } => false,
            Self::Reported { retryable, .. } => *retryable,
        }
    }

    /// The kind of failure, for statistics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ended { .. } => "ended",
            Self::TimedOut { .. } => "timed out",
            Self::Garbage { .. } => "garbage",
            Self::Deaf { .. } => "deaf",
            Self::WrongId => "wrong id",
            Self::SecondHello => "second hello",
            Self::MissingMetric { .. } => "missing metric",
            Self::NotFinite { .. } => "not finite",
            Self::OutOfRange { .. } => "out of range",
            Self::Cancelled => "cancelled",
            Self::StoppedEarly { .. } => "stopped early",
            Self::Reported { .. } => "reported",
        }
    }
}

/// Why no worker can be used any more.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The folder or file of the logs cannot be written.
    #[error("{}: cannot write the log of a worker: {source}; name another folder", path.display())]
    Log {
        /// The folder or file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The process cannot be started at all.
    #[error("cannot start `{command}`: {reason}")]
    Spawn {
        /// The command.
        command: String,
        /// The reason.
        reason: String,
    },
    /// More workers than a machine can serve.
    #[error(
        "{workers} workers were asked for, expected 1 to {}",
        crate::MAX_WORKERS
    )]
    TooManyWorkers {
        /// How many.
        workers: u32,
    },
    /// A name for the evaluator that names nothing.
    #[error(
        "the id of the evaluator (--evaluator-id) is empty; expected a name for what evaluates, such as `resnet-cifar10-v2`"
    )]
    EmptyId,
    /// A fidelity that the worker is not made for.
    #[error(
        "the worker `{worker}` is not made for the fidelity {asked} (--fidelity); expected one of those that it declares: {known}"
    )]
    UnknownFidelity {
        /// The name of the evaluator.
        worker: String,
        /// What was asked for.
        asked: String,
        /// All that it declares.
        known: String,
    },
    /// The process does not become a worker.
    #[error(
        "`{command}` is no worker: {reason}; its stderr is in {}; docs/PROTOCOL.md says what a worker does{}",
        log.display(),
        last_lines(log_tail)
    )]
    Start {
        /// The command.
        command: String,
        /// What was expected, and what happened.
        reason: String,
        /// What it printed.
        log: PathBuf,
        /// The last lines of it.
        log_tail: String,
    },
    /// A name that is no metric of the worker.
    #[error("the worker `{worker}` has no metric `{metric}`; its metrics are {known}")]
    UnknownMetric {
        /// The name of the evaluator.
        worker: String,
        /// The name that was asked for.
        metric: String,
        /// All metrics, comma-separated.
        known: String,
    },
    /// No metric was named, and none has the role that is needed.
    #[error(
        "the worker `{worker}` has no metric with the role `{role}`; name one of its metrics with {argument}: {known}"
    )]
    NoMetric {
        /// The name of the evaluator.
        worker: String,
        /// The role.
        role: &'static str,
        /// The argument that names a metric.
        argument: &'static str,
        /// All metrics, comma-separated.
        known: String,
    },
    /// Which values of the metric to search on are better is not known.
    #[error(transparent)]
    UnknownDirection(#[from] UnknownDirection),
    /// The circuit breaker: nothing works any more.
    #[error(
        "{failures} attempts in a row failed, so something is wrong with more than an architecture; \
         the last reason: {last}; the stderr of that worker is in {}; mend it, and continue{}",
        log.display(),
        last_lines(log_tail)
    )]
    TooManyFailures {
        /// How many.
        failures: u32,
        /// The reason of the last one.
        last: String,
        /// The log of its worker.
        log: PathBuf,
        /// The last lines of it, since the evaluation began.
        log_tail: String,
    },
}

/// The end of a log, as the end of an error shows it.
fn last_lines(log_tail: &str) -> String {
    if log_tail.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = log_tail.lines().map(|line| format!("  {line}")).collect();
    format!("; the last lines of that log are:\n{}", lines.join("\n"))
}

impl From<WorkerError> for EvalError {
    fn from(error: WorkerError) -> Self {
        Self::Unusable(Arc::new(error))
    }
}
