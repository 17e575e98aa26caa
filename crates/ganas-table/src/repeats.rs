//! Rows of one architecture with different values: an error, or repeated measurements.

use std::fmt;
use std::str::FromStr;

use ganas_eval::MetricMeaning;

use crate::column_spill::MAX_RUNS;
use crate::error::{ImportProblem, TableError};

use super::column_reader::NumberColumn;
use super::delimited::Delimited;
use super::import::{ImportRequest, ImportedArch};
use super::manifest::{ColumnInfo, Run};
use super::naming::column_info;

/// What rows of one architecture are whose values differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    /// An error. Rows that repeat an earlier one exactly are left out.
    #[default]
    Error,
    /// Measurements, of which the mean is kept, over those that are there.
    Mean,
    /// Measurements, of which the first is kept.
    First,
    /// Measurements that are all kept: a column in which they differ becomes one for each, `NAME_run0`, `NAME_run1` and
    /// so on, which is missing where a row has fewer. A column in which they never differ stays one.
    Runs,
}

impl Repeats {
    /// The names and what they stand for.
    pub const ALL: [(&'static str, Self); 4] = [
        ("error", Self::Error),
        ("mean", Self::Mean),
        ("first", Self::First),
        ("runs", Self::Runs),
    ];
}

impl FromStr for Repeats {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.iter().find(|(name, _)| *name == text);
        let named = named.ok_or("expected mean, first, runs or error".to_owned())?;
        Ok(named.1)
    }
}

impl fmt::Display for Repeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::ALL.iter().find(|(_, repeats)| repeats == self);
        f.write_str(named.expect("invariant: every variant has a name").0)
    }
}

/// The columns of a table, one value for each architecture, and what is known of them.
pub(crate) struct Columns {
    pub(crate) columns: Vec<NumberColumn>,
    pub(crate) infos: Vec<ColumnInfo>,
}

/// Takes the values of the architectures, whose rows may be several. `known` is of each column of the source what it was made
/// from and what it means.
pub(crate) fn columns(
    request: &ImportRequest,
    delimited: &Delimited,
    known: Vec<(Option<String>, MetricMeaning)>,
    archs: &[ImportedArch],
) -> Result<Columns, TableError> {
    let mut all = Columns {
        columns: Vec::new(),
        infos: Vec::new(),
    };
    for (column, (derived_from, meaning)) in delimited.columns.iter().zip(known) {
        let mut add = |values: Vec<Option<f64>>, run: Option<u32>| {
            let mut info = ColumnInfo {
                derived_from: derived_from.clone(),
                ..column_info(&column.name, &values).meaning_of(meaning.clone())
            };
            if let Some(run) = run {
                info.name = format!("{}_run{run}", column.name);
                info.run = Some(Run::Repeat(run));
            }
            let name = info.name.clone();
            all.columns.push(NumberColumn { name, values });
            all.infos.push(info);
        };
        let of = |arch: &ImportedArch, run: usize| {
            let row = arch.source_rows().nth(run)?;
            column.values[row]
        };
        match request.repeats {
            Repeats::Error | Repeats::First => {
                add(archs.iter().map(|arch| of(arch, 0)).collect(), None);
            }
            Repeats::Mean => add(archs.iter().map(|arch| mean(column, arch)).collect(), None),
            Repeats::Runs => match n_runs(request, column, archs)? {
                1 => add(archs.iter().map(|arch| of(arch, 0)).collect(), None),
                n => {
                    for (run, number) in (0..n).zip(0..) {
                        let values = archs.iter().map(|arch| of(arch, run)).collect();
                        add(values, Some(number));
                    }
                }
            },
        }
    }
    let mut names: Vec<&str> = all.columns.iter().map(|column| &*column.name).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let column = twice[0].to_owned();
        return Err(ImportProblem::DuplicateColumn { column }.in_file(&request.source));
    }
    Ok(all)
}

fn mean(column: &NumberColumn, arch: &ImportedArch) -> Option<f64> {
    let values = arch.source_rows().filter_map(|row| column.values[row]);
    let (mut n, mut sum) = (0u32, 0.0);
    for value in values {
        n += 1;
        sum += value;
    }
    match n {
        0 => None,
        // Not by way of the sum, which may be rounded.
        1 => arch.source_rows().find_map(|row| column.values[row]),
        _ => Some(sum / f64::from(n)),
    }
}

/// The columns that a column becomes: the most rows of an architecture, when it differs between rows of one.
fn n_runs(
    request: &ImportRequest,
    column: &NumberColumn,
    archs: &[ImportedArch],
) -> Result<usize, TableError> {
    let bits = |row: usize| column.values[row].map(f64::to_bits);
    let differ = archs.iter().any(|arch| {
        let mut rows = arch.source_rows();
        let first = rows.next().map(bits);
        rows.any(|row| Some(bits(row)) != first)
    });
    let most = archs.iter().map(|arch| arch.source_rows().count()).max();
    match most {
        Some(most) if differ && most > MAX_RUNS => Err(ImportProblem::TooLarge {
            what: "rows of one architecture",
            limit: MAX_RUNS as u64,
        }
        .in_file(&request.source)),
        Some(most) if differ => Ok(most),
        _ => Ok(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for (name, repeats) in Repeats::ALL {
            assert_eq!(name.parse(), Ok(repeats));
            assert_eq!(repeats.to_string(), name);
        }
        assert!("median".parse::<Repeats>().is_err());
    }
}
