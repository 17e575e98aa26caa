//! Jobs: evaluations on their way through the pool.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use super::message::{Answer, ArchDescription, Capabilities};
use super::{WorkerError, WorkerFailure};

/// Names the evaluations that one caller waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchId(pub(super) u64);

/// One evaluation that a caller waits for.
#[derive(Debug)]
pub(super) struct Job {
    /// The caller's batch.
    pub(super) batch: BatchId,
    /// The position in the batch.
    pub(super) index: usize,
    /// What is evaluated.
    pub(super) arch: Arc<ArchDescription>,
    /// The seed of every attempt.
    pub(super) seed: u32,
    /// Attempts that failed.
    pub(super) attempt: u32,
    /// How often it lost its worker through no fault of its own.
    pub(super) put_back: u32,
    /// Where the end is told.
    pub(super) reply: Sender<Reply>,
}

/// The end of a job.
#[derive(Debug)]
pub(super) struct Reply {
    /// The position in the batch.
    pub(super) index: usize,
    /// How it ended.
    pub(super) end: End,
}

/// How a job ended.
#[derive(Debug)]
pub(super) enum End {
    /// With a value for each declared metric.
    Metrics(BTreeMap<String, f64>),
    /// Without, after all attempts.
    Failure(WorkerFailure),
    /// It was not begun, as the caller wished.
    Abandoned,
    /// No worker can be used any more.
    Broken(Arc<WorkerError>),
}

impl Job {
    pub(super) fn end(self, end: End) {
        // A caller that is gone does not need to know.
        let _ = self.reply.send(Reply {
            index: self.index,
            end,
        });
    }
}

/// A job that a worker is at.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) job: Job,
    /// When it was sent.
    pub(super) sent: Instant,
    /// When patience ends: with the evaluation, or, once that is cancelled, with the worker. None is far away.
    pub(super) deadline: Option<Instant>,
    /// Whether the worker was told to give it up.
    pub(super) cancelled: bool,
}

/// The declared metrics of an answer, when all of them are there and are what was declared.
pub(super) fn metrics(
    capabilities: &Capabilities,
    answer: &Answer,
) -> Result<BTreeMap<String, f64>, WorkerFailure> {
    let checked = capabilities.metrics.iter().map(|declared| {
        let metric = || declared.name.clone();
        let value = match answer.metrics.get(&declared.name) {
            None => return Err(WorkerFailure::MissingMetric { metric: metric() }),
            Some(value) => value.filter(|value| value.is_finite()),
        };
        let value = value.ok_or_else(|| WorkerFailure::NotFinite { metric: metric() })?;
        let min = declared.min.unwrap_or(f64::NEG_INFINITY);
        let max = declared.max.unwrap_or(f64::INFINITY);
        if (min..=max).contains(&value) {
            Ok((metric(), value))
        } else {
            Err(WorkerFailure::OutOfRange {
                metric: metric(),
                value,
                min,
                max,
            })
        }
    });
    checked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganas_eval::MetricDeclaration;
    use ganas_eval::MetricRole;

    fn check(value: Option<Option<f64>>) -> Result<f64, WorkerFailure> {
        let capabilities = Capabilities {
            protocol: 1,
            name: "test".to_owned(),
            version: "1".to_owned(),
            metrics: vec![MetricDeclaration {
                name: "valid".to_owned(),
                role: MetricRole::Validation,
                direction: None,
                unit: None,
                min: Some(0.0),
                max: Some(1.0),
                missing: None,
            }],
            capacity: 1,
        };
        let mut answer = Answer {
            id: 1,
            metrics: BTreeMap::from([("undeclared".to_owned(), None)]),
            cost: BTreeMap::new(),
            artifact: None,
        };
        answer
            .metrics
            .extend(value.map(|value| ("valid".to_owned(), value)));
        metrics(&capabilities, &answer).map(|metrics| metrics["valid"])
    }

    #[test]
    fn metrics_are_checked() {
        assert_eq!(check(Some(Some(0.5))), Ok(0.5));
        assert_eq!(check(Some(Some(1.0))), Ok(1.0));
        for (value, kind) in [
            (None, "missing metric"),
            (Some(None), "not finite"),
            (Some(Some(f64::INFINITY)), "not finite"),
            (Some(Some(1.5)), "out of range"),
            (Some(Some(-1e-9)), "out of range"),
        ] {
            let failure = check(value).unwrap_err();
            assert_eq!(failure.kind(), kind, "{failure}");
            assert!(!failure.is_retryable());
        }
    }
}
