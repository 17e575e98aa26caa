//! The JSON of a search, the table for people, and where tables come from.

use serde_json::Value;

use crate::sandbox::{SMALL, Sandbox, search};
use crate::synthetic_table;

#[test]
fn the_json_of_a_search_has_its_shape() {
    let sandbox = Sandbox::with_table();
    let mut arguments = search(&[
        "--search",
        "cifar10_valid_mean_200",
        "--report",
        "cifar10_test_mean_200",
        "--budget",
        "30",
        "--seeds",
        "5,1000..1002",
        "--json",
    ]);
    arguments.extend(SMALL);
    let ended = sandbox.ganas(arguments).expect_code(0).expect_stderr(&[
        "validation-selected: search on cifar10_valid_mean_200 (200 epochs), report cifar10_test_mean_200 (200 epochs)",
        "ga-nas, preset improved, except batch, ",
        "30 unique queries a run",
        "5, 1000, 1001 (3 runs)",
        "none: runs are kept in memory only; --study FILE records them",
    ]);
    let json = ended.json();
    let table = sandbox.ganas(["table", "info", "nb201.arrow", "--json"]);
    let sha256 = table.json()["table_sha256"].clone();
    assert!(ended.stderr.contains(sha256.as_str().unwrap()));
    assert_eq!(
        json["protocol"],
        serde_json::json!({
            "search": "cifar10_valid_mean_200",
            "search_direction": "maximize",
            "report": "cifar10_test_mean_200",
            "report_direction": "maximize",
            "kind": "validation-selected",
            "search_epochs": 200,
            "report_epochs": 200,
        })
    );
    assert_eq!(json["table_sha256"], sha256);
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json["space"], "nasbench201");
    assert_eq!(json["algorithm"], "ga-nas");
    assert_eq!(json["config"]["batch"], 4);
    assert_eq!(json["budget"], 30);
    assert!(json["device"].as_str().unwrap().starts_with("cpu-f32 "));
    let runs = json["runs"].as_array().unwrap();
    let seeds: Vec<u64> = runs
        .iter()
        .map(|run| run["seed"].as_u64().unwrap())
        .collect();
    assert_eq!(seeds, [5, 1000, 1001]);
    runs.iter().for_each(check_run);
}

/// A run agrees with itself and with the table.
fn check_run(run: &Value) {
    assert_eq!(run["unique_queries"], 30);
    assert!(run["queries"].as_u64().unwrap() >= 30);
    assert_eq!(run["failed"], 0);
    assert_eq!(run["stop"], "budget_spent");
    assert!(run["wall_s"].as_f64().unwrap() > 0.0);
    let best = &run["best"];
    let search = best["search"].as_f64().unwrap();
    assert_eq!(best["report"].as_f64().unwrap(), search + 1.5);
    assert_eq!(best["key"].as_str().unwrap().len(), 32);
    assert!(best["arch"].as_str().unwrap().starts_with('|'));
    let curve: Vec<[f64; 2]> = serde_json::from_value(run["curve"].clone()).unwrap();
    assert_eq!(curve.len(), 30);
    assert!(curve.is_sorted());
    assert_eq!(curve[29], [search, search + 1.5]);
    let to_best = run["queries_to_best"].as_u64().unwrap();
    let first = curve.iter().position(|point| point[0] == search).unwrap();
    assert_eq!(to_best, u64::try_from(first).unwrap() + 1);
}

#[test]
fn finished_runs_are_shown_from_the_study() {
    let sandbox = Sandbox::with_table();
    let run = |more: &[&'static str]| {
        let mut all = search(&[
            "--algorithm",
            "random",
            "--seeds",
            "0..2",
            "--study",
            "s.db",
        ]);
        all.extend(["--budget", "40", "--json"]);
        all.extend(more);
        sandbox.ganas(all).expect_code(0).json()
    };
    let (first, again) = (run(&[]), run(&["--resume", "--threads", "1"]));
    assert_eq!(first, again);
}

#[test]
fn results_do_not_depend_on_threads() {
    let sandbox = Sandbox::with_table();
    let run = |threads| {
        let mut all = search(&["--seeds", "0..3", "--budget", "40", "--json", "--quiet"]);
        all.extend(SMALL);
        all.extend(["--threads", threads]);
        let ended = sandbox.ganas(all).expect_code(0);
        assert_eq!(ended.stderr, "");
        let mut json = ended.json();
        for run in json["runs"].as_array_mut().unwrap() {
            run["wall_s"] = Value::Null;
        }
        json
    };
    let one = run("1");
    for threads in ["2", "5"] {
        assert_eq!(one, run(threads), "{threads} threads");
    }
}

#[test]
fn the_summary_has_a_line_for_each_run_and_a_mean() {
    let sandbox = Sandbox::with_table();
    let all = search(&[
        "--algorithm",
        "random",
        "--seeds",
        "7..10",
        "--budget",
        "20",
    ]);
    let ended = sandbox.ganas(all).expect_code(0);
    let text = &ended.stdout;
    assert!(text.starts_with(
        "search cifar10_valid_mean_200, report cifar10_test_mean_200 (validation-selected)\n"
    ));
    for expected in [
        "\n   7  ",
        "\n   9  ",
        "mean ± sd over 3 runs",
        "best architecture (seed ",
    ] {
        assert!(text.contains(expected), "{expected} in:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours in a pipe");

    let all = search(&[
        "--algorithm",
        "random",
        "--seeds",
        "7",
        "--search",
        "cifar10_test_mean_200",
    ]);
    let ended = sandbox.ganas(all).expect_code(0);
    assert!(ended.stdout.contains("(test-selected)"));
    assert!(!ended.stdout.contains("mean ±"));
    ended.expect_stderr(&["test-selected: search on cifar10_test_mean_200"]);
}

#[test]
fn a_csv_file_is_imported_into_the_cache_once() {
    let sandbox = Sandbox::with_table();
    let run = |table| {
        sandbox
            .ganas([
                "search",
                "--space",
                "nasbench201",
                "--table",
                table,
                "--algorithm",
                "random",
                "--budget",
                "5",
                "--json",
            ])
            .expect_code(0)
    };
    let first = run("nb201.csv").expect_stderr(&["importing nb201.csv into ", "15625 rows"]);
    let second = run("nb201.csv");
    assert!(!second.stderr.contains("importing"), "{}", second.stderr);
    let imported = run("nb201.arrow");
    assert_eq!(
        first.json()["table_sha256"],
        imported.json()["table_sha256"]
    );
    assert_eq!(
        first.json()["runs"][0]["best"],
        second.json()["runs"][0]["best"]
    );

    // A damaged file of the cache is made again.
    let folder = sandbox.path("cache/ganas/tables");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    std::fs::write(file.path(), b"ARROW1").unwrap();
    run("nb201.csv").expect_stderr(&["importing"]);
}

#[test]
fn ganas_data_names_the_folder_of_the_table() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("data/nasbench201")).unwrap();
    let arguments = [
        "search",
        "--space",
        "nasbench201",
        "--algorithm",
        "random",
        "--json",
    ];
    let run = || {
        let mut command = sandbox.command(arguments);
        command.env("GANAS_DATA", sandbox.path("data"));
        crate::sandbox::Ended::from(command.output().unwrap())
    };
    run().expect_code(1).expect_stderr(&[
        "error: GANAS_DATA is ",
        "nasbench201/nb201_accuracy.csv.gz",
        "name a table with --table",
    ]);
    let csv = synthetic_table::complete().as_bytes();
    sandbox.write("data/nasbench201/nb201_accuracy.csv", csv);
    let ended = run().expect_code(0).expect_stderr(&["importing"]);
    assert_eq!(ended.json()["budget"], 150);
    assert_eq!(ended.json()["runs"][0]["seed"], 0);
}
