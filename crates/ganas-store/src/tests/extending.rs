//! Runs that go on: with a larger budget, after a kill, and after an early end.

use std::num::NonZeroU32;

use ganas_eval::EvalError;
use ganas_search::{StopReason, Until};

use super::remembered::{Limited, finish_costly, session_of};
use super::*;
use crate::RunStatus;

fn paces() -> [Pace; 3] {
    let window = |n| Pace::Window(NonZeroU32::new(n).unwrap());
    [Pace::Rounds, window(1), window(5)]
}

fn with_budget(spec: &RunSpec, unique: u32) -> RunSpec {
    RunSpec {
        budget: Budget::unique(unique).unwrap(),
        ..spec.clone()
    }
}

/// Goes through these budgets in turn, with an evaluator whose evaluations are kept; returns how many were made.
fn extend_costly(study: &Study, whole: &RunSpec, budgets: &[u32]) -> usize {
    let mut n_asked = 0;
    for &budget in budgets {
        let evaluator = Limited::new(100, || EvalError::Interrupted);
        let spec = with_budget(whole, budget);
        session_of(study, &evaluator, &spec, OnExisting::Resume).unwrap();
        n_asked += evaluator.asked.into_inner().unwrap().len();
    }
    n_asked
}

#[test]
fn costly_evaluations_are_not_made_again_by_a_longer_run() {
    for pace in paces() {
        let whole = RunSpec { pace, ..spec(8) };
        let reference = Place::new();
        finish_costly(&reference.study(), &whole);
        let expected = json_lines(&reference.study());
        for budget in 1..30 {
            let place = Place::new();
            let study = place.study();
            assert_eq!(extend_costly(&study, &whole, &[budget, 30]), 30);
            assert!(json_lines(&study) == expected, "{pace:?}, {budget}");
            assert_eq!(study.runs().unwrap().len(), 1);
        }
        // Several times.
        let place = Place::new();
        let study = place.study();
        assert_eq!(extend_costly(&study, &whole, &[2, 5, 6, 17, 30]), 30);
        assert!(json_lines(&study) == expected, "{pace:?}");
    }
}

#[test]
fn cheap_runs_are_computed_again_by_a_longer_run() {
    for pace in paces() {
        let whole = RunSpec { pace, ..spec(8) };
        let reference = Place::new();
        finish(&reference.study(), &whole);
        let expected = json_lines(&reference.study());
        for budget in 1..30 {
            let place = Place::new();
            let study = place.study();
            let part = with_budget(&whole, budget);
            finish(&study, &part);
            resume(&study, &whole);
            assert!(json_lines(&study) == expected, "{pace:?}, {budget}");
            // A smaller budget than was spent leaves all as it is.
            let begun = begin(&study, &part, OnExisting::Resume).unwrap();
            assert!(matches!(begun, Begun::Finished(_)), "{begun:?}");
            assert!(json_lines(&study) == expected);
        }
    }
}

#[test]
fn a_costly_run_that_is_killed_after_any_round_goes_on_to_the_same_record() {
    for pace in paces() {
        let whole = RunSpec { pace, ..spec(8) };
        let place = Place::new();
        let study = place.study();
        let copy = |round: u32| place.directory.path().join(format!("killed-{round}.db"));
        let mut rounds = 0;
        let Begun::Fresh(claim) = begin(&study, &whole, OnExisting::Refuse).unwrap() else {
            panic!("the study is new");
        };
        let evaluator = Limited::new(100, || EvalError::Interrupted);
        let remembered = claim
            .remember(&evaluator, &evaluator_spec(), space())
            .unwrap();
        let mut writer = claim
            .writer(space(), || Duration::from_millis(250))
            .costly();
        let mut copier = Each(|round| {
            copy_study(study.path(), &copy(round));
            rounds += 1;
        });
        let mut searcher = Measured {
            inner: RandomSearch::new(space(), whole.seed),
            told: 0,
        };
        Run::new(&*space(), &mut searcher, &remembered, whole.budget)
            .pace(whole.pace)
            .observe(&mut writer)
            .observe(&mut copier)
            .run()
            .unwrap();
        let expected = json_lines(&study);
        for round in 0..rounds {
            let study = Study::open_existing(copy(round)).unwrap();
            let evaluator = Limited::new(100, || EvalError::Interrupted);
            session_of(&study, &evaluator, &whole, OnExisting::Resume).unwrap();
            let now = evaluator.asked.into_inner().unwrap().len();
            let told = study.runs().unwrap()[0].counts.unique;
            assert_eq!(told, 30);
            assert!(now < 30, "{pace:?}: {now} after round {round}");
            assert!(json_lines(&study) == expected, "{pace:?}, round {round}");
        }
    }
}

/// Searches until there is a reason to end early.
fn search_until(study: &Study, spec: &RunSpec, until: Until, stop: &StopFlag) -> RunOutcome {
    let (claim, resume) = match begin(study, spec, OnExisting::Resume).unwrap() {
        Begun::Fresh(claim) => (claim, None),
        Begun::Resume(claim, point) => (claim, Some(point)),
        Begun::Finished(run) => panic!("run {run} has ended"),
    };
    let evaluator = MadeUp::new();
    let remembered = claim
        .remember(&evaluator, &evaluator_spec(), space())
        .unwrap();
    let mut writer = claim
        .writer(space(), || Duration::from_millis(250))
        .costly();
    let mut searcher = Measured {
        inner: RandomSearch::new(space(), spec.seed),
        told: 0,
    };
    Run::new(&*space(), &mut searcher, &remembered, spec.budget)
        .pace(spec.pace)
        .until(until)
        .resume(resume)
        .observe(&mut writer)
        .stop(stop)
        .run()
        .unwrap()
}

#[test]
fn an_early_end_is_recorded_and_gone_on_from() {
    let target = Until {
        target: Some(1.0),
        ..Until::default()
    };
    let patience = Until {
        patience: NonZeroU32::new(3),
        ..Until::default()
    };
    let ends = [
        (target, StopReason::TargetReached, "target_reached"),
        (patience, StopReason::NoImprovement, "no_improvement"),
    ];
    for pace in paces() {
        let whole = RunSpec { pace, ..spec(8) };
        let reference = Place::new();
        finish_costly(&reference.study(), &whole);
        for (until, stop, text) in ends {
            let place = Place::new();
            let study = place.study();
            let outcome = search_until(&study, &whole, until, &StopFlag::default());
            assert_eq!(outcome.stop, stop);
            let run = &study.runs().unwrap()[0];
            assert_eq!((run.status, run.stop), (RunStatus::Finished, Some(stop)));
            let lines = json_lines(&study);
            let header: serde_json::Value =
                serde_json::from_str(lines.lines().next().unwrap()).unwrap();
            assert_eq!(header["stop"], text);
            // Once more to the same end changes nothing.
            search_until(&study, &whole, until, &StopFlag::default());
            assert_eq!(json_lines(&study), lines);
            search_until(&study, &whole, Until::default(), &StopFlag::default());
            assert_eq!(json_lines(&study), json_lines(&reference.study()));
            let endings: u32 = study
                .lock()
                .query_row("SELECT count(*) FROM endings", [], |row| row.get(0))
                .unwrap();
            assert_eq!(endings, 0);
        }
    }
}

#[test]
fn a_run_whose_time_is_over_can_be_resumed() {
    let place = Place::new();
    let study = place.study();
    let stop = StopFlag::default();
    stop.time_is_over();
    let outcome = search_until(&study, &spec(8), Until::default(), &stop);
    assert_eq!(outcome.stop, StopReason::TimeSpent);
    let run = &study.runs().unwrap()[0];
    assert_eq!(
        (run.status, run.stop),
        (RunStatus::Interrupted, Some(StopReason::TimeSpent))
    );
    search_until(&study, &spec(8), Until::default(), &StopFlag::default());
    let reference = Place::new();
    finish_costly(&reference.study(), &spec(8));
    assert_eq!(json_lines(&study), json_lines(&reference.study()));
}
