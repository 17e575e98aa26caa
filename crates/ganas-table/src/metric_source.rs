//! Metrics under another name or in another unit than in the file they are imported from.

use std::fmt;
use std::str::FromStr;

use indexmap::IndexSet;

use crate::error::{ImportProblem, TableError};
use ganas_space::suggestion::closest;

use super::column_reader::NumberColumn;
use super::import::ImportRequest;
use super::manifest::{ARCH_COLUMN, KEY_COLUMN, KEY_ORDER_COLUMN};
use super::skipped::{self, SkippedColumn};

/// A metric made from a column of the source: `NAME=COLUMN`, or `NAME=COLUMN/NUMBER` for a column that counts.
///
/// The column is not imported under its own name then.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSource {
    /// The name of the metric.
    pub name: String,
    /// The column of the source.
    pub column: String,
    /// What its values are divided by.
    pub divisor: Option<f64>,
}

impl MetricSource {
    fn of(&self, value: f64) -> f64 {
        self.divisor.map_or(value, |divisor| value / divisor)
    }
}

impl fmt::Display for MetricSource {
    /// Writes what the metric is made from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.column)?;
        self.divisor
            .map_or(Ok(()), |divisor| write!(f, "/{divisor}"))
    }
}

impl FromStr for MetricSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected NAME=COLUMN or NAME=COLUMN/NUMBER".to_owned();
        let (name, source) = text.split_once('=').ok_or_else(expected)?;
        // A slash may belong to the name of the column, when no number follows it.
        let (column, divisor) = match source.rsplit_once('/') {
            Some((column, number)) => match number.trim().parse::<f64>() {
                Ok(number) if number.is_finite() && number != 0.0 => (column, Some(number)),
                Ok(number) => return Err(format!("cannot divide by {number}")),
                Err(_) => (source, None),
            },
            None => (source, None),
        };
        let [name, column] = [name, column].map(|part| part.trim().to_owned());
        if name.is_empty() || column.is_empty() {
            return Err(expected());
        }
        Ok(Self {
            name,
            column,
            divisor,
        })
    }
}

/// Replaces the columns that the request gives another name or unit; returns what each column was made from.
pub(crate) fn apply(
    request: &ImportRequest,
    columns: &mut [NumberColumn],
    skipped: &[SkippedColumn],
) -> Result<Vec<Option<String>>, TableError> {
    let known: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let mut sources = vec![None; columns.len()];
    for metric in &request.metrics {
        let index = known.iter().position(|name| *name == metric.column);
        let index = index.ok_or_else(|| {
            ImportProblem::NoSuchNumberColumn {
                column: metric.column.clone(),
                suggestion: closest(&metric.column, known.iter().map(String::as_str)),
                skipped: skipped::reason(skipped, &metric.column),
                known: known.join(", "),
            }
            .in_file(&request.source)
        })?;
        if [ARCH_COLUMN, KEY_COLUMN, KEY_ORDER_COLUMN].contains(&metric.name.as_str()) {
            return Err(ImportProblem::ReservedColumn {
                column: metric.name.clone(),
            }
            .in_file(&request.source));
        }
        let column = &mut columns[index];
        column.values.update(|value| Some(metric.of(value)));
        column.name.clone_from(&metric.name);
        if sources[index].replace(metric.to_string()).is_some() {
            return Err(ImportProblem::DuplicateColumn {
                column: metric.column.clone(),
            }
            .in_file(&request.source));
        }
    }
    let mut names = IndexSet::new();
    match columns.iter().find(|column| !names.insert(&column.name)) {
        None => Ok(sources),
        Some(column) => Err(ImportProblem::DuplicateColumn {
            column: column.name.clone(),
        }
        .in_file(&request.source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_read() {
        let metric = |name: &str, column: &str, divisor| MetricSource {
            name: name.to_owned(),
            column: column.to_owned(),
            divisor,
        };
        for (text, expected) in [
            (
                "test_108=correct/9984",
                metric("test_108", "correct", Some(9984.0)),
            ),
            ("a=b", metric("a", "b", None)),
            ("a=b/c", metric("a", "b/c", None)),
            ("a = b/c / 2 ", metric("a", "b/c", Some(2.0))),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["", "a", "=b", "a=", "a=/2", "a=b/0", "a=b/inf", "a=b/nan"] {
            assert!(text.parse::<MetricSource>().is_err(), "{text}");
        }
    }
}
