//! Killed, interrupted and damaged runs.

use super::*;
use crate::RunStatus;

/// The record of an uninterrupted run.
fn reference(seed: u64) -> String {
    let place = Place::new();
    let study = place.study();
    finish(&study, &spec(seed));
    json_lines(&study)
}

#[test]
fn a_run_killed_after_any_round_resumes_to_the_same_record() {
    let place = Place::new();
    let original = place.path();
    let copy = |round: u32| place.directory.path().join(format!("killed-{round}.db"));
    let mut copies = 0;
    let mut copier = Each(|round| {
        copy_study(&original, &copy(round));
        copies += 1;
    });
    search(
        &place.study(),
        &spec(5),
        OnExisting::Refuse,
        &mut [&mut copier],
        &StopFlag::default(),
    )
    .unwrap();
    let expected = reference(5);
    assert_eq!(json_lines(&place.study()), expected);
    assert!(copies >= 7, "{copies}");
    for round in 0..copies {
        let study = Study::open_existing(copy(round)).unwrap();
        let run = &study.runs().unwrap()[0];
        assert_eq!(
            (run.status, run.rounds),
            (RunStatus::Running, round + 1),
            "round {round}"
        );
        resume(&study, &spec(5));
        assert_eq!(json_lines(&study), expected, "killed after round {round}");
    }
}

#[test]
fn half_a_transaction_is_not_there() {
    let place = Place::new();
    let study = place.study();
    interrupt(&study, &spec(5), 3);
    let before = json_lines(&study);
    let killed = place.directory.path().join("killed.db");
    let run = the_run(&study);
    let result: Result<(), StoreError> =
        study.write(crate::study::Durability::Lazy, "be killed", |tx| {
            tx.execute("UPDATE runs SET rounds = rounds + 1", [])?;
            tx.execute("DELETE FROM trials WHERE number > 1", [])?;
            // More than the page cache holds, so that pages go to the log before the commit.
            tx.pragma_update(None, "cache_size", 1)?;
            for number in 1000..20_000 {
                tx.execute(
                "INSERT INTO trials VALUES (?1, ?2, 3, 1, 'arch', 0, 'failed', NULL, NULL, 'x', 0)",
                (run.0, number),
            )?;
            }
            copy_study(study.path(), &killed);
            Err(study.damaged("nothing".into(), "rolled back").into())
        });
    assert!(result.is_err());
    assert_eq!(json_lines(&study), before);
    let copy = Study::open_existing(&killed).unwrap();
    assert_eq!(json_lines(&copy), before);
    resume(&copy, &spec(5));
    assert_eq!(json_lines(&copy), reference(5));
}

#[test]
fn interruptions_do_not_change_the_record_and_time_adds_up() {
    let place = Place::new();
    let study = place.study();
    interrupt(&study, &spec(5), 2);
    let run = study.run(the_run(&study)).unwrap();
    assert_eq!(run.status, RunStatus::Interrupted);
    assert_eq!(run.stop, Some(ganas_search::StopReason::Interrupted));
    assert_eq!(run.rounds, 2);
    resume(&study, &spec(5));
    let run = study.run(run.id).unwrap();
    assert_eq!(run.status, RunStatus::Finished);
    assert_eq!(run.counts.unique, 30);
    assert!((run.wall_s - 0.5).abs() < 1e-12, "{}", run.wall_s);
    assert_eq!(json_lines(&study), reference(5));
}

#[test]
fn a_run_that_ends_in_an_error_is_interrupted() {
    struct Failing;
    impl Observer for Failing {
        fn name(&self) -> &'static str {
            "failing"
        }
        fn on_round(
            &mut self,
            _round: &ganas_search::RoundReport<'_>,
        ) -> Result<(), ganas_search::ObserverError> {
            Err("no".into())
        }
        fn on_finish(&mut self, _outcome: &RunOutcome) -> Result<(), ganas_search::ObserverError> {
            Ok(())
        }
    }
    let place = Place::new();
    let study = place.study();
    let stop = StopFlag::default();
    let result = search(
        &study,
        &spec(5),
        OnExisting::Refuse,
        &mut [&mut Failing],
        &stop,
    );
    assert!(result.is_err());
    let run = study.run(the_run(&study)).unwrap();
    assert_eq!(
        (run.status, run.stop, run.rounds),
        (RunStatus::Interrupted, None, 1)
    );
    resume(&study, &spec(5));
    assert_eq!(json_lines(&study), reference(5));
}

#[test]
fn a_finished_run_keeps_no_checkpoint() {
    let place = Place::new();
    let study = place.study();
    let count = || -> u32 {
        study
            .lock()
            .query_row("SELECT count(*) FROM checkpoints", [], |row| row.get(0))
            .unwrap()
    };
    interrupt(&study, &spec(5), 2);
    assert_eq!(count(), 1);
    resume(&study, &spec(5));
    assert_eq!(count(), 0);
}

#[test]
fn a_run_without_its_checkpoint_is_computed_again() {
    let place = Place::new();
    let study = place.study();
    interrupt(&study, &spec(5), 2);
    study.lock().execute("DELETE FROM checkpoints", []).unwrap();
    resume(&study, &spec(5));
    assert_eq!(json_lines(&study), reference(5));
}

#[test]
fn damage_is_found_before_it_is_resumed() {
    for (sql, expected) in [
        (
            "UPDATE checkpoints SET state = x'00'",
            "the checkpoint of the run with seed 5",
        ),
        (
            "UPDATE checkpoints SET round = 2",
            "it is of round 2, expected one before 2",
        ),
        (
            "UPDATE classes SET key = unhex(printf('%032x', 15999))
             WHERE class = (SELECT class FROM trials WHERE number = 3)",
            "trial 3 of the run with seed 5: `|",
        ),
        (
            "UPDATE classes SET arch = '|what|'
             WHERE class = (SELECT class FROM trials WHERE number = 3)",
            "trial 3 of the run with seed 5",
        ),
        (
            "UPDATE trials SET arch = '|what|' WHERE number = 3",
            "trial 3 of the run with seed 5",
        ),
        (
            "DELETE FROM trials WHERE number = 7",
            "7 trials, expected 8",
        ),
        ("UPDATE runs SET spec = '{}'", "missing field `version`"),
    ] {
        // As a byte that was changed, and as a program that also knows of checksums would have written it.
        for resealed in [false, true] {
            check_damage(sql, expected, resealed);
        }
    }
}

fn check_damage(sql: &str, expected: &str, resealed: bool) {
    {
        let place = Place::new();
        let study = place.study();
        interrupt(&study, &spec(5), 2);
        assert_eq!(study.lock().execute(sql, []).unwrap(), 1, "{sql}");
        if resealed {
            crate::schema::reseal_everything(&study.lock(), study.id().unwrap()).unwrap();
        }
        let error = begin(&study, &spec(5), OnExisting::Resume).unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::Damaged { .. } | StoreError::DamagedCheckpoint { .. }
            ),
            "{sql}: {error}"
        );
        let text = error.to_string();
        if resealed {
            assert!(text.contains(expected), "{sql}: {text}");
        } else {
            assert!(
                text.contains("seed 5") || text.contains("run 1"),
                "{sql}: {text}"
            );
        }
    }
}
