//! The one error type of this crate.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use ganas_space::SpaceError;
use thiserror::Error;

use crate::official::Problem;
use crate::worker::{WorkerError, WorkerFailure};
use ganas_space::suggestion::did_you_mean;

/// What can be wrong with a table, its import, or a query.
///
/// Lines count from 1 and the header is line 1; for a gzip'd file they are lines of the decompressed text, for a Parquet
/// file those that it would have as CSV.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvalError {
    // Queries.
    /// The table holds no row for the architecture's class.
    #[error("the table has no row for `{arch}`")]
    MissingArch {
        /// The architecture as text.
        arch: String,
    },
    /// The table holds a row for the architecture's class, but the metric was not measured.
    #[error("the table has no value of `{metric}` for `{arch}`: the cell is empty")]
    MissingValue {
        /// The name of the metric.
        metric: String,
        /// The architecture as text.
        arch: String,
    },

    /// A property that is searched on is not known of an architecture.
    #[error("the value of `{property}`, which is an objective, is not known of this architecture")]
    NoProperty {
        /// The name of the property.
        property: String,
    },

    /// An architecture of another space.
    #[error(transparent)]
    Space(#[from] SpaceError),

    // Workers.
    /// A worker could not evaluate the architecture.
    #[error(transparent)]
    Worker(#[from] WorkerFailure),
    /// No worker can evaluate anything.
    #[error(transparent)]
    Workers(#[from] Arc<WorkerError>),
    /// A failure that an earlier session of the run recorded.
    #[error("{reason}")]
    Recorded {
        /// The reason that was recorded.
        reason: String,
    },
    /// A stop was asked for before all evaluations were begun.
    #[error("stopped before all evaluations were begun")]
    Interrupted,
    /// A finished evaluation could not be recorded.
    #[error("cannot record a finished evaluation: {source}")]
    Record {
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    // Choosing what to evaluate.
    /// The table was imported for another search space.
    #[error(
        "{}: the table is of the space `{table}`, but the search is in `{space}`; \
         choose the space `{table}`, or import a table of `{space}`",
        file.display()
    )]
    WrongSpace {
        /// The table file.
        file: PathBuf,
        /// The space that the table was imported for.
        table: String,
        /// The space that was asked for.
        space: String,
    },
    /// A name that is no metric of the table.
    #[error("the table has no metric `{name}`{}; its metrics are {known}", did_you_mean(suggestion.as_deref()))]
    UnknownMetric {
        /// The name that was asked for.
        name: String,
        /// The closest metric, when one is close.
        suggestion: Option<String>,
        /// All metrics, comma-separated.
        known: String,
    },
    /// A cost as the metric to search on, although a search maximises.
    #[error(
        "cannot search on `{metric}`: it is a cost and smaller is better, but a search maximises; \
         search on {instead} and bound the cost with a constraint"
    )]
    CostAsSearchMetric {
        /// The name of the metric.
        metric: String,
        /// The metrics that can be searched on, comma-separated.
        instead: String,
    },

    // Opening a surrogate.
    /// A file of a surrogate is damaged, or is not what was expected.
    #[error("{}: {place}: {problem}; copy or download the surrogate again", file.display())]
    SurrogateFile {
        /// The file.
        file: PathBuf,
        /// The part of the file.
        place: String,
        /// What is wrong there, and what was expected.
        problem: String,
    },
    /// The folder holds no surrogate of the space.
    #[error("{}: no surrogate of the space `{space}`: expected {expected}", folder.display())]
    NoSurrogate {
        /// The folder.
        folder: PathBuf,
        /// The space that was asked for.
        space: String,
        /// The files that a surrogate of the space consists of.
        expected: String,
    },
    /// A name that is no metric of the surrogate.
    #[error("the surrogate has no metric `{name}`{}; its metrics are {known}", did_you_mean(suggestion.as_deref()))]
    UnknownPrediction {
        /// The name that was asked for.
        name: String,
        /// The closest metric, when one is close.
        suggestion: Option<String>,
        /// All metrics, comma-separated.
        known: String,
    },

    // Import: the source file as a whole.
    /// The source file is missing or cannot be read.
    #[error("{}: cannot read the source file: {source}; check the path and its permissions", file.display())]
    ReadSource {
        /// The source file.
        file: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The gzip stream ends in the middle.
    #[error(
        "{}: the gzip stream ends in the middle, after {decompressed} decompressed bytes; \
         the file is truncated: download or copy it again",
        file.display()
    )]
    TruncatedGzip {
        /// The source file.
        file: PathBuf,
        /// How many bytes came out before the end.
        decompressed: u64,
    },
    /// The gzip stream is damaged.
    #[error(
        "{}: the gzip stream is damaged after {decompressed} decompressed bytes ({reason}); \
         download or copy the file again",
        file.display()
    )]
    CorruptGzip {
        /// The source file.
        file: PathBuf,
        /// How many bytes came out before the damage.
        decompressed: u64,
        /// What the decompressor said.
        reason: String,
    },
    /// The file has no row below its header, or no header.
    #[error(
        "{}: the file has no rows; expected a header line with the column `{key_column}` and one line for each architecture",
        file.display()
    )]
    NoRows {
        /// The source file.
        file: PathBuf,
        /// The column that holds the architectures.
        key_column: String,
    },
    /// No column holds numbers.
    #[error(
        "{}: no column holds numbers (skipped: {skipped}); expected at least one metric column",
        file.display()
    )]
    NoMetricColumn {
        /// The source file.
        file: PathBuf,
        /// The columns that hold none, comma-separated.
        skipped: String,
    },
    /// The table is larger than the format holds.
    #[error("{}: the table is too large: more than {limit} {what}; split the file", file.display())]
    TooLarge {
        /// The source file.
        file: PathBuf,
        /// What there is too much of.
        what: &'static str,
        /// The largest number that the format holds.
        limit: u64,
    },

    // Import: the header.
    /// The column that should hold the architectures does not exist.
    #[error(
        "{}: line 1: there is no column `{column}`{} to read the architectures from; \
         name another key column; the columns are {known}",
        file.display(),
        did_you_mean(suggestion.as_deref())
    )]
    MissingKeyColumn {
        /// The source file.
        file: PathBuf,
        /// The column that was asked for.
        column: String,
        /// The closest column, when one is close.
        suggestion: Option<String>,
        /// All columns, comma-separated.
        known: String,
    },
    /// Two columns have the same name.
    #[error("{}: line 1: two columns are named `{column}`; rename or remove one of them", file.display())]
    DuplicateColumn {
        /// The source file.
        file: PathBuf,
        /// The name.
        column: String,
    },
    /// A metric column has a name that the table format uses itself.
    #[error(
        "{}: line 1: the metric column `{column}` has a name that the table format uses itself \
         (arch, key, key_order); rename it",
        file.display()
    )]
    ReservedColumn {
        /// The source file.
        file: PathBuf,
        /// The name.
        column: String,
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
    /// A metric is to be made from a column that does not exist or holds no numbers.
    #[error(
        "{}: there is no column of numbers `{column}`{} to make a metric from; the columns of numbers are {known}",
        file.display(),
        did_you_mean(suggestion.as_deref())
    )]
    NoSuchNumberColumn {
        /// The source file.
        file: PathBuf,
        /// The column that was asked for.
        column: String,
        /// The closest column, when one is close.
        suggestion: Option<String>,
        /// The columns of numbers, comma-separated.
        known: String,
    },

    // Import: the rows.
    /// A row that the CSV reader cannot split.
    #[error("{}: line {line}: not readable as CSV: {reason}", file.display())]
    BadCsv {
        /// The source file.
        file: PathBuf,
        /// The line where the row starts.
        line: u64,
        /// What the reader said.
        reason: String,
    },
    /// A line that is no JSON object.
    #[error("{}: line {line}: expected a JSON object: {reason}; fix the line", file.display())]
    BadJson {
        /// The source file.
        file: PathBuf,
        /// The line.
        line: u64,
        /// What the reader said.
        reason: String,
    },
    /// A JSON object without an architecture.
    #[error(
        "{}: line {line}: there is no text `{field}`{} to read the architecture from; name another key field",
        file.display(),
        did_you_mean(suggestion.as_deref())
    )]
    MissingKeyField {
        /// The source file.
        file: PathBuf,
        /// The line.
        line: u64,
        /// The field that was asked for.
        field: String,
        /// The closest field, when one is close.
        suggestion: Option<String>,
    },
    /// A Parquet file that is damaged, or has something that is not supported.
    #[error(
        "{}: not readable as Parquet: {reason}; write it without compression or with Snappy, or import it as CSV",
        file.display()
    )]
    BadParquet {
        /// The source file.
        file: PathBuf,
        /// What the reader said.
        reason: String,
    },
    /// A Parquet file, for a ganas that was built without its reader.
    #[error(
        "{}: a Parquet file, but this ganas was built without the feature `parquet`; \
         build it with that, or import the table as CSV",
        file.display()
    )]
    WithoutParquet {
        /// The source file.
        file: PathBuf,
    },
    /// A row has more or fewer fields than the header.
    #[error(
        "{}: line {line}: found {found} fields, expected {expected} as in the header; \
         fix the line (a comma inside a field needs quotes around the field)",
        file.display()
    )]
    FieldCount {
        /// The source file.
        file: PathBuf,
        /// The line where the row starts.
        line: u64,
        /// Fields of the header.
        expected: usize,
        /// Fields of the row.
        found: usize,
    },
    /// A field is not UTF-8.
    #[error(
        "{}: line {line}, column `{column}`: not UTF-8; convert the file to UTF-8 (is it a CSV file at all?)",
        file.display()
    )]
    NotUtf8 {
        /// The source file.
        file: PathBuf,
        /// The line where the row starts.
        line: u64,
        /// The column; its number when the header itself is at fault.
        column: String,
    },
    /// A field of the key column is no architecture of the space.
    #[error(
        "{}: line {line}, column `{column}`: {source}; fix the line, or choose the space that the file was made for",
        file.display()
    )]
    BadArch {
        /// The source file.
        file: PathBuf,
        /// The line where the row starts.
        line: u64,
        /// The key column.
        column: String,
        /// What the space's codec said.
        source: Box<SpaceError>,
    },
    /// A metric is NaN or infinite.
    #[error(
        "{}: line {line}, column `{column}`: found `{text}`, expected a finite number; \
         leave the cell empty when there is no value",
        file.display()
    )]
    NonFinite {
        /// The source file.
        file: PathBuf,
        /// The line where the row starts.
        line: u64,
        /// The column.
        column: String,
        /// The text of the cell.
        text: String,
    },
    /// A cell is text although earlier cells of its column are numbers.
    #[error(
        "{}: line {line}, column `{column}`: found `{text}`, expected a number as in line {numeric_line}; \
         leave the cell empty when there is no value",
        file.display()
    )]
    NotANumber {
        /// The source file.
        file: PathBuf,
        /// The line where the row starts.
        line: u64,
        /// The column.
        column: String,
        /// The text of the cell.
        text: String,
        /// The first line with a number in this column.
        numeric_line: u64,
    },
    /// Two rows give different values for the same architecture.
    #[error(
        "{}: lines {first_line} and {second_line} are both `{arch}`, but differ in the column `{column}`: \
         {} and {}; keep one of the two lines",
        file.display(),
        cell(*first),
        cell(*second)
    )]
    ConflictingRows {
        /// The source file.
        file: PathBuf,
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

    // Import: the official files of a benchmark.
    /// A place of an official file is damaged, or is not what the benchmark has.
    #[error("{}: {place}: {problem}", file.display())]
    OfficialFile {
        /// The file.
        file: PathBuf,
        /// The record or the member of the archive, and the byte.
        place: String,
        /// What is wrong there.
        problem: Box<Problem>,
    },
    /// The file is in no format that is known.
    #[error("{}: not a known benchmark file: expected {expected}", file.display())]
    UnknownFormat {
        /// The file.
        file: PathBuf,
        /// The formats that are known.
        expected: &'static str,
    },

    /// Two metrics of an evaluator have the same name.
    #[error(
        "the evaluator declares the metric `{metric}` twice; give each metric a name of its own"
    )]
    DuplicateMetric {
        /// The name.
        metric: String,
    },

    // Import: the output.
    /// The output file exists, and the request does not allow to replace it.
    #[error("{}: the output file exists; choose another name, or allow overwriting", file.display())]
    OutputExists {
        /// The output file.
        file: PathBuf,
    },
    /// The output file cannot be written.
    #[error(
        "{}: cannot write the table: {source}; check that its folder exists and is writable",
        file.display()
    )]
    WriteOutput {
        /// The output file.
        file: PathBuf,
        /// The reason.
        source: io::Error,
    },

    // Opening a table.
    /// The table file is missing or cannot be mapped.
    #[error("{}: cannot open the table: {source}; check the path and its permissions", file.display())]
    OpenTable {
        /// The table file.
        file: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file is not an Arrow IPC file, is truncated, or is damaged.
    #[error("{}: not a readable Arrow IPC file: {reason}; import the table again", file.display())]
    NotArrow {
        /// The table file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An Arrow IPC file that `ganas` did not write.
    #[error(
        "{}: an Arrow file without a `ganas.manifest`, so not a table of ganas; \
         export it as CSV and import that",
        file.display()
    )]
    NoManifest {
        /// The table file.
        file: PathBuf,
    },
    /// The manifest is unreadable or contradicts the data.
    #[error("{}: bad manifest: {reason}; import the table again", file.display())]
    BadManifest {
        /// The table file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The table was written in another version of the format.
    #[error(
        "{}: the table has format version {found}, this version of ganas reads {oldest} to {newest}; \
         import the table again, or use the ganas that wrote it",
        file.display()
    )]
    FormatVersion {
        /// The table file.
        file: PathBuf,
        /// The version of the file.
        found: u64,
        /// The oldest version that this crate reads.
        oldest: u32,
        /// The newest version that this crate reads.
        newest: u32,
    },
    /// A column is missing, in the wrong place, of the wrong type or length.
    #[error(
        "{}: column `{column}`: expected {expected}, found {found}; import the table again",
        file.display()
    )]
    BadColumn {
        /// The table file.
        file: PathBuf,
        /// The column.
        column: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The key index does not list all rows by ascending key.
    #[error(
        "{}: the key index (column `key_order`) is not sorted by key at position {position}; \
         the file is damaged: import the table again",
        file.display()
    )]
    BadKeyOrder {
        /// The table file.
        file: PathBuf,
        /// The first wrong position.
        position: usize,
    },
}

impl From<WorkerError> for EvalError {
    fn from(error: WorkerError) -> Self {
        Self::Workers(Arc::new(error))
    }
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(|| "(empty)".to_owned(), |v| v.to_string())
}
