//! Runs that go on with a larger budget, and those that are not there.

use super::Life;
use crate::sandbox::{SMALL, Sandbox, search};

/// Extends a budget twice, and compares with the run at once.
fn check(more: &str) {
    let life = Life::new();
    for budget in [5, 12, 30] {
        life.search(&format!(
            "--study grown.db --resume --budget {budget} {more}"
        ))
        .expect_code(0);
        assert_eq!(life.trials("grown.db").len(), budget, "{more}");
    }
    assert_eq!(life.expect_no_repeat(), 30, "{more}");

    // A smaller one is there already.
    life.search(&format!("--study grown.db --resume --budget 7 {more}"))
        .expect_code(0);
    assert_eq!(life.expect_no_repeat(), 30, "{more}");

    life.forget();
    life.search(&format!("--study once.db --budget 30 {more}"))
        .expect_code(0);
    assert_eq!(
        life.sandbox.export("grown.db"),
        life.sandbox.export("once.db"),
        "{more}"
    );
}

#[test]
fn an_extended_random_search_repeats_nothing_and_is_the_run_at_once() {
    check("--algorithm random --window 1");
    check("--algorithm random --window 4 --workers 3");
    check("--algorithm random");
}

#[test]
fn an_extended_local_search_repeats_nothing_and_is_the_run_at_once() {
    check("--algorithm local-search --window 1");
    check("--algorithm local-search --window 5 --workers 2");
}

#[test]
fn an_extended_ga_nas_repeats_nothing_and_is_the_run_at_once() {
    check(&format!("{} --window 3 --workers 2", SMALL.join(" ")));
}

#[test]
fn on_a_table_both_paces_can_be_extended() {
    let sandbox = Sandbox::with_table();
    for (pace, more) in [("rounds", ""), ("window", "--window 3")] {
        let go = |study: &str, budget: &str, resume: &str| {
            let words = format!("--study {study} --budget {budget} {resume} {more}");
            let words = search(&words.split_whitespace().collect::<Vec<_>>());
            let words: Vec<&str> = words.into_iter().chain(SMALL.iter().copied()).collect();
            sandbox.ganas(words).expect_code(0);
            sandbox.export(study)
        };
        let grown = format!("{pace}-grown.db");
        go(&grown, "10", "");
        go(&grown, "25", "--resume");
        let grown = go(&grown, "40", "--resume");
        assert_eq!(grown, go(&format!("{pace}-once.db"), "40", ""), "{pace}");
    }
}

#[test]
fn a_resume_that_matches_nothing_evaluates_nothing_and_says_what_differs() {
    let life = Life::new();
    life.search("--study s.db --algorithm random --window 2 --budget 6")
        .expect_code(0);
    life.forget();
    let before = life.sandbox.export("s.db");
    life.search("--study s.db --algorithm random --window 3 --budget 6 --resume")
        .expect_code(2)
        .expect_stderr(&[
            "--resume: the study holds no such run",
            "window: 2 in the study, 3 now",
            "add --new-run",
        ]);
    // Nor is a run begun that is there, without --resume.
    life.search("--study s.db --algorithm random --window 2 --budget 6")
        .expect_code(1)
        .expect_stderr(&["--resume"]);
    assert!(life.begun().is_empty());
    assert_eq!(before, life.sandbox.export("s.db"));

    // The other run proposes the same, and has it from the first.
    life.search("--study s.db --algorithm random --window 3 --budget 6 --resume --new-run")
        .expect_code(0)
        .expect_stderr(&["6 evaluations of other runs were used again"]);
    assert!(life.begun().is_empty());
    assert_eq!(life.trials("s.db").len(), 12);
    life.sandbox
        .ganas(["search", "--budget", "3", "--new-run"])
        .expect_code(2)
        .expect_stderr(&["--resume"]);
}
