//! What a run has done so far, as it is recorded.

use std::collections::BTreeMap;

use ganas_eval::{
    EvalError, Measurement, MetricPair, QueryCounts, ReportMetric, SearchMetric, StoppedAt,
};
use ganas_space::ArchKey;

use super::{ALL_FAILED_AFTER, ResumePoint, Until};
use crate::{Proposal, SearchError, Trial, TrialNumber, TrialRecord, TrialState};

/// What came of the evaluations of a class, or why nothing did.
pub(super) type Answer = Result<Standing, NoResult>;

/// Why an evaluation has no result.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NoResult {
    /// It failed.
    Failed(String),
    /// It was stopped early.
    Stopped(StoppedAt),
}

/// What came of the evaluations of a class, with rungs or without.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// With the highest fidelity at hand.
    pub(super) measurement: Measurement,
    /// The search metric with lower ones, the lowest first.
    pub(super) lower: Vec<f64>,
    /// How many higher fidelities it was not evaluated with.
    pub(super) missing: u32,
}

/// The trials that the searcher was told, and what follows from them.
#[derive(Debug)]
pub(super) struct Progress {
    protocol: MetricPair,
    /// What came of each class.
    answers: BTreeMap<ArchKey, Answer>,
    counts: QueryCounts,
    pub(super) rounds: u32,
    pub(super) trials: Vec<TrialRecord>,
    /// The earliest of the best completed trials that satisfy all bounds.
    best: Option<usize>,
    /// Unique queries since it was found.
    since_best: u32,
}

impl Progress {
    pub(super) fn new(protocol: &MetricPair) -> Self {
        Self {
            protocol: protocol.clone(),
            answers: BTreeMap::new(),
            counts: QueryCounts::default(),
            rounds: 0,
            trials: Vec::new(),
            best: None,
            since_best: 0,
        }
    }

    pub(super) fn counts(&self) -> QueryCounts {
        self.counts
    }

    /// The best trial.
    pub(super) fn best(&self) -> Option<&TrialRecord> {
        self.best.map(|at| &self.trials[at])
    }

    /// What came of a class that was told.
    pub(super) fn answer(&self, key: ArchKey) -> Option<&Answer> {
        self.answers.get(&key)
    }

    /// Whether there is a reason to end early.
    pub(super) fn is_over(&self, until: &Until) -> Option<super::StopReason> {
        let best = self.best()?.trial.eligible()?;
        let reached = until.target.is_some_and(|target| {
            let target = best.direction().gain(target);
            best.gain() >= target
        });
        if reached {
            return Some(super::StopReason::TargetReached);
        }
        let waited = until
            .patience
            .is_some_and(|patience| self.since_best >= patience.get());
        waited.then_some(super::StopReason::NoImprovement)
    }

    /// What was measured, or why it is nothing that can be recorded.
    pub(super) fn checked(
        &self,
        outcome: Result<Measurement, EvalError>,
    ) -> Result<Measurement, NoResult> {
        match outcome {
            Ok(measurement) => finite(&self.protocol, measurement).map_err(NoResult::Failed),
            Err(EvalError::StoppedEarly { step, value, .. }) => {
                Err(NoResult::Stopped(StoppedAt { step, value }))
            }
            Err(error) => Err(NoResult::Failed(error.to_string())),
        }
    }

    /// Adds a trial, which has been evaluated, to those that are told.
    pub(super) fn add(&mut self, proposal: Proposal, round: u32, answer: Answer) {
        let repeat = self.answers.contains_key(&proposal.key);
        self.answers
            .entry(proposal.key)
            .or_insert_with(|| answer.clone());
        let number = TrialNumber(count(self.trials.len()));
        let (trial, report) = match answer {
            Ok(measured) => (
                Trial::new(number, round, proposal, Ok(measured.measurement.search))
                    .with_objectives(measured.measurement.objectives)
                    .violating(measured.measurement.violation)
                    .at_rung(measured.lower, measured.missing),
                Some(measured.measurement.report),
            ),
            Err(NoResult::Failed(reason)) => {
                (Trial::new(number, round, proposal, Err(reason)), None)
            }
            Err(NoResult::Stopped(at)) => {
                let trial = Trial::new(number, round, proposal, Err(String::new()));
                (trial.stopped(at), None)
            }
        };
        let trial = if repeat { trial.repeated() } else { trial };
        self.push(TrialRecord { trial, report });
    }

    fn push(&mut self, record: TrialRecord) {
        let trial = &record.trial;
        let value = trial.eligible();
        self.counts.raw += 1;
        if !trial.repeat {
            self.counts.unique += 1;
            self.counts.failed += u32::from(matches!(trial.state, TrialState::Failed(_)));
            self.since_best += 1;
        }
        let best = self.best().and_then(|best| best.trial.eligible());
        if value.is_some() && best.is_none_or(|best| value > Some(best)) {
            self.best = Some(self.trials.len());
            self.since_best = 0;
        }
        self.trials.push(record);
    }

    /// Goes on after trials that were recorded.
    pub(super) fn resume(&mut self, point: &ResumePoint) -> Result<(), SearchError> {
        self.rounds = point.rounds;
        for record in &point.trials {
            self.replay(record.clone())?;
        }
        Ok(())
    }

    fn replay(&mut self, record: TrialRecord) -> Result<(), SearchError> {
        let bad = |reason: String| SearchError::BadCheckpoint {
            round: self.rounds.saturating_sub(1),
            reason,
        };
        let trial = &record.trial;
        let (TrialNumber(told), expected) = (trial.number, count(self.trials.len()));
        if told != expected {
            return Err(SearchError::OutOfOrder { told, expected });
        }
        if trial.round >= self.rounds {
            return Err(bad(format!(
                "trial {told} belongs to round {}, but only {} rounds are done",
                trial.round, self.rounds
            )));
        }
        let answer = match (&trial.state, record.report) {
            (TrialState::Completed(search), Some(report)) => Ok(Standing {
                measurement: Measurement {
                    search: *search,
                    report,
                    objectives: trial.objectives.clone(),
                    violation: trial.violation,
                },
                lower: trial.lower.clone(),
                missing: trial.missing,
            }),
            (TrialState::Completed(_), None) => {
                return Err(bad(format!(
                    "trial {told} is completed but has no reported metric"
                )));
            }
            (TrialState::Failed(reason), _) => Err(NoResult::Failed(reason.clone())),
            (TrialState::Stopped(at), _) => Err(NoResult::Stopped(*at)),
        };
        if trial.repeat != self.answers.contains_key(&trial.key) {
            return Err(bad(format!(
                "trial {told} is marked repeat = {}, which the earlier trials contradict",
                trial.repeat
            )));
        }
        self.answers.entry(trial.key).or_insert(answer);
        self.push(record);
        Ok(())
    }

    pub(super) fn check_not_all_failed(&self) -> Result<(), SearchError> {
        let QueryCounts { unique, failed, .. } = self.counts;
        if unique < ALL_FAILED_AFTER || failed < unique {
            return Ok(());
        }
        let reason = self.trials.iter().rev().find_map(|r| match &r.trial.state {
            TrialState::Failed(reason) => Some(reason.clone()),
            TrialState::Completed(_) | TrialState::Stopped(_) => None,
        });
        Err(SearchError::AllFailed {
            failed,
            reason: reason.unwrap_or_default(),
        })
    }
}

/// The measurement, when all that it consists of is finite. Negative zero becomes zero, since a study does not keep the
/// sign of a zero.
fn finite(protocol: &MetricPair, measurement: Measurement) -> Result<Measurement, String> {
    let check = |what: &str, name: &str, value: f64| {
        if value.is_finite() {
            Ok(value + 0.0)
        } else {
            Err(format!(
                "the {what} metric `{name}` is {value}: expected a finite number"
            ))
        }
    };
    Ok(Measurement {
        search: {
            let value = check("search", &protocol.search, measurement.search.value())?;
            SearchMetric::new(value, protocol.search_direction)
        },
        report: ReportMetric(check("reported", &protocol.report, measurement.report.0)?),
        objectives: (1..)
            .zip(measurement.objectives)
            .map(|(number, value): (u32, f64)| check("objective", &number.to_string(), value))
            .collect::<Result<_, _>>()?,
        violation: check("bounded", "violation", measurement.violation)?,
    })
}

/// The number of trials as it is recorded.
pub(super) fn count(len: usize) -> u32 {
    u32::try_from(len).expect("invariant: the budget bounds the trials, and is a u32")
}
