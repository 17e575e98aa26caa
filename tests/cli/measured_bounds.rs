//! Bounds on what only an evaluation tells.

#![cfg(unix)]

use serde_json::Value;

use crate::sandbox::Sandbox;
use ganas_testkit::scripted_worker;

fn search<'a>(evaluator: &'a str, study: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["search", "--space", "nasbench201", "--evaluator", evaluator];
    all.extend(["--study", study, "--json"]);
    all.extend(more);
    all
}

/// The trials of a study: the metric that is searched on, the cost, and by how much it misses bounds.
fn trials(sandbox: &Sandbox, study: &str) -> Vec<(f64, f64, f64)> {
    let lines = sandbox.export(study);
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let trials = lines.filter(|line: &Value| line["type"] == "trial");
    trials
        .map(|trial| {
            let number = |value: &Value| value.as_f64().unwrap();
            let violation = trial["violation"].as_f64().unwrap_or(0.0);
            (
                number(&trial["search"]),
                number(&trial["metrics"]["cost"]),
                violation,
            )
        })
        .collect()
}

#[test]
fn what_misses_a_bound_is_recorded_and_never_the_best() {
    // The cost of this worker is the square of what is searched on.
    let evaluator = scripted_worker::command("cost=1");
    for algorithm in ["random", "local-search", "ga-nas"] {
        let sandbox = Sandbox::new();
        let bound = [
            "--algorithm",
            algorithm,
            "--constraint",
            "cost <= 0.25",
            "--window",
            "6",
        ];
        let more = [&bound[..], &["--budget", "40", "--workers", "3"]].concat();
        let found = sandbox
            .ganas(search(&evaluator, "a.db", &more))
            .expect_code(0)
            .json();
        let best = found["runs"][0]["best"]["search"].as_f64().unwrap();
        let trials = trials(&sandbox, "a.db");
        assert_eq!(trials.len(), 40, "{algorithm}");
        assert!(
            trials.iter().any(|(search, ..)| *search > 0.5),
            "{algorithm}"
        );
        for (search, cost, violation) in &trials {
            assert_eq!(
                *violation > 0.0,
                *cost > 0.25,
                "{algorithm}: {search} {cost} {violation}"
            );
        }
        let feasible = trials.iter().filter(|(_, cost, _)| *cost <= 0.25);
        let expected = feasible
            .map(|(search, ..)| *search)
            .fold(f64::MIN, f64::max);
        assert!(
            (best - expected).abs() <= 0.0,
            "{algorithm}: {best} {expected}"
        );
        let top = sandbox.ganas(["top", "a.db"]).expect_code(0).stdout;
        let first = top.lines().find(|line| line.trim_start().starts_with("1 "));
        assert!(first.unwrap().contains(&format!("{best:.4}")), "{top}");

        // It can be extended, and depends on no number of workers.
        for budget in ["15", "40"] {
            let more = [&bound[..], &["--budget", budget, "--resume"]].concat();
            sandbox
                .ganas(search(&evaluator, "b.db", &more))
                .expect_code(0);
        }
        assert_eq!(
            sandbox.export("a.db"),
            sandbox.export("b.db"),
            "{algorithm}"
        );
    }
}

#[test]
fn a_bound_that_nothing_satisfies_leaves_no_best() {
    let sandbox = Sandbox::new();
    let evaluator = scripted_worker::command("cost=1");
    let more = ["--constraint", "cost < 0", "--budget", "20"];
    let found = sandbox
        .ganas(search(&evaluator, "a.db", &more))
        .expect_code(0)
        .json();
    assert_eq!(found["runs"][0]["best"], Value::Null);
    assert_eq!(found["runs"][0]["unique_queries"], 20);
}

#[test]
fn what_a_search_must_not_see_is_no_bound() {
    let sandbox = Sandbox::new();
    let evaluator = scripted_worker::command("cost=1");
    for (bound, reason) in [
        ("test > 0.5", "`test` is the metric that is reported"),
        ("valid > 0.5", "`valid` is the metric that is searched on"),
        ("speed > 0.5", "there is no property `speed`"),
    ] {
        sandbox
            .ganas(search(&evaluator, "a.db", &["--constraint", bound]))
            .expect_code(2)
            .expect_stderr(&[reason]);
    }
}
