//! Exports: the deterministic record of runs.
//!
//! Two studies that hold the same rounds of the same runs export the same bytes: no times, no process ids, no numbers
//! that depend on the order of writing. Floats are written with the fewest digits that read back to the same bits.

mod json_lines;
mod place;
mod rows;
mod table;

use std::io::{self, Write};

use ganas_search::TrialState;
use rusqlite::Connection;

use crate::error::Fault;
use crate::event_values::EventValues;
use crate::outcomes::{Evaluation, EvaluationId, Evaluations};
use crate::read::TrialRow;
use crate::{RunFilter, RunId, RunSummary, StoreError, Study};
pub use rows::{Cell, ColumnKind, CsvRows, ExportColumn, RowSink};

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// One JSON object a line: for each run a line of type `run`, then its lines of type `trial` and `event`.
    JsonLines,
    /// One line a trial, with a header; events are not part of it. With several objectives each has a column.
    Csv,
}

/// Whether an export tells what depends on time and place, so that it is no part of the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// It is left out: runs that are resumed, or done by other workers, have the same export.
    #[default]
    Leave,
    /// Costs, artifacts, attempts, times, machines and logs are told, and evaluations that are no trials yet.
    Include,
}

/// What is exported, and how.
#[derive(Clone, Debug)]
pub struct Export {
    /// The format.
    pub format: ExportFormat,
    /// Whether what depends on time and place is told.
    pub times: Times,
    /// Which runs.
    pub filter: RunFilter,
}

impl Export {
    /// The record of all runs in this format.
    #[must_use]
    pub fn new(format: ExportFormat) -> Self {
        Self {
            format,
            times: Times::default(),
            filter: RunFilter::default(),
        }
    }
}

impl Study {
    /// Writes the record of the chosen runs, up to their last whole round, in the order of [`runs`](Self::runs).
    ///
    /// # Errors
    ///
    /// [`StoreError::Export`] when the output cannot be written; [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn export(&self, output: &mut dyn Write, export: &Export) -> Result<(), StoreError> {
        self.read("export the runs", |tx| {
            let runs = self.select_runs(tx, &export.filter)?;
            match export.format {
                ExportFormat::JsonLines => self.export_json_lines(tx, &runs, output, export.times),
                ExportFormat::Csv => {
                    let mut rows = CsvRows::new(output);
                    self.export_table(tx, &runs, &mut rows, export.times)?;
                    Ok(rows.finish().map_err(self::export)?)
                }
            }
        })
    }
}

impl Study {
    /// The trials of a run, in the order of proposal, each with what is kept of its evaluation with the highest fidelity that it was
    /// evaluated with: nothing for tables and surrogates, for trials that were stopped early, and when what is kept now is of another
    /// run, in which it did not fail.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownRun`], [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn evaluated_trials(
        &self,
        run: RunId,
    ) -> Result<Vec<(TrialRow, Option<Evaluation>)>, StoreError> {
        let mut all = Vec::new();
        self.read("read the trials", |tx| {
            let run = self.find_run(tx, run)?;
            let evaluated = Evaluated::new(self, tx, &run)?;
            self.each_trial(tx, &run, |trial| {
                let evaluation = evaluated.of(tx, &run, &trial)?;
                all.push((trial, evaluation));
                Ok(())
            })
        })?;
        Ok(all)
    }
}

/// What a run was evaluated by, with each fidelity, the lowest first; without rungs there is one.
struct Evaluated(Vec<Option<Evaluations>>);

impl Evaluated {
    fn new(study: &Study, connection: &Connection, run: &RunSummary) -> Result<Self, Fault> {
        let sources = match study.source(connection, run)? {
            None => Vec::new(),
            Some(source) => match &run.spec.rungs {
                None => vec![Some(source)],
                Some(rungs) => {
                    let of = |fidelity| study.with_fidelity(connection, &source, fidelity);
                    rungs
                        .fidelities()
                        .iter()
                        .map(of)
                        .collect::<Result<_, _>>()?
                }
            },
        };
        Ok(Self(sources))
    }

    /// What came of a trial, with the highest fidelity that it was evaluated with; nothing when that is not kept, or when
    /// what is kept now is of another run, in which it did not fail.
    fn of(
        &self,
        connection: &Connection,
        run: &RunSummary,
        trial: &TrialRow,
    ) -> Result<Option<Evaluation>, Fault> {
        let highest = self.0.len().checked_sub(1);
        let missing = usize::try_from(trial.missing).ok();
        let rung = highest.zip(missing).and_then(|(h, m)| h.checked_sub(m));
        let Some(Some(source)) = rung.and_then(|rung| self.0.get(rung)) else {
            return Ok(None);
        };
        let id = EvaluationId {
            key: trial.key,
            seed: None,
        };
        let evaluation = source.find_in(connection, id)?;
        Ok(evaluation.filter(|evaluation| match trial.state {
            TrialState::Completed(_) => evaluation.reason.is_none(),
            TrialState::Failed(_) => evaluation.reason.is_some() || evaluation.run == Some(run.id),
            // What is kept is of another run, which did not stop it.
            TrialState::Stopped(_) => false,
        }))
    }
}

/// The names and values of several objectives; nothing for a failed trial, and when there is one objective.
fn named(run: &RunSummary, trial: &TrialRow) -> Option<EventValues> {
    let objectives = run.spec.objectives.as_ref()?;
    let named = objectives.all().iter().zip(&trial.objectives);
    let values: Vec<(String, f64)> = named.map(|(o, value)| (o.name.clone(), *value)).collect();
    (!values.is_empty()).then_some(EventValues(values))
}

fn parts(state: &TrialState) -> (&'static str, Option<f64>, Option<&str>) {
    match state {
        TrialState::Completed(search) => ("completed", Some(search.value()), None),
        TrialState::Failed(reason) => ("failed", None, Some(reason)),
        TrialState::Stopped(_) => ("stopped", None, None),
    }
}

/// Where a trial was stopped, and the value of the search metric there.
fn stop_parts(state: &TrialState) -> (Option<u32>, Option<f64>) {
    match state {
        TrialState::Stopped(at) => (Some(at.step), Some(at.value)),
        TrialState::Completed(_) | TrialState::Failed(_) => (None, None),
    }
}

fn export(source: io::Error) -> StoreError {
    StoreError::Export { source }
}
