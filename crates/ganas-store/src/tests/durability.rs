//! What survives a power failure: as many syncs as promises.

use super::*;
use crate::file::Journal;
use crate::study::Durability;

fn synchronous(study: &Study, durability: Durability) -> i64 {
    study
        .write(durability, "ask", |tx| {
            Ok(tx.pragma_query_value(None, "synchronous", |row| row.get(0))?)
        })
        .unwrap()
}

#[test]
fn promises_are_synced_and_the_rest_is_not() {
    const NORMAL: i64 = 1;
    const FULL: i64 = 2;
    let place = Place::new();
    let study = place.study();
    assert_eq!(study.journal(), Journal::WriteAhead);
    for (durability, expected) in [
        (Durability::Promised, FULL),
        (Durability::Lazy, NORMAL),
        (Durability::Promised, FULL),
    ] {
        assert_eq!(synchronous(&study, durability), expected);
    }
}

/// A power failure right after a promise: what was written to the disk by then is there, whatever was not synced since.
#[test]
fn what_is_kept_is_in_the_log_when_it_was_promised() {
    let place = Place::new();
    let study = place.study();
    let Begun::Fresh(claim) = begin(&study, &spec(1), OnExisting::Refuse).unwrap() else {
        panic!("the study is new");
    };
    let evaluator = MadeUp::new();
    let remembered = claim
        .remember(&evaluator, &evaluator_spec(), space())
        .unwrap();
    for seed in 0..5_u64 {
        let arch = RandomSearch::new(space(), seed).ask(1).unwrap();
        let _ = remembered.evaluate(Query::new(&*space(), &arch[0].arch));
        let after = Place::new();
        copy_study(&place.path(), &after.path());
        let kept: i64 = after
            .study()
            .lock()
            .query_row("SELECT count(*) FROM outcomes", [], |row| row.get(0))
            .unwrap();
        assert_eq!(u64::try_from(kept), Ok(seed + 1));
    }
}
