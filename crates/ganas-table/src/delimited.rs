//! The CSV text of an import: architectures as text and columns of numbers, with the line of every problem.

use std::collections::BTreeSet;
use std::path::Path;

use csv::ByteRecord;
use ganas_formats::limit::{Bound, excerpt};

use crate::error::{ImportProblem, TableError};
use ganas_space::suggestion::closest;

use super::import::{SkipReason, SkippedColumn};
use super::import_limits::{BoundedRecords, MAX_COLUMNS, MemoryMeter, too_many_columns};
use super::key_template::{KeyTemplate, joined};
use super::manifest::{ARCH_COLUMN, KEY_COLUMN, KEY_ORDER_COLUMN};

const UTF8_BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A CSV file, read. All columns have one entry for each key.
pub(crate) struct Delimited {
    /// The text of each architecture, and the line where its row starts.
    pub(crate) keys: Vec<Key>,
    /// The columns of numbers, in file order.
    pub(crate) columns: Vec<NumberColumn>,
    /// The other columns.
    pub(crate) skipped: Vec<SkippedColumn>,
}

/// The text of an architecture.
pub(crate) struct Key {
    pub(crate) line: u64,
    pub(crate) text: String,
}

/// A column of finite numbers; empty cells are `None`.
pub(crate) struct NumberColumn {
    pub(crate) name: String,
    pub(crate) values: Vec<Option<f64>>,
}

impl Delimited {
    /// Reads the text of a CSV file.
    ///
    /// The first cell of a column that is not empty decides whether it holds numbers; text in a column of numbers is
    /// an error, numbers in a column of text are not looked at.
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
        let mut columns: Vec<ColumnReader<'_>> = header
            .iter()
            .map(|name| ColumnReader::new(file, name.clone(), 0))
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
                        column: column.name.clone(),
                    }
                    .in_file(file)
                })?;
                cells.push(cell);
                if !key.uses(&column.name) {
                    column.push(line, cell)?;
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
        columns.retain(|column| !key.uses(&column.name));
        Self::collect(file, keys, columns)
    }

    pub(crate) fn collect(
        file: &Path,
        keys: Vec<Key>,
        readers: Vec<ColumnReader<'_>>,
    ) -> Result<Self, TableError> {
        let (mut columns, mut skipped) = (Vec::new(), Vec::new());
        for reader in readers {
            let name = reader.name;
            match reader.content {
                Content::Numbers { .. } if name.is_empty() => skipped.push(SkippedColumn {
                    name,
                    reason: SkipReason::Unnamed,
                }),
                Content::Numbers { values, .. } => {
                    if [ARCH_COLUMN, KEY_COLUMN, KEY_ORDER_COLUMN].contains(&name.as_str()) {
                        return Err(ImportProblem::ReservedColumn { column: name }.in_file(file));
                    }
                    columns.push(NumberColumn { name, values });
                }
                Content::Text { line, example } => skipped.push(SkippedColumn {
                    name,
                    reason: SkipReason::Text { line, example },
                }),
                Content::Empty { .. } => skipped.push(SkippedColumn {
                    name,
                    reason: SkipReason::Empty,
                }),
            }
        }
        if columns.is_empty() {
            let names: Vec<&str> = skipped.iter().map(|c| c.name.as_str()).collect();
            return Err(ImportProblem::NoMetricColumn {
                skipped: names.join(", "),
            }
            .in_file(file));
        }
        Ok(Self {
            keys,
            columns,
            skipped,
        })
    }
}

/// What a column has held so far.
enum Content {
    Empty {
        n_rows: usize,
    },
    Numbers {
        first_line: u64,
        values: Vec<Option<f64>>,
    },
    Text {
        line: u64,
        example: String,
    },
}

/// A column that is being read.
pub(crate) struct ColumnReader<'a> {
    file: &'a Path,
    name: String,
    content: Content,
}

impl<'a> ColumnReader<'a> {
    /// A column that was missing in the first rows.
    pub(crate) fn new(file: &'a Path, name: String, n_rows: usize) -> Self {
        Self {
            file,
            name,
            content: Content::Empty { n_rows },
        }
    }

    /// Whether it has an entry for each row.
    pub(crate) fn holds_numbers(&self) -> bool {
        matches!(self.content, Content::Numbers { .. })
    }

    /// Makes the cells up to a row missing that were not pushed.
    pub(crate) fn fill_to(&mut self, n_rows: usize) {
        match &mut self.content {
            Content::Empty { n_rows: n } => *n = n_rows,
            Content::Numbers { values, .. } => values.resize(n_rows, None),
            Content::Text { .. } => {}
        }
    }

    /// Adds a cell that is text even when it looks like a number.
    pub(crate) fn push_text(&mut self, line: u64, cell: &str) -> Result<(), TableError> {
        match &self.content {
            Content::Empty { .. } => {
                self.content = Content::Text {
                    line,
                    example: excerpt(cell),
                };
                Ok(())
            }
            Content::Numbers { first_line, .. } => Err(ImportProblem::NotANumber {
                line,
                column: self.name.clone(),
                text: excerpt(cell),
                numeric_line: *first_line,
            }
            .in_file(self.file)),
            Content::Text { .. } => Ok(()),
        }
    }

    /// Adds a number.
    #[cfg(feature = "parquet")]
    pub(crate) fn push_number(&mut self, line: u64, value: f64) -> Result<(), TableError> {
        let number = if value.is_finite() {
            Number::Finite(value)
        } else {
            Number::NonFinite
        };
        self.push_parsed(line, number, || value.to_string())
    }

    /// Adds a cell.
    pub(crate) fn push(&mut self, line: u64, cell: &str) -> Result<(), TableError> {
        if matches!(self.content, Content::Text { .. }) {
            return Ok(());
        }
        let trimmed = cell.trim();
        let number = match trimmed.parse::<f64>() {
            _ if trimmed.is_empty() => Number::Missing,
            Ok(value) if value.is_finite() => Number::Finite(value),
            Ok(_) => Number::NonFinite,
            Err(_) => Number::Not,
        };
        self.push_parsed(line, number, || excerpt(cell))
    }

    /// Adds a cell of this `text`.
    fn push_parsed(
        &mut self,
        line: u64,
        number: Number,
        text: impl Fn() -> String,
    ) -> Result<(), TableError> {
        match (&mut self.content, number) {
            (Content::Text { .. }, _) => {}
            (_, Number::NonFinite) => {
                return Err(ImportProblem::NonFinite {
                    line,
                    column: self.name.clone(),
                    text: text(),
                }
                .in_file(self.file));
            }
            (Content::Empty { n_rows }, Number::Missing) => *n_rows += 1,
            (Content::Empty { n_rows }, Number::Finite(value)) => {
                let mut values = vec![None; *n_rows];
                values.push(Some(value));
                self.content = Content::Numbers {
                    first_line: line,
                    values,
                };
            }
            (Content::Empty { .. }, Number::Not) => {
                self.content = Content::Text {
                    line,
                    example: text(),
                };
            }
            (Content::Numbers { values, .. }, Number::Missing) => values.push(None),
            (Content::Numbers { values, .. }, Number::Finite(value)) => values.push(Some(value)),
            (Content::Numbers { first_line, .. }, Number::Not) => {
                return Err(ImportProblem::NotANumber {
                    line,
                    column: self.name.clone(),
                    text: text(),
                    numeric_line: *first_line,
                }
                .in_file(self.file));
            }
        }
        Ok(())
    }
}

enum Number {
    Missing,
    Finite(f64),
    NonFinite,
    Not,
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
