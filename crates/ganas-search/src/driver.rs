//! The driver: owns the loop, the budget and the observers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ganas_eval::{Evaluator, QueryCounts};
use ganas_space::SearchSpace;
use serde::{Deserialize, Serialize};

use crate::{Budget, Observer, SearchError, Searcher, TrialRecord};

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

/// Runs a searcher until its budget is spent.
///
/// # Errors
///
/// Whatever the searcher or an observer reports. A failed evaluation is not an error: it is recorded and told.
pub fn run(
    space: &dyn SearchSpace,
    searcher: &mut dyn Searcher,
    evaluator: &dyn Evaluator,
    budget: Budget,
    resume: Option<ResumePoint>,
    observers: &mut [&mut dyn Observer],
    stop: &StopFlag,
) -> Result<RunOutcome, SearchError> {
    let _ = (space, searcher, evaluator, budget, resume, observers, stop);
    unreachable!("written in the next step")
}
