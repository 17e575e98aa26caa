//! What can go wrong when a record is made.

use ganas_store::{SearchError, StoreError};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The study cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A trial does not have a finite value for each objective.
    #[error(transparent)]
    Objectives(#[from] SearchError),
    /// No run can be compared.
    #[error(
        "there is nothing to compare: none of the {runs} runs has trials{}",
        if *axis == "cost" { " whose cost is known" } else { "" }
    )]
    NothingToCompare {
        /// What queries are counted as.
        axis: &'static str,
        /// How many runs there are.
        runs: usize,
    },
    /// The baseline is none of the algorithms.
    #[error("the baseline `{baseline}` is none of the algorithms that are compared: {known}")]
    UnknownBaseline {
        /// What was asked for.
        baseline: String,
        /// What there is.
        known: String,
    },
    /// A run is on a table that is not described.
    #[error("a run is on the table `{table}`, which is not among those that are compared")]
    UnknownTable {
        /// The label.
        table: String,
    },
    /// Two runs cannot be told apart.
    #[error(
        "two runs of `{algorithm}` on `{table}` have the seed {seed}: give runs that differ labels that differ"
    )]
    SameRun {
        /// The label of the algorithm.
        algorithm: String,
        /// The label of the table.
        table: String,
        /// The seed.
        seed: u64,
    },
}
