//! Bounds on what is imported: the number of columns, the length of a row, and the memory for all of it.

use std::cell::Cell;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use ganas_formats::limit::Bound;

use crate::error::{ImportProblem, TableError};

/// The most columns of a file; published ones have a few hundred.
pub(crate) const MAX_COLUMNS: usize = 1 << 14;

/// The most bytes of a row.
pub(crate) const MAX_ROW_BYTES: u64 = 1 << 24;

/// Bytes beyond a row that a reader may have looked at.
const LOOKED_AHEAD: u64 = 1 << 17;

/// What a row takes beside its text and its numbers: the text and the key of its architecture, twice, and its places in lists.
const ROW_BYTES: u64 = 200;

/// What a number takes: with whether it is there, as it was read and in the order of the table.
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

    /// Counts a row, and checks that all rows fit with so many columns of numbers.
    pub(crate) fn check(&mut self, text: &str, n_columns: usize) -> Result<(), TableError> {
        self.n_rows += 1;
        self.text_bytes += 2 * text.len() as u64;
        let row_bytes = ROW_BYTES + CELL_BYTES * n_columns as u64;
        let checked = (self.bound).check(self.text_bytes + self.n_rows.saturating_mul(row_bytes));
        checked.map_err(|problem| ImportProblem::from(problem).in_file(self.file))
    }
}

/// The text of a CSV file for a reader that would otherwise keep a row of any length.
pub(crate) struct BoundedRecords<'a> {
    text: &'a [u8],
    n_read: u64,
    row: Rc<Cell<u64>>,
}

impl<'a> BoundedRecords<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            n_read: 0,
            row: Rc::default(),
        }
    }

    /// Where the row at hand begins, for whoever reads rows to say.
    pub(crate) fn bound(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.row)
    }
}

impl Read for BoundedRecords<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.n_read > self.row.get() + MAX_ROW_BYTES + LOOKED_AHEAD {
            return Err(io::Error::other(format!(
                "the row has more than {MAX_ROW_BYTES} bytes; is a quote missing?"
            )));
        }
        let n = self.text.read(buffer)?;
        self.n_read += n as u64;
        Ok(n)
    }
}
