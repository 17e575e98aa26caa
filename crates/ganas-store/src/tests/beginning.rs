//! Which run is new, which is continued, which is refused.

use super::*;
use crate::RunStatus;

#[test]
fn a_run_that_exists_is_refused_or_resumed() {
    let place = Place::new();
    let study = place.study();
    interrupt(&study, &spec(7), 2);
    let error = begin(&study, &spec(7), OnExisting::Refuse).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::RunExists {
                seed: 7,
                status: RunStatus::Interrupted,
                rounds: 2,
                ..
            }
        ),
        "{error}"
    );
    let text = error.to_string();
    assert!(
        text.contains("seed 7") && text.contains("--resume"),
        "{text}"
    );

    resume(&study, &spec(7));
    let error = begin(&study, &spec(7), OnExisting::Refuse).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::RunExists {
                status: RunStatus::Finished,
                ..
            }
        ),
        "{error}"
    );
    let begun = begin(&study, &spec(7), OnExisting::Resume).unwrap();
    assert!(
        matches!(begun, Begun::Finished(run) if run == the_run(&study)),
        "{begun:?}"
    );
}

#[test]
fn a_run_without_rounds_starts_again() {
    let place = Place::new();
    let study = place.study();
    drop(begin(&study, &spec(0), OnExisting::Refuse).unwrap());
    assert!(matches!(
        begin(&study, &spec(0), OnExisting::Refuse),
        Err(StoreError::RunExists { rounds: 0, .. })
    ));
    assert!(matches!(
        begin(&study, &spec(0), OnExisting::Resume),
        Ok(Begun::Fresh(_))
    ));
    resume(&study, &spec(0));
    assert_eq!(study.sessions(the_run(&study)).unwrap().len(), 3);
}

#[test]
fn a_study_holds_several_experiments() {
    let place = Place::new();
    let study = place.study();
    let changes: [fn(&mut RunSpec); 6] = [
        |_| {},
        |s| s.config = "{}".into(),
        |s| s.pace = Pace::Window(std::num::NonZeroU32::MIN),
        |s| s.table_sha256 = "cd".repeat(32),
        |s| s.protocol.report = "test2".into(),
        |s| s.seed = u64::MAX,
    ];
    for change in changes {
        let mut spec = spec(1);
        change(&mut spec);
        finish(&study, &spec);
    }
    let runs = study.runs().unwrap();
    assert_eq!(runs.len(), 6);
    assert!(runs.iter().any(|run| run.spec.seed == u64::MAX));
    for run in runs {
        assert_eq!(study.run(run.id).unwrap(), run);
    }
}

fn on_device(seed: u64) -> RunSpec {
    RunSpec {
        device: "cpu-f32 aarch64 neon".into(),
        ..spec(seed)
    }
}

fn of_version(seed: u64) -> RunSpec {
    RunSpec {
        version: "0.2.0".into(),
        ..spec(seed)
    }
}

#[test]
fn another_device_resumes_and_is_listed_as_a_session() {
    let place = Place::new();
    let study = place.study();
    interrupt(&study, &spec(3), 2);
    let error = begin(&study, &on_device(3), OnExisting::Refuse).unwrap_err();
    assert!(matches!(error, StoreError::OtherDevice { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("avx2") && text.contains("neon"), "{text}");

    resume(&study, &on_device(3));
    let run = &study.runs().unwrap()[0];
    assert_eq!(run.spec, spec(3), "the record keeps the spec of the start");
    let devices: Vec<String> = study
        .sessions(run.id)
        .unwrap()
        .into_iter()
        .map(|session| session.device)
        .collect();
    assert_eq!(devices, [spec(3).device, on_device(3).device]);

    // The finished run counts for a resumed comparison, and does not stand in the way of a new one.
    assert!(matches!(
        begin(&study, &on_device(3), OnExisting::Resume),
        Ok(Begun::Finished(_))
    ));
    finish(&study, &on_device(3));
    assert_eq!(study.runs().unwrap().len(), 2);
}

#[test]
fn another_version_cannot_resume() {
    let place = Place::new();
    let study = place.study();
    interrupt(&study, &spec(3), 2);
    for on_existing in [OnExisting::Refuse, OnExisting::Resume] {
        let error = begin(&study, &of_version(3), on_existing).unwrap_err();
        assert!(matches!(error, StoreError::OtherVersion { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("started by ganas 0.1.0; this is ganas 0.2.0"),
            "{text}"
        );
    }
    resume(&study, &spec(3));
    finish(&study, &of_version(3));
    assert_eq!(study.runs().unwrap().len(), 2);
}

#[test]
fn the_space_must_be_that_of_the_spec() {
    let place = Place::new();
    let wrong = RunSpec {
        space: "other".into(),
        ..spec(0)
    };
    let result = begin(&place.study(), &wrong, OnExisting::Refuse);
    assert!(
        matches!(result, Err(StoreError::WrongSpace { .. })),
        "{result:?}"
    );
}

#[test]
fn an_unknown_run_is_an_error() {
    let place = Place::new();
    let result = place.study().run(RunId(9));
    assert!(
        matches!(result, Err(StoreError::UnknownRun { .. })),
        "{result:?}"
    );
}
