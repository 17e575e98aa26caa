//! `ganas search` without arguments: the benchmark inside the program.

use crate::sandbox::Sandbox;

#[test]
fn a_search_needs_no_argument() {
    let sandbox = Sandbox::new();
    let ended = sandbox.ganas(["search"]).expect_code(0).expect_stderr(&[
        "space      nasbench101-v5",
        "table      digits-5 (sha256 ",
        "validation-selected: search on valid_acc_seed0, report test_acc_mean",
        "algorithm  ga-nas",
        "budget     150 unique queries a run",
        "This was digits-5: all 2532 NAS-Bench-101 cells of at most 5 vertices",
        "--evaluator 'python train.py'",
    ]);
    assert!(ended.stdout.contains("budget spent"), "{}", ended.stdout);
    assert!(ended.stdout.contains("best architecture (seed 0)"));
    // Nothing is left behind.
    assert_eq!(std::fs::read_dir(sandbox.path(".")).unwrap().count(), 0);

    let again = sandbox
        .ganas(["search", "--json", "--quiet"])
        .expect_code(0);
    assert_eq!(again.stderr, "");
    let report = again.json();
    let run = &report["runs"][0];
    assert_eq!(run["unique_queries"], 150);
    assert!(run["best"]["rank"]["search"].as_f64().unwrap() <= 2532.0);
    let by_name = [
        "search", "--table", "digits-5", "--budget", "150", "--json", "--quiet",
    ];
    let by_name = sandbox.ganas(by_name).expect_code(0).json();
    assert_eq!(by_name["table_sha256"], report["table_sha256"]);
    assert_eq!(by_name["runs"][0]["curve"], run["curve"]);
}

#[test]
fn the_table_inside_the_program_is_a_table_as_others() {
    let sandbox = Sandbox::new();
    let info = sandbox.ganas(["table", "info", "digits-4"]).expect_code(0);
    for expected in [
        "nasbench101-v4",
        "91 (all of the space, by official index)",
        "made by  digits 1 by `python examples/digits/train.py`",
        "spearman",
    ] {
        assert!(info.stdout.contains(expected), "{}", info.stdout);
    }
    sandbox
        .ganas(["table", "query", "digits-4", "01 00|input,output"])
        .expect_code(0);
    sandbox
        .ganas(["table", "export", "digits-4", "-o", "d.csv"])
        .expect_code(0);
    let csv = std::fs::read_to_string(sandbox.path("d.csv")).unwrap();
    assert_eq!(csv.lines().count(), 92);
    // A file of that name comes first.
    sandbox.write("digits-4", b"no table");
    sandbox
        .ganas(["table", "info", "digits-4"])
        .expect_code(1)
        .expect_stderr(&["digits-4: not a readable Arrow IPC file"]);
}

#[test]
fn a_table_file_says_its_space_and_other_sources_do_not() {
    let sandbox = Sandbox::with_table();
    let arguments = ["search", "--table", "nb201.arrow", "--algorithm", "random"];
    let metrics = ["--budget", "5", "--json", "--quiet"];
    let report = sandbox
        .ganas(arguments.iter().chain(&metrics))
        .expect_code(0);
    assert_eq!(report.json()["space"], "nasbench201");
    for (arguments, expected) in [
        (
            ["--table", "nb201.csv"],
            "nb201.csv does not say which space it is of",
        ),
        (
            ["--table", "missing.csv"],
            "cannot read the table missing.csv",
        ),
        (
            ["--evaluator", "true"],
            "the evaluator does not say which space it is for",
        ),
        (
            ["--surrogate", "."],
            "the surrogate does not say which space it is for",
        ),
    ] {
        let ended = sandbox.ganas(["search"].iter().chain(&arguments));
        assert_ne!(ended.code, 0);
        ended.expect_stderr(&[expected]);
    }
}
