//! Opening files that are, or are not, studies.

use std::fs;

use rusqlite::Connection;

use super::*;
use crate::schema::APPLICATION_ID;

#[test]
fn a_new_study_has_the_identity_and_no_runs() {
    let place = Place::new();
    let study = place.study();
    assert_eq!(study.path(), place.path());
    assert_eq!(study.runs().unwrap(), []);
    drop(study);
    let raw = Connection::open(place.path()).unwrap();
    let id: u32 = raw
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .unwrap();
    assert_eq!(id, APPLICATION_ID);
    assert_eq!(&fs::read(place.path()).unwrap()[68..72], b"gana");
    let mode: String = raw
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    Study::open_existing(place.path()).unwrap();
    Study::open_read_only(place.path()).unwrap();
}

#[test]
fn an_empty_file_becomes_a_study() {
    let place = Place::new();
    fs::write(place.path(), "").unwrap();
    assert!(matches!(
        Study::open_read_only(place.path()),
        Err(StoreError::NotAStudy { .. })
    ));
    finish(&place.study(), &spec(0));
}

#[test]
fn a_missing_directory_is_named() {
    let place = Place::new();
    let path = place.directory.path().join("missing/study.db");
    let error = Study::create_or_open(&path).unwrap_err();
    assert!(matches!(&error, StoreError::NoDirectory { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("missing does not exist"), "{text}");
}

#[test]
fn a_missing_study_is_not_created_by_a_reader() {
    let place = Place::new();
    for result in [
        Study::open_existing(place.path()),
        Study::open_read_only(place.path()),
    ] {
        assert!(
            matches!(result, Err(StoreError::NotFound { .. })),
            "{result:?}"
        );
    }
    assert!(!place.path().exists());
}

#[test]
fn a_directory_is_unwritable() {
    let place = Place::new();
    let error = Study::create_or_open(place.directory.path()).unwrap_err();
    assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
}

#[test]
fn a_read_only_file_is_unwritable_but_readable() {
    let place = Place::new();
    finish(&place.study(), &spec(0));
    let expected = json_lines(&place.study());
    let directory = place.directory.path();
    let set_read_only = |read_only: bool| {
        for path in [place.path(), directory.to_owned()] {
            let mut permissions = fs::metadata(&path).unwrap().permissions();
            permissions.set_readonly(read_only);
            fs::set_permissions(&path, permissions).unwrap();
        }
    };
    set_read_only(true);
    let privileged = fs::write(directory.join("probe"), "").is_ok();
    let (create, existing) = (
        Study::create_or_open(place.path()),
        Study::open_existing(place.path()),
    );
    let read = Study::open_read_only(place.path()).map(|study| json_lines(&study));
    set_read_only(false);
    if privileged {
        println!("skipped: this user may write read-only files");
        return;
    }
    for result in [create, existing] {
        assert!(
            matches!(result, Err(StoreError::Unwritable { .. })),
            "{result:?}"
        );
    }
    assert_eq!(read.unwrap(), expected);
}

#[test]
fn an_immutable_reader_reads_the_same() {
    let place = Place::new();
    finish(&place.study(), &spec(0));
    let expected = json_lines(&place.study());
    // A name that must be escaped in a URI.
    let path = place.directory.path().join("100% of a? study#1.db");
    fs::copy(place.path(), &path).unwrap();
    let connection = crate::file::connect_immutable(&path).unwrap();
    let n: u32 = connection
        .query_row("SELECT count(*) FROM trials", [], |row| row.get(0))
        .unwrap();
    let trials = expected
        .lines()
        .filter(|l| l.contains(r#""type":"trial""#))
        .count();
    assert_eq!(usize::try_from(n).unwrap(), trials);
}

#[test]
fn a_reader_cannot_write() {
    let place = Place::new();
    drop(place.study());
    let reader = Study::open_read_only(place.path()).unwrap();
    let error = begin(&reader, &spec(0), OnExisting::Refuse).unwrap_err();
    assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
}

#[test]
fn other_files_are_recognised_and_left_alone() {
    let place = Place::new();
    let text = "seed,accuracy\n".repeat(100);
    fs::write(place.path(), &text).unwrap();
    let open: [fn(PathBuf) -> Result<Study, StoreError>; 3] = [
        Study::create_or_open,
        Study::open_existing,
        Study::open_read_only,
    ];
    for open in open {
        let result = open(place.path());
        assert!(
            matches!(result, Err(StoreError::NotADatabase { .. })),
            "{result:?}"
        );
    }
    assert_eq!(fs::read_to_string(place.path()).unwrap(), text);

    fs::remove_file(place.path()).unwrap();
    let other = Connection::open(place.path()).unwrap();
    other.execute_batch("CREATE TABLE other (x)").unwrap();
    drop(other);
    let bytes = fs::read(place.path()).unwrap();
    for open in open {
        let error = open(place.path()).unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::NotAStudy {
                    application_id: 0,
                    ..
                }
            ),
            "{error}"
        );
    }
    assert_eq!(fs::read(place.path()).unwrap(), bytes);
}

#[test]
fn another_format_is_refused() {
    let place = Place::new();
    drop(place.study());
    let raw = Connection::open(place.path()).unwrap();
    raw.pragma_update(None, "user_version", 5).unwrap();
    drop(raw);
    for result in [
        Study::create_or_open(place.path()),
        Study::open_read_only(place.path()),
    ] {
        assert!(
            matches!(
                result,
                Err(StoreError::OtherFormat {
                    found: 5,
                    known: 4,
                    ..
                })
            ),
            "{result:?}"
        );
    }
}

#[test]
fn a_full_disk_is_reported_in_the_words_of_sqlite() {
    let place = Place::new();
    let study = place.study();
    study
        .lock()
        .pragma_update(None, "max_page_count", 20)
        .unwrap();
    let error = (0..100)
        .find_map(|seed| begin(&study, &spec(seed), OnExisting::Refuse).err())
        .unwrap();
    assert!(matches!(error, StoreError::Database { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("database or disk is full"), "{text}");
}
