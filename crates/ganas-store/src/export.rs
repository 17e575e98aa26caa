//! Exports: the deterministic record of runs.
//!
//! Two studies that hold the same rounds of the same runs export the same bytes: no times, no process ids, no numbers
//! that depend on the order of writing. Floats are written with the fewest digits that read back to the same bits.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::num::NonZeroU32;

use ganas_eval::{Direction, Fidelity};
use ganas_search::{StopReason, TrialState};
use ganas_space::ArchKey;
use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;

use crate::error::Fault;
use crate::event_values::EventValues;
use crate::outcomes::Evaluation;
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

/// What of the evaluation of a trial depends on time and place.
#[derive(Default, Serialize)]
struct Place<'a> {
    cost: Option<&'a BTreeMap<String, f64>>,
    artifact: Option<&'a str>,
    attempts: Option<u32>,
    /// Whether it was evaluated for another run, a table or a list.
    reused: Option<bool>,
    host: Option<&'a str>,
    worker: Option<u32>,
    queued: Option<f64>,
    started: Option<f64>,
    ended: Option<f64>,
    log: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn of(evaluation: Option<&'a Evaluation>, run: &RunSummary) -> Self {
        let Some(evaluation) = evaluation else {
            return Self::default();
        };
        let details = &evaluation.details;
        let circumstances = details.circumstances.as_ref();
        Self {
            cost: (!details.cost.is_empty()).then_some(&details.cost),
            artifact: details.artifact.as_deref(),
            attempts: Some(details.attempts).filter(|attempts| *attempts > 0),
            reused: Some(evaluation.run != Some(run.id)),
            host: circumstances.map(|c| &*c.host),
            worker: circumstances.map(|c| c.worker),
            queued: circumstances.map(|c| c.queued),
            started: circumstances.map(|c| c.started),
            ended: circumstances.map(|c| c.ended),
            log: circumstances.map(|c| &*c.log),
        }
    }

    /// The columns in a table; costs are JSON.
    fn columns(&self) -> [String; 10] {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let number = |number: Option<f64>| number.map_or_else(String::new, |n| n.to_string());
        [
            self.cost.map_or_else(String::new, |cost| {
                serde_json::to_string(cost).unwrap_or_default()
            }),
            text(self.artifact),
            self.attempts.map_or_else(String::new, |n| n.to_string()),
            self.reused.map_or_else(String::new, |is| is.to_string()),
            text(self.host),
            self.worker.map_or_else(String::new, |n| n.to_string()),
            number(self.queued),
            number(self.started),
            number(self.ended),
            text(self.log),
        ]
    }

    /// Their names.
    const COLUMNS: [&'static str; 10] = [
        "cost", "artifact", "attempts", "reused", "host", "worker", "queued", "started", "ended",
        "log",
    ];
}

/// The line of an evaluation that is no trial yet.
#[derive(Serialize)]
struct EvaluationLine<'a> {
    r#type: &'static str,
    run: &'a str,
    seed: u64,
    number: u32,
    arch: &'a str,
    metrics: &'a BTreeMap<String, f64>,
    reason: Option<&'a str>,
    #[serde(flatten)]
    place: Place<'a>,
}

/// The line of a run.
#[derive(Serialize)]
struct RunLine<'a> {
    r#type: &'static str,
    run: &'a str,
    experiment: &'a str,
    /// The fields of its spec; the configuration is an object.
    #[serde(flatten)]
    spec: serde_json::Map<String, Value>,
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
    /// Everything that an evaluator has returned, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<&'a BTreeMap<String, f64>>,
    #[serde(skip_serializing_if = "is_zero")]
    violation: f64,
    #[serde(skip_serializing_if = "<[f64]>::is_empty")]
    lower: &'a [f64],
    #[serde(skip_serializing_if = "is_none")]
    missing: u32,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    place: Option<Place<'a>>,
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

fn is_none(number: &u32) -> bool {
    *number == 0
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
                ExportFormat::Csv => self.export_csv(tx, &runs, output, export.times),
            }
        })
    }

    /// What was evaluated for a run, by class.
    fn evaluated(
        &self,
        connection: &Connection,
        run: &RunSummary,
    ) -> Result<BTreeMap<ArchKey, Evaluation>, Fault> {
        let Some(source) = self.source(connection, run)? else {
            return Ok(BTreeMap::new());
        };
        let all = source.all_in(connection)?.into_iter();
        let of_class = all.filter(|(id, _)| id.seed.is_none());
        Ok(of_class
            .map(|(id, evaluation)| (id.key, evaluation))
            .collect())
    }

    fn export_json_lines(
        &self,
        connection: &Connection,
        runs: &[RunSummary],
        output: &mut dyn Write,
        times: Times,
    ) -> Result<(), Fault> {
        let mut output = io::BufWriter::new(output);
        for run in runs {
            let evaluated = self.evaluated(connection, run)?;
            write_line(&mut output, &run_line(run)?)?;
            self.each_trial(connection, run, |trial| {
                let evaluation = evaluated.get(&trial.key);
                let mut line = trial_line(run, &trial, evaluation);
                line.place = (times == Times::Include).then(|| Place::of(evaluation, run));
                write_line(&mut output, &line)
            })?;
            self.each_event(connection, run, |row| {
                write_line(&mut output, &event_line(run, &row))
            })?;
            if times == Times::Leave {
                continue;
            }
            for pending in self.pending(connection, run)? {
                let Some(evaluation) = &pending.evaluation else {
                    continue;
                };
                let line = EvaluationLine {
                    r#type: "evaluation",
                    run: &run.name,
                    seed: run.spec.seed,
                    number: pending.number,
                    arch: &pending.arch,
                    metrics: &evaluation.details.metrics,
                    reason: evaluation.reason.as_deref(),
                    place: Place::of(Some(evaluation), run),
                };
                write_line(&mut output, &line)?;
            }
        }
        output.flush().map_err(export)?;
        Ok(())
    }

    fn export_csv(
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
            let evaluated = self.evaluated(connection, run)?;
            self.each_trial(connection, run, |trial| {
                let EventValues(values) = named(run, &trial).unwrap_or(EventValues(Vec::new()));
                let of_objective = |name: &&str| {
                    let found = values.iter().find(|(known, _)| known == name);
                    found.map(|(_, value)| *value)
                };
                let evaluation = evaluated.get(&trial.key);
                let of_metric = |name: &String| evaluation?.details.metrics.get(name).copied();
                let mut values: Vec<Option<f64>> = objectives.iter().map(of_objective).collect();
                values.extend(metrics.iter().map(of_metric));
                let place = match times {
                    Times::Leave => Vec::new(),
                    Times::Include => Place::of(evaluation, run).columns().to_vec(),
                };
                let row = (csv_row(run, &trial), values, place);
                writer.serialize(row).map_err(export_csv)
            })?;
        }
        writer.flush().map_err(export)?;
        Ok(())
    }

    /// The names of everything that was returned for these runs.
    fn metric_names(
        &self,
        connection: &Connection,
        runs: &[RunSummary],
    ) -> Result<BTreeSet<String>, Fault> {
        let mut names = BTreeSet::new();
        for run in runs {
            for evaluation in self.evaluated(connection, run)?.into_values() {
                names.extend(evaluation.details.metrics.into_keys());
            }
        }
        Ok(names)
    }
}

/// The names of the fields of [`CsvRow`]: written for an export without trials too.
const CSV_HEADER: [&str; 24] = [
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

fn run_line(run: &RunSummary) -> Result<RunLine<'_>, StoreError> {
    let encoding = |source| StoreError::Encoding {
        what: "the spec of a run",
        source,
    };
    let mut spec = match serde_json::to_value(&run.spec).map_err(encoding)? {
        Value::Object(spec) => spec,
        _ => serde_json::Map::new(),
    };
    let config = serde_json::from_str(&run.spec.config);
    spec.insert("config".to_owned(), config.map_err(encoding)?);
    Ok(RunLine {
        r#type: "run",
        run: &run.name,
        experiment: &run.experiment,
        spec,
        status: run.status.as_str(),
        stop: run.stop,
        rounds: run.rounds,
        raw_queries: run.counts.raw,
        unique_queries: run.counts.unique,
        failed_queries: run.counts.failed,
    })
}

fn trial_line<'a>(
    run: &'a RunSummary,
    trial: &'a TrialRow,
    evaluation: Option<&'a Evaluation>,
) -> TrialLine<'a> {
    let metrics = evaluation.map(|evaluation| &evaluation.details.metrics);
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
        metrics: metrics.filter(|metrics| !metrics.is_empty()),
        violation: trial.violation,
        lower: &trial.lower,
        missing: trial.missing,
        place: None,
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
    }
}

/// The fidelity of a run, and its rungs: `epochs=12`, or `epochs=3 epochs=9`.
fn fidelity_text(run: &RunSummary) -> String {
    let text = |fidelity: &Fidelity| {
        let parts = fidelity
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        parts.collect::<Vec<_>>().join(",")
    };
    match &run.spec.rungs {
        None => text(&run.spec.fidelity),
        Some(rungs) => {
            let all: Vec<String> = rungs.fidelities().iter().map(text).collect();
            all.join(" ")
        }
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
