//! Exports: the deterministic record of runs.
//!
//! Two studies that hold the same rounds of the same runs export the same bytes: no times, no process ids, no numbers
//! that depend on the order of writing. Floats are written with the fewest digits that read back to the same bits.

use std::io::{self, Write};

use ganas_eval::Direction;
use ganas_search::{RunSpec, StopReason, TrialState};
use ganas_space::ArchKey;
use rusqlite::Connection;
use serde::Serialize;

use crate::error::Fault;
use crate::event_values::EventValues;
use crate::read::{EventRow, TrialRow};
use crate::{RunFilter, RunSummary, StoreError, Study};

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// One JSON object a line: for each run a line of type `run`, then its lines of type `trial` and `event`.
    JsonLines,
    /// One line a trial, with a header; events are not part of it. With several objectives each has a column.
    Csv,
}

/// The line of a run.
#[derive(Serialize)]
struct RunLine<'a> {
    r#type: &'static str,
    run: &'a str,
    experiment: &'a str,
    #[serde(flatten)]
    spec: &'a RunSpec,
    status: &'static str,
    stop: Option<StopReason>,
    rounds: u32,
    raw_queries: u32,
    unique_queries: u32,
    failed_queries: u32,
}

/// The line of a trial.
#[derive(Serialize)]
struct TrialLine<'a> {
    r#type: &'static str,
    run: &'a str,
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
    /// The names and measured values of several objectives, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    objectives: Option<EventValues>,
}

/// The line of an event.
#[derive(Serialize)]
struct EventLine<'a> {
    r#type: &'static str,
    run: &'a str,
    seed: u64,
    round: u32,
    kind: &'a str,
    values: EventValues,
}

/// The row of a trial in a table of all runs.
#[derive(Serialize)]
struct CsvRow<'a> {
    run: &'a str,
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
}

impl Study {
    /// Writes the record of the chosen runs, up to their last whole round, in the order of [`runs`](Self::runs).
    ///
    /// # Errors
    ///
    /// [`StoreError::Export`] when the output cannot be written; [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn export(
        &self,
        output: &mut dyn Write,
        format: ExportFormat,
        filter: &RunFilter,
    ) -> Result<(), StoreError> {
        self.read("export the runs", |tx| {
            let runs = self.select_runs(tx, filter)?;
            match format {
                ExportFormat::JsonLines => self.export_json_lines(tx, &runs, output),
                ExportFormat::Csv => self.export_csv(tx, &runs, output),
            }
        })
    }

    fn export_json_lines(
        &self,
        connection: &Connection,
        runs: &[RunSummary],
        output: &mut dyn Write,
    ) -> Result<(), Fault> {
        let mut output = io::BufWriter::new(output);
        for run in runs {
            write_line(&mut output, &run_line(run))?;
            self.each_trial(connection, run, |trial| {
                write_line(&mut output, &trial_line(run, &trial))
            })?;
            self.each_event(connection, run, |row| {
                write_line(&mut output, &event_line(run, &row))
            })?;
        }
        output.flush().map_err(export)?;
        Ok(())
    }

    fn export_csv(
        &self,
        connection: &Connection,
        runs: &[RunSummary],
        output: &mut dyn Write,
    ) -> Result<(), Fault> {
        let mut writer = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(output);
        let objectives = objective_names(runs);
        let names = objectives.iter().map(|name| format!("objective {name}"));
        let header = CSV_HEADER.iter().map(|name| (*name).to_owned());
        writer
            .write_record(header.chain(names))
            .map_err(export_csv)?;
        for run in runs {
            self.each_trial(connection, run, |trial| {
                let EventValues(values) = named(run, &trial).unwrap_or(EventValues(Vec::new()));
                let of_name = |name: &&str| {
                    let found = values.iter().find(|(known, _)| known == name);
                    found.map(|(_, value)| *value)
                };
                let values: Vec<Option<f64>> = objectives.iter().map(of_name).collect();
                let row = (csv_row(run, &trial), values);
                writer.serialize(row).map_err(export_csv)
            })?;
        }
        writer.flush().map_err(export)?;
        Ok(())
    }
}

/// The names of the fields of [`CsvRow`]: written for an export without trials too.
const CSV_HEADER: [&str; 17] = [
    "run",
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

fn run_line(run: &RunSummary) -> RunLine<'_> {
    RunLine {
        r#type: "run",
        run: &run.name,
        experiment: &run.experiment,
        spec: &run.spec,
        status: run.status.as_str(),
        stop: run.stop,
        rounds: run.rounds,
        raw_queries: run.counts.raw,
        unique_queries: run.counts.unique,
        failed_queries: run.counts.failed,
    }
}

fn trial_line<'a>(run: &'a RunSummary, trial: &'a TrialRow) -> TrialLine<'a> {
    let (state, search, reason) = parts(&trial.state);
    TrialLine {
        r#type: "trial",
        run: &run.name,
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
        objectives: named(run, trial),
    }
}

/// The names and values of several objectives; nothing for a failed trial, and when there is one objective.
fn named(run: &RunSummary, trial: &TrialRow) -> Option<EventValues> {
    let objectives = run.spec.objectives.as_ref()?;
    let named = objectives.all().iter().zip(&trial.objectives);
    let values: Vec<(String, f64)> = named.map(|(o, value)| (o.name.clone(), *value)).collect();
    (!values.is_empty()).then_some(EventValues(values))
}

fn event_line<'a>(run: &'a RunSummary, row: &'a EventRow) -> EventLine<'a> {
    EventLine {
        r#type: "event",
        run: &run.name,
        seed: run.spec.seed,
        round: row.round,
        kind: &row.event.kind,
        values: EventValues(row.event.values.clone()),
    }
}

fn csv_row<'a>(run: &'a RunSummary, trial: &'a TrialRow) -> CsvRow<'a> {
    let (state, search, reason) = parts(&trial.state);
    CsvRow {
        run: &run.name,
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
    }
}

fn parts(state: &TrialState) -> (&'static str, Option<f64>, Option<&str>) {
    match state {
        TrialState::Completed(search) => ("completed", Some(search.value()), None),
        TrialState::Failed(reason) => ("failed", None, Some(reason)),
    }
}

fn write_line(output: &mut impl Write, line: &impl Serialize) -> Result<(), StoreError> {
    serde_json::to_writer(&mut *output, line).map_err(|e| export(e.into()))?;
    output.write_all(b"\n").map_err(export)
}

fn export(source: io::Error) -> StoreError {
    StoreError::Export { source }
}

fn export_csv(error: csv::Error) -> StoreError {
    // Not `into`, which would hide the kind of an input or output error.
    match error.into_kind() {
        csv::ErrorKind::Io(source) => export(source),
        other => export(io::Error::other(format!("{other:?}"))),
    }
}
