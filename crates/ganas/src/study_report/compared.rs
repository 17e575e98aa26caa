//! What runs have reached: results by budget, regret, targets and ranks.

use ganas_figures::{performance_profiles, queries_to_targets, rank_diagrams, regret_curves};
use ganas_report::comparison::{Axis, Comparison, Grouped, Options, Side, compare};

use super::{Content, Read, Section};
use crate::Error;

/// The sections, for unique queries; the regret also for raw ones and for simulated time.
pub(super) fn sections(read: &Read<'_>) -> Result<Vec<Section>, Error> {
    let (curves, tables) = (&read.of.curves, &read.of.tables);
    let options = &read.options.comparison;
    let comparison = compare(curves, tables, options)?;
    let mut results = Section::new("Results by budget");
    for section in comparison.sections() {
        results.content.push(Content::Heading(section.title));
        results.content.push(Content::Table(section.table));
        results
            .content
            .extend(section.notes.into_iter().map(Content::Text));
    }
    let mut regret = Section::new("Regret");
    for axis in [options.axis, Axis::Raw, Axis::Cost] {
        if axis == Axis::Raw && options.axis == Axis::Raw {
            continue;
        }
        let of_axis = Options {
            axis,
            ..options.clone()
        };
        // Without repeats both are the same; without a table there is no simulated time.
        if axis == Axis::Raw && !has_repeats(read) || axis == Axis::Cost && !has_costs(read) {
            continue;
        }
        regret
            .content
            .extend(regrets(&Grouped::new(curves, tables, &of_axis)?));
    }
    let mut all = vec![results, regret, to_targets(&comparison)];
    if comparison.algorithms.len() > 1 {
        all.push(ranks(&comparison));
    }
    all.retain(|section| !section.content.is_empty());
    Ok(all)
}

fn regrets(grouped: &Grouped) -> Vec<Content> {
    let mut all = Vec::new();
    for side in Side::ALL {
        for mut plot in regret_curves(grouped, side) {
            plot.title = format!("{}, by {}", plot.title, grouped.options.axis.words());
            all.extend(plot.figure().map(Content::Figure));
        }
    }
    all
}

fn to_targets(comparison: &Comparison) -> Section {
    let mut section = Section::new("Queries to a target");
    for side in Side::ALL {
        let plots = queries_to_targets(comparison, side);
        let figures = plots.iter().filter_map(ganas_figures::XyPlot::figure);
        section.content.extend(figures.map(Content::Figure));
    }
    section
}

fn ranks(comparison: &Comparison) -> Section {
    let mut section = Section::new("Ranks and profiles");
    for side in Side::ALL {
        let ranks = rank_diagrams(comparison, side).and_then(|diagram| diagram.figure());
        let profile = performance_profiles(comparison, side).and_then(|plot| plot.figure());
        section
            .content
            .extend(ranks.into_iter().chain(profile).map(Content::Figure));
    }
    section
}

fn has_repeats(read: &Read<'_>) -> bool {
    read.of
        .runs
        .iter()
        .any(|run| run.counts.raw > run.counts.unique)
}

fn has_costs(read: &Read<'_>) -> bool {
    let mut points = read
        .of
        .curves
        .iter()
        .filter_map(|curve| curve.points.last());
    points.any(|point| point.cost.is_some())
}
