//! Bounds on what is imported: the number of columns, the length of a row, and the memory for all of it.

use std::path::Path;

use ganas_formats::limit::Bound;

use crate::error::{ImportProblem, TableError};

/// The most columns of a file; published ones have a few hundred.
pub(crate) const MAX_COLUMNS: usize = 1 << 14;

/// The most bytes of a row.
pub(crate) const MAX_ROW_BYTES: u64 = 1 << 24;

/// Bytes beyond a row that a reader may have looked at.
pub(crate) const LOOKED_AHEAD: u64 = 1 << 17;

/// What a row counts for beside its text and its numbers. It takes less, but what is refused must not depend on how rows are
/// kept.
const ROW_BYTES: u64 = 200;

/// What a number counts for; it takes less, too.
const CELL_BYTES: u64 = 2 * size_of::<Option<f64>>() as u64;

pub(crate) fn too_many_columns(file: &Path) -> TableError {
    ImportProblem::TooLarge {
        what: "columns",
        limit: MAX_COLUMNS as u64,
    }
    .in_file(file)
}

/// The memory of what was read so far.
pub(crate) struct MemoryMeter<'a> {
    file: &'a Path,
    bound: Bound,
    n_rows: u64,
    text_bytes: u64,
}

impl<'a> MemoryMeter<'a> {
    pub(crate) fn new(file: &'a Path, bound: Bound) -> Self {
        Self {
            file,
            bound,
            n_rows: 0,
            text_bytes: 0,
        }
    }

    /// The rows so far.
    pub(crate) fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// Counts a row, and checks that all rows fit with so many columns of numbers.
    pub(crate) fn check(&mut self, text: &str, n_columns: usize) -> Result<(), TableError> {
        self.n_rows += 1;
        self.text_bytes += 2 * text.len() as u64;
        let row_bytes = ROW_BYTES + CELL_BYTES * n_columns as u64;
        let checked = (self.bound).check(self.text_bytes + self.n_rows.saturating_mul(row_bytes));
        checked.map_err(|problem| ImportProblem::from(problem).in_file(self.file))
    }
}
