//! The import: from a file of CSV, JSON or Parquet to a table file.

use std::path::{Path, PathBuf};

use ganas_eval::MetricOverrides;
use ganas_space::{ArchKey, SearchSpace, SpaceError};
use indexmap::IndexMap;
use indexmap::map::Entry;
use rayon::prelude::*;

use crate::error::{ImportProblem, TableError};

use super::class_value::ClassValue;
use super::coverage;
use super::declared;
use super::delimited::{Delimited, Key, UTF8_BYTE_ORDER_MARK};
use super::json;
use super::key_template::KeyTemplate;
use super::manifest::{ARCH_COLUMN, FORMAT_VERSION, Manifest, RowOrder, SpaceDescription};
use super::metric_source::{self, MetricSource};
use super::published_order::published_order;
use super::repeats::{self, Columns, Repeats};
use super::skipped::SkippedColumn;
use super::write::{Rows, target, write_table};
use ganas_formats::MaxUnpacked;
use ganas_formats::limit::{Bound, MEMORY, UNPACKED};
use ganas_formats::source::Source;

/// Keys of rows that are decoded together, on all threads.
const DECODED_TOGETHER: usize = 1 << 14;

/// What to import, and where to.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportRequest {
    /// The CSV file with a header line, the file of JSON, plain or gzip'd, or the Parquet file (told apart by their
    /// first bytes).
    pub source: PathBuf,
    /// The column that holds the architectures in a text form of the space, or a template of several columns:
    /// `{vertices}:{adjacency_hex}:{ops}`. [`ImportRequest::new`] says `arch`, as the tables of this project do.
    pub key_column: String,
    /// Metrics with another name or unit than in the source. [`ImportRequest::new`] has none.
    pub metrics: Vec<MetricSource>,
    /// What is declared of metrics, by their names in the table. [`ImportRequest::new`] declares nothing.
    pub declared: MetricOverrides,
    /// Columns that are left out, also where rows are compared. [`ImportRequest::new`] has none.
    pub ignored: Vec<String>,
    /// What rows of one architecture are whose values differ. [`ImportRequest::new`] says an error.
    pub repeats: Repeats,
    /// What a query of a class with several rows returns. [`ImportRequest::new`] says the lowest row.
    pub class_value: ClassValue,
    /// The description of the space, which is kept in the table, so that it can be opened without. [`ImportRequest::new`]
    /// has none.
    pub description: Option<SpaceDescription>,
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
            declared: MetricOverrides::default(),
            ignored: Vec::new(),
            repeats: Repeats::default(),
            class_value: ClassValue::default(),
            description: None,
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
    /// Rows of architectures that an earlier row has: exact repetitions, which were left out, or what
    /// [`ImportRequest::repeats`] says.
    pub repeated_rows: usize,
    /// The size of the table file.
    pub output_bytes: u64,
}

/// Imports a file of CSV, JSON lines or Parquet as a table of `space`.
///
/// Every column of numbers becomes a metric, see [`naming`](super::naming); an empty cell and words such as `NA` and
/// `nan` are missing values. Rows are
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
    delimited.ignore(&request.source, &request.ignored)?;
    let derived_from = metric_source::apply(request, &mut delimited.columns, &delimited.skipped)?;
    let meanings = declared::apply(request, &mut delimited.columns, &delimited.skipped)?;
    let known = derived_from.into_iter().zip(meanings).collect();
    delimited.check(&request.source)?;

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
    let Columns { columns, infos } = repeats::columns(request, &delimited, known, &archs)?;
    let key_order = key_order(&archs, n_rows);
    let is_part = row_order == RowOrder::SourceFile;
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
        columns: infos,
        class_value: request.class_value,
        space_classes: is_part.then(|| coverage::n_classes(space)).flatten(),
        space_size: space.size().filter(|_| is_part),
        description: request.description.clone(),
        skipped: delimited.skipped,
    };
    let rows = Rows {
        archs: &archs,
        columns: &columns,
        key_order,
    };
    let output_bytes = write_table(&target, &manifest, &rows)?;
    Ok(ImportReport {
        skipped: manifest.skipped.clone(),
        manifest,
        repeated_rows,
        output_bytes,
    })
}

/// What a Parquet file begins with.
const PARQUET_MAGIC: &[u8] = b"PAR1";

/// Reads Parquet, CSV or JSON, told apart by the first bytes.
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

/// Reads CSV or JSON, told apart by the first characters.
pub(crate) fn parse_text(
    file: &Path,
    text: &[u8],
    key: &KeyTemplate,
    memory: Bound,
) -> Result<Delimited, TableError> {
    let text = text.strip_prefix(UTF8_BYTE_ORDER_MARK).unwrap_or(text);
    if json::is_json(text) {
        json::parse(file, text, key, memory)
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
    /// Further rows with other measurements.
    repeats: Vec<usize>,
}

impl ImportedArch {
    /// All rows of the file with its measurements.
    pub(crate) fn source_rows(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.source_row).chain(self.repeats.iter().copied())
    }
}

/// The architectures in file order, and the number of rows that repeat one.
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
        let archs: Vec<Result<ImportedArch, SpaceError>> = rows
            .par_iter()
            .map(|&row| imported_arch(space, &delimited.keys[row], row))
            .collect();
        for (row, arch) in rows.iter().zip(archs) {
            let arch = arch.map_err(|source| {
                ImportProblem::BadArch {
                    line: delimited.keys[*row].line,
                    column: request.key_column.clone(),
                    source: Box::new(decided_by_file(source, space, &delimited.keys)),
                }
                .in_file(&request.source)
            })?;
            match by_text.entry(arch.text.clone()) {
                Entry::Occupied(mut first) => {
                    match request.repeats {
                        Repeats::Error => {
                            check_same_values(request, delimited, first.get(), arch.source_row)?;
                        }
                        Repeats::First => {}
                        Repeats::Mean | Repeats::Runs => {
                            first.get_mut().repeats.push(arch.source_row);
                        }
                    }
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
    space: &dyn SearchSpace,
    key: &Key,
    source_row: usize,
) -> Result<ImportedArch, SpaceError> {
    let arch = space.decode(&key.text)?;
    Ok(ImportedArch {
        text: space.encode(&arch),
        key: space.key(&arch),
        source_row,
        repeats: Vec::new(),
    })
}

/// The error about a text of several possible forms, with the form that another text of the file must be of.
fn decided_by_file(error: SpaceError, space: &dyn SearchSpace, keys: &[Key]) -> SpaceError {
    let SpaceError::UndecidedText {
        space: name,
        text,
        why,
        forms,
    } = error
    else {
        return error;
    };
    let told = keys
        .iter()
        .find_map(|key| Some((key.line, space.form_of(&key.text)?)));
    let why = match told {
        None => why,
        Some((line, form)) => format!(
            "{why} (line {line} of this file can only be of the form `{}`)",
            form.name
        ),
    };
    SpaceError::UndecidedText {
        space: name,
        text,
        why,
        forms,
    }
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
