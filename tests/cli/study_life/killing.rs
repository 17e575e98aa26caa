//! SIGKILL at random moments: nothing that was kept is evaluated again, and the record is that of an undisturbed run.
//!
//! A moment is a number of lines that the workers have written, not a time.

use std::collections::BTreeSet;
use std::process::{Child, Command};
use std::time::Duration;

use ganas_store::Study;

use super::Life;

/// How often each search is killed.
const KILLS: u32 = 10;

/// Kills a search again and again, and compares it with one that is left alone. `stages` are the words that it is resumed
/// with in turn, each once the one before has ended.
fn check(life: &Life, seed: u64, stages: &[&str]) {
    let last = stages.last().unwrap();
    life.search(&format!("--study alone.db {last}"))
        .expect_code(0);
    let expected = life.sandbox.export("alone.db");
    life.forget();

    let mut moments = Moments(seed);
    let mut kills = 0;
    let mut kept = BTreeSet::new();
    for stage in stages {
        let words = format!("--study killed.db --resume {stage}");
        loop {
            let before = evaluations(life).len();
            let was_killed = kills < KILLS && killed(life, &words, moments.next());
            if kills == KILLS {
                life.search(&words).expect_code(0);
            }
            check_not_repeated(life, before, &kept);
            kept = kept_evaluations(life);
            if !was_killed {
                break;
            }
            kills += 1;
        }
    }
    eprintln!("{stages:?}: killed {kills} times");
    assert_eq!(kills, KILLS, "the search ended too early");
    assert_eq!(expected, life.sandbox.export("killed.db"), "{stages:?}");
}

/// Runs a search until its workers have finished so many evaluations more, kills it, and waits until all of its processes are
/// gone. Whether it was killed; else it has ended.
fn killed(life: &Life, words: &str, evaluations: usize) -> bool {
    let finished = || super::first_words(&life.sandbox, "finished.txt").len();
    let enough = finished() + evaluations;
    let mut child = life.sandbox.spawn(life.arguments(words));
    let ended = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if finished() >= enough {
            break None;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    if let Some(status) = ended {
        assert!(status.success(), "{words}: {status}");
        return false;
    }
    kill(&mut child);
    // They see the end of their stdin, or are killed by the guard.
    let folder = life.sandbox.path("");
    let folder = folder.canonicalize().unwrap();
    let mut polls = 0;
    while !processes_in(&folder).is_empty() {
        polls += 1;
        assert!(polls < 60_000, "orphans: {:?}", processes_in(&folder));
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The processes that work in a folder.
fn processes_in(folder: &std::path::Path) -> Vec<u32> {
    let listed = Command::new("ps").args(["-eo", "pid="]).output().unwrap();
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let ids = text.split_whitespace().filter_map(|id| id.parse().ok());
    ids.filter(|id: &u32| {
        std::fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|works_in| works_in == folder)
    })
    .collect()
}

/// What was begun, in that order: classes with their fidelities.
fn evaluations(life: &Life) -> Vec<String> {
    let text = std::fs::read_to_string(life.sandbox.path("begun.txt")).unwrap_or_default();
    let of_line = |line: &str| {
        let mut words = line.split_whitespace();
        let (key, fidelity) = (words.next()?, words.nth(1)?);
        Some(format!("{key} {fidelity}"))
    };
    text.lines().filter_map(of_line).collect()
}

/// The evaluations that the study has, those that were stopped early included.
fn kept_evaluations(life: &Life) -> BTreeSet<String> {
    let path = life.sandbox.path("killed.db");
    if !path.exists() {
        return BTreeSet::new();
    }
    let Ok(study) = Study::open_existing(&path) else {
        // It was killed while it made the file.
        return BTreeSet::new();
    };
    let mut kept = BTreeSet::new();
    for (spec, of) in study.evaluators().unwrap() {
        let fidelity = serde_json::to_string(&spec.fidelity).unwrap();
        let ids = of.all().unwrap().into_keys();
        for id in ids.chain(of.stopped().unwrap()) {
            kept.insert(format!("{} {fidelity}", id.key));
        }
    }
    kept
}

/// Fails when something was begun again that was kept.
fn check_not_repeated(life: &Life, before: usize, kept: &BTreeSet<String>) {
    for evaluation in &evaluations(life)[before..] {
        let was_kept = kept.contains(evaluation);
        assert!(!was_kept, "{evaluation} was kept, and begun again");
    }
}

fn life() -> Life {
    Life::with("finished=finished.txt delay_ms=5")
}

#[test]
fn killed_while_it_is_extended() {
    let words = "--algorithm random --workers 2 --budget";
    let stages = [5, 12, 30, 80].map(|budget| format!("{words} {budget}"));
    check(&life(), 1, &stages.each_ref().map(String::as_str));
}

#[test]
fn killed_with_a_window() {
    let words = "--algorithm local-search --window 3 --workers 3 --budget 80";
    check(&life(), 2, &[words]);
}

#[test]
fn killed_with_a_warm_start() {
    let life = life();
    life.search("--study known.db --algorithm random --budget 10 --seeds 9")
        .expect_code(0);
    life.forget();
    let words = "--algorithm local-search --warm-start known.db --workers 2 --budget 75";
    check(&life, 3, &[words]);
}

#[test]
fn killed_before_its_target_and_after_it() {
    let life = life();
    // A seed with which the best of all classes is found late.
    let words = "--study all.db --algorithm random --budget 91";
    let late = (0..30).find_map(|seed| {
        let ended = life.search(&format!("{words} --seeds {seed} --json"));
        let run = &ended.expect_code(0).json()["runs"][0];
        let at = run["queries_to_best"].as_u64().unwrap();
        (at > 60).then(|| (seed, run["best"]["search"].as_f64().unwrap()))
    });
    let (seed, target) = late.unwrap();
    life.forget();
    let words = format!("--algorithm random --window 2 --workers 2 --budget 91 --seeds {seed}");
    let until = format!("{words} --target {target}");
    check(&life, 4, &[&until]);
    // And goes on from there.
    life.search(&format!("--study killed.db --resume {words}"))
        .expect_code(0);
    life.search(&format!("--study alone.db --resume {words}"))
        .expect_code(0);
    assert_eq!(
        life.sandbox.export("killed.db"),
        life.sandbox.export("alone.db")
    );
}

#[test]
fn killed_with_rungs() {
    let life = Life::with("finished=finished.txt delay_ms=5 fidelities=1,3,9");
    let words = "--algorithm random --rungs epochs=1,3,9 --window 4 --workers 3 --budget 60";
    check(&life, 5, &[words]);
}

#[test]
fn killed_with_trainings_that_are_stopped_early() {
    let life = Life::with("finished=finished.txt delay_ms=5 steps=4");
    let words =
        "--algorithm random --stop-below 0.5 --stop-startup 3 --window 3 --workers 3 --budget 80";
    check(&life, 6, &[words]);
    let trials = life.trials("alone.db");
    let stopped = trials.iter().filter(|trial| trial["state"] == "stopped");
    assert!(stopped.count() > 10);
}

/// Numbers of evaluations from 1 to 3: splitmix64.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % 3).unwrap() + 1
    }
}
