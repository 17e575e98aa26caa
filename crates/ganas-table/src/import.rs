//! The import: from a file of CSV, JSON lines or Parquet to a table file.

use std::path::{Path, PathBuf};

use ganas_space::{ArchKey, SearchSpace};
use indexmap::IndexMap;
use indexmap::map::Entry;
use rayon::prelude::*;

use crate::error::{ImportProblem, TableError};

use super::delimited::{Delimited, Key, NumberColumn};
use super::key_template::KeyTemplate;
use super::manifest::{ARCH_COLUMN, ColumnInfo, FORMAT_VERSION, Manifest, RowOrder};
use super::metric_source::{self, MetricSource};
use super::naming::column_info;
use super::published_order::published_order;
use super::write::{Rows, target, write_table};
use ganas_formats::MaxUnpacked;
use ganas_formats::limit::{Bound, MEMORY, UNPACKED};
use ganas_formats::source::Source;

/// Keys of rows that are decoded together, on all threads.
const DECODED_TOGETHER: usize = 1 << 14;

/// What to import, and where to.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportRequest {
    /// The CSV file with a header line, the file of JSON lines, plain or gzip'd, or the Parquet file (told apart by their
    /// first bytes).
    pub source: PathBuf,
    /// The column that holds the architectures in a text form of the space, or a template of several columns:
    /// `{vertices}:{adjacency_hex}:{ops}`. [`ImportRequest::new`] says `arch`, as the tables of this project do.
    pub key_column: String,
    /// Metrics with another name or unit than in the source. [`ImportRequest::new`] has none.
    pub metrics: Vec<MetricSource>,
    /// The table file to write.
    pub output: PathBuf,
    /// Whether `output` may be replaced when it exists. [`ImportRequest::new`] says no.
    pub overwrite: bool,
    /// Files beside `source` that the table is made from, such as the description of the space: `output` must not be one
    /// of them. [`ImportRequest::new`] has none.
    pub made_from: Vec<PathBuf>,
    /// What the source may become when it is read, when its size is not to decide. [`ImportRequest::new`] sets nothing.
    pub max_unpacked: MaxUnpacked,
}

impl ImportRequest {
    /// Reads `source` with the key column `arch`, and writes `output` unless it exists.
    pub fn new(source: impl Into<PathBuf>, output: impl Into<PathBuf>) -> Self {
        Self {
            source: source.into(),
            key_column: ARCH_COLUMN.to_owned(),
            metrics: Vec::new(),
            output: output.into(),
            overwrite: false,
            made_from: Vec::new(),
            max_unpacked: MaxUnpacked::default(),
        }
    }
}

/// What an import did.
#[derive(Clone, Debug, PartialEq)]
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

/// Imports a file of CSV, JSON lines or Parquet as a table of `space`.
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
pub fn import(
    request: &ImportRequest,
    space: &dyn SearchSpace,
) -> Result<ImportReport, TableError> {
    let target = target(&request.output, request.overwrite)
        .made_from([&request.source])
        .made_from(&request.made_from);
    target.check()?;
    let source = Source::read(&request.source, UNPACKED, request.max_unpacked)?;
    let memory = Bound {
        what: "its table in memory",
        limit: request.max_unpacked.of(MEMORY, source.info.bytes),
    };
    let key = KeyTemplate::parse(&request.key_column)?;
    let mut delimited = parse(&request.source, source.text, &key, memory)?;
    let derived_from = metric_source::apply(request, &mut delimited.columns)?;

    let (archs, repeated_rows) = distinct_archs(request, space, &delimited)?;
    let too_large = |what, limit: u32| {
        ImportProblem::TooLarge {
            what,
            limit: limit.into(),
        }
        .in_file(&request.source)
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

    let (archs, row_order) = in_row_order(archs, space);
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
        evaluator: None,
        columns: columns
            .iter()
            .zip(derived_from)
            .map(|(column, derived_from)| ColumnInfo {
                derived_from,
                ..column_info(&column.name, &column.values)
            })
            .collect(),
    };
    let rows = Rows {
        archs: &archs,
        columns: &columns,
        key_order,
    };
    let output_bytes = write_table(&target, &manifest, &rows)?;
    Ok(ImportReport {
        manifest,
        skipped: delimited.skipped,
        repeated_rows,
        output_bytes,
    })
}

/// What a Parquet file begins with.
const PARQUET_MAGIC: &[u8] = b"PAR1";

/// Reads Parquet, CSV or JSON lines, told apart by the first bytes.
pub(crate) fn parse(
    file: &Path,
    content: Vec<u8>,
    key: &KeyTemplate,
    memory: Bound,
) -> Result<Delimited, TableError> {
    if !content.starts_with(PARQUET_MAGIC) {
        return parse_text(file, &content, key, memory);
    }
    #[cfg(feature = "parquet")]
    return super::parquet::parse(file, content, key, memory);
    #[cfg(not(feature = "parquet"))]
    Err(ImportProblem::WithoutParquet.in_file(file))
}

/// Reads CSV or JSON lines, told apart by the first character.
pub(crate) fn parse_text(
    file: &Path,
    text: &[u8],
    key: &KeyTemplate,
    memory: Bound,
) -> Result<Delimited, TableError> {
    if Delimited::is_json_lines(text) {
        Delimited::parse_json_lines(file, text, key, memory)
    } else {
        Delimited::parse(file, text, key, memory)
    }
}

/// An architecture of the file.
pub(crate) struct ImportedArch {
    /// The text as the space writes it.
    pub(crate) text: String,
    pub(crate) key: ArchKey,
    /// The row of the file, header not counted.
    source_row: usize,
}

/// The architectures in file order without exact repetitions, and the number of those.
fn distinct_archs(
    request: &ImportRequest,
    space: &dyn SearchSpace,
    delimited: &Delimited,
) -> Result<(Vec<ImportedArch>, usize), TableError> {
    let mut by_text: IndexMap<String, ImportedArch> = IndexMap::with_capacity(delimited.keys.len());
    let mut repeated_rows = 0;
    let rows: Vec<usize> = (0..delimited.keys.len()).collect();
    // In pieces, so that the error is that of the first bad line and memory holds few architectures twice.
    for rows in rows.chunks(DECODED_TOGETHER) {
        let archs: Vec<Result<ImportedArch, TableError>> = rows
            .par_iter()
            .map(|&row| imported_arch(request, space, &delimited.keys[row], row))
            .collect();
        for arch in archs {
            let arch = arch?;
            match by_text.entry(arch.text.clone()) {
                Entry::Occupied(first) => {
                    check_same_values(request, delimited, first.get(), arch.source_row)?;
                    repeated_rows += 1;
                }
                Entry::Vacant(vacant) => {
                    vacant.insert(arch);
                }
            }
        }
    }
    Ok((by_text.into_values().collect(), repeated_rows))
}

fn imported_arch(
    request: &ImportRequest,
    space: &dyn SearchSpace,
    key: &Key,
    source_row: usize,
) -> Result<ImportedArch, TableError> {
    let arch = space.decode(&key.text).map_err(|source| {
        ImportProblem::BadArch {
            line: key.line,
            column: request.key_column.clone(),
            source: Box::new(source),
        }
        .in_file(&request.source)
    })?;
    Ok(ImportedArch {
        text: space.encode(&arch),
        key: space.key(&arch),
        source_row,
    })
}

fn check_same_values(
    request: &ImportRequest,
    delimited: &Delimited,
    first: &ImportedArch,
    second_row: usize,
) -> Result<(), TableError> {
    for column in &delimited.columns {
        let [a, b] = [first.source_row, second_row].map(|row| column.values[row]);
        if a.map(f64::to_bits) != b.map(f64::to_bits) {
            let [first_line, second_line] =
                [first.source_row, second_row].map(|row| delimited.keys[row].line);
            return Err(ImportProblem::ConflictingRows {
                first_line,
                second_line,
                arch: first.text.clone(),
                column: column.name.clone(),
                first: a,
                second: b,
            }
            .in_file(&request.source));
        }
    }
    Ok(())
}

/// Sorts by official index when the indices are exactly those of the whole space.
fn in_row_order(
    archs: Vec<ImportedArch>,
    space: &dyn SearchSpace,
) -> (Vec<ImportedArch>, RowOrder) {
    match published_order(space, archs.len(), |row| &archs[row].text) {
        None => (archs, RowOrder::SourceFile),
        Some(order) => {
            let mut archs: Vec<Option<ImportedArch>> = archs.into_iter().map(Some).collect();
            let in_order = order.iter().filter_map(|&row| archs[row].take());
            (in_order.collect(), RowOrder::PublishedIndex)
        }
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
