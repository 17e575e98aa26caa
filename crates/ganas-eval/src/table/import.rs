//! The import: from a file of CSV or JSON lines to a table file.

use std::path::{Path, PathBuf};

use ganas_space::{ArchKey, SearchSpace};
use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::EvalError;

use super::delimited::{Delimited, Key, NumberColumn};
use super::manifest::{ARCH_COLUMN, FORMAT_VERSION, Manifest, RowOrder};
use super::naming::column_info;
use super::source::Source;
use super::write::{Rows, encode, write_file};

/// What to import, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRequest {
    /// The CSV file with a header line, or the file of JSON lines, plain or gzip'd (told apart by their first bytes).
    pub source: PathBuf,
    /// The column that holds the architectures in the text form of the space. [`ImportRequest::new`] says `arch`, as
    /// the tables of this project do.
    pub key_column: String,
    /// The table file to write.
    pub output: PathBuf,
    /// Whether `output` may be replaced when it exists. [`ImportRequest::new`] says no.
    pub overwrite: bool,
}

impl ImportRequest {
    /// Reads `source` with the key column `arch`, and writes `output` unless it exists.
    pub fn new(source: impl Into<PathBuf>, output: impl Into<PathBuf>) -> Self {
        Self {
            source: source.into(),
            key_column: ARCH_COLUMN.to_owned(),
            output: output.into(),
            overwrite: false,
        }
    }
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// The manifest that was written: rows, classes, order, source, columns.
    pub manifest: Manifest,
    /// Columns of the source that are not in the table.
    pub skipped: Vec<SkippedColumn>,
    /// Rows that repeat an earlier row exactly and were left out.
    pub repeated_rows: usize,
    /// The size of the table file.
    pub output_bytes: u64,
}

/// A column of the source that is not in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedColumn {
    /// The name.
    pub name: String,
    /// Why it is not.
    pub reason: SkipReason,
}

/// Why a column of the source is not in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Its first cell that is not empty is no number.
    Text {
        /// The line of that cell.
        line: u64,
        /// The cell.
        example: String,
    },
    /// All of its cells are empty.
    Empty,
    /// It has no name.
    Unnamed,
}

/// Imports a file of CSV or JSON lines as a table of `space`.
///
/// Every column of numbers becomes a metric, see [`naming`](super::naming); an empty cell is a missing value. Rows are
/// in the official index order when the space has one and every architecture of it is in the file, otherwise in file
/// order. The table is written to a temporary file beside `output` and then renamed, so that `output` is never half
/// written.
///
/// # Errors
///
/// What is wrong with the source file, with its line and column, or why the output cannot be written; nothing is
/// written then.
pub fn import(request: &ImportRequest, space: &dyn SearchSpace) -> Result<ImportReport, EvalError> {
    if !request.overwrite && request.output.exists() {
        return Err(EvalError::OutputExists {
            file: request.output.clone(),
        });
    }
    let source = Source::read(&request.source)?;
    let delimited = parse_text(&request.source, &source.text, &request.key_column)?;

    let (archs, repeated_rows) = distinct_archs(request, space, &delimited)?;
    let too_large = |what, limit: u32| EvalError::TooLarge {
        file: request.source.clone(),
        what,
        limit: limit.into(),
    };
    let n_rows = u32::try_from(archs.len()).map_err(|_| too_large("rows", u32::MAX))?;
    let n_text_bytes: usize = archs.iter().map(|a| a.text.len()).sum();
    // The offsets of an Arrow string column are signed 32-bit numbers.
    if i32::try_from(n_text_bytes).is_err() {
        return Err(too_large(
            "bytes of architecture texts",
            i32::MAX.unsigned_abs(),
        ));
    }

    let (archs, row_order) = in_row_order(archs, space.size());
    let columns = reordered(&delimited.columns, &archs);
    let key_order = key_order(&archs, n_rows);
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        space: space.name().to_owned(),
        key_column: request.key_column.clone(),
        n_rows,
        n_classes: n_classes(&archs, &key_order),
        row_order,
        ganas_version: env!("CARGO_PKG_VERSION").to_owned(),
        source: source.info,
        columns: columns
            .iter()
            .map(|column| column_info(&column.name, &column.values))
            .collect(),
    };
    let rows = Rows {
        archs: &archs,
        columns: &columns,
        key_order,
    };
    let bytes = encode(&manifest, rows)
        .and_then(|bytes| write_file(request, &bytes).map(|()| bytes))
        .map_err(|source| EvalError::WriteOutput {
            file: request.output.clone(),
            source,
        })?;
    Ok(ImportReport {
        manifest,
        skipped: delimited.skipped,
        repeated_rows,
        output_bytes: bytes.len() as u64,
    })
}

/// Reads CSV or JSON lines, told apart by the first character.
pub(crate) fn parse_text(
    file: &Path,
    text: &[u8],
    key_column: &str,
) -> Result<Delimited, EvalError> {
    if Delimited::is_json_lines(text) {
        Delimited::parse_json_lines(file, text, key_column)
    } else {
        Delimited::parse(file, text, key_column)
    }
}

/// An architecture of the file.
pub(crate) struct ImportedArch {
    /// The text as the space writes it.
    pub(crate) text: String,
    pub(crate) key: ArchKey,
    /// The official index, when the space has one.
    index: Option<u64>,
    /// The row of the file, header not counted.
    source_row: usize,
}

/// The architectures in file order without exact repetitions, and the number of those.
fn distinct_archs(
    request: &ImportRequest,
    space: &dyn SearchSpace,
    delimited: &Delimited,
) -> Result<(Vec<ImportedArch>, usize), EvalError> {
    let mut by_text: IndexMap<String, ImportedArch> = IndexMap::with_capacity(delimited.keys.len());
    let mut repeated_rows = 0;
    for (source_row, Key { line, text }) in delimited.keys.iter().enumerate() {
        let arch = space.decode(text).map_err(|source| EvalError::BadArch {
            file: request.source.clone(),
            line: *line,
            column: request.key_column.clone(),
            source: Box::new(source),
        })?;
        match by_text.entry(space.encode(&arch)) {
            Entry::Occupied(first) => {
                check_same_values(request, delimited, first.get(), source_row)?;
                repeated_rows += 1;
            }
            Entry::Vacant(vacant) => {
                let text = vacant.key().clone();
                vacant.insert(ImportedArch {
                    text,
                    key: space.key(&arch),
                    index: space.index_of(&arch),
                    source_row,
                });
            }
        }
    }
    Ok((by_text.into_values().collect(), repeated_rows))
}

fn check_same_values(
    request: &ImportRequest,
    delimited: &Delimited,
    first: &ImportedArch,
    second_row: usize,
) -> Result<(), EvalError> {
    for column in &delimited.columns {
        let [a, b] = [first.source_row, second_row].map(|row| column.values[row]);
        if a.map(f64::to_bits) != b.map(f64::to_bits) {
            let [first_line, second_line] =
                [first.source_row, second_row].map(|row| delimited.keys[row].line);
            return Err(EvalError::ConflictingRows {
                file: request.source.clone(),
                first_line,
                second_line,
                arch: first.text.clone(),
                column: column.name.clone(),
                first: a,
                second: b,
            });
        }
    }
    Ok(())
}

/// Sorts by official index when the indices are exactly those of the whole space.
fn in_row_order(
    mut archs: Vec<ImportedArch>,
    space_size: Option<u64>,
) -> (Vec<ImportedArch>, RowOrder) {
    if space_size != Some(archs.len() as u64) || archs.iter().any(|a| a.index.is_none()) {
        return (archs, RowOrder::SourceFile);
    }
    archs.sort_by_key(|a| a.index);
    // As many architectures as the space has, all different, with indices that count up: none is missing.
    let exhaustive = (0..).zip(&archs).all(|(i, a)| a.index == Some(i));
    if exhaustive {
        (archs, RowOrder::OfficialIndex)
    } else {
        archs.sort_by_key(|a| a.source_row);
        (archs, RowOrder::SourceFile)
    }
}

fn reordered(columns: &[NumberColumn], archs: &[ImportedArch]) -> Vec<NumberColumn> {
    columns
        .iter()
        .map(|column| NumberColumn {
            name: column.name.clone(),
            values: archs.iter().map(|a| column.values[a.source_row]).collect(),
        })
        .collect()
}

fn key_order(archs: &[ImportedArch], n_rows: u32) -> Vec<u32> {
    let mut order: Vec<(ArchKey, u32)> = archs.iter().map(|a| a.key).zip(0..n_rows).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, row)| row).collect()
}

fn n_classes(archs: &[ImportedArch], key_order: &[u32]) -> u32 {
    let keys = key_order.iter().map(|&row| archs[row as usize].key);
    let (mut n, mut previous) = (0, None);
    for key in keys {
        n += u32::from(previous != Some(key));
        previous = Some(key);
    }
    n
}
