//! The table of trials: a row a trial.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use ganas_eval::{Direction, Fidelity, fidelity_words};
use ganas_search::TrialState;
use rusqlite::Connection;
use serde::de::IgnoredAny;

use super::place::Place;
use super::rows::{Cell, ColumnKind, ExportColumn, RowSink};
use super::{Evaluated, Times, export, named, parts, stop_parts};
use crate::error::Fault;
use crate::event_values::EventValues;
use crate::read::TrialRow;
use crate::{RunFilter, RunSummary, StoreError, Study};

/// The columns that each table has.
const COLUMNS: [(&str, ColumnKind); 26] = [
    ("run", ColumnKind::Text),
    ("experiment", ColumnKind::Text),
    ("version", ColumnKind::Text),
    ("budget", ColumnKind::Count),
    ("window", ColumnKind::Count),
    ("fidelity", ColumnKind::Text),
    ("space", ColumnKind::Text),
    ("protocol", ColumnKind::Text),
    ("search_metric", ColumnKind::Text),
    ("search_direction", ColumnKind::Text),
    ("report_metric", ColumnKind::Text),
    ("algorithm", ColumnKind::Text),
    ("seed", ColumnKind::Seed),
    ("number", ColumnKind::Count),
    ("round", ColumnKind::Count),
    ("arch", ColumnKind::Text),
    ("key", ColumnKind::Text),
    ("repeat", ColumnKind::Truth),
    ("state", ColumnKind::Text),
    ("search", ColumnKind::Number),
    ("report", ColumnKind::Number),
    ("reason", ColumnKind::Text),
    ("violation", ColumnKind::Number),
    ("missing", ColumnKind::Count),
    ("stopped_at", ColumnKind::Count),
    ("stopped_value", ColumnKind::Number),
];

impl Study {
    /// Writes the table of the trials of the chosen runs: the columns of the CSV export.
    ///
    /// # Errors
    ///
    /// [`StoreError::Export`] when the file cannot be written; [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn export_rows(
        &self,
        sink: &mut dyn RowSink,
        filter: &RunFilter,
        times: Times,
    ) -> Result<(), StoreError> {
        self.read("export the runs", |tx| {
            let runs = self.select_runs(tx, filter)?;
            self.export_table(tx, &runs, sink, times)
        })
    }

    pub(super) fn export_table(
        &self,
        connection: &Connection,
        runs: &[RunSummary],
        sink: &mut dyn RowSink,
        times: Times,
    ) -> Result<(), Fault> {
        let objectives = objective_names(runs);
        let metrics = self.metric_names(connection, runs)?;
        let number = |name| ExportColumn::new(name, ColumnKind::Number);
        let of_place = match times {
            Times::Leave => &[][..],
            Times::Include => &Place::COLUMNS,
        };
        let known = |(name, kind): &(&str, ColumnKind)| ExportColumn::new(*name, *kind);
        let mut columns: Vec<ExportColumn> = COLUMNS.iter().map(known).collect();
        columns.extend(
            objectives
                .iter()
                .map(|name| number(format!("objective {name}"))),
        );
        columns.extend(metrics.iter().map(|name| number(format!("metric {name}"))));
        columns.extend(of_place.iter().map(known));
        sink.columns(&columns).map_err(export)?;
        for run in runs {
            let evaluated = Evaluated::new(self, connection, run)?;
            let of_run = run_cells(run);
            self.each_trial(connection, run, |trial| {
                let EventValues(values) = named(run, &trial).unwrap_or(EventValues(Vec::new()));
                let of_objective = |name: &&str| {
                    let found = values.iter().find(|(known, _)| known == name);
                    found.map(|(_, value)| *value)
                };
                let evaluation = evaluated.of(connection, run, &trial)?;
                let completed = evaluation
                    .as_ref()
                    .filter(|_| matches!(trial.state, TrialState::Completed(_)));
                let of_metric = |name: &String| completed?.details.metrics.get(name).copied();
                let mut cells = of_run.clone();
                cells.extend(trial_cells(&trial));
                cells.extend(objectives.iter().map(|name| of_objective(name).into()));
                cells.extend(metrics.iter().map(|name| of_metric(name).into()));
                if times == Times::Include {
                    cells.extend(Place::of(evaluation.as_ref(), run).cells());
                }
                Ok(sink.row(&cells).map_err(export)?)
            })?;
        }
        Ok(())
    }

    /// The names of everything that was returned for completed trials of these runs.
    fn metric_names(
        &self,
        connection: &Connection,
        runs: &[RunSummary],
    ) -> Result<BTreeSet<String>, Fault> {
        // The classes that each evaluator was asked for, so that its evaluations are gone through once.
        let mut asked: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        let mut select = connection
            .prepare("SELECT key FROM trial_rows WHERE run = ?1 AND state = 'completed'")?;
        for run in runs {
            for source in Evaluated::new(self, connection, run)?.0.iter().flatten() {
                let keys = select.query_map([run.id.0], |row| row.get(0))?;
                let of_source = asked.entry(source.evaluator()).or_default();
                of_source.extend(keys.collect::<Result<Vec<String>, _>>()?);
            }
        }
        let mut names = BTreeSet::new();
        let mut select = connection.prepare(
            "SELECT key, metrics FROM outcome_rows
             WHERE evaluator = ?1 AND seed = -1 AND metrics IS NOT NULL",
        )?;
        for (evaluator, keys) in asked {
            let mut rows = select.query([evaluator])?;
            while let Some(row) = rows.next()? {
                let (key, metrics): (String, String) = (row.get(0)?, row.get(1)?);
                if !keys.contains(&key) {
                    continue;
                }
                let metrics: BTreeMap<String, IgnoredAny> = serde_json::from_str(&metrics)
                    .map_err(|e| self.damaged(format!("the evaluation of {key}"), e))?;
                names.extend(metrics.into_keys());
            }
        }
        Ok(names)
    }
}

/// The names of all objectives of the runs, in the order in which they are met.
fn objective_names(runs: &[RunSummary]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let objectives = runs.iter().filter_map(|run| run.spec.objectives.as_ref());
    for objective in objectives.flat_map(|objectives| objectives.all()) {
        if !names.contains(&&*objective.name) {
            names.push(&objective.name);
        }
    }
    names
}

/// The cells that are the same for all trials of a run.
fn run_cells(run: &RunSummary) -> Vec<Cell<'_>> {
    let (spec, protocol) = (&run.spec, &run.spec.protocol);
    vec![
        Cell::from(&*run.name),
        Cell::from(&*run.experiment),
        Cell::from(&*spec.version),
        spec.budget.unique_queries().into(),
        spec.pace.window().map(NonZeroU32::get).into(),
        fidelity_text(run).into(),
        Cell::from(&*spec.space),
        protocol.kind.to_string().into(),
        Cell::from(&*protocol.search),
        Cell::from(match protocol.search_direction {
            Direction::Maximize => "maximize",
            Direction::Minimize => "minimize",
        }),
        Cell::from(&*protocol.report),
        Cell::from(&*spec.algorithm),
        Cell::Seed(spec.seed),
    ]
}

fn trial_cells(trial: &TrialRow) -> [Cell<'_>; 13] {
    let (state, search, reason) = parts(&trial.state);
    let (stopped_at, stopped_value) = stop_parts(&trial.state);
    [
        trial.number.0.into(),
        trial.round.into(),
        Cell::from(&*trial.arch),
        trial.key.to_string().into(),
        trial.repeat.into(),
        state.into(),
        search.into(),
        trial.report.map(|report| report.0).into(),
        reason.into(),
        trial.violation.into(),
        trial.missing.into(),
        stopped_at.into(),
        stopped_value.into(),
    ]
}

/// The fidelity of a run, and its rungs: `epochs=12`, or `epochs=3 epochs=9`.
fn fidelity_text(run: &RunSummary) -> String {
    let text = |fidelity: &Fidelity| fidelity_words(fidelity).collect::<Vec<_>>().join(",");
    match &run.spec.rungs {
        None => text(&run.spec.fidelity),
        Some(rungs) => {
            let all: Vec<String> = rungs.fidelities().iter().map(text).collect();
            all.join(" ")
        }
    }
}
