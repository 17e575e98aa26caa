//! What comes of an evaluation: what a search may see, and everything else that was returned.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Curve, EvalError, Measurement, MetricPair, StoppedAt};

/// The end of one evaluation.
#[derive(Debug)]
pub struct Outcome {
    /// What a search may see of it, or why there is nothing.
    pub result: Result<Measurement, EvalError>,
    /// Everything that was returned.
    pub details: Details,
}

impl Outcome {
    /// The outcome of an evaluator that returns the two metrics of a search and nothing else.
    #[must_use]
    pub fn of(result: Result<Measurement, EvalError>, pair: &MetricPair) -> Self {
        let mut details = Details::default();
        if let Ok(measurement) = &result {
            let metrics = &mut details.metrics;
            metrics.insert(pair.report.clone(), measurement.report.0);
            metrics.insert(pair.search.clone(), measurement.search.value());
        }
        Self { result, details }
    }

    /// The same outcome with another result.
    #[must_use]
    pub fn map(self, change: impl FnOnce(Measurement) -> Result<Measurement, EvalError>) -> Self {
        Self {
            result: self.result.and_then(change),
            ..self
        }
    }
}

/// Everything that an evaluation returned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// Every metric, by name; nothing of an evaluation that failed, and the last that was told of one that was cancelled.
    pub metrics: BTreeMap<String, f64>,
    /// What was told of each step, by metric: at most 4,096 values, of the attempt that ended it.
    pub curves: BTreeMap<String, Curve>,
    /// Where it was stopped early, when it was.
    pub stopped: Option<StoppedAt>,
    /// What it cost, by name, in the units of the evaluator, such as `gpu_hours`.
    pub cost: BTreeMap<String, f64>,
    /// Where the evaluator left what it made, such as the weights.
    pub artifact: Option<String>,
    /// How often it was tried, the last time included; 0 when that is not known.
    pub attempts: u32,
    /// When and where, when that is known.
    pub circumstances: Option<Circumstances>,
}

/// What of an evaluation depends on time and place, so that it is no part of the record of a run.
///
/// Times are in seconds since the beginning of 1970 (UTC).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Circumstances {
    /// The machine.
    pub host: String,
    /// The number of the worker.
    pub worker: u32,
    /// When it was asked for.
    pub queued: f64,
    /// When its last attempt began.
    pub started: f64,
    /// When it ended.
    pub ended: f64,
    /// The file that holds what the worker printed.
    pub log: String,
}
