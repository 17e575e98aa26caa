//! How a search goes on, and what ends it before its budget is spent.

use std::time::Duration;

use super::{Life, wait_for};
use crate::sandbox::{Ended, SMALL};

#[test]
fn the_record_depends_on_the_window_and_not_on_the_workers() {
    let small = SMALL.join(" ");
    for (algorithm, window) in [
        ("--algorithm random", 1),
        ("--algorithm local-search", 1),
        ("--algorithm local-search", 6),
        (small.as_str(), 4),
    ] {
        let life = Life::with("delay_ms=1");
        let mut exports = Vec::new();
        for workers in [1, 2, 5] {
            life.search(&format!(
                "--study {workers}.db {algorithm} --budget 30 --window {window} --workers {workers}"
            ))
            .expect_code(0)
            .expect_stderr(&[&format!("one by one, {window} at a time")]);
            exports.push(life.sandbox.export(&format!("{workers}.db")));
        }
        assert_eq!(exports[0], exports[1], "{algorithm}, window {window}");
        assert_eq!(exports[0], exports[2], "{algorithm}, window {window}");
    }
}

#[test]
fn with_a_window_of_one_each_evaluation_waits_for_the_one_before() {
    let life = Life::with("finished=finished.txt");
    life.search("--study s.db --algorithm random --budget 12 --window 1 --workers 4")
        .expect_code(0);
    let finished = super::first_words(&life.sandbox, "finished.txt");
    assert_eq!(life.begun(), finished);
    let trials = life.trials("s.db");
    let keys: Vec<&str> = trials.iter().map(|t| t["key"].as_str().unwrap()).collect();
    assert_eq!(finished, keys);
}

#[test]
fn a_search_ends_at_its_target_and_stays_there() {
    let life = Life::new();
    let whole = "--study whole.db --algorithm random --budget 40 --window 3";
    life.search(whole).expect_code(0);
    let values: Vec<f64> = life
        .trials("whole.db")
        .iter()
        .map(|trial| trial["search"].as_f64().unwrap())
        .collect();
    let target = values[..15].iter().copied().fold(0.0, f64::max);
    let at = values.iter().position(|&value| value >= target).unwrap();
    life.forget();

    let words = format!("--study s.db --algorithm random --budget 40 --window 3 --target {target}");
    let ended = life.search(&words).expect_code(0);
    assert!(ended.stdout.contains("target reached"), "{}", ended.stdout);
    assert_eq!(life.trials("s.db").len(), at + 1);
    let begun = life.begun().len();
    let early = life.sandbox.export("s.db");
    // Once more changes nothing.
    let ended = life.search(&format!("{words} --resume")).expect_code(0);
    assert!(ended.stdout.contains("target reached"), "{}", ended.stdout);
    assert_eq!(life.begun().len(), begun);
    assert_eq!(early, life.sandbox.export("s.db"));
    // Without the target it goes on, and is the search that never had one.
    life.search(&whole.replace("whole.db", "s.db --resume"))
        .expect_code(0);
    assert_eq!(life.expect_no_repeat(), 40);
    assert_eq!(life.sandbox.export("s.db"), life.sandbox.export("whole.db"));
}

#[test]
fn a_search_ends_when_its_patience_does() {
    let life = Life::new();
    let words = "--algorithm random --budget 91 --window 2";
    let patient = format!("--study s.db {words} --patience 8");
    let ended = life.search(&patient).expect_code(0);
    assert!(ended.stdout.contains("no improvement"), "{}", ended.stdout);
    let values: Vec<f64> = life
        .trials("s.db")
        .iter()
        .map(|trial| trial["search"].as_f64().unwrap())
        .collect();
    let best = values.iter().copied().fold(0.0, f64::max);
    let at = values.iter().position(|&value| value == best).unwrap();
    assert_eq!(values.len() - 1 - at, 8);
    let early = life.sandbox.export("s.db");
    life.search(&format!("{patient} --resume")).expect_code(0);
    assert_eq!(early, life.sandbox.export("s.db"));
    life.search(&format!("--study s.db {words} --resume"))
        .expect_code(0);
    assert_eq!(life.expect_no_repeat(), 91);
    life.search(&format!("--study whole.db {words}"))
        .expect_code(0);
    assert_eq!(life.sandbox.export("s.db"), life.sandbox.export("whole.db"));
    for wrong in ["--patience 0", "--target nan", "--window 0"] {
        life.search(&format!("--study x.db {wrong}")).expect_code(2);
    }
}

/// The worker waits for a file, which comes long after the time is over.
#[test]
fn a_search_whose_time_is_over_can_be_continued() {
    let life = Life::with("wait=go.txt");
    let words = "--algorithm random --budget 20 --window 2 --workers 2";
    let arguments = format!("--study s.db {words} --max-time 0.01s");
    let mut child = life.sandbox.spawn(life.arguments(&arguments));
    if wait_for(&life.sandbox, "begun.txt", &mut child) {
        std::thread::sleep(Duration::from_millis(500));
    }
    life.sandbox.write("go.txt", b"");
    let ended = Ended::from(child.wait_with_output().unwrap())
        .expect_code(0)
        .expect_stderr(&[
            "the time is over: 0 of 1 runs are finished",
            "continue with: ganas search",
            "--resume",
        ]);
    assert!(ended.stdout.contains("time spent"), "{}", ended.stdout);
    let begun = life.begun().len();
    assert!(begun <= 2, "{begun}");
    life.search(&format!("--study s.db {words} --max-time 1h --resume"))
        .expect_code(0);
    assert_eq!(life.expect_no_repeat(), 20);
    life.forget();
    life.search(&format!("--study whole.db {words}"))
        .expect_code(0);
    assert_eq!(life.sandbox.export("s.db"), life.sandbox.export("whole.db"));
}

/// The worker waits for a file that does not come, and does not hear that it is to give up.
#[test]
fn what_runs_when_the_grace_is_over_is_cancelled_and_evaluated_again() {
    let life = Life::with("wait=go.txt");
    let words = "--algorithm random --budget 20 --window 2 --workers 2";
    let limits = "--max-time 1s --max-time-grace 0.01s --grace 0.1s";
    let ended = life
        .search(&format!("--study s.db {words} {limits}"))
        .expect_code(0)
        .expect_stderr(&[
            "for 1s at most, what runs then is cancelled after 10ms more",
            "the time is over: 0 of 1 runs are finished",
            "continue with: ganas search",
        ]);
    assert!(ended.stdout.contains("time spent"), "{}", ended.stdout);
    let begun = life.begun().len();
    assert!(begun <= 2, "{begun}");
    // Neither a trial nor a failure.
    assert!(life.trials("s.db").is_empty());
    let study = ganas_store::Study::open_existing(life.sandbox.path("s.db")).unwrap();
    for (_, evaluations) in study.evaluators().unwrap() {
        assert!(evaluations.all().unwrap().is_empty());
    }
    drop(study);
    life.sandbox.write("go.txt", b"");
    life.search(&format!("--study s.db {words} --resume"))
        .expect_code(0);
    assert_eq!(life.begun().len(), begun + 20);
    life.search(&format!("--study whole.db {words}"))
        .expect_code(0);
    assert_eq!(life.sandbox.export("s.db"), life.sandbox.export("whole.db"));
    life.search("--study x.db --max-time-grace 1s")
        .expect_code(2)
        .expect_stderr(&["--max-time"]);
}
