//! `ganas evaluate`: lists of architectures, with workers, tables and surrogates.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use ganas_store::Study;
use ganas_testkit::scripted_worker;
use serde_json::Value;

use crate::sandbox::{Ended, Sandbox};

/// A folder with a list of architectures in a space of 91 classes, `list.txt`, and a worker that writes a line for each
/// evaluation that it begins.
struct List {
    sandbox: Sandbox,
    evaluator: String,
    archs: Vec<String>,
}

impl List {
    fn new(n: usize, worker: &str) -> Self {
        let sandbox = Sandbox::new();
        let budget = n.to_string();
        let words = "search --table digits-4 --algorithm random --quiet --study drawn.db --budget";
        let words: Vec<&str> = words.split(' ').chain([budget.as_str()]).collect();
        sandbox.ganas(words).expect_code(0);
        let export = sandbox.export("drawn.db");
        let rows = export
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let archs: Vec<String> = rows
            .filter(|row| row["type"] == "trial")
            .map(|row| row["arch"].as_str().unwrap().to_owned())
            .collect();
        sandbox.write("list.txt", (archs.join("\n") + "\n").as_bytes());
        Self {
            sandbox,
            evaluator: scripted_worker::command(&format!("begun=begun.txt {worker}")),
            archs,
        }
    }

    /// The arguments of a command in the space with the evaluator.
    fn arguments<'a>(&'a self, command: &'a str, more: &'a str) -> Vec<&'a str> {
        let mut all = vec![command, "--space", "nasbench101-v4"];
        all.extend(["--evaluator", &self.evaluator, "--study", "s.db"]);
        all.extend(more.split_whitespace());
        all
    }

    fn evaluate(&self, more: &str) -> Ended {
        self.sandbox.ganas(self.arguments("evaluate", more))
    }

    fn search(&self, more: &str) -> Ended {
        self.sandbox.ganas(self.arguments("search", more))
    }

    /// The lines of the worker: class, seed, fidelity.
    fn begun(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.sandbox.path("begun.txt")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// The record without what says which evaluations are new.
fn values(ended: &Ended) -> Value {
    let mut record = ended.json();
    for arch in record["architectures"].as_array_mut().unwrap() {
        for once in arch["evaluations"].as_array_mut().unwrap() {
            once.as_object_mut().unwrap().remove("reused").unwrap();
        }
    }
    record["reused"] = Value::Null;
    record
}

#[test]
fn the_best_of_a_study_are_trained_again_with_more_epochs() {
    let list = List::new(1, "by_seed=1");
    list.search("--algorithm random --budget 20 --fidelity epochs=3")
        .expect_code(0);
    let more = "--top s.db:4 --fidelity epochs=90 --training-seeds 0..3";
    let ended = list.evaluate(more).expect_code(0).expect_stderr(&[
        "fidelity   epochs=90",
        "4 architectures, 12 evaluations; 0 of them are there and not made again",
        "12 evaluations: 12 new, 0 reused, 0 of them failed",
    ]);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(lines[0].starts_with("architecture  "), "{}", ended.stdout);
    for line in &lines[1..5] {
        assert_eq!(line.matches(" ± ").count(), 2, "{line}");
        assert!(line.ends_with("3 new"), "{line}");
    }
    let begun = list.begun();
    assert_eq!(begun.len(), 32);
    let expected = |line: &&String| {
        let words: Vec<&str> = line.split(' ').collect();
        ["0", "1", "2"].contains(&words[1]) && words[2] == r#"{"epochs":90.0}"#
    };
    assert_eq!(begun[20..].iter().filter(expected).count(), 12);

    // They are the best of the study, best first, and nothing is made again.
    let top = list.sandbox.ganas(["top", "s.db", "-n", "4", "--json"]);
    let top = top.expect_code(0).json();
    let record = list.evaluate(&format!("{more} --json")).expect_code(0);
    let record = record.json();
    assert_eq!(list.begun().len(), 32);
    assert_eq!(record["reused"], 12);
    for (at, arch) in record["architectures"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        assert_eq!(arch["key"], top["top"][at]["key"]);
        let values: Vec<f64> = (arch["evaluations"].as_array().unwrap().iter())
            .map(|once| once["metrics"]["valid"].as_f64().unwrap())
            .collect();
        let mean = values.iter().sum::<f64>() / 3.0;
        let over = &arch["over_seeds"]["valid"];
        assert!((over["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
        assert_eq!(over["n"], 3);
        assert!(over["sd"].as_f64().unwrap() > 0.0);
    }
    // One seed more is three evaluations more.
    list.evaluate("--top s.db:4 --fidelity epochs=90 --training-seeds 0..4")
        .expect_code(0)
        .expect_stderr(&["16 evaluations: 4 new, 12 reused"]);
    assert_eq!(list.begun().len(), 36);
}

#[test]
fn searches_and_lists_share_evaluations_without_a_training_seed() {
    let list = List::new(30, "");
    list.evaluate("--archs list.txt --workers 2")
        .expect_code(0)
        .expect_stderr(&["30 evaluations: 30 new, 0 reused"]);
    // A search proposes all 91.
    list.search("--algorithm random --budget 91")
        .expect_code(0)
        .expect_stderr(&["30 evaluations of other runs were used again"]);
    let begun = list.begun();
    assert_eq!(begun.len(), 91);
    assert_eq!(begun.iter().collect::<BTreeSet<_>>().len(), 91);
    list.evaluate("--top s.db:91")
        .expect_code(0)
        .expect_stderr(&["91 evaluations: 0 new, 91 reused"]);
    assert_eq!(list.begun().len(), 91);
    // Another fidelity, or a training seed, is another evaluation.
    list.evaluate("--top s.db:2 --fidelity epochs=1")
        .expect_code(0);
    list.evaluate("--top s.db:2 --training-seeds 5")
        .expect_code(0);
    assert_eq!(list.begun().len(), 95);
}

#[test]
fn a_class_that_is_listed_twice_is_evaluated_once() {
    let list = List::new(3, "");
    let [a, b, c] = &list.archs[..] else {
        panic!("three were drawn")
    };
    let text = format!("# a comment\n{a}\n\n{b}\n{a}\n  {c}  \n");
    list.sandbox.write("list.txt", text.as_bytes());
    let ended = list.evaluate("--archs list.txt").expect_code(0);
    assert_eq!(list.begun().len(), 3);
    let shown: Vec<&str> = ended.stdout.lines().skip(1).collect();
    assert_eq!(shown.len(), 4);
    assert_eq!(shown[0], shown[2]);
    ended.expect_stderr(&["3 evaluations: 3 new"]);
}

#[test]
fn failures_are_told_and_tried_again_when_that_is_wanted() {
    let mut list = List::new(12, "");
    let works = &list.evaluator;
    let fails = scripted_worker::command("begun=begun.txt percent=40 kinds=refuse");
    list.evaluator = format!("if test -e mended; then {works}; else {fails}; fi");
    let ended = list.evaluate("--archs list.txt").expect_code(3);
    let failed = ended.stdout.matches("\nfailed: ").count();
    assert!((2..11).contains(&failed), "{}", ended.stdout);
    assert!(ended.stdout.contains(": unbuildable: as scripted\n"));
    ended.expect_stderr(&[
        &format!("12 evaluations: 12 new, 0 reused, {failed} of them failed"),
        "--resume --retry-failed evaluates again what has failed",
    ]);
    let record = list.evaluate("--archs list.txt --resume --json");
    let record = record.expect_code(3).json();
    assert_eq!(record["failed"], failed);
    assert_eq!(record["reused"], 12);
    let none = |once: &&Value| once["metrics"].is_null() && once["reason"].is_string();
    let archs = record["architectures"].as_array().unwrap();
    let reasons = archs
        .iter()
        .map(|arch| &arch["evaluations"][0])
        .filter(none);
    assert_eq!(reasons.count(), failed);
    assert_eq!(list.begun().len(), 12);

    list.sandbox.write("mended", b"");
    list.evaluate("--archs list.txt --resume --retry-failed -o all.csv")
        .expect_code(0)
        .expect_stderr(&[&format!("12 evaluations: {failed} new")]);
    assert_eq!(list.begun().len(), 12 + failed);
    let csv = std::fs::read_to_string(list.sandbox.path("all.csv")).unwrap();
    assert!(csv.starts_with("arch,key,training_seed,state,reason,valid,test\n"));
    assert_eq!(csv.matches(",completed,,0.").count(), 12, "{csv}");
}

#[test]
fn when_nothing_works_nothing_is_blamed() {
    let mut list = List::new(30, "");
    let works = &list.evaluator;
    let fails = scripted_worker::command("percent=100 kinds=exit");
    list.evaluator = format!("if test -e mended; then {works}; else {fails}; fi");
    list.evaluate("--archs list.txt")
        .expect_code(1)
        .expect_stderr(&[
            "20 attempts in a row failed",
            "what is finished is kept; once the error is mended, continue with: ganas evaluate",
            "--resume",
        ]);
    list.sandbox.write("mended", b"");
    // Also those that had used up their attempts.
    list.evaluate("--archs list.txt --resume")
        .expect_code(0)
        .expect_stderr(&["30 evaluations: 30 new"]);
}

/// How many lines of the worker come before each of the kills.
const MOMENTS: [usize; 10] = [1, 3, 1, 2, 2, 1, 4, 1, 2, 3];

#[test]
fn killed_at_any_moment_it_loses_nothing_that_was_finished() {
    let list = List::new(25, "by_seed=1 delay_ms=5");
    let more = "--archs list.txt --training-seeds 0..2 --workers 2 --resume --json";
    let kept = || {
        let mut all = BTreeSet::new();
        if let Ok(study) = Study::open_existing(list.sandbox.path("s.db")) {
            for (_, of) in study.evaluators().unwrap() {
                all.extend(of.all().unwrap().into_keys().map(|id| {
                    let seed = id.seed.unwrap();
                    format!("{} {seed} {{}}", id.key)
                }));
            }
        }
        all
    };
    for lines in MOMENTS {
        let before = list.begun().len();
        let there = kept();
        let mut child = list.sandbox.spawn(list.arguments("evaluate", more));
        while list.begun().len() < before + lines {
            assert!(child.try_wait().unwrap().is_none(), "ended too early");
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let begun = list.begun();
        for line in &begun[before..] {
            assert!(!there.contains(line), "{line} was kept, and begun again");
        }
    }
    let there = kept();
    let resumed = list.evaluate(more).expect_code(0);
    assert_eq!(resumed.json()["reused"], there.len());
    assert_eq!(resumed.json()["evaluations"], 50);
    std::fs::rename(list.sandbox.path("s.db"), list.sandbox.path("killed.db")).unwrap();
    let alone = list.evaluate(more).expect_code(0);
    assert_eq!(values(&resumed), values(&alone));
}

#[test]
fn two_processes_at_one_list_have_the_same_results() {
    let list = List::new(40, "delay_ms=2");
    let arguments = || list.arguments("evaluate", "--archs list.txt --workers 2 --json");
    let first = list.sandbox.spawn(arguments());
    let second = list.sandbox.spawn(arguments());
    let [first, second] = [first, second].map(|child| {
        let ended = Ended::from(child.wait_with_output().unwrap());
        ended.expect_code(0)
    });
    assert_eq!(values(&first), values(&second));
    let begun = list.begun().len();
    list.evaluate("--archs list.txt")
        .expect_code(0)
        .expect_stderr(&["40 evaluations: 0 new, 40 reused"]);
    assert_eq!(list.begun().len(), begun);
}

#[test]
fn an_interrupted_list_and_one_whose_time_is_over_can_be_continued() {
    let list = List::new(10, "wait=go.txt");
    let mut child = list
        .sandbox
        .spawn(list.arguments("evaluate", "--archs list.txt"));
    while list.begun().is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "ended too early");
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    // The signal is handled by a thread of its own, which is told nothing of the file.
    std::thread::sleep(Duration::from_millis(500));
    list.sandbox.write("go.txt", b"");
    let ended = Ended::from(child.wait_with_output().unwrap()).expect_code(130);
    let begun = list.begun().len();
    ended.expect_stderr(&[
        &format!("interrupted: {begun} of 10 evaluations are there"),
        "continue with: ganas evaluate --space nasbench101-v4",
        "--resume\n",
    ]);
    list.evaluate("--archs list.txt --resume --max-time 1h")
        .expect_code(0);
    assert_eq!(list.begun().len(), 10);

    std::fs::remove_file(list.sandbox.path("go.txt")).unwrap();
    let more = "--archs list.txt --training-seeds 3 --max-time 0.01s";
    let mut child = list.sandbox.spawn(list.arguments("evaluate", more));
    while list.begun().len() == 10 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(500));
    list.sandbox.write("go.txt", b"");
    Ended::from(child.wait_with_output().unwrap())
        .expect_code(0)
        .expect_stderr(&["the time is over: ", " of 10 evaluations are there"]);
    list.evaluate(&more.replace("0.01s", "1h --resume"))
        .expect_code(0);
    assert_eq!(list.begun().len(), 20);
}

/// The worker waits for a file that does not come, and does not hear that it is to give up.
#[test]
fn what_runs_when_the_grace_is_over_is_not_evaluated() {
    let list = List::new(4, "wait=go.txt");
    let words = "--archs list.txt --workers 2 --max-time 1s --max-time-grace 0.01s --grace 0.1s";
    list.evaluate(words).expect_code(0).expect_stderr(&[
        "the time is over: 0 of 4 evaluations are there",
        "continue with: ganas evaluate",
    ]);
    let begun = list.begun().len();
    assert!(begun <= 2, "{begun}");
    list.sandbox.write("go.txt", b"");
    list.evaluate("--archs list.txt --resume").expect_code(0);
    assert_eq!(list.begun().len(), begun + 4);
}

#[test]
fn a_table_answers_at_once() {
    let list = List::new(5, "");
    let words = "evaluate --archs list.txt --table digits-4";
    let go = |more: &str| {
        let words = format!("{words} {more}");
        list.sandbox
            .ganas(words.split_whitespace().collect::<Vec<_>>())
    };
    let record = go("--json").expect_code(0).json();
    assert_eq!(record["space"], "nasbench101-v4");
    assert_eq!(record["study"], Value::Null);
    assert_eq!(
        record["metrics"],
        serde_json::json!(["valid_acc_seed0", "test_acc_mean"])
    );
    let trials = list.sandbox.export("drawn.db");
    for arch in record["architectures"].as_array().unwrap() {
        let value = &arch["evaluations"][0]["metrics"]["valid_acc_seed0"];
        let key = arch["key"].as_str().unwrap();
        let trial = trials.lines().find(|line| line.contains(key)).unwrap();
        let trial: Value = serde_json::from_str(trial).unwrap();
        assert_eq!(&trial["search"], value);
    }
    let csv = go("-o -").expect_code(0).stdout;
    assert!(csv.starts_with("arch,key,training_seed,state,reason,valid_acc_seed0,test_acc_mean\n"));
    // A study keeps them when it is named.
    go("--study t.db").expect_code(0);
    go("--study t.db")
        .expect_code(0)
        .expect_stderr(&["5 evaluations: 0 new, 5 reused"]);
    go("--training-seeds 0..2")
        .expect_code(2)
        .expect_stderr(&["leave them out with a table, a surrogate or a function"]);
    go("--resume")
        .expect_code(2)
        .expect_stderr(&["name it with --study FILE"]);
}

#[test]
fn what_is_wrong_with_a_list_is_said_before_anything_is_evaluated() {
    let list = List::new(3, "");
    list.sandbox.write(
        "bad.txt",
        format!("{}\nnonsense\n", list.archs[0]).as_bytes(),
    );
    list.sandbox.write("none.txt", b"# nothing\n\n");
    list.sandbox.write("out.csv", b"mine");
    for (more, code, expected) in [
        (
            "--archs bad.txt",
            2,
            "bad.txt, line 2: expected an architecture of nasbench101-v4",
        ),
        ("--archs none.txt", 2, "none.txt names no architecture"),
        ("--archs missing.txt", 1, "cannot read missing.txt"),
        ("--top missing.db", 1, "missing.db"),
        ("--top drawn.db:0", 2, "from 1 up"),
        ("--top list.txt", 1, "list.txt"),
        ("", 2, "--archs"),
        ("--archs list.txt --top drawn.db", 2, "cannot be used with"),
        (
            "--archs list.txt --table digits-4",
            2,
            "cannot be used with",
        ),
        ("--archs list.txt --retry-failed", 2, "--resume"),
        ("--archs list.txt --training-seeds 3..3", 2, "is empty"),
        (
            "--archs list.txt --training-seeds 4294967296",
            2,
            "expected at most 4294967295",
        ),
        ("--archs list.txt -o list.txt", 1, "list.txt"),
        ("--archs list.txt -o s.db", 1, "s.db"),
        (
            "--archs list.txt -o no/where.csv",
            1,
            "check that its folder exists",
        ),
        ("--archs list.txt -o - --json", 2, "both write to stdout"),
        ("--archs list.txt --evaluator-id=", 2, "is empty"),
    ] {
        let ended = list.evaluate(more);
        assert_eq!(ended.code, code, "{more}: {}", ended.stderr);
        ended.expect_stderr(&[expected]);
    }
    // A study of another space.
    let mut words = "evaluate --space nasbench201 --top drawn.db --study s.db --evaluator"
        .split(' ')
        .collect::<Vec<_>>();
    words.push(&list.evaluator);
    list.sandbox.ganas(words).expect_code(2).expect_stderr(&[
        "--top drawn.db: it has nothing of the space nasbench201",
        "0 of its 1 runs",
    ]);
    assert!(list.begun().is_empty());
}
