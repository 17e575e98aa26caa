//! The manifest: what a table file says about itself and about its columns.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use ganas_eval::{Direction, Guessed, MetricMeaning, MetricRange, MetricRole};
use ganas_formats::SourceInfo;

use super::class_value::ClassValue;
use super::skipped::SkippedColumn;

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
    /// What a query of a class with several rows returns.
    #[serde(default, skip_serializing_if = "ClassValue::is_first")]
    pub class_value: ClassValue,
    /// The number of classes of the space, when the table is not the whole space and they could be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space_classes: Option<u64>,
    /// The number of architectures of the space as text, when the table is not the whole space and it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space_size: Option<u64>,
    /// The description of the space, when it is one of a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<SpaceDescription>,
    /// Columns of the source that are not in the table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedColumn>,
}

/// The description of a space of a user, with the files that it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceDescription {
    /// Where it is from, for messages.
    pub origin: String,
    /// The text.
    pub text: String,
    /// The files by the names that the description has for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
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

/// What is known about a metric column: declared at the import, or read from its name by
/// [`column_info`](super::naming::column_info).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnInfo {
    /// The name.
    pub name: String,
    /// The unit of the values.
    pub unit: Unit,
    /// What was measured on.
    pub role: MetricRole,
    /// Which values are better; `None` when it is neither declared nor known from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The value that says that there is none, such as -1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<f64>,
    /// The values that are possible, when that is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<MetricRange>,
    /// What of this was read from the name.
    #[serde(default)]
    pub guessed: Guessed,
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

impl ColumnInfo {
    /// What the metric means: what is declared, and what this version reads from the name where nothing is.
    #[must_use]
    pub fn meaning(&self) -> MetricMeaning {
        let mut meaning = MetricMeaning::of_name(&self.name);
        if !self.guessed.role {
            meaning.role = self.role;
        }
        if !self.guessed.direction {
            meaning.direction = self.direction;
        }
        MetricMeaning {
            missing: self.missing,
            range: self.range,
            guessed: self.guessed,
            ..meaning
        }
    }

    /// The same column with this meaning.
    #[must_use]
    pub fn meaning_of(self, meaning: MetricMeaning) -> Self {
        let MetricMeaning {
            role,
            direction,
            missing,
            range,
            guessed,
        } = meaning;
        Self {
            role,
            direction,
            missing,
            range,
            guessed,
            ..self
        }
    }
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
