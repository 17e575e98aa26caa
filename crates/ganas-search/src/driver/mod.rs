//! The driver: owns the loop, the budget and the observers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ganas_eval::{
    Answer, Counted, EvalError, Evaluator, Measurement, MetricPair, Query, QueryCounts,
    ReportMetric, SearchMetric,
};
use ganas_space::SearchSpace;
use serde::{Deserialize, Serialize};

use crate::{
    Budget, Observer, ObserverError, Proposal, RoundReport, SearchError, Searcher, Trial,
    TrialNumber, TrialRecord, TrialState,
};

/// Asks a run to stop at the next safe point: after the round it is in.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Asks the run to stop.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself, for an evaluator that stops, too.
    #[must_use]
    pub fn shared(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The budget of unique queries is spent.
    BudgetSpent,
    /// The searcher had nothing new to propose.
    SpaceExhausted,
    /// The searcher repeated itself until the bound on raw queries was reached.
    OnlyRepeats,
    /// A stop was asked for; the run can be resumed.
    Interrupted,
}

/// A run that has ended.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    /// Why it ended.
    pub stop: StopReason,
    /// Queries spent.
    pub counts: QueryCounts,
    /// All trials in the order of proposal.
    pub trials: Vec<TrialRecord>,
}

/// Where an interrupted run continues.
#[derive(Clone, Debug)]
pub struct ResumePoint {
    /// The number of rounds done; the next round has this number.
    pub rounds: u32,
    /// The searcher's checkpoint after the last of them.
    pub checkpoint: Vec<u8>,
    /// All trials of those rounds, in the order of proposal.
    pub trials: Vec<TrialRecord>,
}

/// A run whose first so many unique queries all failed is stopped with [`SearchError::AllFailed`].
const ALL_FAILED_AFTER: u32 = 100;

/// A run of a searcher, until its budget is spent.
///
/// A round is one ask, the evaluation of its proposals, and one tell; its trials are told to the observers together.
/// An evaluator that takes batches gets the new proposals of a round together and may do them at the same time and in
/// any order; results are told in the order of proposal, so the record does not depend on that.
/// A stop that is asked for takes effect between two rounds, or within one when the evaluator stops
/// ([`EvalError::Interrupted`]); the round is then as if it had not been asked for.
pub struct Run<'a> {
    space: &'a dyn SearchSpace,
    searcher: &'a mut dyn Searcher,
    evaluator: &'a dyn Evaluator,
    budget: Budget,
    resume: Option<ResumePoint>,
    observers: Vec<&'a mut dyn Observer>,
    stop: StopFlag,
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("space", &self.space.name())
            .field("searcher", &self.searcher.name())
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

impl<'a> Run<'a> {
    /// A run from the start, which nobody observes.
    pub fn new(
        space: &'a dyn SearchSpace,
        searcher: &'a mut dyn Searcher,
        evaluator: &'a dyn Evaluator,
        budget: Budget,
    ) -> Self {
        Self {
            space,
            searcher,
            evaluator,
            budget,
            resume: None,
            observers: Vec::new(),
            stop: StopFlag::default(),
        }
    }

    /// Continues from a point, when there is one.
    #[must_use]
    pub fn resume(mut self, point: impl Into<Option<ResumePoint>>) -> Self {
        self.resume = point.into();
        self
    }

    /// Tells one more observer of every round, after those before it.
    #[must_use]
    pub fn observe(mut self, observer: &'a mut dyn Observer) -> Self {
        self.observers.push(observer);
        self
    }

    /// Stops at the next safe point once this is set.
    #[must_use]
    pub fn stop(mut self, stop: &StopFlag) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// Whatever the searcher or an observer reports, [`SearchError::TooManyProposals`] from a searcher that breaks its
    /// contract, [`SearchError::BadCheckpoint`] for a resume point that contradicts itself, [`SearchError::Evaluator`] when
    /// the evaluator cannot go on, and [`SearchError::AllFailed`] when all of the first 100 unique queries failed.
    /// A failed evaluation is not an error: it is recorded and told. A metric that is not a finite number is a failed
    /// evaluation.
    pub fn run(self) -> Result<RunOutcome, SearchError> {
        let Self {
            space,
            searcher,
            evaluator,
            budget,
            resume,
            mut observers,
            stop,
        } = self;
        let mut progress = Progress::new(evaluator);
        if let Some(point) = resume {
            progress.resume(searcher, point)?;
        }
        let reason = loop {
            let counts = progress.counts();
            if counts.unique >= budget.unique_queries() {
                break StopReason::BudgetSpent;
            }
            if counts.raw >= budget.raw_queries() {
                break StopReason::OnlyRepeats;
            }
            if stop.is_set() {
                break StopReason::Interrupted;
            }
            let limit = index(
                (budget.unique_queries() - counts.unique).min(budget.raw_queries() - counts.raw),
            );
            let proposals = searcher.ask(limit)?;
            if proposals.is_empty() {
                break StopReason::SpaceExhausted;
            }
            if proposals.len() > limit {
                return Err(SearchError::TooManyProposals {
                    searcher: searcher.name(),
                    proposed: proposals.len(),
                    limit,
                });
            }
            match progress.round(space, searcher, proposals, &mut observers) {
                Err(SearchError::Evaluator(EvalError::Interrupted)) => {
                    break StopReason::Interrupted;
                }
                result => result?,
            }
            progress.check_not_all_failed()?;
        };
        let outcome = RunOutcome {
            stop: reason,
            counts: progress.counts(),
            trials: progress.trials,
        };
        // Every observer is told, whatever the others say, so that each can put its record in order.
        let mut told = Ok(());
        for observer in &mut observers {
            let result = observer.on_finish(&outcome);
            told = told.and(observed(observer.name(), result));
        }
        told.map(|()| outcome)
    }
}

fn observed(observer: &'static str, result: Result<(), ObserverError>) -> Result<(), SearchError> {
    result.map_err(|source| SearchError::Observer { observer, source })
}

/// What a run has done so far.
struct Progress<'a> {
    protocol: &'a MetricPair,
    counted: Counted<'a>,
    /// Unique queries whose measurement was not finite: failures that `counted` does not know of.
    not_finite: u32,
    rounds: u32,
    trials: Vec<TrialRecord>,
    /// The earliest of the best completed trials.
    best: Option<usize>,
}

impl<'a> Progress<'a> {
    fn new(evaluator: &'a dyn Evaluator) -> Self {
        Self {
            protocol: evaluator.metric_pair(),
            counted: Counted::new(evaluator),
            not_finite: 0,
            rounds: 0,
            trials: Vec::new(),
            best: None,
        }
    }

    fn counts(&self) -> QueryCounts {
        let counts = self.counted.counts();
        QueryCounts {
            failed: counts.failed + self.not_finite,
            ..counts
        }
    }

    /// Puts the searcher and the counts where they were after the last recorded round.
    fn resume(
        &mut self,
        searcher: &mut dyn Searcher,
        point: ResumePoint,
    ) -> Result<(), SearchError> {
        let told: Vec<Trial> = point.trials.iter().map(|r| r.trial.clone()).collect();
        searcher.restore(&point.checkpoint, &told)?;
        self.rounds = point.rounds;
        for record in point.trials {
            self.replay(record)?;
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
        let result = match (&trial.state, record.report) {
            (TrialState::Completed(search), Some(report)) => Ok(Measurement {
                search: *search,
                report,
                objectives: trial.objectives.clone(),
            }),
            (TrialState::Completed(_), None) => {
                return Err(bad(format!(
                    "trial {told} is completed but has no reported metric"
                )));
            }
            (TrialState::Failed(reason), _) => Err(reason.clone()),
        };
        let unique_before = self.counted.counts().unique;
        self.counted.replay(trial.key, result);
        if trial.repeat != (self.counted.counts().unique == unique_before) {
            return Err(bad(format!(
                "trial {told} is marked repeat = {}, which the earlier trials contradict",
                trial.repeat
            )));
        }
        self.push(record);
        Ok(())
    }

    fn round(
        &mut self,
        space: &dyn SearchSpace,
        searcher: &mut dyn Searcher,
        proposals: Vec<Proposal>,
        observers: &mut [&mut dyn Observer],
    ) -> Result<(), SearchError> {
        let first = self.trials.len();
        if let Some(Proposal { arch, .. }) = proposals.iter().find(|p| !space.admits(&p.arch)) {
            return Err(SearchError::NotAdmitted {
                searcher: searcher.name(),
                arch: space.encode(arch),
            });
        }
        if self.counted.takes_batches() {
            self.evaluate_together(proposals)?;
        } else {
            for proposal in proposals {
                let Proposal { ref arch, key } = proposal;
                let answer = self.counted.query(Query { key, arch });
                let record = self.record(proposal, answer);
                self.push(record);
            }
        }
        let told: Vec<Trial> = self.trials[first..]
            .iter()
            .map(|r| r.trial.clone())
            .collect();
        searcher.tell(&told)?;
        let events = searcher.take_events();
        let report = RoundReport {
            round: self.rounds,
            trials: &self.trials[first..],
            events: &events,
            counts: self.counts(),
            best: self.best.map(|at| &self.trials[at]),
            checkpoint: &|| searcher.checkpoint(),
        };
        for observer in observers {
            let result = observer.on_round(&report);
            observed(observer.name(), result)?;
        }
        self.rounds += 1;
        Ok(())
    }

    /// Has the new proposals evaluated at the same time, and records all of them in the order of proposal.
    fn evaluate_together(&mut self, proposals: Vec<Proposal>) -> Result<(), SearchError> {
        let queries: Vec<Query<'_>> = proposals
            .iter()
            .map(|&Proposal { ref arch, key }| Query { key, arch })
            .collect();
        let answers = self.counted.query_all(&queries)?;
        for (proposal, answer) in proposals.into_iter().zip(answers) {
            let record = self.record(proposal, answer);
            self.push(record);
        }
        Ok(())
    }

    fn record(&mut self, proposal: Proposal, answer: Answer) -> TrialRecord {
        let measured = answer.result.and_then(|measurement| {
            let finite = finite(self.protocol, measurement);
            self.not_finite += u32::from(finite.is_err() && !answer.repeat);
            finite
        });
        let (result, report, objectives) = match measured {
            Ok(measured) => (
                Ok(measured.search),
                Some(measured.report),
                measured.objectives,
            ),
            Err(reason) => (Err(reason), None, Vec::new()),
        };
        let number = TrialNumber(count(self.trials.len()));
        let trial = Trial::new(number, self.rounds, proposal, result).with_objectives(objectives);
        TrialRecord {
            trial: if answer.repeat {
                trial.repeated()
            } else {
                trial
            },
            report,
        }
    }

    fn push(&mut self, record: TrialRecord) {
        let value = record.trial.search();
        let best = self.best.and_then(|at| self.trials[at].trial.search());
        if value.is_some() && best.is_none_or(|best| value > Some(best)) {
            self.best = Some(self.trials.len());
        }
        self.trials.push(record);
    }

    fn check_not_all_failed(&self) -> Result<(), SearchError> {
        let QueryCounts { unique, failed, .. } = self.counts();
        if unique < ALL_FAILED_AFTER || failed < unique {
            return Ok(());
        }
        let reason = self.trials.iter().rev().find_map(|r| match &r.trial.state {
            TrialState::Failed(reason) => Some(reason.clone()),
            TrialState::Completed(_) => None,
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
    })
}

/// The number of trials as it is recorded.
fn count(len: usize) -> u32 {
    u32::try_from(len).expect("invariant: the budget bounds the trials, and is a u32")
}

/// A number of queries as a length.
fn index(queries: u32) -> usize {
    usize::try_from(queries).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
