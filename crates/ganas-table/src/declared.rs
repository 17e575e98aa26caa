//! What a user declares of the columns of a table, and what has to be declared.

use std::cmp::Ordering;

use ganas_eval::{MetricMeaning, MetricRange, MetricRole};
use ganas_space::suggestion::closest;

use crate::column_reader::NumberColumn;
use crate::error::{ImportProblem, TableError};
use crate::import::ImportRequest;
use crate::line_index::LineIndex;
use crate::open::{Column, Table};
use crate::skipped::{self, SkippedColumn};

/// What each column means. Values that are declared to say that there is none are taken out.
///
/// # Errors
///
/// [`ImportProblem::NoSuchNumberColumn`] for a declaration of a column that is not there, and
/// [`ImportProblem::OutOfRange`] for a value that is declared not to be possible.
pub(crate) fn apply(
    request: &ImportRequest,
    columns: &mut [NumberColumn],
    skipped: &[SkippedColumn],
    lines: &LineIndex,
) -> Result<Vec<MetricMeaning>, TableError> {
    check_names(request, columns, skipped)?;
    let mut meanings = Vec::new();
    for column in columns {
        let mut meaning = MetricMeaning::of_name(&column.name);
        request.declared.apply(&column.name, &mut meaning);
        if let Some(missing) = meaning.missing {
            let is_missing = |value: &f64| value.partial_cmp(&missing) == Some(Ordering::Equal);
            column
                .values
                .update(|value| Some(value).filter(|value| !is_missing(value)));
        }
        if let Some(range) = meaning.range {
            check_range(request, column, range, lines)?;
        }
        meanings.push(meaning);
    }
    Ok(meanings)
}

fn check_range(
    request: &ImportRequest,
    column: &NumberColumn,
    range: MetricRange,
    lines: &LineIndex,
) -> Result<(), TableError> {
    let rows = (0..lines.n_rows()).filter_map(|row| Some((row, column.values.get(row)?)));
    let mut outside = rows.filter(|(_, value)| !range.contains(*value));
    let Some((row, value)) = outside.next() else {
        return Ok(());
    };
    Err(ImportProblem::OutOfRange {
        line: lines.line(row),
        column: column.name.clone(),
        value,
        range,
        further: outside.count(),
    }
    .in_file(&request.source))
}

fn check_names(
    request: &ImportRequest,
    columns: &[NumberColumn],
    skipped: &[SkippedColumn],
) -> Result<(), TableError> {
    let known = || columns.iter().map(|column| &*column.name);
    let unknown = request
        .declared
        .names()
        .find(|name| !known().any(|known| known == *name));
    unknown.map_or(Ok(()), |name| {
        Err(ImportProblem::NoSuchNumberColumn {
            column: name.to_owned(),
            suggestion: closest(name, known()),
            skipped: skipped::reason(skipped, name),
            known: known().collect::<Vec<_>>().join(", "),
        }
        .in_file(&request.source))
    })
}

/// Values that are declared not to be possible.
#[derive(Clone, Debug, PartialEq)]
pub struct OutOfRange {
    /// The values that are possible.
    pub range: MetricRange,
    /// The first other value.
    pub value: f64,
    /// How many there are.
    pub cells: usize,
}

/// A cost below zero, which would pass for the cheapest.
#[derive(Clone, Debug, PartialEq)]
pub struct NegativeCost {
    /// The first such value.
    pub value: f64,
    /// How many there are.
    pub cells: usize,
}

impl Table {
    /// The values below zero of a metric that is a cost; `None` when it is none, or has none.
    ///
    /// # Panics
    ///
    /// When the column is not one of this table.
    #[must_use]
    pub fn negative_cost(&self, column: Column) -> Option<NegativeCost> {
        if self.meaning(column).role != MetricRole::Cost {
            return None;
        }
        let values = self.rows().filter_map(|row| self.value(column, row));
        let mut negative = values.filter(|value| *value < 0.0);
        let value = negative.next()?;
        Some(NegativeCost {
            value,
            cells: 1 + negative.count(),
        })
    }

    /// The values of a metric that are outside of the range that is declared of it; `None` when there are none.
    ///
    /// # Panics
    ///
    /// When the column is not one of this table.
    #[must_use]
    pub fn out_of_range(&self, column: Column) -> Option<OutOfRange> {
        let range = self.meaning(column).range?;
        let values = self.rows().filter_map(|row| self.value(column, row));
        let mut outside = values.filter(|value| !range.contains(*value));
        let value = outside.next()?;
        Some(OutOfRange {
            range,
            value,
            cells: 1 + outside.count(),
        })
    }

    /// The metric with this name, for a search that reports it.
    ///
    /// # Errors
    ///
    /// As [`column`](Self::column), and [`TableError::OutOfRange`] for values outside of the range that is declared.
    pub fn ranged_column(&self, name: &str) -> Result<Column, TableError> {
        let column = self.column(name)?;
        self.out_of_range(column).map_or(Ok(column), |outside| {
            Err(TableError::OutOfRange {
                table: self.title(),
                metric: name.to_owned(),
                outside,
            })
        })
    }

    /// The metric with this name, for a search that it leads.
    ///
    /// # Errors
    ///
    /// As [`ranged_column`](Self::ranged_column), and [`TableError::NegativeCost`] for a cost that is below zero somewhere,
    /// which would pass for the cheapest.
    pub fn leading_column(&self, name: &str) -> Result<Column, TableError> {
        let column = self.ranged_column(name)?;
        self.negative_cost(column).map_or(Ok(column), |negative| {
            Err(TableError::NegativeCost {
                table: self.title(),
                metric: name.to_owned(),
                negative,
            })
        })
    }
}
