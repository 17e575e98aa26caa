//! Evaluations that several runs, commands and processes have in common.

use super::{Life, wait_for};
use crate::sandbox::Ended;
use ganas_testkit::scripted_worker;

#[test]
fn seeds_algorithms_and_runs_share_evaluations() {
    let life = Life::new();
    let mut told = 0;
    for more in [
        "--algorithm random --seeds 0..3 --budget 40 --threads 1",
        "--algorithm local-search --seeds 0..2 --budget 40 --threads 1 --resume --new-run",
        "--algorithm random --seeds 7 --budget 60 --workers 3 --resume --new-run",
        "--algorithm random --seeds 7 --budget 60 --window 2 --resume --new-run",
    ] {
        let ended = life
            .search(&format!("--study s.db {more}"))
            .expect_code(0)
            .expect_stderr(&["evaluations of other runs were used again"]);
        told += used_again(&ended);
    }
    let begun = life.expect_no_repeat();
    let runs = 3 * 40 + 2 * 40 + 60 + 60;
    // One run at a time: two may both ask for a class that neither has.
    assert_eq!(begun + told, runs);
    assert!(begun <= 91, "{begun}");
}

/// How many evaluations were not made again, as it is told.
fn used_again(ended: &Ended) -> usize {
    let line = ended.stderr.lines();
    let line =
        line.filter_map(|line| line.strip_suffix(" evaluations of other runs were used again"));
    line.map(|n| n.parse::<usize>().unwrap()).sum()
}

#[test]
fn a_script_that_moves_keeps_its_evaluations_under_an_id() {
    let mut life = Life::new();
    let script = |life: &mut Life, folder: &str| {
        std::fs::create_dir_all(life.sandbox.path(folder)).unwrap();
        let command = scripted_worker::command("begun=begun.txt");
        let name = format!("{folder}/train.sh");
        life.sandbox.write(&name, command.as_bytes());
        life.evaluator = format!("exec sh {name}");
    };
    script(&mut life, "here");
    let words = "--study s.db --algorithm random --evaluator-id mine";
    life.search(&format!("{words} --budget 10")).expect_code(0);
    std::fs::remove_dir_all(life.sandbox.path("here")).unwrap();
    script(&mut life, "there");
    // The same run goes on.
    life.search(&format!("{words} --budget 15 --resume"))
        .expect_code(0);
    assert_eq!(life.expect_no_repeat(), 15);
    // Another one uses what there is.
    life.search(&format!("{words} --budget 91 --seeds 5"))
        .expect_code(0)
        .expect_stderr(&["15 evaluations of other runs were used again"]);
    assert_eq!(life.expect_no_repeat(), 91);
    // Without the id, it is another evaluator.
    life.search("--study s.db --algorithm random --budget 20 --resume")
        .expect_code(2)
        .expect_stderr(&["evaluator or table (sha256)", "--evaluator-id NAME"]);
    for id in ["", " "] {
        let mut arguments = life.arguments("--study t.db --evaluator-id");
        arguments.push(id);
        let ended = life.sandbox.ganas(arguments).expect_code(2);
        ended.expect_stderr(&["the id of the evaluator (--evaluator-id) is empty"]);
    }
    assert_eq!(life.expect_no_repeat(), 91);
}

#[test]
fn a_fidelity_is_one_of_those_that_a_worker_declares() {
    let life = Life::with("fidelities=3,9");
    life.search("--budget 4 --algorithm random --fidelity epochs=12")
        .expect_code(2)
        .expect_stderr(&[
            "the worker `scripted` is not made for the fidelity epochs=12",
            "expected one of those that it declares: epochs=3; epochs=9",
        ]);
    assert!(!life.sandbox.path("nasbench101-v4.study.db").exists());
    life.search("--budget 4 --algorithm random --fidelity epochs=9")
        .expect_code(0);
    // Another fidelity is another evaluation.
    life.search("--budget 4 --algorithm random --fidelity epochs=3 --resume --new-run")
        .expect_code(0);
    assert_eq!(life.begun().len(), 8);
}

#[test]
fn with_an_evaluator_there_is_always_a_study() {
    let life = Life::new();
    life.search("--budget 4 --algorithm random")
        .expect_code(0)
        .expect_stderr(&["study      nasbench101-v4.study.db"]);
    assert_eq!(life.trials("nasbench101-v4.study.db").len(), 4);
    life.search("--budget 9 --algorithm random --resume")
        .expect_code(0);
    assert_eq!(life.expect_no_repeat(), 9);
    // Not on a table.
    life.sandbox
        .ganas("search --budget 4 --algorithm random --table digits-4".split(' '))
        .expect_code(0);
    assert_eq!(life.trials("nasbench101-v4.study.db").len(), 9);
}

#[test]
fn what_has_failed_is_evaluated_again_when_that_is_wanted() {
    let mut life = Life::new();
    let fails = scripted_worker::command("begun=begun.txt percent=40 kinds=refuse");
    let works = &life.evaluator;
    life.evaluator = format!("if test -e mended; then {works}; else {fails}; fi");
    let words = "--study s.db --algorithm random --budget 20";
    life.search(words).expect_code(3);
    let trials = life.trials("s.db");
    let failed: Vec<String> = trials
        .iter()
        .filter(|trial| trial["state"] == "failed")
        .map(|trial| trial["key"].as_str().unwrap().to_owned())
        .collect();
    assert!((2..18).contains(&failed.len()), "{failed:?}");
    life.sandbox.write("mended", b"");

    life.forget();
    life.search(&format!("{words} --resume")).expect_code(3);
    assert!(life.begun().is_empty(), "resumed, and not tried again");
    life.search(&format!("{words} --resume --retry-failed"))
        .expect_code(0);
    let mut again = life.begun();
    let mut failed = failed;
    again.sort();
    failed.sort();
    assert_eq!(again, failed);

    life.forget();
    life.search(&words.replace("s.db", "perfect.db"))
        .expect_code(0);
    assert_eq!(
        life.sandbox.export("s.db"),
        life.sandbox.export("perfect.db")
    );
}

#[test]
fn two_processes_cannot_have_one_run() {
    let life = Life::with("wait=go.txt");
    let words = "--study s.db --algorithm random --budget 8 --workers 2";
    let mut first = life.sandbox.spawn(life.arguments(words));
    assert!(wait_for(&life.sandbox, "begun.txt", &mut first));
    let id = first.id();
    life.search(&format!("{words} --resume"))
        .expect_code(1)
        .expect_stderr(&[&format!("process {id} on ")]);
    // A larger budget, another device or another number of threads is the same run.
    life.search("--study s.db --algorithm random --budget 30 --workers 2 --threads 1 --resume")
        .expect_code(1)
        .expect_stderr(&[&format!("process {id} on ")]);
    // Another seed is another run.
    let mut other = life
        .sandbox
        .spawn(life.arguments(&format!("{words} --seeds 1")));
    life.sandbox.write("go.txt", b"");
    let first = Ended::from(first.wait_with_output().unwrap()).expect_code(0);
    assert!(first.stdout.contains("budget spent"), "{}", first.stdout);
    assert!(other.wait().unwrap().success());
    assert_eq!(life.trials("s.db").len(), 16);
    // The lock is given back.
    life.search(&format!("{words} --resume")).expect_code(0);
    let locks = std::fs::read_dir(life.sandbox.path("")).unwrap();
    let locks = locks.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".lock")
    });
    assert_eq!(locks.count(), 0);
}
