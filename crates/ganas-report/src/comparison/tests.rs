//! Comparisons of runs that are made up.

use ganas_store::{Direction, MetricPair};
use proptest::prelude::*;

use super::*;
use crate::statistics::Bootstrap;

fn table(label: &str, best: Option<f64>) -> SearchedTable {
    let kind = serde_json::from_str("\"validation-selected\"").unwrap();
    SearchedTable {
        label: label.to_owned(),
        space: "toy".to_owned(),
        protocol: MetricPair::maximized("valid", "test", kind),
        best_search: best,
        best_report: best,
        cost: None,
    }
}

/// A run whose reported metric is a tenth below the search metric.
fn curve(algorithm: &str, table: &str, seed: u64, values: &[f64]) -> Curve {
    let points = (1..).zip(values).map(|(n, &value)| CurvePoint {
        raw: 2 * n,
        unique: n,
        search: Some(value),
        report: Some(value - 0.1),
        cost: Some(f64::from(n) * 10.0),
    });
    Curve {
        algorithm: algorithm.to_owned(),
        table: table.to_owned(),
        seed,
        is_final: false,
        points: points.collect(),
    }
}

fn options(budgets: &[f64]) -> Options {
    Options {
        budgets: budgets.to_vec(),
        bootstrap: Bootstrap {
            draws: 200,
            ..Bootstrap::default()
        },
        ..Options::default()
    }
}

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
}

/// Two algorithms with six seeds on one table: what is said of the first budget and the last one.
#[test]
fn two_algorithms_on_one_table() {
    let mut curves = Vec::new();
    for seed in 0..6u32 {
        let more = f64::from(seed) / 100.0;
        curves.push(curve(
            "random",
            "t",
            seed.into(),
            &[0.2, 0.3 + more, 0.3, 0.4],
        ));
        curves.push(curve(
            "better",
            "t",
            seed.into(),
            &[0.2, 0.5 + more, 1.0, 0.7],
        ));
    }
    let found = compare(&curves, &[table("t", Some(1.0))], &options(&[2.0, 4.0])).unwrap();
    assert_eq!(found.algorithms, ["random", "better"]);
    assert_eq!(found.options.baseline.as_deref(), Some("random"));
    let side = found.side(Side::Search).unwrap();
    let cell = side.cell("better", "t", 2.0).unwrap();
    close(cell.best.mean.value, 0.525);
    close(cell.regret.unwrap().mean.value, 0.475);
    // One query at 0.2, of two; the area ends where the second one is made.
    close(cell.area.unwrap().value, 0.2);
    assert_eq!(cell.at_optimum.unwrap().runs.count, 0);
    let versus = cell.versus.unwrap();
    close(versus.mean_gain, 0.2);
    assert_eq!((versus.pairs, versus.improvement.value), (6, 1.0));
    // All of six differences are positive, and there is one comparison.
    close(versus.p, 2.0 / 64.0);
    close(versus.p_holm, versus.p);
    let last = side.cell("better", "t", 4.0).unwrap();
    assert_eq!(last.at_optimum.unwrap().runs.count, 6);
    close(last.regret.unwrap().median.value, 0.0);
    assert!(side.cell("random", "t", 4.0).unwrap().versus.is_none());
    let scale = side.scale("t").unwrap();
    assert_eq!((scale.source, scale.optimum), (OptimumSource::Table, 1.0));
    close(scale.start, 0.2);
    // There is one table, so ranks are over seeds, and there is nothing over tables.
    assert!(side.overall.is_empty());
    let ranking = &side.rankings[1];
    assert_eq!(
        (ranking.blocks, ranking.friedman.blocks),
        (Blocks::Seeds, 6)
    );
    assert_eq!(ranking.algorithms, ["better", "random"]);
    assert_eq!(ranking.friedman.mean_ranks, [1.0, 2.0]);
    // Every run of the one reached the optimum with its third query, none of the other did within four.
    let to = |algorithm| side.target(Target::Optimum, algorithm, Some("t")).unwrap();
    assert_eq!(
        (to("better").median, to("better").survival.reached),
        (Some(3.0), 6)
    );
    assert_eq!((to("random").median, to("random").survival.n), (None, 6));
    // The reported metric is lower by a tenth, and never at the optimum of the table.
    let report = found.side(Side::Report).unwrap();
    let cell = report.cell("better", "t", 4.0).unwrap();
    close(cell.best.mean.value, 0.9);
    assert_eq!(cell.at_optimum.unwrap().runs.count, 0);
}

/// A run that is shorter than a budget is left out there, one that has nothing left to do counts with what it has.
#[test]
fn runs_of_different_lengths() {
    let short = curve("a", "t", 0, &[0.1, 0.2]);
    let exhausted = Curve {
        is_final: true,
        ..curve("a", "t", 1, &[0.1, 0.4])
    };
    let failing = Curve {
        points: vec![
            CurvePoint {
                raw: 1,
                unique: 1,
                search: None,
                report: None,
                cost: None,
            };
            3
        ],
        ..curve("a", "t", 2, &[])
    };
    let long = curve("a", "t", 3, &[0.1, 0.2, 0.6]);
    let mut curves = vec![short, exhausted, long];
    let tables = [table("t", None)];
    let found = compare(&curves, &tables, &options(&[3.0])).unwrap();
    let side = found.side(Side::Search).unwrap();
    let cell = side.cell("a", "t", 3.0).unwrap();
    assert_eq!((cell.runs, cell.shorter, cell.without_value), (2, 1, 0));
    close(cell.best.mean.value, 0.5);
    // Nobody knows the table, so the best that was evaluated stands for the optimum.
    let scale = side.scale("t").unwrap();
    assert_eq!(
        (scale.source, scale.optimum),
        (OptimumSource::BestKnown, 0.6)
    );
    curves.push(failing);
    let found = compare(&curves, &tables, &options(&[1.0])).unwrap();
    let cell = &found.side(Side::Search).unwrap().cells[0];
    assert_eq!((cell.runs, cell.shorter, cell.without_value), (3, 0, 1));
}

#[test]
fn budgets_go_as_far_as_the_runs() {
    let values: Vec<f64> = (0..120).map(f64::from).collect();
    let of = |axis| {
        let curves = [curve("a", "t", 0, &values), curve("a", "t", 1, &values)];
        let options = Options {
            axis,
            ..options(&[])
        };
        let found = compare(&curves, &[table("t", None)], &options);
        found.unwrap().options.budgets
    };
    assert_eq!(of(Axis::Unique), [25.0, 50.0, 100.0, 120.0]);
    assert_eq!(of(Axis::Raw), [25.0, 50.0, 100.0, 150.0, 240.0]);
    assert_eq!(of(Axis::Cost), [75.0, 150.0, 300.0, 600.0, 1200.0]);
}

/// Three algorithms on three tables of different units: over tables only normalised regrets are looked at.
#[test]
fn several_tables() {
    let mut curves = Vec::new();
    let mut tables = Vec::new();
    for (label, unit) in [("a", 1.0), ("b", 100.0), ("c", 0.01)] {
        tables.push(table(label, Some(unit)));
        for seed in 0..5 {
            let values = |end: f64| [0.0, end * unit];
            curves.push(curve("good", label, seed, &values(0.9)));
            curves.push(curve("random", label, seed, &values(0.5)));
            curves.push(curve("perfect", label, seed, &values(1.0)));
        }
    }
    let found = compare(&curves, &tables, &options(&[2.0])).unwrap();
    let side = found.side(Side::Search).unwrap();
    let of = |name: &str| side.overall.iter().find(|o| o.algorithm == name).unwrap();
    close(of("good").regret.interquartile_mean.value, 0.1);
    close(of("random").regret.mean.value, 0.5);
    assert_eq!(
        (of("perfect").at_optimum.runs.count, of("perfect").runs),
        (15, 15)
    );
    let versus = of("good").versus.unwrap();
    assert_eq!(versus.pairs, 15);
    close(versus.mean_gain, 0.4);
    assert!(versus.p < versus.p_holm && versus.p_holm < 0.01);
    let ranking = &side.rankings[0];
    assert_eq!(
        (ranking.blocks, ranking.friedman.blocks),
        (Blocks::Tables, 3)
    );
    assert_eq!(ranking.algorithms, ["perfect", "good", "random"]);
    // The critical difference is 1.91, the ranks are 1, 2 and 3.
    assert_eq!(ranking.groups, [["perfect", "good"], ["good", "random"]]);
    let profile = side
        .profiles
        .iter()
        .find(|p| p.algorithm == "good")
        .unwrap();
    let share = |threshold: f64| {
        let point = profile.points.iter().rfind(|p| p.threshold <= threshold);
        point.unwrap().share.value
    };
    assert_eq!((share(0.09), share(0.11), profile.tables), (0.0, 1.0, 3));
    let pooled = side.target(Target::Regret(0.1), "good", None).unwrap();
    assert_eq!((pooled.survival.n, pooled.median), (15, Some(2.0)));
    let text = found.to_text();
    assert!(text.contains("Over tables: search metric"), "{text}");
}

/// Of an error less is better: gains and regrets are positive all the same.
#[test]
fn a_metric_of_which_less_is_better() {
    let mut table = table("t", None);
    table.protocol.search_direction = Direction::Minimize;
    table.protocol.report_direction = None;
    let mut curves = Vec::new();
    for seed in 0..3 {
        curves.push(curve("a", "t", seed, &[0.9, 0.5]));
        curves.push(curve("b", "t", seed, &[0.9, 0.3]));
    }
    let options = Options {
        baseline: Some("a".to_owned()),
        ..options(&[2.0])
    };
    let found = compare(&curves, &[table], &options).unwrap();
    let side = found.side(Side::Search).unwrap();
    close(
        side.cell("a", "t", 2.0).unwrap().regret.unwrap().mean.value,
        0.2,
    );
    close(
        side.cell("b", "t", 2.0).unwrap().versus.unwrap().mean_gain,
        0.2,
    );
    assert_eq!(side.rankings[0].algorithms, ["b", "a"]);
    // Of the reported one it is not known what is better: it is shown, and not ranked.
    let report = found.side(Side::Report).unwrap();
    let cell = report.cell("b", "t", 2.0).unwrap();
    close(cell.best.mean.value, 0.2);
    assert!(cell.regret.is_none() && cell.versus.is_none());
    assert!(report.scales.is_empty() && report.rankings.is_empty() && report.targets.is_empty());
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let tables = [table("t", None)];
    let run = curve("a", "t", 0, &[0.1]);
    let message = |curves: &[Curve], options: &Options| {
        compare(curves, &tables, options).unwrap_err().to_string()
    };
    let plain = options(&[]);
    assert!(message(&[], &plain).contains("nothing to compare"));
    let twice = message(&[run.clone(), run.clone()], &plain);
    assert!(
        twice.contains("two runs of `a` on `t` have the seed 0"),
        "{twice}"
    );
    let elsewhere = message(&[curve("a", "u", 0, &[0.1])], &plain);
    assert!(elsewhere.contains("`u`"), "{elsewhere}");
    let baseline = Options {
        baseline: Some("ga-nas".to_owned()),
        ..plain.clone()
    };
    let unknown = message(std::slice::from_ref(&run), &baseline);
    assert!(
        unknown.contains("`ga-nas` is none of") && unknown.ends_with(": a"),
        "{unknown}"
    );
    let free = Curve {
        points: vec![CurvePoint {
            cost: None,
            ..run.points[0]
        }],
        ..run
    };
    let by_cost = Options {
        axis: Axis::Cost,
        ..plain
    };
    assert!(message(&[free], &by_cost).contains("whose cost is known"));
}

#[test]
fn the_forms_of_a_comparison() {
    let mut curves = Vec::new();
    for seed in 0..6 {
        curves.push(curve("random", "t", seed, &[0.25, 0.5]));
        curves.push(curve("better", "t", seed, &[0.25, 0.75]));
    }
    let found = compare(&curves, &[table("t", Some(1.0))], &options(&[1.0, 2.0])).unwrap();
    let expected = "\
t: search metric valid (validation-selected)

algorithm  runs                        1                          2
random        6  0.2500 [0.2500, 0.2500]    0.5000 [0.5000, 0.5000]
better        6  0.2500 [0.2500, 0.2500]  0.7500 [0.7500, 0.7500] +

Mean over runs of the search metric `valid` of what is best so far, which is selected on `valid`, after so many unique queries; in brackets \
95 % bootstrap intervals (200 draws, seed 0).
+ is significantly better than `random`, - worse: Wilcoxon's signed-rank test of pairs with the same seed, p < 0.05 with Holm's correction \
for all comparisons at a budget.
Optimum on t: 1.0000, the best of the table; its runs begin at 0.2500.
";
    let text = found.to_text();
    assert!(text.starts_with(expected), "{text}");
    assert!(
        found
            .to_markdown()
            .contains("| better | 6 | 0.2500 [0.2500, 0.2500] |")
    );
    let csv = found.to_csv();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns = reader.headers().unwrap().len();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), rows[0].len()), (8, columns));
    assert_eq!(&rows[3][5], "better");
    assert_eq!(&rows[3][11], "0.75");
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), found);
}

proptest! {
    /// The order in which runs are told changes nothing but the order of algorithms, and regrets are never negative.
    #[test]
    fn the_order_of_runs_does_not_matter(
        values in proptest::collection::vec(proptest::collection::vec(0..20u32, 3), 6), rotation in 0..6usize,
    ) {
        let mut curves: Vec<Curve> = values.iter().enumerate().map(|(i, values)| {
            let values: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
            let seed = u64::try_from(i / 2).unwrap();
            curve(["random", "b"][i % 2], "t", seed, &values)
        }).collect();
        let tables = [table("t", None)];
        let found = compare(&curves, &tables, &options(&[1.0, 3.0])).unwrap();
        curves.rotate_left(rotation);
        let again = compare(&curves, &tables, &options(&[1.0, 3.0])).unwrap();
        for (a, b) in found.sides.iter().zip(&again.sides) {
            for cell in &a.cells {
                prop_assert_eq!(Some(cell), b.cell(&cell.algorithm, "t", cell.budget));
                let regret = cell.regret.unwrap();
                prop_assert!(regret.mean.value >= -1e-12 && regret.mean.interval.low >= -1e-12);
            }
            prop_assert_eq!(&a.scales, &b.scales);
        }
    }
}
