//! Rows of one architecture with different values: an error, or repeated measurements.

use std::fmt;
use std::str::FromStr;

use ganas_eval::MetricMeaning;

use crate::column_spill::MAX_RUNS;
use crate::error::{ImportProblem, TableError};

use super::archs::Archs;
use super::column_reader::{NumberColumn, Numbers};
use super::import::ImportRequest;
use super::manifest::{ColumnInfo, Run};
use super::naming::info_of_values;

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

/// A column of a table, whose values are taken from one of the source.
#[derive(Debug)]
pub(crate) struct TableColumn<'a> {
    pub(crate) info: ColumnInfo,
    source: &'a Numbers,
    taken: Taken,
}

/// What is taken of the rows of one architecture.
#[derive(Clone, Copy, Debug)]
enum Taken {
    /// The value of the first.
    First,
    /// The mean over those that are there.
    Mean,
    /// The value of that with this number.
    Run(usize),
}

impl TableColumn<'_> {
    /// The value of an architecture.
    pub(crate) fn value(&self, archs: &Archs, arch: u32) -> Option<f64> {
        self.taken.of(self.source, archs, arch)
    }
}

impl Taken {
    fn of(self, source: &Numbers, archs: &Archs, arch: u32) -> Option<f64> {
        match self {
            Self::First => source.get(archs.first_row(arch) as usize),
            Self::Mean => mean(source, archs, arch),
            Self::Run(run) => source.get(archs.source_rows(arch).nth(run)?),
        }
    }
}

/// The columns that those of the source become. `known` is of each column of the source what it was made from and what it
/// means.
pub(crate) fn columns<'a>(
    request: &ImportRequest,
    source: &'a [NumberColumn],
    known: Vec<(Option<String>, MetricMeaning)>,
    archs: &Archs,
) -> Result<Vec<TableColumn<'a>>, TableError> {
    let mut all = Vec::new();
    for (column, (derived_from, meaning)) in source.iter().zip(known) {
        let mut add = |taken: Taken, run: Option<u32>| {
            let source = &column.values;
            let values = archs.by_row();
            let values = values.filter_map(|arch| taken.of(source, archs, arch));
            let mut info = ColumnInfo {
                derived_from: derived_from.clone(),
                ..info_of_values(&column.name, values).meaning_of(meaning.clone())
            };
            if let Some(run) = run {
                info.name = format!("{}_run{run}", column.name);
                info.run = Some(Run::Repeat(run));
            }
            all.push(TableColumn {
                info,
                source,
                taken,
            });
        };
        match request.repeats {
            Repeats::Error | Repeats::First => add(Taken::First, None),
            Repeats::Mean => add(Taken::Mean, None),
            Repeats::Runs => match n_runs(request, &column.values, archs)? {
                1 => add(Taken::First, None),
                n => (0..n)
                    .zip(0..)
                    .for_each(|(run, number)| add(Taken::Run(run), Some(number))),
            },
        }
    }
    let mut names: Vec<&str> = all.iter().map(|column| &*column.info.name).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let column = twice[0].to_owned();
        return Err(ImportProblem::DuplicateColumn { column }.in_file(&request.source));
    }
    Ok(all)
}

fn mean(source: &Numbers, archs: &Archs, arch: u32) -> Option<f64> {
    let values = archs.source_rows(arch).filter_map(|row| source.get(row));
    let (mut n, mut sum, mut last) = (0u32, 0.0, None);
    for value in values {
        n += 1;
        sum += value;
        last = Some(value);
    }
    // One value is not taken by way of the sum, which may be rounded.
    if n > 1 {
        Some(sum / f64::from(n))
    } else {
        last
    }
}

/// The columns that a column becomes: the most rows of an architecture, when it differs between rows of one.
fn n_runs(request: &ImportRequest, source: &Numbers, archs: &Archs) -> Result<usize, TableError> {
    let bits = |row: u32| source.get(row as usize).map(f64::to_bits);
    let (mut differ, mut most) = (false, 1);
    for further in archs.repeats.chunk_by(|a, b| a.0 == b.0) {
        let first = bits(archs.first_row(further[0].0));
        differ |= further.iter().any(|(_, row)| bits(*row) != first);
        most = most.max(1 + further.len());
    }
    if differ && most > MAX_RUNS {
        return Err(ImportProblem::TooLarge {
            what: "rows of one architecture",
            limit: MAX_RUNS as u64,
        }
        .in_file(&request.source));
    }
    Ok(if differ { most } else { 1 })
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
