//! `ganas compare`: algorithms on benchmarks, in one study, with a table of what they found.

use crate::sandbox::Sandbox;

/// A comparison of seconds.
const SHORT: [&str; 12] = [
    "compare",
    "--table",
    "digits-5",
    "--table",
    "digits-4",
    "--algorithm",
    "random",
    "--algorithm",
    "local-search",
    "--seeds",
    "0..4",
    "--budgets=5,20",
];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    SHORT.iter().chain(more).copied().collect()
}

#[test]
fn the_export_and_the_table_depend_neither_on_threads_nor_on_where_it_was_stopped() {
    let sandbox = Sandbox::new();
    let one = sandbox
        .ganas(with(&["--threads", "1", "--study", "one.db"]))
        .expect_code(0);
    let two = sandbox
        .ganas(with(&["--threads", "2", "--study", "two.db"]))
        .expect_code(0);
    assert_eq!(one.stdout, two.stdout);
    assert_eq!(sandbox.export("one.db"), sandbox.export("two.db"));
    // Over before it begins, and then continued.
    let over = ["--study", "late.db", "--max-time", "0.000001s"];
    sandbox.ganas(with(&over)).expect_code(0).expect_stderr(&[
        "the time is over",
        "of 16 runs are finished",
        "--resume",
    ]);
    let late = sandbox
        .ganas(with(&["--study", "late.db", "--resume", "--quiet"]))
        .expect_code(0);
    assert_eq!(late.stderr, "");
    assert_eq!(late.stdout, one.stdout);
    assert_eq!(sandbox.export("one.db"), sandbox.export("late.db"));
    for part in [
        "digits-5",
        "digits-4",
        "local-search",
        "unique queries",
        "Wilcoxon",
        "Holm",
    ] {
        assert!(one.stdout.contains(part), "{part}:\n{}", one.stdout);
    }
}

#[test]
fn a_plan_names_everything_and_the_command_line_has_the_last_word() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "plan.toml",
        br#"
            study = "planned.db"
            seeds = "0..2"
            budgets = [4, 8]
            baseline = "chance"

            [[algorithm]]
            algorithm = "random"
            name = "chance"

            [[algorithm]]
            algorithm = "local-search window=2"

            [[benchmark]]
            table = "digits-4"
            name = "four"
        "#,
    );
    let first = sandbox.ganas(["compare", "plan.toml"]).expect_code(0);
    assert!(first.stdout.contains("chance"), "{}", first.stdout);
    assert!(first.stdout.contains("four"), "{}", first.stdout);
    sandbox
        .ganas(["compare", "plan.toml"])
        .expect_code(1)
        .expect_stderr(&["chance on four", "planned.db", "--resume"]);
    sandbox
        .ganas([
            "compare",
            "plan.toml",
            "--seeds",
            "0..3",
            "--resume",
            "--format",
            "json",
        ])
        .expect_code(0);
    let runs = sandbox.export("planned.db");
    let runs = runs.lines().filter(|line| line.contains(r#""type":"run""#));
    assert_eq!(runs.count(), 2 * 3);
}

#[cfg(unix)]
#[test]
fn algorithms_share_workers_and_evaluations() {
    let sandbox = Sandbox::new();
    sandbox.write("train.py", WORKER.as_bytes());
    let go = |study: &str, workers: &str| {
        let settings = ["--study", study, "--workers", workers];
        let settings = [&COMPARE_WORKERS[..], &settings].concat();
        sandbox.ganas(settings).expect_code(0);
        let log = std::fs::read_to_string(sandbox.path("log.txt")).unwrap();
        std::fs::remove_file(sandbox.path("log.txt")).unwrap();
        let (starts, archs): (Vec<&str>, Vec<&str>) =
            log.lines().partition(|line| *line == "start");
        assert!(starts.len() <= workers.parse().unwrap(), "{log}");
        // Runs after each other use what those before them have evaluated.
        let different: std::collections::BTreeSet<&str> = archs.iter().copied().collect();
        assert_eq!(different.len(), archs.len(), "{log}");
        sandbox.export(study)
    };
    assert_eq!(go("one.db", "1"), go("three.db", "3"));
}

#[cfg(unix)]
const COMPARE_WORKERS: [&str; 16] = [
    "compare",
    "--space",
    "nasbench101-v4",
    "--evaluator",
    "python3 train.py",
    "--algorithm",
    "random window=2",
    "--algorithm",
    "local-search window=2",
    "--seeds",
    "0..2",
    "--budgets",
    "30",
    "--threads",
    "1",
    "--quiet",
];

/// Writes down that it began, and what it evaluates; the score of an architecture follows from its text.
#[cfg(unix)]
const WORKER: &str = r#"
import json, sys, zlib
def log(line):
    with open("log.txt", "a") as file:
        file.write(line + "\n")
def say(message):
    print(json.dumps(message), flush=True)
log("start")
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        metrics = [{"name": "score", "role": "validation", "direction": "maximize"}]
        say({"type": "hello", "protocol": 1, "name": "t", "version": "1", "metrics": metrics})
    elif message["type"] == "evaluate":
        log(message["arch"]["text"])
        value = zlib.crc32(message["arch"]["text"].encode()) % 1000 / 1000
        say({"type": "result", "id": message["id"], "metrics": {"score": value}})
    elif message["type"] == "shutdown":
        break
"#;

#[test]
fn mistakes_say_what_was_expected() {
    let sandbox = Sandbox::new();
    for (arguments, expected) in [
        (
            &["compare", "--algorithm", "randon"][..],
            &["randon", "did you mean `random`"][..],
        ),
        (
            &["compare", "--baseline", "evolutionn"],
            &["the baseline `evolutionn` is not one of the algorithms: random, ga-nas"],
        ),
        (
            &["compare", "--algorithm", "random", "--algorithm", "random"],
            &["two of the algorithms are called `random`"],
        ),
        (
            &["compare", "--budgets", "5,x"],
            &["x", "a number of queries"],
        ),
        (&["compare", "missing.toml"], &["missing.toml"]),
        (
            &["compare", "--table", "missing.arrow"],
            &["random on missing", "missing.arrow"],
        ),
    ] {
        let ended = sandbox.ganas(arguments.iter().copied());
        assert!(matches!(ended.code, 1 | 2), "{arguments:?}: {ended:?}");
        ended.expect_stderr(expected);
    }
}
