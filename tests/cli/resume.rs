//! The record of a search does not depend on threads, nor on being killed and resumed.

use std::time::{Duration, Instant};

use crate::sandbox::{SMALL, Sandbox, search};

#[test]
fn killed_improved_runs_leave_the_same_record() {
    check("improved", &["--set", "discriminator.ensemble=2"]);
}

#[test]
fn killed_faithful_runs_leave_the_same_record() {
    check("faithful", &[]);
}

#[test]
fn killed_searches_for_a_front_leave_the_same_record() {
    check(
        "improved",
        &[
            "--set",
            "discriminator.ensemble=2",
            "--objective",
            "accuracy,-params",
        ],
    );
}

/// How often a search is killed.
const KILLS: u64 = 10;

fn check(preset: &str, more: &[&str]) {
    let sandbox = Sandbox::with_table();
    let arguments = |study, threads, last: &[&'static str]| -> Vec<String> {
        let mut all = search(&["--budget", "120", "--seeds", "3..6", "--quiet"]);
        all.extend(["--preset", preset, "--study", study, "--threads", threads]);
        all.extend(SMALL);
        all.extend(more);
        all.extend(last);
        all.into_iter().map(str::to_owned).collect()
    };

    let started = now();
    sandbox.ganas(arguments("one.db", "1", &[])).expect_code(0);
    let alone = started.elapsed();
    let expected = sandbox.export("one.db");
    assert_eq!(expected.matches(r#""type":"run""#).count(), 3);
    assert_eq!(expected.matches(r#""status":"finished""#).count(), 3);
    assert_eq!(expected.matches(r#""repeat":false"#).count(), 3 * 120);

    sandbox.ganas(arguments("two.db", "2", &[])).expect_code(0);
    assert_same(&expected, &sandbox.export("two.db"), "2 threads");

    // The first moments of a process are short against a search, so that ten of these seldom reach its end.
    let mut moments = Moments(7);
    let mut killed = 0;
    let mut seen_unfinished = 0;
    for kill in 0..KILLS {
        let threads = if kill % 2 == 0 { "1" } else { "2" };
        let mut child = sandbox.spawn(arguments("killed.db", threads, &["--resume"]));
        std::thread::sleep(Duration::from_millis(10) + alone.mul_f64(0.1 * moments.next()));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
        if sandbox.path("killed.db").exists() {
            let export = sandbox.ganas(["export", "killed.db"]);
            let mut runs = export.stdout.lines().filter(|line| {
                line.contains(r#""status":"running""#) && !line.contains(r#""rounds":0,"#)
            });
            seen_unfinished += u32::from(runs.next().is_some());
        }
    }
    eprintln!("{preset}: {alone:?} alone, killed {killed} times, {seen_unfinished} times in a run");
    assert!(killed >= KILLS / 2, "the search ended after {killed} kills");
    assert!(seen_unfinished > 0, "no kill hit a run");
    sandbox
        .ganas(arguments("killed.db", "2", &["--resume"]))
        .expect_code(0);
    assert_same(&expected, &sandbox.export("killed.db"), "killed");

    // Once more changes nothing.
    sandbox
        .ganas(arguments("killed.db", "1", &["--resume"]))
        .expect_code(0);
    assert_same(
        &expected,
        &sandbox.export("killed.db"),
        "resumed when finished",
    );
}

fn assert_same(expected: &str, actual: &str, what: &str) {
    if expected == actual {
        return;
    }
    let line = expected
        .lines()
        .zip(actual.lines())
        .position(|(a, b)| a != b);
    match line {
        Some(at) => panic!(
            "{what}: line {} differs\n{}\n{}",
            at + 1,
            expected.lines().nth(at).unwrap(),
            actual.lines().nth(at).unwrap()
        ),
        None => panic!(
            "{what}: {} lines instead of {}",
            actual.lines().count(),
            expected.lines().count()
        ),
    }
}

/// Random numbers from 0 to 1: splitmix64.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let top = u32::try_from((z ^ (z >> 31)) >> 32).unwrap();
        f64::from(top) / f64::from(u32::MAX)
    }
}

fn now() -> Instant {
    Instant::now()
}

#[test]
fn a_budget_is_extended_and_gives_what_the_larger_one_gives_at_once() {
    let sandbox = Sandbox::with_table();
    let arguments = |study: &'static str, more: &[&'static str]| {
        let mut all = search(&["--algorithm", "random", "--study", study]);
        all.extend(more);
        all
    };
    for budget in ["7", "10", "20"] {
        sandbox
            .ganas(arguments("s.db", &["--budget", budget, "--resume"]))
            .expect_code(0);
    }
    // What is asked for is there already.
    sandbox
        .ganas(arguments("s.db", &["--budget", "10", "--resume"]))
        .expect_code(0);
    sandbox
        .ganas(arguments("once.db", &["--budget", "20"]))
        .expect_code(0);
    let export = |study| sandbox.ganas(["export", study]).expect_code(0).stdout;
    assert_eq!(export("s.db"), export("once.db"));
}

#[test]
fn what_is_to_be_continued_and_is_not_there_is_an_error_that_says_what_differs() {
    let sandbox = Sandbox::with_table();
    let arguments = |more: &[&'static str]| {
        let mut all = search(&["--study", "s.db", "--budget", "10"]);
        all.extend(more);
        all
    };
    sandbox
        .ganas(arguments(&["--algorithm", "random"]))
        .expect_code(0);
    sandbox
        .ganas(arguments(&["--algorithm", "local-search", "--resume"]))
        .expect_code(2)
        .expect_stderr(&[
            "the study holds no such run",
            "algorithm: \"random\" in the study, \"local-search\" now",
            "--new-run",
        ]);
    sandbox
        .ganas(arguments(&[
            "--algorithm",
            "local-search",
            "--resume",
            "--new-run",
        ]))
        .expect_code(0);
    // Of several seeds, those that were not begun begin now.
    sandbox
        .ganas(arguments(&[
            "--algorithm",
            "random",
            "--seeds",
            "0..3",
            "--resume",
        ]))
        .expect_code(0);
}
