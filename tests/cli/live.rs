//! What is seen of a search while it runs: lines without a terminal, failures with --quiet, and `ganas status` from another
//! process. Workers wait for files, so nothing depends on time.

#![cfg(unix)]

use std::fs::File;
use std::process::Child;

use serde_json::Value;

use crate::sandbox::{Ended, Sandbox};
use crate::signals::wait_until;

/// A worker whose evaluation number `n` does what the shell function `evaluate` does.
fn worker(evaluate: &str) -> String {
    let hello = r#"{"type":"hello","protocol":1,"name":"t","version":"1","metrics":[{"name":"valid","role":"validation"}]}"#;
    format!(
        r#"n=0
        result() {{ printf '{{"type":"result","id":%s,"metrics":{{"valid":%s}}}}\n' "$id" "$1"; }}
        failure() {{ printf '{{"type":"failure","id":%s,"kind":"bad","message":"%s","retryable":%s}}\n' "$id" "$1" "$2"; }}
        progress() {{ printf '{{"type":"progress","id":%s,"done":%s,"step":%s}}\n' "$id" "$1" "$2"; }}
        wait_for() {{ while ! test -e "$1"; do sleep 0.02; done; }}
        evaluate() {{ {evaluate}
        }}
        read -r greeting
        printf '%s\n' '{hello}'
        while read -r line; do
            case "$line" in *'"evaluate"'*) ;; *) exit 0;; esac
            n=$((n + 1)); id=${{line#*'"id":'}}; id=${{id%%,*}}
            evaluate
        done"#
    )
}

fn search<'a>(evaluator: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["search", "--space", "nasbench201", "--algorithm", "random"];
    all.extend(["--evaluator", evaluator, "--study", "a.db"]);
    all.extend(more);
    all
}

/// A command that goes on meanwhile. A test that fails leaves none behind that waits for a file for ever.
struct Running(Option<Child>);

impl Running {
    /// The stderr goes to a file.
    fn with_log(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let log = File::create(sandbox.path("log")).unwrap();
        Self(Some(
            sandbox.command(arguments).stderr(log).spawn().unwrap(),
        ))
    }

    fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        Self(Some(sandbox.spawn(arguments)))
    }

    fn end(mut self) -> Ended {
        let child = self.0.take().unwrap();
        child.wait_with_output().unwrap().into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn log(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.path("log")).unwrap()
}

fn status(sandbox: &Sandbox) -> Option<Value> {
    let ended = sandbox.ganas(["status", "a.db", "--json"]);
    (ended.code == 0).then(|| ended.json())
}

#[test]
fn without_a_terminal_what_is_better_is_told_at_once() {
    let sandbox = Sandbox::new();
    let evaluator = worker(
        "case $n in 1) result 0.3;; 2) failure broken false;; 3) wait_for go; result 0.4;; *) result 0.2;; esac",
    );
    let child = Running::with_log(&sandbox, &search(&evaluator, &["--budget", "4"]));
    wait_until("the first is told while others are evaluated", || {
        log(&sandbox).contains("seed 0: 1 of 4 evaluated, ")
    });
    sandbox.write("go", b"");
    child.end().expect_code(3);
    let log = log(&sandbox);
    let line = |begin: &str, end: &str| {
        let is_it = |line: &str| line.starts_with(begin) && line.contains(end);
        assert!(log.lines().any(is_it), "{begin}…{end} in\n{log}");
    };
    line("seed 0: 1 of 4 evaluated, ", "best valid 0.3000 (number 0)");
    line(
        "seed 0: 3 of 4 evaluated, ",
        "1 failed, best valid 0.4000 (number 2)",
    );
}

#[test]
fn several_seeds_share_their_lines() {
    let sandbox = Sandbox::new();
    let evaluator = worker("result 0.5");
    let more = ["--budget", "2", "--seeds", "0..3"];
    let ended = sandbox.ganas(search(&evaluator, &more)).expect_code(0);
    let lines = ended
        .stderr
        .lines()
        .filter(|line| line.contains(" evaluated, "));
    let lines: Vec<&str> = lines.collect();
    assert!(
        lines.iter().all(|line| line.starts_with("all seeds: ")),
        "{lines:?}"
    );
    // The first is the best so far, whichever seed it is of.
    let first = "all seeds: 0 of 3 runs have ended, 1 of 6 evaluated, ";
    assert!(
        lines.iter().any(|line| line.starts_with(first)),
        "{lines:?}"
    );
}

#[test]
fn quiet_does_not_hide_failures() {
    let sandbox = Sandbox::new();
    let evaluator = worker(
        "case $n in 1) echo 'CUDA out of memory' >&2; failure broken true;; 2) echo 'out again' >&2; failure broken true;; *) result 0.5;; esac",
    );
    let ended = sandbox
        .ganas(search(
            &evaluator,
            &["--budget", "2", "--retries", "1", "--quiet"],
        ))
        .expect_code(3)
        .expect_stderr(&[
            "worker 0: attempt 2 of ",
            " failed, given up: ",
            "worker 0 | out again",
        ]);
    for hidden in ["trying again", " evaluated", "budget ", "workers: "] {
        assert!(
            !ended.stderr.contains(hidden),
            "{hidden} in\n{}",
            ended.stderr
        );
    }
    let sandbox = Sandbox::new();
    let broken = "if test -e started; then echo 'no module torch' >&2; exit 4; fi; touch started; ";
    let evaluator = format!("{broken}{}", worker("exit 3"));
    sandbox
        .ganas(search(&evaluator, &["--budget", "2", "--quiet"]))
        .expect_code(1)
        .expect_stderr(&["worker 0 did not start: ", "worker 0 | no module torch"]);
}

#[test]
fn another_process_sees_what_the_workers_are_at() {
    let sandbox = Sandbox::new();
    let evaluator = worker(
        "case $n in 1) printf 'Traceback\\n\\033[31mboom\\n' >&2; failure broken false;; 2) progress 0.4 12; wait_for go; result 0.5;; *) result 0.25;; esac",
    );
    let child = Running::start(&sandbox, &search(&evaluator, &["--budget", "3"]));
    let at = |status: &Value| status["processes"][0]["activity"]["workers"][0].clone();
    let mut seen = None;
    wait_until("the worker told how far it is", || {
        seen = status(&sandbox).filter(|status| at(status)["evaluations"][0]["step"] == 12);
        seen.is_some()
    });
    let seen = seen.unwrap();
    let worker = at(&seen);
    assert_eq!(worker["life"], "busy");
    assert_eq!(worker["evaluations"][0]["done"], 0.4);
    assert_eq!(
        worker["last_failure"]["log_tail"],
        "Traceback\n\\u{1b}[31mboom"
    );
    let run = &seen["runs"][0];
    assert_eq!(
        (&run["is_running"], &run["budget"]),
        (&Value::Bool(true), &Value::from(3))
    );
    let proposed = run["proposed"].as_array().unwrap();
    let arch = worker["evaluations"][0]["arch"].as_str().unwrap();
    assert!(
        proposed.iter().any(|proposed| proposed["arch"] == arch),
        "{seen}"
    );

    let text = sandbox.ganas(["status", "a.db"]).expect_code(0).stdout;
    for expected in [
        "a.db: 1 of 1 runs are running",
        "40 % done, step 12: |",
        "worker 0 | Traceback\n",
        r"worker 0 | \u{1b}[31mboom",
        "a.db.workers/worker-0.log",
        &format!("  {arch}\n"),
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }

    let follow = Running::start(&sandbox, &["status", "a.db", "--follow"]);
    sandbox.write("go", b"");
    child.end().expect_code(3);
    let followed = follow.end().expect_code(0).stdout;
    assert!(
        followed.contains("a.db: 0 of 1 runs are running"),
        "{followed}"
    );
    let after = status(&sandbox).unwrap();
    assert_eq!(after["processes"], Value::Array(Vec::new()));
    let run = &after["runs"][0];
    assert_eq!(
        (&run["evaluated"], &run["failed"]),
        (&Value::from(3), &Value::from(1))
    );
    assert_eq!(run["best"]["search"], 0.5);
    assert!(!run["last_failure"]["reason"].as_str().unwrap().is_empty());
}

#[test]
fn an_evaluation_is_seen_before_its_turn() {
    let sandbox = Sandbox::new();
    // Whoever takes the turn of the first one holds it, and the other worker goes on.
    let evaluator = worker(
        "if mkdir first 2>/dev/null; then echo \"$line\" > asked; wait_for go; result 0.1; else wait_for asked; result 0.7; fi",
    );
    let more = ["--budget", "3", "--workers", "2", "--json"];
    let child = Running::start(&sandbox, &search(&evaluator, &more));
    let top = || {
        let ended = sandbox.ganas(["top", "a.db", "--json"]);
        (ended.code == 0).then(|| ended.json()["top"].clone())
    };
    wait_until("what the other worker did is in the list", || {
        top().is_some_and(|top| top[0]["search"] == 0.7)
    });
    let seen = status(&sandbox).unwrap();
    assert_eq!(seen["runs"][0]["best"]["search"], 0.7, "{seen}");
    assert_ne!(seen["runs"][0]["evaluated"], 0, "{seen}");
    sandbox.write("go", b"");
    child.end().expect_code(0);
    assert_eq!(top().unwrap().as_array().unwrap().len(), 3);
}

#[test]
fn the_status_of_a_study_that_is_not_there_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox
        .ganas(["status", "none.db"])
        .expect_code(1)
        .expect_stderr(&["none.db"]);
}
