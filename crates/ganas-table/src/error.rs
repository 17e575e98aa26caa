//! What can be wrong with a table or its import: the file, and what is wrong with it.

use std::io;
use std::path::{Path, PathBuf};

use crate::declared::NegativeCost;
use ganas_eval::UnknownDirection;
use ganas_formats::SourceError;
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
        "the table has no metric `{name}`{}{}; its metrics are {known}",
        did_you_mean(suggestion.as_deref()),
        because(skipped.as_deref())
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
        table.display(), negative.cells, if negative.cells == 1 { "is" } else { "are" }, value = negative.value
    )]
    NegativeCost {
        /// The table.
        table: PathBuf,
        /// The name of the metric.
        metric: String,
        /// What is below zero.
        negative: NegativeCost,
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

impl TableError {
    /// The output file exists, and the request does not allow to replace it.
    #[must_use]
    pub fn output_exists(file: &Path) -> Self {
        TableProblem::OutputExists.in_file(file)
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
    #[error("no column holds numbers (skipped: {skipped}); expected at least one metric column")]
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
    /// The column that should hold the architectures does not exist.
    #[error(
        "line 1: there is no column `{column}`{} to read the architectures from; \
         name another key column; the columns are {known}",
        did_you_mean(suggestion.as_deref())
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
    #[error("line 1: two columns are named `{column}`; rename or remove one of them")]
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
        "there is no column of numbers `{column}`{}{} to make a metric from; the columns of numbers are {known}",
        did_you_mean(suggestion.as_deref()),
        because(skipped.as_deref())
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
        "there is no column `{column}`{} to ignore; those beside the architecture are {known}",
        did_you_mean(suggestion.as_deref())
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
    #[error("line {line}: not readable as CSV: {reason}")]
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
    #[error("line {line}: expected a JSON object: {reason}; fix the line")]
    BadJson {
        /// The line.
        line: u64,
        /// What the reader said.
        reason: String,
    },
    /// A JSON object without an architecture.
    #[error(
        "line {line}: there is no text `{field}`{} to read the architecture from; name another key field",
        did_you_mean(suggestion.as_deref())
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
        "not readable as Parquet: {reason}; write it without compression or with Snappy, or import it as CSV"
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
        "line {line}, column `{column}`: not UTF-8; convert the file to UTF-8 (is it a CSV file at all?)"
    )]
    NotUtf8 {
        /// The line where the row starts.
        line: u64,
        /// The column; its number when the header itself is at fault.
        column: String,
    },
    /// A field of the key column is no architecture of the space.
    #[error(
        "line {line}, column `{column}`: {source}; fix the line, or choose the space that the file was made for"
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
        "line {line}, column `{column}`: found `{text}`, expected a finite number; \
         leave the cell empty when there is no value, or leave the column out with --ignore {column}"
    )]
    NonFinite {
        /// The line where the row starts.
        line: u64,
        /// The column.
        column: String,
        /// The text of the cell.
        text: String,
    },
    /// Two rows give different values for the same architecture.
    #[error(
        "lines {first_line} and {second_line} are both `{arch}`, but differ in the column `{column}`: \
         {} and {}; keep one of the two lines; or, if both are measurements, say with --repeats whether their `mean`, \
         the `first`, or all `runs` are kept; a column that does not matter is left out with --ignore {column}",
        cell(*first),
        cell(*second)
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
    #[error("not a readable Arrow IPC file: {reason}; import the table again")]
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
    #[error("bad manifest: {reason}; import the table again")]
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
    #[error("column `{column}`: expected {expected}, found {found}; import the table again")]
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
