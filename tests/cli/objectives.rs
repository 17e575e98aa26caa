//! Several objectives: the front, its hypervolume, and what is recorded of them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::sandbox::{SMALL, Sandbox, search};
use ganas_testkit::scripted_worker;

const VALID: &str = "cifar10_valid_mean_200";

/// What is added for each algorithm.
const ALGORITHMS: [&[&str]; 4] = [
    &["--algorithm", "random"],
    &["--algorithm", "local-search"],
    SMALL,
    &[
        "--preset",
        "faithful",
        "--set",
        "initial_designs=8",
        "--set",
        "batch=4",
        "--set",
        "inner_iterations=2",
    ],
];

fn front_search<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = search(&["--objective", "accuracy,-params", "--budget", "40"]);
    arguments.extend(more);
    arguments
}

/// The objectives with larger ones better, of `[accuracy, params]`.
fn point(pair: &Value) -> [f64; 2] {
    [pair[0].as_f64().unwrap(), -pair[1].as_f64().unwrap()]
}

fn covers(a: [f64; 2], b: [f64; 2]) -> bool {
    a[0] >= b[0] && a[1] >= b[1]
}

/// The area between a reference and points, by strips between all values that the second objective has.
fn area(points: &[[f64; 2]], reference: [f64; 2]) -> f64 {
    let mut heights: Vec<f64> = points.iter().map(|p| p[1]).collect();
    heights.retain(|height| *height > reference[1]);
    heights.sort_by(f64::total_cmp);
    let mut below = reference[1];
    let mut sum = 0.0;
    for height in heights {
        let reaching = points.iter().filter(|p| p[1] >= height).map(|p| p[0]);
        let widest = reaching.fold(reference[0], f64::max);
        sum += (height - below) * (widest - reference[0]);
        below = height;
    }
    sum
}

#[test]
fn the_front_is_what_nothing_that_was_evaluated_dominates() {
    let sandbox = Sandbox::with_table();
    for more in ALGORITHMS {
        let mut arguments = front_search(&["--reference-point", "accuracy=30,params=1.6e6"]);
        arguments.push("--json");
        arguments.extend(more);
        let json = sandbox.ganas(arguments).expect_code(0).json();
        assert_eq!(json["objectives"]["objectives"][0]["name"], VALID);
        assert_eq!(json["objectives"]["objectives"][1]["direction"], "minimize");
        let run = &json["runs"][0];
        assert_eq!(run["reference_point"]["params"], 1.6e6);
        let all: Vec<[f64; 2]> = run["objectives"]
            .as_array()
            .unwrap()
            .iter()
            .map(point)
            .collect();
        assert_eq!(all.len(), 40);
        let front: Vec<[f64; 2]> = run["front"]
            .as_array()
            .unwrap()
            .iter()
            .map(|member| {
                let values = &member["objectives"];
                let query = usize::try_from(member["query"].as_u64().unwrap()).unwrap();
                let pair = [
                    values[VALID].as_f64().unwrap(),
                    -values["params"].as_f64().unwrap(),
                ];
                assert_eq!(pair, all[query - 1]);
                // The reported metric is another one, and no objective.
                assert_eq!(member["report"].as_f64(), Some(pair[0] + 1.5));
                pair
            })
            .collect();
        assert!(!front.is_empty());
        assert!(
            front
                .windows(2)
                .all(|pair| pair[0][0] > pair[1][0] && pair[0][1] < pair[1][1]),
            "sorted by the first objective, none dominated: {front:?}"
        );
        for point in &all {
            assert!(
                front.iter().any(|member| covers(*member, *point)),
                "{point:?}"
            );
        }
        let curve = run["hypervolume_curve"].as_array().unwrap();
        for (n, volume) in (1..).zip(curve) {
            let expected = area(&all[..n], [30.0, -1.6e6]);
            let volume = volume.as_f64().unwrap();
            assert!(
                (volume - expected).abs() <= 1e-9 * expected,
                "{n}: {volume} {expected}"
            );
        }
        assert_eq!(run["hypervolume"], curve[39]);
    }
}

#[test]
fn a_table_of_costs_is_an_objective_and_part_of_the_run() {
    let sandbox = Sandbox::with_table();
    let archs = crate::synthetic_table::archs();
    let latencies = |name: &str, scale: usize| {
        let mut csv = "arch,phone_ms\n".to_owned();
        for arch in archs {
            let ms = 1 + arch.matches("3x3").count() * scale;
            csv.push_str(&format!("{arch},{ms}\n"));
        }
        sandbox.write(name, csv.as_bytes());
    };
    latencies("one.csv", 1);
    latencies("two.csv", 2);
    let run = |table: &str, code| {
        let mut arguments = search(&["--objective", "accuracy,-phone_ms,-flops", "--json"]);
        arguments.extend(["--budget", "20", "--algorithm", "random", "--study", "s.db"]);
        arguments.extend(["--properties", table]);
        sandbox.ganas(arguments).expect_code(code)
    };
    let json = run("one.csv", 0).json();
    let sha256 = &json["objectives"]["objectives"][1]["table"];
    assert_eq!(sha256.as_str().map(str::len), Some(64), "{sha256}");
    for member in json["runs"][0]["front"].as_array().unwrap() {
        let convolutions = member["arch"].as_str().unwrap().matches("3x3").count();
        let expected = f64::from(u32::try_from(1 + convolutions).unwrap());
        assert_eq!(member["objectives"]["phone_ms"].as_f64(), Some(expected));
    }
    // Another table is another run; the same is the same.
    run("two.csv", 0);
    run("one.csv", 1);
}

#[test]
fn people_are_shown_the_front_and_where_its_hypervolume_starts() {
    let sandbox = Sandbox::with_table();
    let ended = sandbox
        .ganas(front_search(&["--seeds", "0..2", "--algorithm", "random"]))
        .expect_code(0)
        .expect_stderr(&[
            "objective  the front of cifar10_valid_mean_200, -params",
            "the worst values among the first 10 classes of each run",
        ]);
    for expected in [
        "hypervolume",
        "reference point",
        "params=",
        "front over 2 runs: ",
        "--reference-point sets one",
    ] {
        assert!(
            ended.stdout.contains(expected),
            "{expected}: {}",
            ended.stdout
        );
    }
}

#[test]
fn a_study_tells_its_front_and_exports_objectives() {
    let sandbox = Sandbox::with_table();
    let mut arguments = front_search(&["--seeds", "0..3", "--algorithm", "random", "--json"]);
    arguments.extend(["--study", "s.db"]);
    let json = sandbox.ganas(&arguments).expect_code(0).json();
    let text = sandbox.ganas(["top", "--pareto", "s.db"]).expect_code(0);
    assert!(text.stdout.contains("architectures, hypervolume "));
    let top = sandbox.ganas(["top", "--pareto", "--json", "s.db"]);
    let top = top.expect_code(0).json();
    // The same as what nothing in the fronts of the runs dominates.
    let pair = |member: &Value| {
        let values = &member["objectives"];
        [
            values[VALID].as_f64().unwrap(),
            -values["params"].as_f64().unwrap(),
        ]
    };
    let runs = json["runs"].as_array().unwrap();
    let members = runs.iter().flat_map(|run| run["front"].as_array().unwrap());
    let all: Vec<(&str, [f64; 2])> = members
        .map(|m| (m["key"].as_str().unwrap(), pair(m)))
        .collect();
    let expected: BTreeSet<&str> = all
        .iter()
        .enumerate()
        .filter(|(at, (_, point))| {
            all.iter().enumerate().all(|(other_at, (_, other))| {
                let equal = other == point;
                !covers(*other, *point) || equal && other_at >= *at
            })
        })
        .map(|(_, (key, _))| *key)
        .collect();
    let found: BTreeSet<&str> = top["front"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["key"].as_str().unwrap())
        .collect();
    assert_eq!(found, expected);
    let worst = runs.iter().map(|run| &run["reference_point"]["params"]);
    let worst = worst.map(|v| v.as_f64().unwrap()).fold(0.0, f64::max);
    assert_eq!(top["reference_point"]["params"].as_f64(), Some(worst));

    // The export has the values that the search printed.
    let lines = sandbox.export("s.db");
    let trials: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|row| row["type"] == "trial")
        .collect();
    let exported = &trials[0]["objectives"];
    assert_eq!(exported[VALID], runs[0]["objectives"][0][0]);
    assert_eq!(exported["params"], runs[0]["objectives"][0][1]);
    let csv = sandbox.ganas(["export", "s.db", "--format", "csv"]);
    let csv = csv.expect_code(0).stdout;
    let header = csv.lines().next().unwrap();
    assert!(
        header.ends_with(",objective cifar10_valid_mean_200,objective params"),
        "{header}"
    );
    // What is shown of finished runs comes from the study.
    arguments.push("--resume");
    let again = sandbox.ganas(&arguments).expect_code(0).json();
    assert_eq!(again["runs"], json["runs"]);
}

#[test]
fn one_objective_has_no_front() {
    let sandbox = Sandbox::with_table();
    let mut arguments = search(&["--budget", "5", "--algorithm", "random", "--study", "s.db"]);
    arguments.extend(["--objective", "accuracy", "--json"]);
    let json = sandbox.ganas(arguments).expect_code(0).json();
    assert!(json.get("objectives").is_none() && json["runs"][0].get("front").is_none());
    sandbox
        .ganas(["top", "--pareto", "s.db"])
        .expect_code(1)
        .expect_stderr(&["has no front, since a run has one objective"]);
}

#[test]
fn a_given_network_is_where_the_archive_starts() {
    let given =
        "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|none~0|nor_conv_3x3~1|skip_connect~2|";
    let sandbox = Sandbox::with_table();
    for more in [SMALL, &["--algorithm", "local-search"]] {
        let mut arguments = front_search(&["--improve", given, "--study", "s.db", "--json"]);
        arguments.extend(more);
        let json = sandbox.ganas(arguments).expect_code(0).json();
        assert_eq!(json["improve"]["given"]["arch"], given);
        let first = &json["runs"][0]["objectives"][0];
        assert_eq!(first[0], json["improve"]["given"]["accuracy"]);
        assert_eq!(
            first[1].as_f64(),
            json["improve"]["given"]["params"].as_f64()
        );
    }
}

#[test]
fn metrics_of_a_worker_are_objectives() {
    let sandbox = Sandbox::new();
    let worker = scripted_worker::command("cost=yes");
    let mut arguments = vec!["search", "--space", "nasbench201", "--evaluator", &worker];
    arguments.extend(["--objective", "accuracy,-cost,-params", "--json"]);
    arguments.extend(["--budget", "30", "--study", "s.db"]);
    arguments.extend(SMALL);
    let json = sandbox.ganas(arguments).expect_code(0).json();
    let run = &json["runs"][0];
    assert_eq!(json["objectives"]["objectives"][1]["name"], "cost");
    assert_eq!(run["objectives"].as_array().unwrap().len(), 30);
    assert!(run["hypervolume"].as_f64().unwrap() >= 0.0);
}

#[test]
fn what_is_no_objective_is_refused() {
    let sandbox = Sandbox::with_table();
    for (objective, reference, message) in [
        (
            "accuracy,-latency",
            None,
            "there is nothing called `latency`; known are accuracy (cifar10_valid_mean_200), params, flops, params_m",
        ),
        (
            "accuracy,-cifar10_test_mean_200",
            None,
            "this is the metric that is reported",
        ),
        (
            "accuracy,params",
            None,
            "smaller values of it are better: write -params",
        ),
        ("-accuracy,-params", None, "leave the minus out"),
        ("accuracy,cifar10_valid_mean_200", None, "is there twice"),
        ("accuracy,", None, "a name is missing"),
        ("params", None, "--improve"),
        (
            "accuracy,-params",
            Some("accuracy=1"),
            "--reference-point: `params` is missing",
        ),
        (
            "accuracy,-params",
            Some("accuracy=1,flops=2"),
            "`flops` is no objective",
        ),
        (
            "accuracy,-params",
            Some("accuracy=1,params=inf"),
            "the reference point: `params` is inf",
        ),
        (
            "accuracy",
            Some("accuracy=1"),
            "a hypervolume needs several objectives",
        ),
    ] {
        let mut arguments = search(&["--budget", "5", "--algorithm", "random"]);
        arguments.extend(["--objective", objective]);
        if let Some(reference) = reference {
            arguments.extend(["--reference-point", reference]);
        }
        sandbox
            .ganas(arguments)
            .expect_code(2)
            .expect_stderr(&[message]);
    }
}
