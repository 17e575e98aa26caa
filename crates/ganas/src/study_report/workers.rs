//! Who evaluated, how busy they were, and what failed.

use std::collections::BTreeMap;

use ganas_figures::{AxisOf, Mark, PlotPoint, Series, XyPlot};
use ganas_report::escape::escaped;
use ganas_report::statistics::moments;
use ganas_report::tables::{Align, TextTable};
use ganas_store::{Evaluation, TrialState};

use super::{Content, Read, Section};
use crate::Error;

/// What a worker did.
#[derive(Default)]
struct Worker {
    evaluations: u32,
    failed: u32,
    busy: f64,
    waits: Vec<f64>,
}

/// Workers and failures; nothing when there were neither.
pub(super) fn section(read: &Read<'_>) -> Result<Option<Section>, Error> {
    let mut section = Section::new("Workers and failures");
    for (number, (spec, evaluations)) in (1..).zip(read.study.evaluators()?) {
        let all = evaluations.all()?;
        let of_evaluator: Vec<&Evaluation> = all.values().collect();
        if let Some(table) = utilisation(&of_evaluator) {
            let heading = format!("Evaluator {number}: {} in {}", spec.description, spec.space);
            section.content.push(Content::Heading(heading));
            section.content.push(Content::Table(table));
            section.content.push(Content::Text(
                "Busy is the share of the time from the first evaluation to the last in which a worker evaluated; pauses between sessions count \
                 as idle. Waiting is the mean time in seconds from when an evaluation was asked for until it began."
                    .to_owned(),
            ));
        }
        if let Some(figure) = concurrency(number, &of_evaluator).figure() {
            section.content.push(Content::Figure(figure));
        }
    }
    section.content.extend(failures(read));
    Ok((!section.content.is_empty()).then_some(section))
}

/// A line for each worker; `None` when nobody knows who evaluated.
fn utilisation(evaluations: &[&Evaluation]) -> Option<TextTable> {
    let mut workers: BTreeMap<(&str, u32), Worker> = BTreeMap::new();
    let (mut first, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
    for evaluation in evaluations {
        let Some(at) = &evaluation.details.circumstances else {
            continue;
        };
        (first, last) = (first.min(at.started), last.max(at.ended));
        let worker = workers.entry((&at.host, at.worker)).or_default();
        worker.evaluations += 1;
        worker.failed += u32::from(evaluation.reason.is_some());
        worker.busy += at.ended - at.started;
        worker.waits.push(at.started - at.queued);
    }
    let mut table = TextTable::new([
        ("host", Align::Left),
        ("worker", Align::Right),
        ("evaluations", Align::Right),
        ("failed", Align::Right),
        ("busy, seconds", Align::Right),
        ("busy, share", Align::Right),
        ("waiting, seconds", Align::Right),
    ]);
    for ((host, number), worker) in &workers {
        let share = worker.busy / (last - first).max(f64::MIN_POSITIVE);
        table.row([
            escaped(host).into_owned(),
            number.to_string(),
            worker.evaluations.to_string(),
            worker.failed.to_string(),
            format!("{:.1}", worker.busy),
            format!("{:.0} %", 100.0 * share.min(1.0)),
            moments(&worker.waits).map_or_else(String::new, |of| format!("{:.2}", of.mean)),
        ]);
    }
    (!workers.is_empty()).then_some(table)
}

/// How many evaluations went on at the same time.
fn concurrency(evaluator: u32, evaluations: &[&Evaluation]) -> XyPlot {
    let mut changes: Vec<(f64, f64)> = (evaluations.iter())
        .filter_map(|evaluation| evaluation.details.circumstances.as_ref())
        .flat_map(|at| [(at.started, 1.0), (at.ended, -1.0)])
        .collect();
    changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let begin = changes.first().map_or(0.0, |(time, _)| *time);
    let mut running = 0.0;
    let mut points: Vec<PlotPoint> = Vec::with_capacity(changes.len());
    for (time, change) in changes {
        running += change;
        points.push(PlotPoint {
            x: (time - begin) / 60.0,
            y: running,
            band: None,
        });
    }
    // A curve of more steps than a screen has dots is no clearer.
    let step = points.len().div_ceil(2000).max(1);
    XyPlot {
        title: format!("Evaluations at the same time by evaluator {evaluator}"),
        description: "How many evaluations went on, from the first one on; where it falls below the number of workers, some had nothing to do."
            .to_owned(),
        x: AxisOf {
            label: "minutes".to_owned(),
            log: false,
        },
        y: AxisOf {
            label: "evaluations".to_owned(),
            log: false,
        },
        mark: Mark::Steps,
        series: vec![Series {
            label: "evaluations".to_owned(),
            points: points.into_iter().step_by(step).collect(),
        }],
    }
}

/// Why trials failed, and how often.
fn failures(read: &Read<'_>) -> Vec<Content> {
    let mut reasons: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for (curve, trials) in read.of.curves.iter().zip(&read.of.trials) {
        for trial in trials.iter().filter(|trial| !trial.repeat) {
            if let TrialState::Failed(reason) = &trial.state {
                *reasons.entry((&curve.table, reason)).or_default() += 1;
            }
        }
    }
    if reasons.is_empty() {
        return Vec::new();
    }
    let mut table = TextTable::new([
        ("on", Align::Left),
        ("failed", Align::Right),
        ("reason", Align::Left),
    ]);
    let mut sorted: Vec<_> = reasons.into_iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for ((on, reason), count) in sorted {
        table.row([
            on.to_owned(),
            count.to_string(),
            escaped(reason).into_owned(),
        ]);
    }
    vec![
        Content::Heading("Trials that failed".to_owned()),
        Content::Table(table),
    ]
}
