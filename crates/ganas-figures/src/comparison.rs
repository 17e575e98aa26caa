//! Figures of a comparison.

use ganas_report::comparison::{Axis, Comparison, Grouped, Scale, Side, SideResults, Target};
use ganas_report::statistics::{Bootstrap, moments};

use crate::{AxisOf, Mark, PlotPoint, RankDiagram, Series, XyPlot};

/// So many places along an axis are enough for a curve.
const PLACES: u32 = 60;

/// Draws of a band, which has many points.
const BAND_DRAWS: u32 = 400;

/// The mean regret of each algorithm along the axis, a plot for each table whose best value is known or can be told.
#[must_use]
pub fn regret_curves(grouped: &Grouped, side: Side) -> Vec<XyPlot> {
    let scales = grouped.scales(side);
    scales
        .iter()
        .filter_map(|scale| regret_curve(grouped, side, scale))
        .collect()
}

fn regret_curve(grouped: &Grouped, side: Side, scale: &Scale) -> Option<XyPlot> {
    let table = grouped
        .tables
        .iter()
        .find(|table| table.label == scale.table)?;
    let direction = side.direction(&table.protocol)?;
    let bootstrap = Bootstrap {
        draws: BAND_DRAWS,
        ..grouped.options.bootstrap
    };
    let mut series = Vec::new();
    for group in grouped
        .groups
        .iter()
        .filter(|group| group.table == scale.table)
    {
        let open = group.traces.iter().filter(|trace| !trace.is_final);
        let longest = group
            .traces
            .iter()
            .map(|trace| trace.end)
            .fold(0.0, f64::max);
        // Where a run has ended, the others alone would be another sample.
        let end = open.map(|trace| trace.end).fold(longest, f64::min);
        let first = group
            .traces
            .iter()
            .filter_map(|trace| Some(trace.steps.first()?.0));
        let begin = first.fold(0.0, f64::max);
        let points = places(begin, end, grouped.options.axis)
            .into_iter()
            .filter_map(|x| {
                let best: Vec<f64> = (group.values_at(x, side).iter())
                    .map(|(_, value)| direction.gain(scale.optimum) - direction.gain(*value))
                    .collect();
                let mean = |values: &[f64]| moments(values).map_or(f64::NAN, |of| of.mean);
                let interval = bootstrap.interval(&best, mean)?;
                Some(PlotPoint {
                    x,
                    y: mean(&best),
                    band: Some((interval.low, interval.high)),
                })
            });
        series.push(Series {
            label: format!("{} ({} runs)", group.algorithm, group.traces.len()),
            points: points.collect(),
        });
    }
    let metric = side.metric(&table.protocol);
    Some(XyPlot {
        title: format!("Regret on {}: {metric} ({})", table.label, side_word(side)),
        description: format!(
            "Mean over runs of the distance of {metric} from {}, {}, of what is best so far, which is selected on {}; bands are {} % bootstrap \
             intervals. Less is better; what is zero is drawn at the lower edge.",
            scale.optimum,
            scale.source.words(),
            table.protocol.search,
            bootstrap.level * 100.0
        ),
        x: axis(grouped.options.axis, table.cost.as_deref()),
        y: AxisOf {
            label: format!("regret of {metric}"),
            log: true,
        },
        mark: Mark::Steps,
        series,
    })
}

/// The share of runs that have reached each target, a plot for each target and table.
#[must_use]
pub fn queries_to_targets(comparison: &Comparison, side: Side) -> Vec<XyPlot> {
    let Some(results) = comparison.side(side) else {
        return Vec::new();
    };
    let targets = comparison.options.targets.iter();
    targets
        .flat_map(|target| {
            let tables = comparison.tables.iter();
            tables.filter_map(|table| to_target(comparison, results, *target, &table.label))
        })
        .collect()
}

fn to_target(
    comparison: &Comparison,
    results: &SideResults,
    target: Target,
    label: &str,
) -> Option<XyPlot> {
    let table = comparison.table(label)?;
    let mut series = Vec::new();
    for algorithm in &comparison.algorithms {
        let Some(found) = results.target(target, algorithm, Some(label)) else {
            continue;
        };
        let survival = &found.survival;
        let point = |x: f64, survival: f64, band: Option<(f64, f64)>| PlotPoint {
            x,
            y: 1.0 - survival,
            band: band
                .map(|(low, high)| (1.0 - high, 1.0 - low))
                .or(Some((1.0 - survival, 1.0 - survival))),
        };
        let steps = survival.steps.iter();
        let mut points = vec![point(0.0, 1.0, None)];
        points.extend(steps.map(|step| {
            point(
                step.time,
                step.survival,
                step.interval.map(|i| (i.low, i.high)),
            )
        }));
        let last = survival.steps.last();
        points.push(point(
            survival.last,
            last.map_or(1.0, |step| step.survival),
            last.and_then(|step| step.interval).map(|i| (i.low, i.high)),
        ));
        series.push(Series {
            label: format!("{algorithm} ({} of {})", survival.reached, survival.n),
            points,
        });
    }
    let metric = results.side.metric(&table.protocol);
    (!series.is_empty()).then(|| XyPlot {
        title: format!("Runs that reached {target} on {label}: {metric} ({})", side_word(results.side)),
        description: format!(
            "The share of runs that have reached the target, by the estimate of Kaplan and Meier with {} % intervals; runs that have not are \
             censored where they ended.",
            comparison.options.bootstrap.level * 100.0
        ),
        x: AxisOf {
            log: false,
            ..axis(comparison.options.axis, table.cost.as_deref())
        },
        y: AxisOf {
            label: "share of runs".to_owned(),
            log: false,
        },
        mark: Mark::Steps,
        series,
    })
}

/// The share of runs by normalised regret, at the largest budget.
#[must_use]
pub fn performance_profiles(comparison: &Comparison, side: Side) -> Option<XyPlot> {
    let results = comparison.side(side)?;
    let last = results
        .profiles
        .iter()
        .map(|p| p.budget)
        .max_by(f64::total_cmp)?;
    let at_last = results
        .profiles
        .iter()
        .filter(|p| p.budget.total_cmp(&last).is_eq());
    let series = at_last.map(|profile| {
        let points = profile.points.iter().map(|point| {
            let interval = point.share.interval;
            PlotPoint {
                x: point.threshold,
                y: point.share.value,
                band: Some((interval.low, interval.high)),
            }
        });
        Series {
            label: profile.algorithm.clone(),
            points: points.collect(),
        }
    });
    Some(XyPlot {
        title: format!(
            "Performance profile after {last} {} ({})",
            comparison.options.axis.words(),
            side_word(side)
        ),
        description: "The share of runs whose normalised regret is at most as large as the threshold, as the mean over tables; more is better. \
                      What is at zero, the optimum, is drawn at the left edge."
            .to_owned(),
        x: AxisOf {
            label: "normalised regret".to_owned(),
            log: true,
        },
        y: AxisOf {
            label: "share of runs".to_owned(),
            log: false,
        },
        mark: Mark::Steps,
        series: series.collect(),
    })
}

/// The ranks of the algorithms at the largest budget at which they can be ranked.
#[must_use]
pub fn rank_diagrams(comparison: &Comparison, side: Side) -> Option<RankDiagram> {
    let results = comparison.side(side)?;
    let ranking = results
        .rankings
        .iter()
        .max_by(|a, b| a.budget.total_cmp(&b.budget))?;
    let blocks = match ranking.blocks {
        ganas_report::comparison::Blocks::Tables => "tables",
        ganas_report::comparison::Blocks::Seeds => "seeds of the only table",
    };
    Some(RankDiagram {
        title: format!(
            "Ranks after {} {} ({})",
            ranking.budget,
            comparison.options.axis.words(),
            side_word(side)
        ),
        description: format!(
            "Mean ranks over {} {blocks}; 1 is the best. Algorithms under one bar do not differ significantly: their ranks are no further \
             apart than the critical difference of Nemenyi's test at {}. Friedman's test of all of them has p = {:.3}.",
            ranking.friedman.blocks, comparison.options.alpha, ranking.friedman.p
        ),
        ranking: ranking.clone(),
    })
}

/// The metric is searched on, or only reported.
pub(crate) fn side_word(side: Side) -> &'static str {
    match side {
        Side::Search => "search metric",
        Side::Report => "reported metric",
    }
}

fn axis(axis: Axis, cost: Option<&str>) -> AxisOf {
    AxisOf {
        label: match axis {
            Axis::Cost => cost.unwrap_or("cost").to_owned(),
            counted => counted.words().to_owned(),
        },
        log: true,
    }
}

/// Places from one end to the other, denser at the beginning; queries are whole.
fn places(begin: f64, end: f64, axis: Axis) -> Vec<f64> {
    if begin <= 0.0 || end < begin {
        return Vec::new();
    }
    let ratio = (end / begin).powf(1.0 / f64::from(PLACES));
    let mut all: Vec<f64> = (0..=PLACES)
        .map(|i| {
            let x = begin * ratio.powf(f64::from(i));
            if axis == Axis::Cost { x } else { x.round() }
        })
        .collect();
    all.push(end);
    all.retain(|x| *x <= end);
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use ganas_report::comparison::{Curve, CurvePoint, Options, SearchedTable, compare};

    use super::*;

    fn study() -> (Vec<Curve>, Vec<SearchedTable>) {
        let table: SearchedTable = serde_json::from_value(serde_json::json!({
            "label": "t", "space": "s", "best_search": 1.0, "best_report": 1.0, "cost": null,
            "protocol": {
                "search": "valid", "report": "test", "report_direction": "maximize", "kind": "validation-selected",
                "search_epochs": null, "report_epochs": null,
            },
        }))
        .unwrap();
        let mut curves = Vec::new();
        for seed in 0..4 {
            for (algorithm, step) in [("random", 0.01), ("better", 0.02)] {
                let point = |n: u32| CurvePoint {
                    raw: n,
                    unique: n,
                    search: Some(f64::from(n) * step),
                    report: Some(f64::from(n) * step / 2.0),
                    cost: None,
                };
                curves.push(Curve {
                    algorithm: algorithm.to_owned(),
                    table: "t".to_owned(),
                    seed,
                    is_final: false,
                    points: (1..=50).map(point).collect(),
                });
            }
        }
        (curves, vec![table])
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "queries are whole numbers")]
    fn regret_falls_to_what_is_left() {
        let (curves, tables) = study();
        let grouped = Grouped::new(&curves, &tables, &Options::default()).unwrap();
        let plots = regret_curves(&grouped, Side::Search);
        assert_eq!(plots.len(), 1);
        let labels: Vec<&str> = plots[0].series.iter().map(|s| &*s.label).collect();
        assert_eq!(labels, ["random (4 runs)", "better (4 runs)"]);
        for (series, left) in plots[0].series.iter().zip([0.5, 0.0]) {
            let (first, last) = (series.points[0], series.points[series.points.len() - 1]);
            assert!(
                first.x == 1.0 && first.y > 0.9 && last.x == 50.0,
                "{first:?} {last:?}"
            );
            assert!((last.y - left).abs() < 1e-12);
            assert!(series.points.windows(2).all(|pair| pair[0].x < pair[1].x));
        }
        assert!(plots[0].figure().unwrap().png().unwrap().len() > 1000);
        let report = regret_curves(&grouped, Side::Report);
        assert!(report[0].title.contains("test (reported metric)"));
    }

    #[test]
    fn shares_rise_and_ranks_are_told() {
        let (curves, tables) = study();
        let comparison = compare(&curves, &tables, &Options::default()).unwrap();
        let plots = queries_to_targets(&comparison, Side::Search);
        assert_eq!(plots.len(), 3);
        let better = &plots[2].series[1];
        assert_eq!(better.label, "better (4 of 4)");
        let last = better.points.last().unwrap();
        assert!((last.x, last.y) == (50.0, 1.0), "{last:?}");
        let none = &plots[2].series[0];
        assert!(none.label == "random (0 of 4)" && none.points.iter().all(|p| p.y == 0.0));
        assert!(plots.iter().all(|plot| plot.figure().is_some()));
        let ranks = rank_diagrams(&comparison, Side::Search).unwrap();
        assert_eq!(ranks.ranking.algorithms, ["better", "random"]);
        assert!(ranks.figure().is_some());
        let profile = performance_profiles(&comparison, Side::Search).unwrap();
        assert_eq!(profile.series.len(), 2);
        assert!(profile.figure().is_some());
    }
}
