//! The manifest: what a table file says about itself and about its columns.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use ganas_eval::MetricRole;
use ganas_formats::SourceInfo;

/// The key of the manifest in the schema metadata of the Arrow file.
pub const MANIFEST_KEY: &str = "ganas.manifest";

/// The version of the table format that this crate writes.
///
/// Version 2 added runs, training schedules and query times to [`ColumnInfo`], version 3 checksums to the file.
pub const FORMAT_VERSION: u32 = 3;

/// The first version of the table format whose files have checksums.
pub(crate) const FIRST_VERSION_WITH_CHECKSUMS: u32 = 3;

/// The oldest version of the table format that this crate reads.
pub const OLDEST_FORMAT_VERSION: u32 = 1;

/// The column with the text of each architecture.
pub const ARCH_COLUMN: &str = "arch";

/// The column with the key of each architecture: 16 bytes, big-endian.
pub const KEY_COLUMN: &str = "key";

/// The column with the row numbers sorted by key, then by row.
pub const KEY_ORDER_COLUMN: &str = "key_order";

/// What a table file says about itself: one JSON text in the metadata of its schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the table format.
    pub format_version: u32,
    /// The name of the search space.
    pub space: String,
    /// The column of the source that held the architectures, or the template of several.
    pub key_column: String,
    /// The number of rows, one for each architecture as text.
    pub n_rows: u32,
    /// The number of classes of architectures: distinct keys.
    pub n_classes: u32,
    /// How the rows are ordered.
    pub row_order: RowOrder,
    /// The version of ganas that imported the table.
    pub ganas_version: String,
    /// The file that the table was imported from, or the evaluations that it was made of.
    pub source: SourceInfo,
    /// Who has evaluated, in a table that was made by evaluating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluator: Option<EvaluatorInfo>,
    /// The metric columns, in the order of the file.
    pub columns: Vec<ColumnInfo>,
}

/// How the rows of a table are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOrder {
    /// Row `i` is the architecture with the official index `i`, and all of the space are there.
    #[serde(rename = "official_index")]
    PublishedIndex,
    /// The order of the source file.
    SourceFile,
}

/// The evaluator that a table was made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluatorInfo {
    /// The command.
    pub command: String,
    /// What it calls itself.
    pub name: String,
    /// The version of that.
    pub version: String,
    /// What it was told with every evaluation.
    pub fidelity: BTreeMap<String, f64>,
}

/// What is known about a metric column; [`naming`](super::naming) infers it from the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnInfo {
    /// The name.
    pub name: String,
    /// The unit of the values.
    pub unit: Unit,
    /// What was measured on.
    pub role: MetricRole,
    /// Training epochs before the measurement, when known.
    pub epochs: Option<u32>,
    /// The epochs that the training was planned for, when known: a learning rate that falls to zero in time makes 54
    /// of 108 epochs another thing than 54 of 54.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_epochs: Option<u32>,
    /// Which of several trainings, or their mean; none when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// The column with the seconds that the official interface charges for a query of this one: simulated time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_time: Option<String>,
    /// What the import computed it from, when that is not a column of the same name: `test_correct_of_9984/9984`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived_from: Option<String>,
}

/// Which of several trainings of an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Run {
    /// The mean over those that the architecture has.
    Mean,
    /// The training with this seed.
    Seed(u32),
    /// The training with this number, from 0, in the order of the source.
    Repeat(u32),
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mean => f.write_str("mean"),
            Self::Seed(seed) => write!(f, "seed{seed}"),
            Self::Repeat(number) => write!(f, "run{number}"),
        }
    }
}

/// The unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Percent: 0 to 100.
    #[serde(rename = "percent")]
    Percent,
    /// Millions (of parameters, of floating-point operations).
    #[serde(rename = "millions")]
    Millions,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Millijoules.
    #[serde(rename = "mJ")]
    Millijoules,
    /// Seconds.
    #[serde(rename = "seconds")]
    Seconds,
    /// None, or not known.
    #[serde(rename = "none")]
    None,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Percent => "percent",
            Self::Millions => "millions",
            Self::Milliseconds => "ms",
            Self::Millijoules => "mJ",
            Self::Seconds => "seconds",
            Self::None => "none",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_print_as_they_are_stored() {
        for unit in [
            Unit::Percent,
            Unit::Millions,
            Unit::Milliseconds,
            Unit::Millijoules,
            Unit::Seconds,
            Unit::None,
        ] {
            assert_eq!(serde_json::to_string(&unit).unwrap(), format!("\"{unit}\""));
        }
    }
}
