//! Why a published file cannot be made a table.

use ganas_formats::{FileError, SourceError};
use ganas_table::TableError;
use thiserror::Error;

/// Why a published file cannot be made a table.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BenchmarkError {
    /// A file or folder cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A place of a file is damaged, or is not what the benchmark has.
    #[error(transparent)]
    File(#[from] FileError),
    /// The table cannot be written.
    #[error(transparent)]
    Table(#[from] TableError),
}
