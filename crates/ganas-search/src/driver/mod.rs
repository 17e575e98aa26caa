//! The driver: owns the loop, the budget and the observers.

mod feed;
mod progress;
mod rungs;
mod stopping;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ganas_eval::{Curve, Evaluator, QueryCounts};
use ganas_space::SearchSpace;
use serde::{Deserialize, Serialize};

use crate::{Budget, Observer, ObserverError, Proposal, SearchError, Searcher, TrialRecord};

use feed::RunFeed;
pub use rungs::Rungs;
pub use stopping::StopBelow;

/// Asks a run to stop at the next safe point: after the round it is in.
#[derive(Clone, Debug, Default)]
pub struct StopFlag {
    stop: Arc<AtomicBool>,
    out_of_time: Arc<AtomicBool>,
    cancelled: Arc<AtomicBool>,
}

impl StopFlag {
    /// Asks the run to stop.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Asks the run to stop because its time is over.
    pub fn time_is_over(&self) {
        self.out_of_time.store(true, Ordering::Relaxed);
        self.stop();
    }

    /// Asks the run to stop, and not to wait for what is being evaluated.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        self.stop();
    }

    /// Whether what is being evaluated is not to be waited for.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Whether the time is over.
    #[must_use]
    pub fn is_out_of_time(&self) -> bool {
        self.out_of_time.load(Ordering::Relaxed)
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The flag itself, for an evaluator that stops, too.
    #[must_use]
    pub fn shared(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// The flag that says that what is being evaluated is not to be waited for, for an evaluator that can cancel it.
    #[must_use]
    pub fn shared_cancel(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancelled)
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
    /// The target was reached; with another target or none, the run can be continued.
    TargetReached,
    /// Nothing better was found for as long as was to be waited; the run can be continued with more patience.
    NoImprovement,
    /// The time that the search may take is over; the run can be resumed.
    TimeSpent,
    /// A stop was asked for; the run can be resumed.
    Interrupted,
}

impl StopReason {
    /// Whether more could be done with the same budget.
    #[must_use]
    pub fn is_early(self) -> bool {
        match self {
            Self::BudgetSpent | Self::SpaceExhausted | Self::OnlyRepeats => false,
            Self::TargetReached | Self::NoImprovement | Self::TimeSpent | Self::Interrupted => true,
        }
    }
}

/// When a searcher is asked, and which trials it has been told by then.
///
/// Either way that depends on the numbers of trials alone, not on when evaluations end, so that the record of a run does
/// not depend on who evaluates, and how fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Option<NonZeroU32>", from = "Option<NonZeroU32>")]
pub enum Pace {
    /// The searcher proposes as many as it likes, and is asked again once it has been told all of them.
    #[default]
    Rounds,
    /// The searcher proposes one at a time. Before it proposes the one with the number n, it has been told exactly those with
    /// numbers up to n - W, so up to W are being evaluated at any time. With W = 1 it is told each before it proposes the next.
    Window(NonZeroU32),
}

impl Pace {
    /// The size of the window.
    #[must_use]
    pub fn window(self) -> Option<NonZeroU32> {
        self.into()
    }
}

impl From<Option<NonZeroU32>> for Pace {
    fn from(window: Option<NonZeroU32>) -> Self {
        window.map_or(Self::Rounds, Self::Window)
    }
}

impl From<Pace> for Option<NonZeroU32> {
    fn from(pace: Pace) -> Self {
        match pace {
            Pace::Rounds => None,
            Pace::Window(window) => Some(window),
        }
    }
}

/// When a run ends before its budget is spent. It is no part of what the run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Until {
    /// Once a trial has this value of the search metric, or a better one.
    pub target: Option<f64>,
    /// Once so many unique queries in a row have brought nothing better.
    pub patience: Option<NonZeroU32>,
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
#[derive(Clone, Debug, Default)]
pub struct ResumePoint {
    /// The number of rounds done; the next round has this number.
    pub rounds: u32,
    /// The searcher's checkpoint after the last of them.
    pub checkpoint: Vec<u8>,
    /// All trials of those rounds, in the order of proposal.
    pub trials: Vec<TrialRecord>,
    /// What had been proposed and not been told then, in the order of proposal.
    pub pending: Vec<Proposal>,
    /// What complete trials told of each step, by their numbers, where evaluations are stopped early.
    pub curves: BTreeMap<u32, Curve>,
}

/// A run whose first so many unique queries all failed is stopped with [`SearchError::AllFailed`].
const ALL_FAILED_AFTER: u32 = 100;

/// A run of a searcher, until its budget is spent.
///
/// The [`Pace`] says when the searcher is asked and told. A round is what is told at once; its trials are told to the
/// observers together.
/// The evaluator may do what was proposed at the same time and in any order; results are told in the order of proposal, so
/// the record does not depend on that.
/// A stop that is asked for takes effect between two rounds, or within one when the evaluator stops
/// ([`ganas_eval::EvalError::Interrupted`]); the round is then as if it had not been asked for.
pub struct Run<'a> {
    space: &'a dyn SearchSpace,
    searcher: &'a mut dyn Searcher,
    evaluator: &'a dyn Evaluator,
    budget: Budget,
    pace: Pace,
    until: Until,
    rungs: Option<Rungs>,
    stop_below: Option<StopBelow>,
    first: Vec<Proposal>,
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
            .field("pace", &self.pace)
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
            pace: Pace::default(),
            until: Until::default(),
            rungs: None,
            stop_below: None,
            first: Vec::new(),
            resume: None,
            observers: Vec::new(),
            stop: StopFlag::default(),
        }
    }

    /// Asks and tells at this pace.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Ends early.
    #[must_use]
    pub fn until(mut self, until: Until) -> Self {
        self.until = until;
        self
    }

    /// Evaluates everything with a low fidelity first, of which the best go on with higher ones. What a searcher is told of the
    /// others has the value with the highest fidelity at hand.
    #[must_use]
    pub fn rungs(mut self, rungs: impl Into<Option<Rungs>>) -> Self {
        self.rungs = rungs.into();
        self
    }

    /// Stops evaluations that are worse than others at the same step, with an evaluator that can cancel and at the pace of a
    /// window. What a searcher is told of one has no value.
    #[must_use]
    pub fn stop_below(mut self, stop_below: impl Into<Option<StopBelow>>) -> Self {
        self.stop_below = stop_below.into();
        self
    }

    /// Evaluates these before the searcher is asked for the first time, and tells it.
    #[must_use]
    pub fn first(mut self, first: Vec<Proposal>) -> Self {
        self.first = first;
        self
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
    /// contract, [`SearchError::BadStopBelow`] when evaluations are to be stopped early in rounds or with rungs,
    /// [`SearchError::BadCheckpoint`] for a resume point that contradicts itself, [`SearchError::Evaluator`] when
    /// the evaluator cannot go on, and [`SearchError::AllFailed`] when all of the first 100 unique queries failed.
    /// A failed evaluation is not an error: it is recorded and told. A metric that is not a finite number is a failed
    /// evaluation.
    pub fn run(self) -> Result<RunOutcome, SearchError> {
        let evaluator = self.evaluator;
        let mut feed = RunFeed::new(self)?;
        let evaluated = evaluator.evaluate_all(&mut feed);
        feed.finish(evaluated)
    }
}

fn observed(observer: &'static str, result: Result<(), ObserverError>) -> Result<(), SearchError> {
    result.map_err(|source| SearchError::Observer { observer, source })
}

#[cfg(test)]
mod pace_tests;
#[cfg(test)]
mod stopping_tests;
#[cfg(test)]
mod tests;
