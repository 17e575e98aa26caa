//! Benchmark tables: the measurements of all architectures of a space, or of many.
//!
//! [`import`](import()) reads a file of CSV, JSON or Parquet once and writes a *table file*, [`write_evaluations`] with evaluations that were made for it;
//! [`Table::open`] maps that file into memory, which takes
//! milliseconds; [`TableEvaluator`] answers the queries of a search from it.
//!
//! # Format
//!
//! A table file is an Arrow IPC file with a single record batch, uncompressed, so that it can be used in place and
//! pandas, polars, R and DuckDB open it too. Its columns, none of them null except metrics:
//!
//! | column | type | content |
//! |---|---|---|
//! | `arch` | Utf8 | the text form of the architecture, as the space writes it |
//! | `key` | FixedSizeBinary(16) | its [`ArchKey`](ganas_space::ArchKey), big-endian |
//! | metrics | Float64 | one column each; null where the source has no value |
//! | `key_order` | UInt32 | the row numbers sorted by key, then by row |
//!
//! The metadata of the schema holds the [`Manifest`] as JSON under `ganas.manifest`. The same source file gives the
//! same bytes.
//!
//! The metadata of the footer holds CRC-32C checksums of the file under `ganas.checksums`: that of the footer, and one for each
//! block of 64 KiB before it. What opening reads is compared with them at once, a column when it is asked for, a text
//! when it is looked at, and everything by [`Table::verify`]; a difference is an error that names the file and the part of it.
//! Versions 1 and 2 of the format have none.
//!
//! # Rows and classes
//!
//! A row is an architecture as text. Architectures that compute the same function have the same key, and the rows of
//! such a class usually differ: each was trained on its own. **A query returns the values of the class's lowest
//! row**, which is its lowest official index when [`Manifest::row_order`] says so, unless the table was imported with
//! another [`ClassValue`]: the mean of the class, or the row of the architecture's own text.
//!
//! # Example
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use ganas_eval::{Evaluator, Query};
//! use ganas_table::{ImportRequest, Table, TableEvaluator, import};
//!
//! let space = ganas_space::by_name("nasbench201")?;
//! let report = import(&ImportRequest::new("nb201.csv.gz", "nb201.arrow"), space.as_ref())?;
//! println!("{} classes", report.manifest.n_classes);
//!
//! let table = Arc::new(Table::open("nb201.arrow")?);
//! let [search, reported] = ["cifar10_valid_12", "cifar10_test_mean_200"];
//! let evaluator = TableEvaluator::new(table, Arc::clone(&space), search, reported)?;
//! let arch = space.decode("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")?;
//! println!("{:?}", evaluator.evaluate(Query::new(&*space, &arch))?.search);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(unsafe_code)]

mod arch_reader;
mod archs;
mod builder;
mod checksums;
mod class_value;
mod column_reader;
mod column_spill;
mod container;
mod coverage;
mod declared;
mod delimited;
mod embedded;
mod error;
mod evaluations;
mod evaluator;
mod export;
#[doc(hidden)]
pub mod fuzzing;
mod import;
mod import_limits;
mod ipc_file;
mod json;
mod key_order;
mod key_template;
mod line_index;
mod manifest;
mod mapping;
mod metric_source;
pub mod naming;
mod noise;
mod open;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod parquet_pages;
mod property;
mod published_order;
mod rank;
mod repeats;
mod skipped;
mod source_columns;
#[cfg(test)]
mod test_space;
mod text_window;
mod texts;
mod write;

#[cfg(test)]
mod tests;

pub use builder::{Builder, TooManyRows};
pub use class_value::{Answer, ClassSpread, ClassValue};
pub use column_spill::{ColumnSpill, FamilyId, MAX_RUNS, Runs, SpilledMetric};
pub use coverage::{Coverage, grouped};
pub use declared::{NegativeCost, OutOfRange};
pub use embedded::{EMBEDDED, Embedded};
pub use error::{ImportProblem, TableError, TableProblem};
pub use evaluations::{
    Evaluated, EvaluationsReport, EvaluationsRequest, MAX_SEEDS, write_evaluations,
};
pub use evaluator::TableEvaluator;
pub use export::ExportFormat;
pub use ganas_files::{Replace, Target};
pub use ganas_formats::MaxUnpacked;
pub use import::{ImportReport, ImportRequest, import};
pub use manifest::{
    ARCH_COLUMN, ColumnInfo, EvaluatorInfo, FORMAT_VERSION, KEY_COLUMN, KEY_ORDER_COLUMN,
    MANIFEST_KEY, Manifest, OLDEST_FORMAT_VERSION, RowOrder, Run, SpaceDescription, Unit,
};
pub use metric_source::MetricSource;
pub use noise::Noise;
pub use open::{ChecksumKind, Column, Row, Table};
pub use property::TableProperty;
pub use rank::Rank;
pub use repeats::Repeats;
pub use skipped::{SkipReason, SkippedColumn};
