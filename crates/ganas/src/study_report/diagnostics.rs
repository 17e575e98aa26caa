//! What searchers have measured of themselves, from the events that the study has recorded.

use std::collections::BTreeMap;

use ganas_figures::{AxisOf, Mark, PlotPoint, Series, XyPlot};
use ganas_report::statistics::moments;

use super::{Content, Read, Section};
use crate::Error;

/// What the measurements of GA-NAS are, in words.
const NAMES: [(&str, &str); 12] = [
    ("training level", "Level of the truth set"),
    ("training front", "Size of the front"),
    ("training truth_set", "Size of the truth set"),
    ("training discriminator_loss", "Loss of the discriminator"),
    ("training generator_loss", "Loss of the generator"),
    ("training generator_entropy", "Entropy of the generator"),
    ("training mean_reward", "Mean reward of the last rollouts"),
    (
        "training violating_rollouts",
        "Rollouts that miss constraints (validity)",
    ),
    (
        "proposal pool",
        "New classes that the generator drew (novelty)",
    ),
    ("proposal attempts", "Attempts to draw a pool"),
    (
        "proposal random",
        "Random architectures that filled a proposal up",
    ),
    (
        "proposal neighbours",
        "Neighbours of the best in a proposal",
    ),
];

/// Values by series, then by round.
pub(super) type Measured = BTreeMap<String, BTreeMap<u32, Vec<f64>>>;

/// A plot of each measurement along the rounds: the mean over seeds, and their range.
pub(super) fn section(read: &Read<'_>) -> Result<Option<Section>, Error> {
    let mut measured: BTreeMap<String, Measured> = BTreeMap::new();
    for (curve, run) in read.of.curves.iter().zip(&read.of.runs) {
        let label = format!("{} on {}", curve.algorithm, curve.table);
        for row in read.study.events(run.id)? {
            for (name, value) in &row.event.values {
                if value.is_finite() {
                    let name = format!("{} {name}", row.event.kind);
                    let series = measured.entry(name).or_default();
                    let rounds = series.entry(label.clone()).or_default();
                    rounds.entry(row.round).or_default().push(*value);
                }
            }
        }
    }
    let known = NAMES.iter().map(|(name, title)| (*name, *title));
    let mut plots = Vec::new();
    for (name, title) in known {
        plots.extend(
            measured
                .remove(name)
                .map(|series| plot(name, title, series)),
        );
    }
    plots.extend(
        measured
            .into_iter()
            .map(|(name, series)| plot(&name, &name, series)),
    );
    let figures: Vec<Content> = (plots.iter())
        .filter_map(|plot| plot.figure().map(Content::Figure))
        .collect();
    let mut section = Section::new("Diagnostics of the searchers");
    section.content = figures;
    Ok((!section.content.is_empty()).then_some(section))
}

fn plot(name: &str, title: &str, measured: Measured) -> XyPlot {
    let description = format!(
        "`{name}` of the events in the study: the mean over seeds in each round, and the range from the lowest to the highest seed."
    );
    plot_of(title, description, measured)
}

/// The mean over seeds along the rounds, and their range; the title says what it is of.
pub(super) fn plot_of(title: &str, description: String, measured: Measured) -> XyPlot {
    let series = measured.into_iter().map(|(label, rounds)| Series {
        label,
        points: rounds
            .into_iter()
            .filter_map(|(round, values)| {
                let low = values.iter().copied().min_by(f64::total_cmp)?;
                let high = values.iter().copied().max_by(f64::total_cmp)?;
                Some(PlotPoint {
                    x: f64::from(round),
                    y: moments(&values)?.mean,
                    band: Some((low, high)),
                })
            })
            .collect(),
    });
    XyPlot {
        title: title.to_owned(),
        description,
        x: AxisOf {
            label: "round".to_owned(),
            log: false,
        },
        y: AxisOf {
            label: title.to_owned(),
            log: false,
        },
        mark: Mark::Line,
        series: series.collect(),
    }
}
