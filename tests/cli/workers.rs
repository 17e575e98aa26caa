//! Searches whose evaluator is a command: chaos, SIGKILL, and what the user is told.

#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::sandbox::Sandbox;
use ganas_testkit::scripted_worker;

/// The arguments of a random search with an evaluator.
fn search<'a>(evaluator: &'a str, study: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["search", "--space", "nasbench201", "--algorithm", "random"];
    all.extend(["--evaluator", evaluator, "--study", study]);
    all.extend(more);
    all
}

/// The trials of a study, by number.
fn trials(sandbox: &Sandbox, study: &str) -> Vec<Value> {
    let lines = sandbox.export(study);
    lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|row| row["type"] == "trial")
        .collect()
}

/// The export without what differs between two evaluators: the lines of trials.
fn record(sandbox: &Sandbox, study: &str) -> Vec<String> {
    trials(sandbox, study)
        .iter()
        .map(|row| {
            let mut row = row.clone();
            // The name of the run is a hash of its spec, with the evaluator's command in it.
            row.as_object_mut().unwrap().remove("run");
            row.to_string()
        })
        .collect()
}

/// Compares a search with misbehaving workers with that of a perfect one: wherever there is a result, it is the same, and else
/// a reason. The number of failures comes back.
fn compare_with_perfect(sandbox: &Sandbox, study: &str) -> usize {
    let perfect = trials_by_key(sandbox, "perfect.db");
    let mut failed = 0;
    for trial in trials(sandbox, study) {
        let expected = &perfect[trial["key"].as_str().unwrap()];
        assert_eq!(trial["number"], expected["number"]);
        assert_eq!(trial["arch"], expected["arch"]);
        if trial["state"] == "completed" {
            assert_eq!(trial["search"], expected["search"]);
            assert_eq!(trial["report"], expected["report"]);
        } else {
            failed += 1;
            assert!(!trial["reason"].as_str().unwrap().is_empty());
        }
    }
    failed
}

fn with_perfect() -> Sandbox {
    let sandbox = Sandbox::new();
    let perfect = scripted_worker::command("");
    sandbox
        .ganas(search(&perfect, "perfect.db", &["--budget", "200"]))
        .expect_code(0);
    sandbox
}

#[test]
fn chaos_leaves_the_record_of_a_perfect_worker_wherever_results_exist() {
    let sandbox = with_perfect();
    let kinds = "crash,exit,garbage,wrong_id,nan,out_of_range,refuse,duplicate,late_exit";
    let chaos = scripted_worker::command(&format!("seed=5 percent=30 kinds={kinds}"));
    let more = ["--budget", "200", "--workers", "4", "--retries", "1"];
    let mut records = Vec::new();
    for study in ["chaos.db", "again.db"] {
        let ended = sandbox.ganas(search(&chaos, study, &more)).expect_code(3);
        let failed = compare_with_perfect(&sandbox, study);
        assert_eq!(trials(&sandbox, study).len(), 200);
        assert!((10..100).contains(&failed), "{failed} of 200 failed");
        let completed = 200 - failed;
        ended.expect_stderr(&[
            &format!("workers: {completed} evaluations completed, {failed} failed;"),
            &format!("{failed} evaluations failed: "),
            "ended ",
            "garbage ",
            "wrong id ",
            "not finite ",
            "out of range ",
            "reported ",
        ]);
        records.push(record(&sandbox, study));
    }
    // What fails, and why, does not depend on which worker is at it, nor when.
    assert_eq!(records[0], records[1]);
}

/// A worker that only waits for its turn on a busy machine may be taken for one that hangs, so what fails is not compared.
#[test]
fn what_hangs_is_ended_and_the_others_have_their_results() {
    let sandbox = with_perfect();
    let hanging = scripted_worker::command("seed=5 percent=40 kinds=hang,slow");
    let more = [
        "--budget",
        "12",
        "--workers",
        "4",
        "--timeout",
        "2s",
        "--grace",
        "0.1s",
    ];
    let ended = sandbox
        .ganas(search(&hanging, "hanging.db", &more))
        .expect_code(3);
    assert!(compare_with_perfect(&sandbox, "hanging.db") > 0);
    assert_eq!(trials(&sandbox, "hanging.db").len(), 12);
    ended.expect_stderr(&["timed out "]);
}

fn trials_by_key(sandbox: &Sandbox, study: &str) -> BTreeMap<String, Value> {
    trials(sandbox, study)
        .into_iter()
        .map(|row| (row["key"].as_str().unwrap().to_owned(), row))
        .collect()
}

/// The processes whose command line contains this text.
fn processes(text: &str) -> BTreeSet<u32> {
    let listed = Command::new("ps")
        .args(["-eo", "pid=,args="])
        .output()
        .unwrap();
    String::from_utf8_lossy(&listed.stdout)
        .lines()
        .filter(|line| {
            line.contains(text) && !line.contains("ganas search") && !line.contains("--evaluator")
        })
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .collect()
}

#[test]
fn killed_searches_leave_no_orphan_and_repeat_no_evaluation() {
    let sandbox = Sandbox::new();
    // Some of the workers hang when they are killed, and do not hear that their stdin ends.
    let finished = sandbox.path("finished.txt");
    let script = |delay: u32| {
        let name = finished.display();
        scripted_worker::command(&format!(
            "seed=3 percent=10 kinds=hang delay_ms={delay} finished='{name}'"
        ))
    };
    let evaluator = script(20);
    let more = |resume: &[&'static str]| {
        let mut more = vec!["--budget", "120", "--timeout", "1s", "--grace", "0.1s"];
        more.extend(["--retries", "9"]);
        more.extend(["--workers", "4", "--quiet"]);
        more.extend(resume);
        more
    };
    sandbox
        .ganas(search(&evaluator, "alone.db", &more(&[])))
        .expect_code(0);
    std::fs::remove_file(&finished).unwrap();

    let mut kills = 0;
    loop {
        let mut child = sandbox.spawn(search(&evaluator, "killed.db", &more(&["--resume"])));
        std::thread::sleep(Duration::from_millis(450 + 90 * kills));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        assert!(kills < 40, "the search makes no progress");
        let mark = finished.display().to_string();
        let mut polls = 0;
        while !processes(&mark).is_empty() {
            polls += 1;
            assert!(polls < 50, "orphans after 5 s: {:?}", processes(&mark));
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    assert!(kills >= 3, "killed only {kills} times");
    assert_eq!(record(&sandbox, "alone.db"), record(&sandbox, "killed.db"));
    assert_eq!(sandbox.export("alone.db"), sandbox.export("killed.db"));

    // A worker writes its line before it answers, so an answer that the search had no time to keep may be there twice:
    // at most one for each worker and kill.
    let lines = std::fs::read_to_string(&finished).unwrap();
    let answered = lines.lines().count();
    let distinct = lines.lines().collect::<BTreeSet<_>>().len();
    eprintln!("{kills} kills, {answered} answers for {distinct} architectures");
    let most = usize::try_from(4 * kills).unwrap();
    assert!(
        answered - distinct <= most,
        "{answered} answers for {distinct}"
    );
}

#[test]
fn the_record_does_not_depend_on_the_number_of_workers() {
    let sandbox = Sandbox::new();
    let evaluator = scripted_worker::command("delay_ms=1");
    for (study, workers) in [("one.db", "1"), ("four.db", "4")] {
        let more = ["--budget", "60", "--seeds", "0..2", "--workers", workers];
        let ended = sandbox
            .ganas(search(&evaluator, study, &more))
            .expect_code(0);
        ended.expect_stderr(&[
            "evaluator  scripted 1 by `exec",
            "protocol   validation-selected: search on valid, report test",
        ]);
    }
    assert_eq!(sandbox.export("one.db"), sandbox.export("four.db"));
}

#[test]
fn a_python_function_is_an_evaluator() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3");
        return;
    }
    let sandbox = Sandbox::new();
    let package = concat!(env!("CARGO_MANIFEST_DIR"), "/../python/ganas-worker");
    let evaluator =
        format!("PYTHONPATH='{package}/src' exec python3 '{package}/examples/trivial.py'");
    let more = ["--budget", "50", "--workers", "2"];
    sandbox
        .ganas(search(&evaluator, "a.db", &more))
        .expect_code(0)
        .expect_stderr(&[
            "evaluator  trivial 1 by",
            "50 evaluations completed, 0 failed",
        ]);
    assert_eq!(trials(&sandbox, "a.db").len(), 50);
}

/// What a library prints while it is imported, also from C or by a child, is no message.
#[test]
fn a_python_function_may_have_noisy_libraries() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3");
        return;
    }
    let sandbox = Sandbox::new();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../python/ganas-worker/src");
    let noise = "print('Files already downloaded and verified')\n\
                 import ctypes, os, sys\n\
                 os.write(1, b'from the descriptor\\n')\n\
                 os.system('echo from a shell')\n\
                 ctypes.CDLL(None).puts(b'from C')\n";
    let import = "from ganas_worker import Metric, evaluator\n";
    let rest = "@evaluator(metrics=[Metric('valid', 'validation', 0, 1)])\n\
                def train(evaluation):\n    \
                    print('epoch 1')\n    \
                    return {'valid': 0.5}\n\
                if __name__ == '__main__':\n    \
                    train.serve()\n";
    for (name, order) in [
        ("before", [noise, import, rest]),
        ("after", [import, noise, rest]),
    ] {
        let script = format!("{name}.py");
        sandbox.write(&script, order.concat().as_bytes());
        let evaluator = format!("PYTHONPATH='{source}' exec python3 {script}");
        let study = format!("{name}.db");
        sandbox
            .ganas(search(&evaluator, &study, &["--budget", "3"]))
            .expect_code(0);
        let log = sandbox.path(&format!("{study}.workers/worker-0.log"));
        let log = std::fs::read_to_string(log).unwrap();
        for line in [
            "Files already downloaded and verified",
            "from the descriptor",
            "from a shell",
            "epoch 1",
        ] {
            assert!(log.contains(line), "{name}: {line}: {log}");
        }
    }
}

#[test]
fn numbers_of_processes_and_threads_have_limits() {
    let sandbox = Sandbox::new();
    let works = scripted_worker::command("");
    for (option, number) in [
        ("--threads", "0"),
        ("--threads", "1025"),
        ("--threads", "100000"),
        ("--threads", "-1"),
        ("--workers", "0"),
        ("--workers", "1025"),
        ("--workers", "4294967295"),
        ("--workers", "99999999999999999999"),
    ] {
        let number = format!("{option}={number}");
        sandbox
            .ganas(search(&works, "x.db", &[&number]))
            .expect_code(2)
            .expect_stderr(&["expected a whole number from 1 to 1024"]);
    }
    sandbox
        .ganas(search(
            &works,
            "x.db",
            &["--threads", "40", "--workers", "30", "--budget", "40"],
        ))
        .expect_code(0);
}

#[test]
fn the_circuit_breaker_ends_the_search_and_a_mended_one_continues() {
    let sandbox = Sandbox::new();
    // The same command, so that it is the same experiment: a file decides whether it works.
    let works = scripted_worker::command("");
    let fails = scripted_worker::command("percent=100 kinds=exit");
    let evaluator = format!("if test -e mended; then {works}; else {fails}; fi");
    let more = ["--budget", "30", "--resume"];
    sandbox
        .ganas(search(&evaluator, "a.db", &more))
        .expect_code(1)
        .expect_stderr(&[
            "error: the run with seed 0: 20 attempts in a row failed",
            "the last reason: the worker ended during the evaluation: exit status 3",
            "a.db.workers/worker-0.log",
        ]);
    sandbox.write("mended", b"");
    sandbox
        .ganas(search(&evaluator, "a.db", &more))
        .expect_code(0);
    sandbox
        .ganas(search(&works, "b.db", &["--budget", "30"]))
        .expect_code(0);
    assert_eq!(record(&sandbox, "a.db"), record(&sandbox, "b.db"));
}

#[test]
fn what_is_wrong_is_said_before_anything_is_evaluated() {
    let sandbox = Sandbox::new();
    let works = scripted_worker::command("");
    for (evaluator, more, code, expected) in [
        (
            "echo hi",
            &[][..],
            1,
            "it printed `hi` where its hello was expected",
        ),
        (
            &works,
            &["--search", "vaild"],
            2,
            "has no metric `vaild`; its metrics are valid, test",
        ),
        (
            &works,
            &["--timeout", "2"],
            2,
            "expected a number and s, m or h",
        ),
        (&works, &["--table", "x.csv"], 2, "cannot be used with"),
    ] {
        sandbox
            .ganas(search(evaluator, "x.db", more))
            .expect_code(code)
            .expect_stderr(&[expected]);
    }
    sandbox
        .ganas(["search", "--space", "nasbench201", "--retries", "1"])
        .expect_code(2)
        .expect_stderr(&["--evaluator"]);
}
