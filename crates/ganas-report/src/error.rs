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
}
