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
fn one_process_at_a_time_works_on_a_run() {
    let place = Place::new();
    let study = place.study();
    let other = place.study();
    let mut refused = 0;
    let mut second = Each(|_| {
        let error = begin(&other, &spec(4), OnExisting::Resume).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, StoreError::Busy { seed: 4, .. }), "{text}");
        assert!(text.contains("process 42 on host"), "{text}");
        // Other runs of the study are free.
        drop(begin(&other, &spec(5), OnExisting::Resume).unwrap());
        refused += 1;
    });
    let stop = StopFlag::default();
    search(
        &study,
        &spec(4),
        OnExisting::Refuse,
        &mut [&mut second],
        &stop,
    )
    .unwrap();
    assert!(refused > 3);
    let files = std::fs::read_dir(place.directory.path()).unwrap();
    let locks = files.filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        name.to_string_lossy().contains("lock")
    });
    assert_eq!(locks.count(), 0, "nothing is left of them");
}

#[test]
fn a_lock_that_a_killed_process_left_is_no_obstacle() {
    let place = Place::new();
    let study = place.study();
    std::fs::write(
        place.directory.path().join("study.db.run-1.lock"),
        "process 7",
    )
    .unwrap();
    finish(&study, &spec(4));
}
