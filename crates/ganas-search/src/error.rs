//! The error types of this crate.

use ganas_eval::EvalError;
use ganas_gnn::DeviceError;
use ganas_space::SpaceError;
use thiserror::Error;

/// What can go wrong in a search.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// A budget of 0 queries.
    #[error("the budget is 0 queries: a search needs at least 1")]
    EmptyBudget,
    /// A configuration whose fields contradict each other or are out of range.
    #[error("configuration field `{field}`: {reason}")]
    BadConfig {
        /// The path of the field, for example `generator.learning_rate`.
        field: String,
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// Rungs that cannot be climbed.
    #[error("the rungs: {reason}")]
    BadRungs {
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// Evaluations that are stopped early by a rule that makes no sense.
    #[error("stopping early: {reason}")]
    BadStopBelow {
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// An architecture, action or text that the search space refused.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// A text that is no constraint.
    #[error(
        "constraint `{constraint}`: {reason}; expected NAME <= NUMBER (or <, >, >=), for example `params <= 3.0e6`"
    )]
    BadConstraint {
        /// The text.
        constraint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Objectives that cannot be searched for together, or values that are none of them.
    #[error("objectives: {reason}")]
    BadObjectives {
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// Constraints that nothing satisfies.
    #[error("no architecture satisfies the constraints ({space}, {among}): {nearest}")]
    Unsatisfiable {
        /// The name of the space.
        space: String,
        /// What was looked at.
        among: &'static str,
        /// For each constraint how near it can be met.
        nearest: String,
    },
    /// A searcher proposed what violates a constraint.
    #[error("{searcher} proposed {arch}, which violates a constraint; please report this")]
    NotAdmitted {
        /// The name of the searcher.
        searcher: &'static str,
        /// The architecture as text.
        arch: String,
    },
    /// A search space that the algorithm cannot search.
    #[error("the generator cannot build the architectures of the space `{space}`: {reason}")]
    UnsupportedSpace {
        /// The name of the space.
        space: String,
        /// Why not.
        reason: &'static str,
    },
    /// A searcher that orders all architectures, in a space that cannot be listed.
    #[error(
        "{searcher} orders all architectures, but the space `{space}` cannot be listed: choose a space with at most {most} \
         architectures, or search among the rows of a table with --within-table"
    )]
    NotListed {
        /// The name of the searcher.
        searcher: &'static str,
        /// The name of the space.
        space: String,
        /// The largest number of architectures that are listed.
        most: u64,
    },
    /// A searcher that orders architectures by nothing.
    #[error(
        "{searcher} has nothing to order architectures by: name columns of the table that is searched, or of one that is made \
         known with --properties, such as `--set 'columns=[\"latency\"]'`"
    )]
    NoOrder {
        /// The name of the searcher.
        searcher: &'static str,
    },
    /// A measurement that needs all of a space, which cannot be had.
    #[error("the space `{space}` cannot be measured exactly: {reason}")]
    Unmeasurable {
        /// The name of the space.
        space: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The searcher was told a trial that it did not propose, or not in the order of proposal.
    #[error(
        "trial {told} was told where trial {expected} was expected: trials are told in the order of proposal"
    )]
    OutOfOrder {
        /// The number of the trial that was told.
        told: u32,
        /// The number that was expected.
        expected: u32,
    },
    /// The searcher proposed more than it was asked for: a bug of the searcher.
    #[error("`{searcher}` proposed {proposed} architectures where at most {limit} were asked for")]
    TooManyProposals {
        /// The name of the searcher.
        searcher: &'static str,
        /// The number of proposals.
        proposed: usize,
        /// The number that was asked for.
        limit: usize,
    },
    /// A checkpoint that this searcher cannot continue from.
    #[error("cannot continue from the checkpoint of round {round}: {reason}")]
    BadCheckpoint {
        /// The round after which the checkpoint was taken.
        round: u32,
        /// What is wrong.
        reason: String,
    },
    /// A state that could not be written as a checkpoint.
    #[error("cannot write a checkpoint: {reason}")]
    CheckpointEncoding {
        /// What the encoder said.
        reason: String,
    },
    /// A loss, gradient or reward that is not a finite number.
    #[error(
        "{what} is {value} in round {round}: lower the learning rates, or report this with the run's header"
    )]
    NotFinite {
        /// The quantity.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The round.
        round: u32,
    },
    /// The device on which the networks compute failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The evaluator cannot evaluate anything any more.
    #[error(transparent)]
    Evaluator(#[from] EvalError),
    /// Every evaluation so far failed.
    #[error("all {failed} evaluations so far failed; the last reason: {reason}")]
    AllFailed {
        /// The number of failed evaluations.
        failed: u32,
        /// The last reason.
        reason: String,
    },
    /// An observer, such as the study database, failed.
    #[error("{observer} failed: {source}")]
    Observer {
        /// The name of the observer.
        observer: &'static str,
        /// Its error.
        source: ObserverError,
    },
}

/// The error of an observer, of whatever type it is.
pub type ObserverError = Box<dyn std::error::Error + Send + Sync>;
