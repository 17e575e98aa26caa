//! The CSV text of an import: architectures as text and columns of numbers, with the line of every problem.

use std::collections::BTreeSet;
use std::path::Path;

use csv::ByteRecord;
use ganas_formats::limit::Bound;

use crate::error::{ImportProblem, TableError};
use ganas_space::suggestion::closest;

use super::column_reader::{ColumnReader, Content, InfiniteColumn, NumberColumn};
use super::import_limits::{BoundedRecords, MAX_COLUMNS, MemoryMeter, too_many_columns};
use super::key_template::{KeyTemplate, joined};
use super::manifest::{ARCH_COLUMN, KEY_COLUMN, KEY_ORDER_COLUMN};
use super::skipped::{SkipReason, SkippedColumn};

/// What some programs begin a UTF-8 text with.
pub(crate) const UTF8_BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A CSV file, read. All columns have one entry for each key.
pub(crate) struct Delimited {
    /// The text of each architecture, and the line where its row starts.
    pub(crate) keys: Vec<Key>,
    /// The columns of numbers, in file order.
    pub(crate) columns: Vec<NumberColumn>,
    /// The other columns.
    pub(crate) skipped: Vec<SkippedColumn>,
    /// Columns that would be of numbers, but for one that is not finite.
    pub(crate) infinite: Vec<InfiniteColumn>,
}

/// The text of an architecture.
pub(crate) struct Key {
    pub(crate) line: u64,
    pub(crate) text: String,
}

impl Delimited {
    /// Reads the text of a CSV file.
    ///
    /// [`ColumnReader`] says which columns hold numbers.
    pub(crate) fn parse(
        file: &Path,
        text: &[u8],
        key: &KeyTemplate,
        memory: Bound,
    ) -> Result<Self, TableError> {
        let text = text.strip_prefix(UTF8_BYTE_ORDER_MARK).unwrap_or(text);
        let bounded = BoundedRecords::new(text);
        let bound = bounded.bound();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(bounded);
        let mut lines = Lines::new(text);
        let mut record = ByteRecord::new();

        let no_rows = || {
            ImportProblem::NoRows {
                key_column: key.as_str().to_owned(),
            }
            .in_file(file)
        };
        let mut memory = MemoryMeter::new(file, memory);
        let mut next = |lines: &mut Lines<'_>, record: &mut ByteRecord| {
            bound.set(reader.position().byte());
            read_record(file, &mut reader, lines, record)
        };
        if !next(&mut lines, &mut record)? {
            return Err(no_rows());
        }
        let header = header(file, lines.line, &record)?;
        let key_pieces = key.resolve(|column| {
            let index = header.iter().position(|name| name == column);
            index.ok_or_else(|| {
                ImportProblem::MissingKeyColumn {
                    column: column.to_owned(),
                    suggestion: closest(column, header.iter().map(String::as_str)),
                    known: header.join(", "),
                }
                .in_file(file)
            })
        })?;

        let mut keys = Vec::new();
        let mut columns: Vec<ColumnReader> = header
            .iter()
            .map(|name| ColumnReader::new(name.clone(), 0))
            .collect();
        while next(&mut lines, &mut record)? {
            let line = lines.line;
            if record.len() != header.len() {
                return Err(ImportProblem::FieldCount {
                    line,
                    expected: header.len(),
                    found: record.len(),
                }
                .in_file(file));
            }
            let mut cells = Vec::with_capacity(header.len());
            let mut n_columns = 0;
            for (cell, column) in record.iter().zip(&mut columns) {
                let cell = std::str::from_utf8(cell).map_err(|_| {
                    ImportProblem::NotUtf8 {
                        line,
                        column: column.name().to_owned(),
                    }
                    .in_file(file)
                })?;
                cells.push(cell);
                if !key.uses(column.name()) {
                    column.push(line, cell);
                    n_columns += usize::from(column.holds_numbers());
                }
            }
            let text = joined(&key_pieces, |&index, text| text.push_str(cells[index]));
            memory.check(&text, n_columns)?;
            keys.push(Key { line, text });
        }
        if keys.is_empty() {
            return Err(no_rows());
        }
        columns.retain(|column| !key.uses(column.name()));
        Ok(Self::collect(keys, columns))
    }

    /// Puts the columns into those of numbers and the others.
    pub(crate) fn collect(keys: Vec<Key>, readers: impl IntoIterator<Item = ColumnReader>) -> Self {
        let mut read = Self {
            keys,
            columns: Vec::new(),
            skipped: Vec::new(),
            infinite: Vec::new(),
        };
        for reader in readers {
            match reader.finish() {
                Content::Numbers(column) => read.columns.push(column),
                Content::Other(skipped) => read.skipped.push(skipped),
                Content::Infinite(infinite) => read.infinite.push(infinite),
            }
        }
        read
    }

    /// Takes out the columns that are not wanted, whatever they hold.
    pub(crate) fn ignore(&mut self, file: &Path, names: &[String]) -> Result<(), TableError> {
        for name in names {
            let n_before = self.n_columns();
            self.columns.retain(|column| column.name != *name);
            self.skipped.retain(|column| column.name != *name);
            self.infinite.retain(|column| column.name != *name);
            if self.n_columns() == n_before {
                let known: Vec<&str> = self.names().collect();
                return Err(ImportProblem::NothingToIgnore {
                    column: name.clone(),
                    suggestion: closest(name, known.iter().copied()),
                    known: known.join(", "),
                }
                .in_file(file));
            }
        }
        let ignored = names.iter().map(|name| SkippedColumn {
            name: name.clone(),
            reason: SkipReason::Ignored,
        });
        self.skipped.extend(ignored);
        Ok(())
    }

    /// Checks that what is left can be the metrics of a table.
    pub(crate) fn check(&self, file: &Path) -> Result<(), TableError> {
        if let Some(infinite) = self.infinite.first() {
            return Err(ImportProblem::NonFinite {
                line: infinite.line,
                column: infinite.name.clone(),
                text: infinite.text.clone(),
            }
            .in_file(file));
        }
        if let Some(reserved) = (self.columns.iter())
            .find(|c| [ARCH_COLUMN, KEY_COLUMN, KEY_ORDER_COLUMN].contains(&c.name.as_str()))
        {
            let column = reserved.name.clone();
            return Err(ImportProblem::ReservedColumn { column }.in_file(file));
        }
        if self.columns.is_empty() {
            let skipped: Vec<String> = self.skipped.iter().map(ToString::to_string).collect();
            return Err(ImportProblem::NoMetricColumn {
                skipped: skipped.join("; "),
            }
            .in_file(file));
        }
        Ok(())
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let columns = self.columns.iter().map(|column| &*column.name);
        let skipped = self.skipped.iter().map(|column| &*column.name);
        let infinite = self.infinite.iter().map(|column| &*column.name);
        columns.chain(skipped).chain(infinite)
    }

    fn n_columns(&self) -> usize {
        self.names().count()
    }
}

fn header(file: &Path, line: u64, record: &ByteRecord) -> Result<Vec<String>, TableError> {
    let mut names: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    for (index, name) in record.iter().enumerate() {
        let name = std::str::from_utf8(name).map_err(|_| {
            ImportProblem::NotUtf8 {
                line,
                column: format!("number {}", index + 1),
            }
            .in_file(file)
        })?;
        if names.len() >= MAX_COLUMNS {
            return Err(too_many_columns(file));
        }
        if !name.is_empty() && !known.insert(name) {
            return Err(ImportProblem::DuplicateColumn {
                column: name.to_owned(),
            }
            .in_file(file));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

/// Reads the next record and moves `lines` to its start; false at the end of the file.
fn read_record(
    file: &Path,
    reader: &mut csv::Reader<BoundedRecords<'_>>,
    lines: &mut Lines<'_>,
    record: &mut ByteRecord,
) -> Result<bool, TableError> {
    let start = reader.position().byte();
    lines.advance(start);
    reader.read_byte_record(record).map_err(|error| {
        ImportProblem::BadCsv {
            line: lines.line,
            reason: error.to_string(),
        }
        .in_file(file)
    })
}

/// Counts lines. The CSV reader's own count is off after blank lines and CRLF line ends, because it names the place
/// where it began to look for a record.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// Moves to the first byte at or after `offset` that does not end a line.
    fn advance(&mut self, offset: u64) {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        while let Some(&byte) = self.text.get(self.at) {
            let ends_line = matches!(byte, b'\n' | b'\r');
            if self.at >= offset && !ends_line {
                return;
            }
            let next = self.text.get(self.at + 1);
            self.line += u64::from(byte == b'\n' || byte == b'\r' && next != Some(&b'\n'));
            self.at += 1;
        }
    }
}
