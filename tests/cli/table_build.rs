//! `ganas table build`: every evaluation is made once, whatever happens, and the table says what was measured.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use ganas_store::Study;
use ganas_testkit::scripted_worker;

use crate::sandbox::Sandbox;

/// The classes of the space of these tests.
const CLASSES: usize = 91;

/// A worker whose results depend on the seed, and that writes a line for each answer.
fn worker(sandbox: &Sandbox, more: &str) -> String {
    let finished = sandbox.path("finished.txt");
    scripted_worker::command(&format!(
        "by_seed=1 finished='{}' {more}",
        finished.display()
    ))
}

/// The arguments of a build with two seeds.
fn build<'a>(evaluator: &'a str, output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["table", "build", "--space", "nasbench101-v4", "--quiet"];
    all.extend(["--evaluator", evaluator, "--output", output]);
    all.extend(more);
    all
}

/// The lines of the worker, and how many of them are different.
fn answered(sandbox: &Sandbox) -> (usize, usize) {
    let lines = std::fs::read_to_string(sandbox.path("finished.txt")).unwrap();
    let distinct: BTreeSet<&str> = lines.lines().collect();
    (lines.lines().count(), distinct.len())
}

/// What there was when a process began to evaluate.
struct Session {
    lines: usize,
    kept: usize,
}

impl Session {
    fn begin(sandbox: &Sandbox) -> Self {
        let path = sandbox.path("finished.txt");
        let kept = || {
            let study = Study::open_existing(sandbox.path("killed.arrow.study")).unwrap();
            let all = study.evaluators().unwrap();
            all.iter().map(|(_, of)| of.all().unwrap().len()).sum()
        };
        let begun = path.exists();
        Self {
            lines: if begun { answered(sandbox).0 } else { 0 },
            kept: if begun { kept() } else { 0 },
        }
    }

    /// Checks what was evaluated meanwhile; another process may begin.
    fn end(self, sandbox: &Sandbox) -> Self {
        let next = Self::begin(sandbox);
        let (evaluated, missing) = (next.lines - self.lines, 2 * CLASSES - self.kept);
        assert!(
            evaluated <= missing,
            "{evaluated} evaluations, {missing} were missing"
        );
        next
    }
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// The value of a metric.
fn value(described: &Value, metric: &str) -> Option<f64> {
    let metrics = described["metrics"].as_array().unwrap();
    let found = metrics.iter().find(|m| m["name"] == metric).unwrap();
    found["value"].as_f64()
}

#[test]
fn the_whole_space_with_two_seeds() {
    let sandbox = Sandbox::new();
    let evaluator = worker(&sandbox, "");
    let seeds = ["--seeds", "0,7", "--json"];
    let built = sandbox
        .ganas(build(&evaluator, "a.arrow", &seeds))
        .expect_code(0)
        .json();
    assert_eq!(built["evaluations"], 2 * CLASSES);
    assert_eq!(built["failed"], 0);
    assert_eq!(answered(&sandbox), (2 * CLASSES, 2 * CLASSES));

    let manifest = &built["manifest"];
    assert_eq!(manifest["n_rows"], CLASSES);
    assert_eq!(manifest["row_order"], "official_index");
    assert_eq!(manifest["evaluator"]["name"], "scripted");
    assert_eq!(manifest["evaluator"]["command"], evaluator.as_str());
    let columns = manifest["columns"].as_array().unwrap();
    let names: Vec<&str> = columns.iter().filter_map(|c| c["name"].as_str()).collect();
    let expected = [
        "valid_mean",
        "test_mean",
        "valid_seed0",
        "test_seed0",
        "valid_seed7",
        "test_seed7",
    ];
    assert_eq!(names, expected);
    assert_eq!(columns[0]["role"], "validation");
    assert_eq!(columns[5]["role"], "test");

    // Values that have nothing to do with the architecture.
    let noise = built["noise"].as_array().unwrap();
    assert_eq!(noise.len(), 2);
    assert_eq!(noise[0]["metric"], "valid");
    assert_eq!(noise[0]["seeds"], 2);
    assert!(
        noise[0]["share"].as_f64().unwrap().abs() < 0.35,
        "{noise:?}"
    );
    let info = sandbox.ganas(["table", "info", "a.arrow", "--json"]);
    assert_eq!(info.expect_code(0).json()["noise"], built["noise"]);

    let cell = sandbox.ganas(["table", "query", "a.arrow", "17", "--json"]);
    let cell = cell.expect_code(0).json();
    let [mean, a, b] =
        ["valid_mean", "valid_seed0", "valid_seed7"].map(|m| value(&cell, m).unwrap());
    assert!(a != b && (mean - (a + b) / 2.0).abs() < 1e-15);

    let search = [
        "search",
        "--space",
        "nasbench101-v4",
        "--algorithm",
        "random",
        "--budget",
        "20",
        "--json",
    ];
    let metrics = [
        "--table",
        "a.arrow",
        "--search",
        "valid_seed0",
        "--report",
        "test_mean",
    ];
    let found = sandbox
        .ganas(search.iter().chain(&metrics))
        .expect_code(0)
        .json();
    assert_eq!(found["runs"][0]["unique_queries"], 20);

    // The bytes depend on the evaluations only.
    let parallel = ["--seeds", "0,7", "--workers", "3"];
    sandbox
        .ganas(build(&evaluator, "b.arrow", &parallel))
        .expect_code(0);
    assert_eq!(
        bytes(&sandbox.path("a.arrow")),
        bytes(&sandbox.path("b.arrow"))
    );
}

#[test]
fn a_killed_build_repeats_nothing_that_was_kept() {
    let sandbox = Sandbox::new();
    let evaluator = worker(&sandbox, "delay_ms=20");
    let more = ["--seeds", "0..2", "--workers", "3", "--resume"];
    let mut kills = 0;
    // What a session evaluates is at most what the study did not have when it began.
    let mut check = Session::begin(&sandbox);
    loop {
        let mut child = sandbox.spawn(build(&evaluator, "killed.arrow", &more));
        std::thread::sleep(Duration::from_millis(350 + 50 * kills));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        check = check.end(&sandbox);
        if sandbox.path("killed.arrow").exists() {
            // It had just finished.
            break;
        }
        kills += 1;
        assert!(kills < 60, "the build makes no progress");
    }
    check.end(&sandbox);
    assert!(kills >= 2, "killed only {kills} times");
    assert_eq!(answered(&sandbox).1, 2 * CLASSES);

    sandbox
        .ganas(build(&evaluator, "alone.arrow", &["--seeds", "0..2"]))
        .expect_code(0);
    assert_eq!(
        bytes(&sandbox.path("killed.arrow")),
        bytes(&sandbox.path("alone.arrow"))
    );
}

#[test]
fn failures_are_recorded_null_and_made_again_when_asked() {
    let sandbox = Sandbox::new();
    // The same command, so that it is the same evaluator: a file decides whether it works.
    let works = worker(&sandbox, "");
    let fails = worker(&sandbox, "percent=20 kinds=refuse");
    let evaluator = format!("if test -e mended; then {works}; else {fails}; fi");
    let seeds = ["--seeds", "0..2"];
    let ended = sandbox
        .ganas(build(&evaluator, "a.arrow", &seeds))
        .expect_code(3);
    let (first, _) = answered(&sandbox);
    let failed = 2 * CLASSES - first;
    assert!((10..80).contains(&failed), "{failed}");
    let ended = ended.expect_stderr(&[
        &format!("{failed} evaluations failed and are null in the table"),
        "--resume --retry-failed --overwrite",
    ]);
    assert!(
        ended
            .stdout
            .contains(&format!("182 evaluations, {failed} failed")),
        "{ended:?}"
    );
    let info = sandbox
        .ganas(["table", "info", "a.arrow", "--json"])
        .expect_code(0)
        .json();
    let values: u64 = ["valid_seed0", "valid_seed1"]
        .iter()
        .map(|name| {
            let metrics = info["metrics"].as_array().unwrap();
            metrics.iter().find(|m| m["name"] == *name).unwrap()["values"]
                .as_u64()
                .unwrap()
        })
        .sum();
    assert_eq!(values, u64::try_from(first).unwrap());

    sandbox.write("mended", b"");
    let again = [&seeds[..], &["--resume", "--overwrite"]].concat();
    sandbox
        .ganas(build(&evaluator, "a.arrow", &again))
        .expect_code(3);
    assert_eq!(answered(&sandbox).0, first, "nothing was evaluated");
    let retried = [&again[..], &["--retry-failed"]].concat();
    sandbox
        .ganas(build(&evaluator, "a.arrow", &retried))
        .expect_code(0);
    assert_eq!(answered(&sandbox), (2 * CLASSES, 2 * CLASSES));
}

#[test]
fn the_circuit_breaker_blames_no_architecture() {
    let sandbox = Sandbox::new();
    let works = worker(&sandbox, "");
    let fails = worker(&sandbox, "percent=100 kinds=refuse");
    let evaluator = format!("if test -e mended; then {works}; else {fails}; fi");
    sandbox
        .ganas(build(&evaluator, "a.arrow", &[]))
        .expect_code(1)
        .expect_stderr(&[
            "20 attempts in a row failed",
            "continue with: ganas table build",
        ]);
    assert!(!sandbox.path("a.arrow").exists());
    sandbox.write("mended", b"");
    sandbox
        .ganas(build(&evaluator, "a.arrow", &["--resume"]))
        .expect_code(0);
    assert_eq!(answered(&sandbox), (CLASSES, CLASSES));
}

#[test]
fn samples_and_seeds_can_grow() {
    let sandbox = Sandbox::new();
    let evaluator = worker(&sandbox, "");
    let mut made = 0;
    for (sample, seeds, new) in [("10", "0..1", 10), ("25", "0..1", 15), ("25", "0..3", 50)] {
        let more = [
            "--sample",
            sample,
            "--seeds",
            seeds,
            "--resume",
            "--overwrite",
            "--json",
        ];
        let built = sandbox
            .ganas(build(&evaluator, "a.arrow", &more))
            .expect_code(0)
            .json();
        assert_eq!(built["manifest"]["n_rows"], sample.parse::<u64>().unwrap());
        assert_eq!(built["manifest"]["row_order"], "source_file");
        made += new;
        assert_eq!(answered(&sandbox), (made, made));
    }
}

#[test]
fn what_is_wrong_is_said_before_anything_is_evaluated() {
    let sandbox = Sandbox::new();
    let works = worker(&sandbox, "");
    let other = worker(&sandbox, "delay_ms=0");
    sandbox.write("there.arrow", b"");
    sandbox
        .ganas(build(
            &works,
            "first.arrow",
            &["--sample", "2", "--study", "s.db"],
        ))
        .expect_code(0);
    let (made, _) = answered(&sandbox);
    for (evaluator, output, more, code, expected) in [
        (&works, "there.arrow", &[][..], 1, "the output file exists"),
        (
            &works,
            "x.arrow",
            &["--seeds", "4294967296"][..],
            2,
            "the seed 4294967296 is too large",
        ),
        (
            &works,
            "x.arrow",
            &["--seeds", "0..65"][..],
            2,
            "65 seeds are too many",
        ),
        (&works, "x.arrow", &["--sample", "0"][..], 2, "--sample"),
        (
            &works,
            "x.arrow",
            &["--sample", "92"][..],
            2,
            "found only 91 classes",
        ),
        (
            &works,
            "x.arrow",
            &["--sample-seed", "1"][..],
            2,
            "--sample",
        ),
        (&works, "x.arrow", &["--retry-failed"][..], 2, "--resume"),
        (
            &works,
            "x.arrow",
            &["--study", "s.db"][..],
            1,
            "already holds 2 evaluations by this evaluator",
        ),
        (
            &works,
            "x.arrow",
            &["--study", "there.arrow/s.db"][..],
            1,
            "there.arrow",
        ),
        (
            &other,
            "x.arrow",
            &["--study", "s.db", "--resume"][..],
            1,
            "holds nothing to resume for nasbench101-v4 by scripted 1",
        ),
    ] {
        sandbox
            .ganas(build(evaluator, output, more))
            .expect_code(code)
            .expect_stderr(&[expected]);
    }
    sandbox
        .ganas([
            "table",
            "build",
            "--space",
            "nasbench101-v4",
            "-o",
            "x.arrow",
        ])
        .expect_code(2)
        .expect_stderr(&["--evaluator"]);
    sandbox
        .ganas([
            "table",
            "build",
            "--space",
            "darts",
            "--evaluator",
            &works,
            "-o",
            "x.arrow",
        ])
        .expect_code(2)
        .expect_stderr(&["cannot be enumerated", "--sample"]);
    assert_eq!(answered(&sandbox).0, made);
}
