//! What can be wrong with a table or its import: the file, and what is wrong with it.

use std::io;
use std::path::{Path, PathBuf};

use crate::declared::{NegativeCost, OutOfRange};
use ganas_eval::{MetricRange, UnknownDirection};
use ganas_files::{OutputError, OutputProblem};
use ganas_formats::SourceError;
use ganas_formats::limit::{TooLarge, excerpt, shortened};
use ganas_space::{SpaceError, suggestion::did_you_mean};
use thiserror::Error;

/// Why a table cannot be imported, opened, written or searched on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file to import cannot be read or unpacked.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file that is imported is not what was expected.
    #[error("{}: {problem}", file.display())]
    Import {
        /// The file that is imported.
        file: PathBuf,
        /// What is wrong with it.
        problem: Box<ImportProblem>,
    },
    /// A table file cannot be opened or written.
    #[error("{}: {problem}", file.display())]
    Table {
        /// The table file.
        file: PathBuf,
        /// What is wrong with it.
        problem: Box<TableProblem>,
    },
    /// A key that is neither a column nor a template of columns.
    #[error(
        "the key `{template}` cannot be read: {reason}; \
         name a column, or write a template such as `{{vertices}}:{{adjacency_hex}}:{{ops}}`"
    )]
    BadKeyTemplate {
        /// The template.
        template: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A name that is no metric of the table.
    #[error(
        "the table has no metric `{}`{}{}; its metrics are {}",
        excerpt(name),
        did_you_mean(suggestion.as_deref().map(excerpt).as_deref()),
        because(skipped.as_deref()),
        shortened(known)
    )]
    UnknownMetric {
        /// The name that was asked for.
        name: String,
        /// The closest metric, when one is close.
        suggestion: Option<String>,
        /// Why the import left out the column of this name, when it did.
        skipped: Option<String>,
        /// All metrics, comma-separated.
        known: String,
    },
    /// Which values of the metric to search on are better is not known.
    #[error(transparent)]
    UnknownDirection(#[from] UnknownDirection),
    /// A cost that leads a search is below zero somewhere.
    #[error(
        "{}: `{metric}` is a cost and {} of its values {} below zero, the first {value}: say with --missing {metric}={value} that \
         this stands for a missing value, or with --metric-role {metric}=other that it is no cost",
        table, negative.cells, if negative.cells == 1 { "is" } else { "are" }, value = negative.value
    )]
    NegativeCost {
        /// The table.
        table: String,
        /// The name of the metric.
        metric: String,
        /// What is below zero.
        negative: NegativeCost,
    },
    /// A metric of a search has values that are declared not to be possible.
    #[error(
        "{table}: {} of the values of `{metric}` {} outside of the declared range {}, the first {value}: correct the table, say \
         with --missing {metric}={value} that this stands for a missing value, or declare another range with --metric-range",
        outside.cells, if outside.cells == 1 { "is" } else { "are" }, outside.range, value = outside.value
    )]
    OutOfRange {
        /// The table.
        table: String,
        /// The name of the metric.
        metric: String,
        /// What is out of range.
        outside: OutOfRange,
    },
    /// Two metrics of an evaluator have the same name.
    #[error(
        "the evaluator declares the metric `{metric}` twice; give each metric a name of its own"
    )]
    DuplicateMetric {
        /// The name.
        metric: String,
    },
}

impl From<OutputError> for TableError {
    fn from(error: OutputError) -> Self {
        let problem = match error.problem {
            OutputProblem::Exists => TableProblem::OutputExists,
            OutputProblem::Write { source } => TableProblem::WriteOutput { source },
            problem => TableProblem::BadOutput { problem },
        };
        problem.in_file(error.file)
    }
}

/// What can be wrong with a file that is imported.
///
/// Lines count from 1 and the header is line 1; for a gzip'd file they are lines of the decompressed text, for a Parquet
/// file those that it would have as CSV.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportProblem {
    /// The file has no row below its header, or no header.
    #[error(
        "the file has no rows; expected a header line with the column `{key_column}` and one line for each architecture"
    )]
    NoRows {
        /// The column that holds the architectures.
        key_column: String,
    },
    /// No column holds numbers.
    #[error(
        "no column holds numbers (skipped: {}); expected at least one metric column",
        shortened(skipped)
    )]
    NoMetricColumn {
        /// The columns that hold none, comma-separated.
        skipped: String,
    },
    /// The table is larger than the format holds.
    #[error("the table is too large: more than {limit} {what}; split the file")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The largest number that the format holds.
        limit: u64,
    },
    /// It becomes more than a file of its size may.
    #[error(transparent)]
    TooMuch(#[from] TooLarge),
    /// A line is longer than any row.
    #[error("line {line}: the line has more than {limit} bytes; is it a file of JSON lines?")]
    LongRow {
        /// The line.
        line: u64,
        /// The largest number of bytes.
        limit: u64,
    },
    /// The column that should hold the architectures does not exist.
    #[error(
        "line 1: there is no column `{}`{} to read the architectures from; \
         name another key column; the columns are {}",
        excerpt(column),
        did_you_mean(suggestion.as_deref().map(excerpt).as_deref()),
        shortened(known)
    )]
    MissingKeyColumn {
        /// The column that was asked for.
        column: String,
        /// The closest column, when one is close.
        suggestion: Option<String>,
        /// All columns, comma-separated.
        known: String,
    },
    /// Two columns have the same name.
    #[error(
        "line 1: two columns are named `{}`; rename or remove one of them",
        excerpt(column)
    )]
    DuplicateColumn {
        /// The name.
        column: String,
    },
    /// A metric column has a name that the table format uses itself.
    #[error(
        "line 1: the metric column `{column}` has a name that the table format uses itself \
         (arch, key, key_order); rename it, with --metric NAME={column}, or leave it out with --ignore {column}"
    )]
    ReservedColumn {
        /// The name.
        column: String,
    },
    /// A metric is to be made from a column that does not exist or holds no numbers.
    #[error(
        "there is no column of numbers `{}`{}{} to make a metric from; the columns of numbers are {}",
        excerpt(column),
        did_you_mean(suggestion.as_deref().map(excerpt).as_deref()),
        because(skipped.as_deref()),
        shortened(known)
    )]
    NoSuchNumberColumn {
        /// The column that was asked for.
        column: String,
        /// The closest column, when one is close.
        suggestion: Option<String>,
        /// Why the column is none, when it is in the file.
        skipped: Option<String>,
        /// The columns of numbers, comma-separated.
        known: String,
    },
    /// A column that is to be left out does not exist, or holds the architectures.
    #[error(
        "there is no column `{}`{} to ignore; those beside the architecture are {}",
        excerpt(column),
        did_you_mean(suggestion.as_deref().map(excerpt).as_deref()),
        shortened(known)
    )]
    NothingToIgnore {
        /// The column that was asked for.
        column: String,
        /// The closest column, when one is close.
        suggestion: Option<String>,
        /// The columns that can be left out, comma-separated.
        known: String,
    },
    /// A row that the CSV reader cannot split.
    #[error("line {line}: not readable as CSV: {}", shortened(reason))]
    BadCsv {
        /// The line where the row starts.
        line: u64,
        /// What the reader said.
        reason: String,
    },
    /// JSON in a form that holds no table, or not one that is known.
    #[error(
        "line {line}: this is JSON, but {found}; expected one object a line, \
         `{{\"{key}\": \"ARCHITECTURE\", \"METRIC\": 90.1}}`, an array of such objects, an object of columns, \
         or one of such objects by architecture"
    )]
    OtherJson {
        /// The line where it becomes clear.
        line: u64,
        /// What it is.
        found: String,
        /// The field that holds the architectures.
        key: String,
    },
    /// A line that is no JSON object.
    #[error(
        "line {line}: expected a JSON object: {}; fix the line",
        shortened(reason)
    )]
    BadJson {
        /// The line.
        line: u64,
        /// What the reader said.
        reason: String,
    },
    /// A JSON object without an architecture.
    #[error(
        "line {line}: there is no text `{}`{} to read the architecture from; name another key field",
        excerpt(field),
        did_you_mean(suggestion.as_deref().map(excerpt).as_deref())
    )]
    MissingKeyField {
        /// The line.
        line: u64,
        /// The field that was asked for.
        field: String,
        /// The closest field, when one is close.
        suggestion: Option<String>,
    },
    /// A Parquet file that is damaged, or has something that is not supported.
    #[error(
        "not readable as Parquet: {}; write it without compression or with Snappy, or import it as CSV",
        shortened(reason)
    )]
    BadParquet {
        /// What the reader said.
        reason: String,
    },
    /// A Parquet file, for a ganas that was built without its reader.
    #[error(
        "a Parquet file, but this ganas was built without the feature `parquet`; \
         build it with that, or import the table as CSV"
    )]
    WithoutParquet,
    /// A row has more or fewer fields than the header.
    #[error(
        "line {line}: found {found} fields, expected {expected} as in the header; \
         fix the line (a comma inside a field needs quotes around the field)"
    )]
    FieldCount {
        /// The line where the row starts.
        line: u64,
        /// Fields of the header.
        expected: usize,
        /// Fields of the row.
        found: usize,
    },
    /// A field is not UTF-8.
    #[error(
        "line {line}, column `{}`: not UTF-8; convert the file to UTF-8 (is it a CSV file at all?)",
        excerpt(column)
    )]
    NotUtf8 {
        /// The line where the row starts.
        line: u64,
        /// The column; its number when the header itself is at fault.
        column: String,
    },
    /// A field of the key column is no architecture of the space.
    #[error(
        "line {line}, column `{}`: {}; fix the line, or choose the space that the file was made for",
        excerpt(column),
        shortened(&source.to_string())
    )]
    BadArch {
        /// The line where the row starts.
        line: u64,
        /// The key column.
        column: String,
        /// What the space's codec said.
        source: Box<SpaceError>,
    },
    /// A metric is infinite.
    #[error(
        "line {line}, column `{}`: found `{text}`, expected a finite number; \
         leave the cell empty when there is no value, or leave the column out with --ignore {}",
        excerpt(column),
        excerpt(column)
    )]
    NonFinite {
        /// The line where the row starts.
        line: u64,
        /// The column.
        column: String,
        /// The text of the cell, or the beginning of a long one.
        text: String,
    },
    /// A metric has a value that is declared not to be possible.
    #[error(
        "line {line}, column `{}`: found {value}, outside of the declared range {range}{}; correct the file, or say with \
         --missing {}={value} that this stands for a missing value",
        excerpt(column),
        and_further(*further),
        excerpt(column)
    )]
    OutOfRange {
        /// The line where the row starts.
        line: u64,
        /// The column; of a metric that is made from another column its own name.
        column: String,
        /// The value.
        value: f64,
        /// The values that are possible.
        range: MetricRange,
        /// Further values of the column that are not.
        further: usize,
    },
    /// Two rows give different values for the same architecture.
    #[error(
        "lines {first_line} and {second_line} are both `{}`, but differ in the column `{}`: \
         {} and {}; keep one of the two lines; or, if both are measurements, say with --repeats whether their `mean`, \
         the `first`, or all `runs` are kept; a column that does not matter is left out with --ignore {}",
        excerpt(arch),
        excerpt(column),
        cell(*first),
        cell(*second),
        excerpt(column)
    )]
    ConflictingRows {
        /// The line where the first row starts.
        first_line: u64,
        /// The line where the second row starts.
        second_line: u64,
        /// The architecture as text.
        arch: String,
        /// The first column with different values.
        column: String,
        /// The value in the first row.
        first: Option<f64>,
        /// The value in the second row.
        second: Option<f64>,
    },
}

impl ImportProblem {
    pub(crate) fn in_file(self, file: impl AsRef<Path>) -> TableError {
        TableError::Import {
            file: file.as_ref().to_owned(),
            problem: Box::new(self),
        }
    }
}

/// What can be wrong with a table file that is opened or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableProblem {
    /// The table was imported for another search space.
    #[error(
        "the table is of the space `{table}`, but the search is in `{space}`; \
         choose the space `{table}`, or import a table of `{space}`"
    )]
    WrongSpace {
        /// The space that the table was imported for.
        table: String,
        /// The space that was asked for.
        space: String,
    },
    /// The table file is missing or cannot be mapped.
    #[error("cannot open the table: {source}; check the path and its permissions")]
    OpenTable {
        /// The reason.
        source: io::Error,
    },
    /// The file is not an Arrow IPC file, is truncated, or is damaged.
    #[error(
        "not a readable Arrow IPC file: {}; import the table again",
        shortened(reason)
    )]
    NotArrow {
        /// What is wrong.
        reason: String,
    },
    /// An Arrow IPC file that `ganas` did not write.
    #[error(
        "an Arrow file without a `ganas.manifest`, so not a table of ganas; \
         export it as CSV and import that"
    )]
    NoManifest,
    /// The manifest is unreadable or contradicts the data.
    #[error("bad manifest: {}; import the table again", shortened(reason))]
    BadManifest {
        /// What is wrong.
        reason: String,
    },
    /// The table was written in another version of the format.
    #[error(
        "the table has format version {found}, this version of ganas reads {oldest} to {newest}; \
         import the table again, or use the ganas that wrote it"
    )]
    FormatVersion {
        /// The version of the file.
        found: u64,
        /// The oldest version that this crate reads.
        oldest: u32,
        /// The newest version that this crate reads.
        newest: u32,
    },
    /// A column is missing, in the wrong place, of the wrong type or length.
    #[error(
        "column `{}`: expected {expected}, found {}; import the table again",
        excerpt(column),
        excerpt(found)
    )]
    BadColumn {
        /// The column.
        column: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The key index does not list all rows by ascending key.
    #[error(
        "the key index (column `key_order`) is not sorted by key at position {position}; \
         the file is damaged: import the table again"
    )]
    BadKeyOrder {
        /// The first wrong position.
        position: usize,
    },
    /// The output file exists, and the request does not allow to replace it.
    #[error("the output file exists; choose another name, or allow overwriting")]
    OutputExists,
    /// A part of the file is not what was written.
    #[error(
        "{part} {} damaged: the bytes {start} to {end} have the checksum {found:08x}, expected {expected:08x}; \
         copy the file again, or import the table again",
        if part.contains(" or ") { "are" } else { "is" }
    )]
    Checksum {
        /// What lies there.
        part: String,
        /// The first byte that was summed.
        start: usize,
        /// The byte after the last one.
        end: usize,
        /// As stored.
        expected: u32,
        /// As computed.
        found: u32,
    },
    /// A file of a version that has checksums has none.
    #[error(
        "the table has format version {version}, but no checksums; the file is damaged: import the table again"
    )]
    NoChecksums {
        /// The version of the file.
        version: u32,
    },
    /// The output is one of its inputs, or no file that can be replaced.
    #[error(transparent)]
    BadOutput {
        /// What it is.
        problem: OutputProblem,
    },
    /// The output file cannot be written.
    #[error("cannot write the table: {source}; check that its folder exists and is writable")]
    WriteOutput {
        /// The reason.
        source: io::Error,
    },
}

impl TableProblem {
    pub(crate) fn in_file(self, file: impl AsRef<Path>) -> TableError {
        TableError::Table {
            file: file.as_ref().to_owned(),
            problem: Box::new(self),
        }
    }
}

/// Why a column of the source was left out.
fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| {
        format!(" (the column of this name was left out: {reason})")
    })
}

/// How many others are like the one that is named.
fn and_further(further: usize) -> String {
    match further {
        0 => String::new(),
        n => format!(" (and so are {n} further values)"),
    }
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(|| "(empty)".to_owned(), |v| v.to_string())
}

#[cfg(test)]
impl TableError {
    pub(crate) fn import_problem(&self) -> Option<&ImportProblem> {
        match self {
            Self::Import { problem, .. } => Some(problem),
            _ => None,
        }
    }

    pub(crate) fn table_problem(&self) -> Option<&TableProblem> {
        match self {
            Self::Table { problem, .. } => Some(problem),
            _ => None,
        }
    }
}
