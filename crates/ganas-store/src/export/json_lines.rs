//! Exports as JSON, an object a line.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ganas_search::{StopReason, TrialState};
use ganas_space::ArchKey;
use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;

use super::place::Place;
use super::{Evaluated, Times, export, named, parts, stop_parts};
use crate::error::Fault;
use crate::event_values::EventValues;
use crate::outcomes::Evaluation;
use crate::read::{EventRow, TrialRow};
use crate::{RunSummary, StoreError, Study};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_value: Option<f64>,
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

/// The line of an evaluation that is no trial yet.
#[derive(Serialize)]
struct EvaluationLine<'a> {
    r#type: &'static str,
    run: &'a str,
    seed: u64,
    number: u32,
    arch: &'a str,
    key: ArchKey,
    metrics: &'a BTreeMap<String, f64>,
    reason: Option<&'a str>,
    #[serde(flatten)]
    place: Place<'a>,
}

impl Study {
    pub(super) fn export_json_lines(
        &self,
        connection: &Connection,
        runs: &[RunSummary],
        output: &mut dyn Write,
        times: Times,
    ) -> Result<(), Fault> {
        let mut output = io::BufWriter::new(output);
        for run in runs {
            let evaluated = Evaluated::new(self, connection, run)?;
            write_line(&mut output, &run_line(run)?)?;
            self.each_trial(connection, run, |trial| {
                let evaluation = evaluated.of(connection, run, &trial)?;
                let mut line = trial_line(run, &trial, evaluation.as_ref());
                line.place = (times == Times::Include).then(|| Place::of(evaluation.as_ref(), run));
                Ok(write_line(&mut output, &line)?)
            })?;
            self.each_event(connection, run, |row| {
                Ok(write_line(&mut output, &event_line(run, &row))?)
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
                    key: evaluation.id.key,
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
    // What a failed trial has returned may come to be that of another run.
    let evaluation = evaluation.filter(|_| matches!(trial.state, TrialState::Completed(_)));
    let metrics = evaluation.map(|evaluation| &evaluation.details.metrics);
    let (state, search, reason) = parts(&trial.state);
    let (stopped_at, stopped_value) = stop_parts(&trial.state);
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
        stopped_at,
        stopped_value,
        place: None,
    }
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

fn write_line(output: &mut impl Write, line: &impl Serialize) -> Result<(), StoreError> {
    serde_json::to_writer(&mut *output, line).map_err(|e| export(e.into()))?;
    output.write_all(b"\n").map_err(export)
}
