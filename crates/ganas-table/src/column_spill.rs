//! Measurements on their way from a published file to a table: on disk, because they come by record and go by column.
//!
//! Measurements of one training belong together; a [`Family`] of trainings differs in the run only (the seed, or the
//! number of the repeat). Each run of a family has a scratch file of fixed-size entries: the row and the values.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ganas_eval::MetricMeaning;

use super::manifest::{ColumnInfo, Run, Unit};

/// Runs of a family; more are a sign of damage, and each has an open file.
pub const MAX_RUNS: usize = 64;

/// A metric of a family, in all of its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct SpilledMetric {
    /// What comes before the run in the name of a column.
    pub name: String,
    /// What comes after it; nothing when empty.
    pub after: String,
    /// The unit of its values.
    pub unit: Unit,
    /// What it is measured on, which values are better, and which one says that there is none.
    pub meaning: MetricMeaning,
    /// Epochs of training behind it, when known.
    pub epochs: Option<u32>,
    /// Epochs of the whole schedule of the training, when known.
    pub schedule_epochs: Option<u32>,
    /// The metric of the same family with the seconds that a query is charged.
    pub query_time: Option<usize>,
}

/// What tells the runs of a family apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// The seed of the training.
    Seeds,
    /// The order in the file.
    Repeats,
    /// There is one only, and it needs no name.
    One,
}

/// Measurements that come together.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) metrics: Vec<SpilledMetric>,
    runs: Runs,
    files: BTreeMap<u32, BufWriter<File>>,
}

/// The columns that a family becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyId(usize);

/// All families of a table.
#[derive(Debug)]
pub struct ColumnSpill {
    folder: PathBuf,
    families: Vec<Family>,
}

impl ColumnSpill {
    /// Spills into files without names in this folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            families: Vec::new(),
        }
    }

    /// Adds a family of trainings with these metrics.
    pub fn family(&mut self, metrics: Vec<SpilledMetric>, runs: Runs) -> FamilyId {
        self.families.push(Family {
            metrics,
            runs,
            files: BTreeMap::new(),
        });
        FamilyId(self.families.len() - 1)
    }

    /// Adds the values of one training; false when there are too many runs ([`MAX_RUNS`]).
    ///
    /// # Errors
    ///
    /// Why the scratch file cannot be written.
    pub fn add(
        &mut self,
        family: FamilyId,
        run: u32,
        row: u32,
        values: &[Option<f64>],
    ) -> io::Result<bool> {
        let family = &mut self.families[family.0];
        debug_assert_eq!(values.len(), family.metrics.len());
        if !family.files.contains_key(&run) {
            if family.files.len() >= MAX_RUNS {
                return Ok(false);
            }
            let file = BufWriter::with_capacity(1 << 15, tempfile::tempfile_in(&self.folder)?);
            family.files.insert(run, file);
        }
        if let Some(file) = family.files.get_mut(&run) {
            file.write_all(&row.to_le_bytes())?;
            for value in values {
                file.write_all(&value.unwrap_or(f64::NAN).to_le_bytes())?;
            }
        }
        Ok(true)
    }

    /// The columns of all families, in their order in the table: means first, then the runs.
    #[must_use]
    pub fn columns(&self) -> Vec<ColumnInfo> {
        let columns = self.families.iter().flat_map(Family::columns);
        columns.collect()
    }

    pub(crate) fn into_families(self) -> Vec<Family> {
        self.families
    }
}

impl Family {
    pub(crate) fn n_columns(&self) -> usize {
        self.tags().len() * self.metrics.len()
    }

    /// The columns of each run, one for each metric; the mean comes first where there are runs.
    fn tags(&self) -> Vec<Option<Run>> {
        match self.runs {
            Runs::One => vec![None],
            Runs::Seeds | Runs::Repeats => {
                let tag = |&run: &u32| match self.runs {
                    Runs::Seeds => Some(Run::Seed(run)),
                    Runs::Repeats | Runs::One => Some(Run::Repeat(run)),
                };
                let mean = std::iter::once(Some(Run::Mean));
                mean.chain(self.files.keys().map(tag)).collect()
            }
        }
    }

    fn columns(&self) -> Vec<ColumnInfo> {
        let column = |run: Option<Run>, metric: &SpilledMetric| ColumnInfo {
            name: metric.column(run),
            unit: metric.unit,
            role: metric.meaning.role,
            direction: metric.meaning.direction,
            missing: metric.meaning.missing,
            range: metric.meaning.range,
            guessed: metric.meaning.guessed,
            epochs: metric.epochs,
            schedule_epochs: metric.schedule_epochs,
            run,
            query_time: metric.query_time.map(|i| self.metrics[i].column(run)),
            derived_from: None,
        };
        self.tags()
            .into_iter()
            .flat_map(|run| self.metrics.iter().map(move |metric| column(run, metric)))
            .collect()
    }

    /// Gives out the columns in the order of [`ColumnSpill::columns`], each with its number within the family.
    pub(crate) fn drain(
        self,
        n_rows: usize,
        mut write: impl FnMut(usize, &[f64]) -> io::Result<()>,
    ) -> io::Result<()> {
        let n_metrics = self.metrics.len();
        let has_mean = self.runs != Runs::One;
        let mut sums = vec![vec![0.0; if has_mean { n_rows } else { 0 }]; n_metrics];
        let mut counts = vec![vec![0u8; if has_mean { n_rows } else { 0 }]; n_metrics];
        let mut first = if has_mean { n_metrics } else { 0 };
        for file in self.files.into_values() {
            let columns = read_columns(file, n_rows, n_metrics)?;
            for (metric, values) in columns.iter().enumerate() {
                if has_mean {
                    for ((sum, count), value) in
                        sums[metric].iter_mut().zip(&mut counts[metric]).zip(values)
                    {
                        if !value.is_nan() {
                            *sum += value;
                            *count += 1;
                        }
                    }
                }
                write(first + metric, values)?;
            }
            first += n_metrics;
        }
        if has_mean {
            for (metric, (mut sums, counts)) in sums.into_iter().zip(counts).enumerate() {
                for (sum, count) in sums.iter_mut().zip(counts) {
                    // Nothing divided by nothing is NaN, which stands for a missing value.
                    *sum /= f64::from(count);
                }
                write(metric, &sums)?;
            }
        }
        Ok(())
    }
}

impl SpilledMetric {
    fn column(&self, run: Option<Run>) -> String {
        let mut name = self.name.clone();
        if let Some(run) = run {
            name.push_str(&format!("_{run}"));
        }
        if !self.after.is_empty() {
            name.push('_');
            name.push_str(&self.after);
        }
        name
    }
}

/// The values by column and row; missing ones are NaN. The last entry of a row counts.
fn read_columns(
    file: BufWriter<File>,
    n_rows: usize,
    n_metrics: usize,
) -> io::Result<Vec<Vec<f64>>> {
    let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let entry_bytes = 4 + 8 * n_metrics;
    let mut entry = vec![0; entry_bytes];
    let n_entries = end / entry_bytes as u64;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut columns = vec![vec![f64::NAN; n_rows]; n_metrics];
    for _ in 0..n_entries {
        reader.read_exact(&mut entry)?;
        let Some((row, mut values)) = entry.split_first_chunk::<4>() else {
            break;
        };
        let row = u32::from_le_bytes(*row) as usize;
        for column in &mut columns {
            let Some((value, rest)) = values.split_first_chunk::<8>() else {
                break;
            };
            values = rest;
            column[row] = f64::from_le_bytes(*value);
        }
    }
    Ok(columns)
}
