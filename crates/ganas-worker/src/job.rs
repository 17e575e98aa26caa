//! Jobs: evaluations on their way through the pool.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use ganas_eval::{Details, Fidelity, Progress, StopRule, StoppedAt};

use super::curves::Curves;
use super::mailbox::Mailbox;
use super::message::{Answer, ArchDescription, Capabilities, Evaluation};
use super::{WorkerError, WorkerFailure};

/// Names the evaluations that one caller waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchId(pub(super) u64);

/// One evaluation that a caller waits for.
#[derive(Debug)]
pub(super) struct Job {
    /// The caller.
    pub(super) caller: Caller,
    /// Names it to the caller.
    pub(super) ticket: usize,
    /// What is evaluated.
    pub(super) arch: Arc<ArchDescription>,
    /// How every attempt is made.
    pub(super) terms: Terms,
    /// Attempts that failed.
    pub(super) attempt: u32,
    /// How often it lost its worker through no fault of its own.
    pub(super) put_back: u32,
    /// When it was asked for, in Unix seconds.
    pub(super) queued: f64,
    /// Where and when the last attempt began.
    pub(super) begun: Option<Begun>,
    /// The last that was told of how it is going.
    pub(super) progress: Option<Progress>,
    /// What the last attempt told of each step.
    pub(super) curves: Curves,
    /// Where it is stopped; from then on nothing else can come of it.
    pub(super) stopped: Option<StoppedAt>,
}

/// How an evaluation is made: the same for every attempt.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) seed: u32,
    pub(super) fidelity: Fidelity,
    pub(super) resume_from: Option<String>,
    pub(super) stop_rule: Option<Arc<StopRule>>,
}

/// Where and when an attempt began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    /// The number of the worker.
    pub(super) worker: u32,
    /// When, in Unix seconds.
    pub(super) at: f64,
    /// How long the log of the worker was.
    pub(super) log_length: u64,
}

/// Who waits for evaluations.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The caller's batch.
    pub(super) batch: BatchId,
    /// Where progress is put.
    pub(super) mailbox: Arc<Mailbox>,
    /// Where ends are told, and that there is progress.
    pub(super) reply: Sender<Reply>,
}

/// What a caller is told.
#[derive(Debug)]
pub(super) enum Reply {
    /// There is progress of this ticket in the mailbox.
    Progress(usize),
    /// A job has ended.
    End {
        /// Names it.
        ticket: usize,
        /// How it ended.
        end: End,
        /// What it returned, when and where.
        details: Box<Details>,
    },
}

/// How a job ended.
#[derive(Debug)]
pub(super) enum End {
    /// With a value for each declared metric.
    Metrics(BTreeMap<String, f64>),
    /// Without: after all attempts, or because it was cancelled.
    Failure(WorkerFailure),
    /// It was not begun, as the caller wished.
    Abandoned,
    /// No worker can be used any more.
    Broken(Arc<WorkerError>),
}

impl Job {
    /// The message that asks for it.
    pub(super) fn evaluation(&self, id: u64, time_limit_s: f64) -> Evaluation {
        Evaluation {
            id,
            arch: ArchDescription::clone(&self.arch),
            fidelity: self.terms.fidelity.clone(),
            seed: self.terms.seed,
            attempt: self.attempt,
            time_limit_s,
            resume_from: self.terms.resume_from.clone(),
        }
    }

    /// Takes what was told of how it is going; whether it is to be stopped for it.
    pub(super) fn tell(&mut self, progress: Progress) -> bool {
        self.curves.add(&progress);
        if let Some(rule) = &self.terms.stop_rule {
            self.stopped = rule.stops(self.curves.of(&rule.metric));
        }
        self.progress = Some(progress.clone());
        if self.caller.mailbox.put(self.ticket, progress) {
            // A caller that is gone does not need to know.
            let _ = self.caller.reply.send(Reply::Progress(self.ticket));
        }
        self.stopped.is_some()
    }

    /// Why nothing came of it, when it was cancelled.
    pub(super) fn cancelled(&self) -> WorkerFailure {
        match (self.stopped, &self.terms.stop_rule) {
            (Some(StoppedAt { step, value }), Some(rule)) => WorkerFailure::StoppedEarly {
                step,
                metric: rule.metric.clone(),
                value,
            },
            _ => WorkerFailure::Cancelled,
        }
    }

    pub(super) fn end(self, end: End, details: Details) {
        // Neither does it need to know the end.
        let _ = self.caller.reply.send(Reply::End {
            ticket: self.ticket,
            end,
            details: Box::new(details),
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
    pub(super) standing: Standing,
}

/// Whether a job that a worker is at is still wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It is.
    Wanted,
    /// The worker was told to give it up, because the caller does not want it any more.
    Unwanted,
    /// The worker was told to give it up, because it took too long.
    TooLate,
}

/// What a worker returned for an evaluation.
#[derive(Debug)]
pub(super) struct Returned {
    /// The declared metrics.
    pub(super) declared: BTreeMap<String, f64>,
    /// Everything.
    pub(super) details: Details,
}

/// What an answer holds, when all declared metrics are there and are what was declared.
pub(super) fn returned(
    capabilities: &Capabilities,
    answer: Answer,
) -> Result<Returned, WorkerFailure> {
    Ok(Returned {
        declared: declared(capabilities, &answer.metrics)?,
        details: Details {
            metrics: finite(answer.metrics),
            cost: finite(answer.cost),
            artifact: answer.artifact,
            ..Details::default()
        },
    })
}

/// The values that are finite numbers.
pub(super) fn finite(metrics: BTreeMap<String, Option<f64>>) -> BTreeMap<String, f64> {
    let metrics = metrics.into_iter();
    metrics
        .filter_map(|(name, value)| Some((name, value.filter(|value| value.is_finite())?)))
        .collect()
}

fn declared(
    capabilities: &Capabilities,
    metrics: &BTreeMap<String, Option<f64>>,
) -> Result<BTreeMap<String, f64>, WorkerFailure> {
    let checked = capabilities.metrics.iter().map(|declared| {
        let metric = || declared.name.clone();
        let value = match metrics.get(&declared.name) {
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
            fidelities: Vec::new(),
        };
        let mut answer = Answer {
            id: 1,
            metrics: BTreeMap::from([
                ("undeclared".to_owned(), Some(3.0)),
                ("diverged".to_owned(), None),
            ]),
            cost: BTreeMap::from([
                ("gpu_hours".to_owned(), Some(2.0)),
                ("lost".to_owned(), None),
            ]),
            artifact: None,
        };
        answer
            .metrics
            .extend(value.map(|value| ("valid".to_owned(), value)));
        let returned = returned(&capabilities, answer)?;
        let Details { metrics, cost, .. } = returned.details;
        assert_eq!(returned.declared.len(), 1);
        assert_eq!((metrics.len(), metrics["undeclared"]), (2, 3.0));
        assert_eq!(cost, BTreeMap::from([("gpu_hours".to_owned(), 2.0)]));
        Ok(returned.declared["valid"])
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
