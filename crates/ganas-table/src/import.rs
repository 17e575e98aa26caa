//! The import: from a file of CSV, JSON or Parquet to a table file.

use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use ganas_eval::MetricOverrides;
use ganas_space::SearchSpace;

use crate::error::TableError;

use super::arch_reader::ArchReader;
use super::class_value::ClassValue;
use super::coverage;
use super::declared;
use super::delimited;
use super::json;
use super::key_order::{key_order, n_classes};
use super::key_template::KeyTemplate;
use super::manifest::{ARCH_COLUMN, FORMAT_VERSION, Manifest, RowOrder, SpaceDescription};
use super::metric_source::{self, MetricSource};
use super::repeats::{self, Repeats};
use super::skipped::SkippedColumn;
use super::source_columns::SourceColumns;
use super::text_window::{CHUNK_BYTES, TextWindow};
use super::write::{Rows, target, write_table};
use ganas_formats::limit::{Bound, MEMORY, UNPACKED};
use ganas_formats::source::source_error;
use ganas_formats::{MaxUnpacked, SourceError, SourceReader};

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
    let mut source = SourceReader::open(&request.source, UNPACKED, request.max_unpacked)?;
    let memory = Bound {
        what: "its table in memory",
        limit: request.max_unpacked.of(MEMORY, source.size()),
    };
    let key = KeyTemplate::parse(&request.key_column);
    let mut archs = ArchReader::new(space, request.repeats);
    let read = key.and_then(|key| parse(&request.source, &mut source, &key, memory, &mut archs));
    // What is wrong with the file as a whole comes before what is wrong with a line of it.
    let source = source.finish()?;
    let mut read = read?;
    archs.decode_pending();
    read.ignore(&request.source, &request.ignored)?;
    let derived_from = metric_source::apply(request, &mut read.columns, &read.skipped)?;
    let meanings = declared::apply(request, &mut read.columns, &read.skipped, archs.lines())?;
    let known = derived_from.into_iter().zip(meanings).collect();
    read.check(&request.source)?;

    let mut archs = archs.finish(request, &read)?;
    let row_order = archs.in_row_order(space);
    let columns = repeats::columns(request, &read.columns, known, &archs)?;
    let key_of = |row| archs.key(archs.arch(row));
    let key_order = key_order(archs.n_rows(), key_of);
    let is_part = row_order == RowOrder::SourceFile;
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        space: space.name().to_owned(),
        key_column: request.key_column.clone(),
        n_rows: archs.n_rows(),
        n_classes: n_classes(&key_order, key_of),
        row_order,
        ganas_version: env!("CARGO_PKG_VERSION").to_owned(),
        source,
        evaluator: None,
        columns: columns.iter().map(|column| column.info.clone()).collect(),
        class_value: request.class_value,
        space_classes: is_part.then(|| coverage::n_classes(space)).flatten(),
        space_size: space.size().filter(|_| is_part),
        description: request.description.clone(),
        skipped: read.skipped,
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
        repeated_rows: archs.n_repeated,
        output_bytes,
    })
}

/// What a Parquet file begins with.
const PARQUET_MAGIC: &[u8] = b"PAR1";

/// What some programs begin a UTF-8 text with.
const UTF8_BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads Parquet, CSV or JSON, told apart by the first bytes, and decodes the architectures.
///
/// CSV is read piece by piece, the others are read into memory first.
pub(crate) fn parse(
    file: &Path,
    mut source: impl Read + Send,
    key: &KeyTemplate,
    memory: Bound,
    archs: &mut ArchReader<'_>,
) -> Result<SourceColumns, TableError> {
    let unreadable = |error: io::Error| -> TableError {
        source_error(error)
            .unwrap_or_else(|error| SourceError::unreadable(file, error))
            .into()
    };
    let mut head = Head::read(&mut source).map_err(unreadable)?;
    if head.bytes.starts_with(PARQUET_MAGIC) {
        source.read_to_end(&mut head.bytes).map_err(unreadable)?;
        #[cfg(feature = "parquet")]
        return super::parquet::parse(file, head.bytes, key, memory, archs);
        #[cfg(not(feature = "parquet"))]
        return Err(crate::error::ImportProblem::WithoutParquet.in_file(file));
    }
    if head.may_be_json() {
        source.read_to_end(&mut head.bytes).map_err(unreadable)?;
        if json::is_json(head.text()) {
            return json::parse(file, head.text(), key, memory, archs);
        }
    }
    let text = Cursor::new(head.text()).chain(source);
    delimited::parse(file, TextWindow::new(text, CHUNK_BYTES), key, memory, archs)
}

/// The first bytes of a file, up to one that is no space.
struct Head {
    bytes: Vec<u8>,
}

impl Head {
    fn read(source: &mut impl Read) -> io::Result<Self> {
        let mut head = Self { bytes: Vec::new() };
        loop {
            let n = (&mut *source)
                .take(CHUNK_BYTES as u64)
                .read_to_end(&mut head.bytes)?;
            if n < CHUNK_BYTES || head.first().is_some() {
                return Ok(head);
            }
        }
    }

    /// The text without its byte order marks; two are one too many, but some files have them.
    fn text(&self) -> &[u8] {
        let mut text = &self.bytes[..];
        for _ in 0..2 {
            text = text.strip_prefix(UTF8_BYTE_ORDER_MARK).unwrap_or(text);
        }
        text
    }

    fn first(&self) -> Option<u8> {
        let mut bytes = self.text().iter().copied();
        bytes.find(|byte| !byte.is_ascii_whitespace())
    }

    fn may_be_json(&self) -> bool {
        matches!(self.first(), Some(b'{' | b'['))
    }
}
