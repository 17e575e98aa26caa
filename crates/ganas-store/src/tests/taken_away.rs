//! Studies that are removed, renamed or replaced while a run is written to them.

use std::fs;

use super::*;

/// Searches, and does something to the file after so many rounds; the error of the search.
fn disturb(place: &Place, spec: &RunSpec, disturbance: impl Fn()) -> String {
    let study = place.study();
    let mut disturber = Each(|round| {
        if round == 2 {
            disturbance();
        }
    });
    let result = search(
        &study,
        spec,
        OnExisting::Refuse,
        &mut [&mut disturber],
        &StopFlag::default(),
    );
    let error: Box<dyn std::error::Error> = Box::new(result.unwrap_err());
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    // Whatever is tried with it later has the same answer, and no second copy.
    assert!(matches!(
        begin(&study, &super::spec(99), OnExisting::Refuse),
        Err(StoreError::Gone { .. })
    ));
    text
}

/// The copy has all rounds that were recorded, with the one that was being recorded, and can be continued.
fn check_copy(copy: &Path, spec: &RunSpec) {
    let study = Study::open_existing(copy).unwrap();
    let run = &study.runs().unwrap()[0];
    assert_eq!(run.rounds, 4);
    resume(&study, spec);
    let reference = Place::new();
    finish(&reference.study(), spec);
    assert_eq!(json_lines(&study), json_lines(&reference.study()));
}

#[test]
fn a_removed_study_is_noticed_and_rescued() {
    let place = Place::new();
    let error = disturb(&place, &spec(5), || fs::remove_file(place.path()).unwrap());
    assert!(error.contains("it was removed or renamed"), "{error}");
    assert!(error.contains("study.rescued-1.db"), "{error}");
    check_copy(&place.directory.path().join("study.rescued-1.db"), &spec(5));
}

#[test]
fn a_renamed_study_is_noticed_and_rescued() {
    let place = Place::new();
    fs::write(place.directory.path().join("study.rescued-1.db"), "mine").unwrap();
    let error = disturb(&place, &spec(5), || {
        fs::rename(place.path(), place.directory.path().join("elsewhere.db")).unwrap();
    });
    assert!(error.contains("it was removed or renamed"), "{error}");
    // A name that no file has.
    check_copy(&place.directory.path().join("study.rescued-2.db"), &spec(5));
    let mine = fs::read(place.directory.path().join("study.rescued-1.db")).unwrap();
    assert_eq!(mine, b"mine");
}

#[test]
fn a_study_that_another_one_replaces_is_noticed_and_rescued() {
    let other = Place::new();
    finish(&other.study(), &spec(7));
    let expected = json_lines(&other.study());
    let place = Place::new();
    let new = place.directory.path().join("new.db");
    fs::copy(other.path(), &new).unwrap();
    let error = disturb(&place, &spec(5), || fs::rename(&new, place.path()).unwrap());
    assert!(
        error.contains("another file was put in its place"),
        "{error}"
    );
    check_copy(&place.directory.path().join("study.rescued-1.db"), &spec(5));
    // The log of the study that is gone lies beside the new one, and is not applied to it.
    let mut log = place.path().into_os_string();
    log.push("-wal");
    if Path::new(&log).exists() {
        let error = Study::create_or_open(place.path()).unwrap_err();
        assert!(matches!(error, StoreError::StrayLog { .. }), "{error}");
        fs::remove_file(log).unwrap();
    }
    assert_eq!(json_lines(&place.study()), expected);
}

#[test]
fn a_study_that_garbage_replaces_is_noticed_and_rescued() {
    let place = Place::new();
    let garbage = place.directory.path().join("garbage");
    fs::write(&garbage, "garbage".repeat(3000)).unwrap();
    let error = disturb(&place, &spec(5), || {
        fs::rename(&garbage, place.path()).unwrap();
    });
    assert!(
        error.contains("another file was put in its place"),
        "{error}"
    );
    check_copy(&place.directory.path().join("study.rescued-1.db"), &spec(5));
    assert!(
        fs::read_to_string(place.path())
            .unwrap()
            .starts_with("garbage")
    );
}

/// Written over in place: the pages of the study are gone with it, but nobody is told otherwise.
#[test]
fn a_study_that_is_written_over_is_noticed() {
    let other = Place::new();
    finish(&other.study(), &spec(7));
    for bytes in [
        "garbage".repeat(3000).into_bytes(),
        fs::read(other.path()).unwrap(),
        Vec::new(),
    ] {
        let place = Place::new();
        let error = disturb(&place, &spec(5), || {
            fs::write(place.path(), &bytes).unwrap()
        });
        assert!(error.contains("overwritten with something else"), "{error}");
        // Not touched any more, neither then nor when it was closed.
        assert!(fs::read(place.path()).unwrap() == bytes);
    }
}

#[test]
fn a_study_whose_folder_is_gone_is_rescued_into_the_current_one() {
    let place = Place::new();
    let folder = place.directory.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let name = format!("gone-{}.db", std::process::id());
    let path = folder.join(&name);
    let study = Study::create_or_open(&path).unwrap();
    interrupt(&study, &spec(5), 4);
    fs::remove_dir_all(&folder).unwrap();
    let error = begin(&study, &spec(6), OnExisting::Refuse).unwrap_err();
    assert!(
        error.to_string().contains("its folder was removed"),
        "{error}"
    );
    let StoreError::Gone {
        copy: Some(copy), ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(copy.parent(), Some(Path::new(".")));
    let seeds: Vec<u64> = Study::open_read_only(&copy)
        .map(|s| s.runs().unwrap().iter().map(|r| r.spec.seed).collect())
        .unwrap();
    fs::remove_file(&copy).unwrap();
    assert_eq!(seeds.len(), 2);
}
