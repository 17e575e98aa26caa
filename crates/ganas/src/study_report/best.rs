//! The best architectures, drawn.

use std::collections::BTreeSet;

use ganas_figures::ArchDrawing;
use ganas_report::tables::measurement;
use ganas_store::{SearchMetric, TrialState};

use super::{Content, Read, Section};

/// So many are drawn of each table.
const DRAWN: usize = 3;

/// A trial that may be drawn.
struct Candidate<'a> {
    search: SearchMetric,
    report: f64,
    arch: &'a str,
    key: String,
    algorithm: &'a str,
    seed: u64,
    number: u32,
}

/// The best distinct classes of each table by the search metric.
pub(super) fn section(read: &Read<'_>) -> Option<Section> {
    let mut section = Section::new("Best architectures");
    for table in &read.of.tables {
        let space = read.space(&table.space);
        for (rank, found) in (1..).zip(best(read, &table.label)) {
            let title = format!("Best {rank} on {}", table.label);
            let says = format!(
                "{title}: {} {}, {} {}; found by {} with seed {}, trial {}: {}",
                table.protocol.search,
                measurement(found.search.value()),
                table.protocol.report,
                measurement(found.report),
                found.algorithm,
                found.seed,
                found.number,
                found.arch
            );
            section.content.push(Content::Text(says));
            let drawing = (space.as_deref()).and_then(|space| {
                let arch = space.decode(found.arch).ok()?;
                ArchDrawing::new(title, space, &arch).figure()
            });
            match drawing {
                Some(figure) => section.content.push(Content::Figure(figure)),
                None => section.content.push(Content::Text(format!(
                    "It is not drawn: the space {} is not known here; --space FILE names its description.",
                    table.space
                ))),
            }
        }
    }
    (!section.content.is_empty()).then_some(section)
}

fn best<'a>(read: &'a Read<'_>, table: &str) -> Vec<Candidate<'a>> {
    let mut all = Vec::new();
    for (curve, trials) in read.of.curves.iter().zip(&read.of.trials) {
        if curve.table != table {
            continue;
        }
        for trial in trials.iter().filter(|t| !t.repeat && t.is_eligible()) {
            if let (TrialState::Completed(search), Some(report)) = (&trial.state, trial.report) {
                all.push(Candidate {
                    search: *search,
                    report: report.0,
                    arch: &trial.arch,
                    key: trial.key.to_string(),
                    algorithm: &curve.algorithm,
                    seed: curve.seed,
                    number: trial.number.0,
                });
            }
        }
    }
    // The sort is stable, so equals stay in the order of the runs.
    all.sort_by(|a, b| b.search.gain().total_cmp(&a.search.gain()));
    let mut seen = BTreeSet::new();
    all.retain(|found| seen.len() < DRAWN && seen.insert(found.key.clone()));
    all
}
