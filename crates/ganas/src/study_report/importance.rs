//! How much of the search metric each decision explains by itself.

use std::collections::BTreeMap;

use ganas_figures::{Bar, Bars};
use ganas_report::statistics::moments;
use ganas_space::{Arch, SearchSpace};
use ganas_store::TrialState;

use super::{Content, Read, Section};

/// So many decisions are shown.
const SHOWN: usize = 20;

/// So many classes are looked at: more say the same.
const CLASSES: usize = 20_000;

/// A trial as categories, one for each decision, and what it was worth.
struct Row {
    categories: Vec<u8>,
    gain: f64,
}

/// The importance of decisions on each table whose space is known.
pub(super) fn section(read: &Read<'_>) -> Option<Section> {
    let mut section = Section::new("Importance of decisions");
    for table in &read.of.tables {
        let Some(space) = read.space(&table.space) else {
            continue;
        };
        let (names, rows) = rows(read, &table.label, &*space);
        let mut bars: Vec<Bar> = (names.into_iter().enumerate())
            .filter_map(|(at, label)| {
                let value = explained(&rows, at)?;
                Some(Bar { label, value })
            })
            .collect();
        bars.sort_by(|a, b| b.value.total_cmp(&a.value));
        bars.truncate(SHOWN);
        let metric = &table.protocol.search;
        let bars = Bars {
            title: format!("Decisions that matter for {metric} on {}", table.label),
            description: format!(
                "The share of the variance of {metric} (the search metric) that the label of a vertex, or the presence of an edge, explains by \
                 itself: Kelley's ε² of a one-way analysis of variance over {} distinct classes that the runs evaluated. They are no random \
                 sample of the space, and decisions that matter only together do not show.",
                rows.len()
            ),
            axis: "share of the variance (ε²)".to_owned(),
            bars,
        };
        section.content.extend(bars.figure().map(Content::Figure));
    }
    (!section.content.is_empty()).then_some(section)
}

/// The names of the decisions, and the distinct classes that were evaluated on a table.
fn rows(read: &Read<'_>, table: &str, space: &dyn SearchSpace) -> (Vec<String>, Vec<Row>) {
    let mut seen = BTreeMap::new();
    for (curve, trials) in read.of.curves.iter().zip(&read.of.trials) {
        if curve.table != table {
            continue;
        }
        for trial in trials.iter().filter(|trial| trial.is_eligible()) {
            if let TrialState::Completed(search) = &trial.state {
                seen.entry(trial.key)
                    .or_insert((&*trial.arch, search.gain()));
            }
        }
    }
    let step = seen.len().div_ceil(CLASSES).max(1);
    let decoded = seen.into_values().step_by(step).filter_map(|(text, gain)| {
        let arch = space.canonical(&space.decode(text).ok()?);
        gain.is_finite().then_some((arch, gain))
    });
    let decoded: Vec<(Arch, f64)> = decoded.collect();
    let n = decoded
        .iter()
        .map(|(arch, _)| arch.labels().len())
        .max()
        .unwrap_or(0);
    let vertices = 0..n;
    let edges: Vec<(usize, usize)> = (0..n).flat_map(|v| (0..v).map(move |u| (u, v))).collect();
    let mut names: Vec<String> = vertices.map(|v| format!("label of vertex {v}")).collect();
    names.extend(edges.iter().map(|(u, v)| format!("edge from {u} to {v}")));
    let row = |(arch, gain): (Arch, f64)| {
        let label = |v: usize| {
            arch.labels()
                .get(v)
                .map_or(0, |label| label.0.saturating_add(1))
        };
        let edge = |&(u, v): &(usize, usize)| {
            arch.predecessors()
                .get(v)
                .map_or(2, |set| u8::from(set >> u & 1 == 1))
        };
        Row {
            categories: (0..n).map(label).chain(edges.iter().map(edge)).collect(),
            gain,
        }
    };
    (names, decoded.into_iter().map(row).collect())
}

/// Kelley's ε² = 1 - (within / (n - k)) / (total / (n - 1)); `None` when all have the same category, or hardly any share one.
///
/// Truman Kelley, "An Unbiased Correlation Ratio Measure", PNAS 21(9), 1935.
fn explained(rows: &[Row], at: usize) -> Option<f64> {
    let mut groups: BTreeMap<u8, Vec<f64>> = BTreeMap::new();
    for row in rows {
        groups.entry(row.categories[at]).or_default().push(row.gain);
    }
    let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    let (n, k) = (count(rows.len()), count(groups.len()));
    if groups.len() < 2 || n - k < 2.0 {
        return None;
    }
    let squares = |values: &[f64]| {
        let deviation = moments(values).map_or(0.0, |of| of.sd);
        deviation * deviation * (count(values.len()) - 1.0)
    };
    let all: Vec<f64> = rows.iter().map(|row| row.gain).collect();
    let total = squares(&all) / (n - 1.0);
    let within = groups.values().map(|values| squares(values)).sum::<f64>() / (n - k);
    (total > 0.0).then(|| (1.0 - within / total).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of two decisions, the first decides everything and the second nothing.
    #[test]
    fn what_decides_is_found() {
        let rows: Vec<Row> = (0..16u32)
            .map(|i| Row {
                categories: vec![u8::from(i % 2 == 1), u8::from(i >= 8), 7],
                gain: f64::from(i % 2) + f64::from(i % 4 / 2) * 1e-3,
            })
            .collect();
        assert!(explained(&rows, 0).unwrap() > 0.99);
        assert!(explained(&rows, 1).unwrap() < 0.01);
        assert_eq!(explained(&rows, 2), None);
    }
}
