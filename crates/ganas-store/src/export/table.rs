//! Exports as a table: CSV, a line a trial.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::num::NonZeroU32;

use ganas_eval::{Direction, Fidelity, fidelity_words};
use ganas_search::TrialState;
use ganas_space::ArchKey;
use rusqlite::Connection;
use serde::Serialize;
use serde::de::IgnoredAny;

use super::place::Place;
use super::{Evaluated, Times, export, named, parts, stop_parts};
use crate::error::Fault;
use crate::event_values::EventValues;
use crate::read::TrialRow;
use crate::{RunSummary, StoreError, Study};

/// The row of a trial in a table of all runs.
#[derive(Serialize)]
struct CsvRow<'a> {
    run: &'a str,
    experiment: &'a str,
    version: &'a str,
    budget: u32,
    window: Option<NonZeroU32>,
    fidelity: String,
    space: &'a str,
    protocol: String,
    search_metric: &'a str,
    search_direction: Direction,
    report_metric: &'a str,
    algorithm: &'a str,
    seed: u64,
    number: u32,
    round: u32,
    arch: &'a str,
    key: ArchKey,
    repeat: bool,
    state: &'static str,
    search: Option<f64>,
    report: Option<f64>,
    reason: Option<&'a str>,
    violation: f64,
    missing: u32,
    stopped_at: Option<u32>,
    stopped_value: Option<f64>,
}

impl Study {
    pub(super) fn export_table(
        &self,
        connection: &Connection,
        runs: &[RunSummary],
        output: &mut dyn Write,
        times: Times,
    ) -> Result<(), Fault> {
        let mut writer = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(output);
        let objectives = objective_names(runs);
        let metrics = self.metric_names(connection, runs)?;
        let mut header: Vec<String> = CSV_HEADER.iter().map(|name| (*name).to_owned()).collect();
        header.extend(objectives.iter().map(|name| format!("objective {name}")));
        header.extend(metrics.iter().map(|name| format!("metric {name}")));
        if times == Times::Include {
            header.extend(Place::COLUMNS.iter().map(|name| (*name).to_owned()));
        }
        writer.write_record(header).map_err(export_csv)?;
        for run in runs {
            let evaluated = Evaluated::new(self, connection, run)?;
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
                let mut values: Vec<Option<f64>> = objectives.iter().map(of_objective).collect();
                values.extend(metrics.iter().map(of_metric));
                let place = match times {
                    Times::Leave => Vec::new(),
                    Times::Include => Place::of(evaluation.as_ref(), run).columns().to_vec(),
                };
                let row = (csv_row(run, &trial), values, place);
                Ok(writer.serialize(row).map_err(export_csv)?)
            })?;
        }
        writer.flush().map_err(export)?;
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

/// The names of the fields of [`CsvRow`]: written for an export without trials too.
const CSV_HEADER: [&str; 26] = [
    "run",
    "experiment",
    "version",
    "budget",
    "window",
    "fidelity",
    "space",
    "protocol",
    "search_metric",
    "search_direction",
    "report_metric",
    "algorithm",
    "seed",
    "number",
    "round",
    "arch",
    "key",
    "repeat",
    "state",
    "search",
    "report",
    "reason",
    "violation",
    "missing",
    "stopped_at",
    "stopped_value",
];

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

fn csv_row<'a>(run: &'a RunSummary, trial: &'a TrialRow) -> CsvRow<'a> {
    let (state, search, reason) = parts(&trial.state);
    let (stopped_at, stopped_value) = stop_parts(&trial.state);
    CsvRow {
        run: &run.name,
        experiment: &run.experiment,
        version: &run.spec.version,
        budget: run.spec.budget.unique_queries(),
        window: run.spec.pace.window(),
        fidelity: fidelity_text(run),
        space: &run.spec.space,
        protocol: run.spec.protocol.kind.to_string(),
        search_metric: &run.spec.protocol.search,
        search_direction: run.spec.protocol.search_direction,
        report_metric: &run.spec.protocol.report,
        algorithm: &run.spec.algorithm,
        seed: run.spec.seed,
        number: trial.number.0,
        round: trial.round,
        arch: &trial.arch,
        key: trial.key,
        repeat: trial.repeat,
        state,
        search,
        report: trial.report.map(|report| report.0),
        reason,
        violation: trial.violation,
        missing: trial.missing,
        stopped_at,
        stopped_value,
    }
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

fn export_csv(error: csv::Error) -> StoreError {
    // Not `into`, which would hide the kind of an input or output error.
    match error.into_kind() {
        csv::ErrorKind::Io(source) => export(source),
        other => export(io::Error::other(format!("{other:?}"))),
    }
}
