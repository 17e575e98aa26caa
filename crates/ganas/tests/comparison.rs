//! Runs of a study are compared: labels, optima of tables that are at hand, and what is known without them.

#![expect(clippy::unwrap_used, reason = "tests: a failed step ends the test")]

use std::path::Path;

use ganas::comparison::{KnownTables, StudyCurves, of_study};
use ganas::report::comparison::{OptimumSource, Options, Side, compare};
use ganas::store::{RunFilter, Study};
use ganas::{AlgorithmName, AlgorithmSettings, Budget, Experiment, Seeds};

/// Three seeds of an algorithm on a table of 91 classes.
fn search(study: &Path, settings: impl Into<AlgorithmSettings>, budget: u32) {
    Experiment::new()
        .table("digits-4")
        .algorithm(settings)
        .seeds("0..3".parse::<Seeds>().unwrap())
        .budget(Budget::unique(budget).unwrap())
        .study(study)
        .run()
        .unwrap();
}

fn curves(study: &Path, known: &KnownTables) -> StudyCurves {
    let study = Study::open_read_only(study).unwrap();
    of_study(&study, &RunFilter::default(), known).unwrap()
}

#[test]
fn the_runs_of_a_study_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("s.db");
    search(&study, AlgorithmName::Random, 30);
    search(&study, AlgorithmName::LocalSearch, 91);
    let known = KnownTables::embedded().unwrap();
    let of = curves(&study, &known);
    let labels: Vec<(&str, u64)> = (of.curves.iter())
        .map(|curve| (&*curve.algorithm, curve.seed))
        .collect();
    let expected = ["local-search", "random"].map(|name| [0, 1, 2].map(|seed| (name, seed)));
    assert_eq!(labels, expected.concat());
    assert_eq!(of.tables.len(), 1);
    assert_eq!(of.tables[0].label, "digits-4");
    let random = &of.curves[3];
    let last = random.points.last().unwrap();
    assert_eq!(last.unique, 30);
    // Seconds of training add up over what was trained.
    let costs: Vec<f64> = random
        .points
        .iter()
        .filter_map(|point| point.cost)
        .collect();
    if of.tables[0].cost.is_some() {
        assert_eq!(costs.len(), random.points.len());
        assert!(costs.windows(2).all(|pair| pair[0] <= pair[1]));
    }
    let found = compare(&of.curves, &of.tables, &Options::default()).unwrap();
    let side = found.side(Side::Search).unwrap();
    let scale = side.scale("digits-4").unwrap();
    assert_eq!(scale.source, OptimumSource::Table);
    // Whoever has evaluated all 91 classes has the optimum.
    let whole = side.cell("local-search", "digits-4", 91.0).unwrap();
    assert_eq!(whole.at_optimum.unwrap().runs.count, 3);
    assert!(
        side.cell("random", "digits-4", 30.0)
            .is_none_or(|cell| cell.runs == 3)
    );
    assert_eq!(found.options.baseline.as_deref(), Some("random"));

    // Without the table the best of the runs stands for it, which here is the same.
    let of = curves(&study, &KnownTables::default());
    assert_eq!(of.tables[0].label, "nasbench101-v4");
    let found = compare(&of.curves, &of.tables, &Options::default()).unwrap();
    let alone = found
        .side(Side::Search)
        .unwrap()
        .scale("nasbench101-v4")
        .unwrap();
    assert_eq!(alone.source, OptimumSource::BestKnown);
    assert_eq!(alone.optimum.to_bits(), scale.optimum.to_bits());
}

#[test]
fn two_configurations_of_an_algorithm_have_two_labels() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("s.db");
    for sets in [vec![], vec!["batch=5".to_owned()]] {
        let settings = AlgorithmSettings {
            sets,
            ..AlgorithmSettings::default()
        };
        search(&study, settings, 12);
    }
    let of = curves(&study, &KnownTables::embedded().unwrap());
    let mut labels: Vec<&str> = of.curves.iter().map(|curve| &*curve.algorithm).collect();
    labels.dedup();
    labels.sort_unstable();
    assert_eq!(labels, ["ga-nas (batch 5)", "ga-nas (preset improved)"]);
    compare(&of.curves, &of.tables, &Options::default()).unwrap();
}
