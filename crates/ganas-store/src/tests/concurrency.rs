//! Several writers, several readers.

use std::thread;

use super::*;

#[test]
fn many_open_a_new_study_at_once() {
    let place = Place::new();
    thread::scope(|scope| {
        for seed in 0..8 {
            let path = place.path();
            scope.spawn(move || {
                let study = Study::create_or_open(path).unwrap();
                drop(begin(&study, &spec(seed), OnExisting::Refuse).unwrap());
            });
        }
    });
    assert_eq!(place.study().runs().unwrap().len(), 8);
}

#[test]
fn runs_in_threads_and_processes_do_not_disturb_each_other() {
    let sequential = Place::new();
    for seed in 0..6 {
        finish(&sequential.study(), &spec(seed));
    }
    let place = Place::new();
    let shared = place.study();
    thread::scope(|scope| {
        for seed in 0..6 {
            // Half of the writers share a handle; the others have their own, as other processes do.
            let study = if seed % 2 == 0 {
                shared.clone()
            } else {
                place.study()
            };
            scope.spawn(move || finish(&study, &spec(seed)));
        }
        let reader = Study::open_read_only(place.path()).unwrap();
        for _ in 0..20 {
            for run in reader.runs().unwrap() {
                let trials = reader.trials(run.id).unwrap();
                assert!(trials.len() >= usize::try_from(run.counts.raw).unwrap());
            }
        }
    });
    assert_eq!(json_lines(&shared), json_lines(&sequential.study()));
}

#[test]
fn the_newest_claim_of_a_run_holds() {
    let place = Place::new();
    let study = place.study();
    let other = place.study();
    let mut taken_over = false;
    let mut thief = Each(|round| {
        if round == 1 {
            resume(&other, &spec(4));
            taken_over = true;
        }
    });
    let error = search(
        &study,
        &spec(4),
        OnExisting::Refuse,
        &mut [&mut thief],
        &StopFlag::default(),
    )
    .unwrap_err();
    assert!(taken_over);
    let SearchError::Observer { source, .. } = &error else {
        panic!("{error}");
    };
    let store: &StoreError = source.downcast_ref().unwrap();
    assert!(
        matches!(store, StoreError::Conflict { seed: 4, .. }),
        "{store}"
    );
    // The loser has changed nothing: the run is as the other one left it.
    let reference = Place::new();
    finish(&reference.study(), &spec(4));
    assert_eq!(json_lines(&study), json_lines(&reference.study()));
}
