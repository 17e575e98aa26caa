//! Trials: one evaluated architecture each.

use ganas_eval::{ReportMetric, SearchMetric, StoppedAt};
use ganas_space::{Arch, ArchKey};
use serde::{Deserialize, Serialize};

use crate::Proposal;

/// The number of a trial within its run, from 0, in the order of proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrialNumber(pub u32);

/// How a trial ended.
#[derive(Clone, Debug, PartialEq)]
pub enum TrialState {
    /// The evaluation returned this value of the search metric.
    Completed(SearchMetric),
    /// The evaluation failed, for the reason given; the architecture never enters a truth set.
    Failed(String),
    /// The evaluation was stopped early, because it was worse than others at the same step: it has no result.
    Stopped(StoppedAt),
}

/// One evaluated architecture, as a searcher may see it: without the metric that is reported in the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The number within the run.
    pub number: TrialNumber,
    /// The round in which it was proposed, from 0.
    pub round: u32,
    /// The architecture as proposed.
    pub arch: Arch,
    /// Its class.
    pub key: ArchKey,
    /// Whether its class had been evaluated before in the run, so that it cost no query.
    pub repeat: bool,
    /// How it ended.
    pub state: TrialState,
    /// The measured value of each objective of a completed trial, when there are several; else empty. The metric that is
    /// reported is never one of them.
    pub objectives: Vec<f64>,
    /// By how much it misses bounds on what was measured, relative to them; 0 for what satisfies all of them, and for failures.
    pub violation: f64,
    /// The search metric with each lower fidelity, the lowest first, when there are rungs; that of the highest fidelity at hand
    /// is the state's.
    pub lower: Vec<f64>,
    /// How many higher fidelities there are that it was not evaluated with.
    pub missing: u32,
}

impl Trial {
    /// The first trial of a class: a proposal, and its search metric or why it failed.
    #[must_use]
    pub fn new(
        number: TrialNumber,
        round: u32,
        proposal: Proposal,
        result: Result<SearchMetric, String>,
    ) -> Self {
        let Proposal { arch, key } = proposal;
        Self {
            number,
            round,
            arch,
            key,
            repeat: false,
            state: match result {
                Ok(search) => TrialState::Completed(search),
                Err(reason) => TrialState::Failed(reason),
            },
            objectives: Vec::new(),
            violation: 0.0,
            lower: Vec::new(),
            missing: 0,
        }
    }

    /// The same trial of a class that had been evaluated before.
    #[must_use]
    pub fn repeated(mut self) -> Self {
        self.repeat = true;
        self
    }

    /// The same trial with the measured values of several objectives.
    #[must_use]
    pub fn with_objectives(mut self, objectives: Vec<f64>) -> Self {
        self.objectives = objectives;
        self
    }

    /// The same trial, which misses bounds by so much.
    #[must_use]
    pub fn violating(mut self, violation: f64) -> Self {
        self.violation = violation;
        self
    }

    /// The same trial, which was evaluated with these lower fidelities before, and not with so many higher ones.
    #[must_use]
    pub fn at_rung(mut self, lower: Vec<f64>, missing: u32) -> Self {
        self.lower = lower;
        self.missing = missing;
        self
    }

    /// The same trial, which was stopped early.
    #[must_use]
    pub fn stopped(mut self, at: StoppedAt) -> Self {
        self.state = TrialState::Stopped(at);
        self
    }

    /// Whether it satisfies all bounds on what was measured.
    #[must_use]
    pub fn is_feasible(&self) -> bool {
        self.violation <= 0.0
    }

    /// The search metric of a completed trial that satisfies all bounds on what was measured, and was evaluated with the highest
    /// fidelity: what can be the best.
    #[must_use]
    pub fn eligible(&self) -> Option<SearchMetric> {
        self.search()
            .filter(|_| self.is_feasible() && self.missing == 0)
    }

    /// The search metric of a completed trial.
    #[must_use]
    pub fn search(&self) -> Option<SearchMetric> {
        match self.state {
            TrialState::Completed(value) => Some(value),
            TrialState::Failed(_) | TrialState::Stopped(_) => None,
        }
    }
}

/// A trial as it is recorded: with the reported metric, which no searcher sees.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialRecord {
    /// What the searcher saw.
    pub trial: Trial,
    /// The reported metric; `None` for a trial that failed or was stopped.
    pub report: Option<ReportMetric>,
}
