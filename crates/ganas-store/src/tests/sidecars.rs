//! Logs and journals beside a study that are of another one, or of another time.

use std::fs;

use super::*;

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The file and the log of a study that a killed process has left behind.
fn killed(seed: u64) -> (Vec<u8>, Vec<u8>) {
    let place = Place::new();
    let study = place.study();
    finish(&study, &spec(seed));
    let read = |suffix| fs::read(beside(&place.path(), suffix)).unwrap();
    (read(""), read("-wal"))
}

fn refused(place: &Place) -> String {
    let files =
        || ["", "-wal", "-journal"].map(|suffix| fs::read(beside(&place.path(), suffix)).ok());
    let before = files();
    for open in [
        Study::create_or_open,
        Study::open_existing,
        Study::open_read_only,
    ] {
        let error = open(place.path()).unwrap_err();
        // Whoever only reads does not find a study that is missing.
        if !matches!(error, StoreError::NotFound { .. }) {
            assert!(matches!(error, StoreError::StrayLog { .. }), "{error}");
        }
        assert!(files() == before, "nothing is changed");
    }
    Study::create_or_open(place.path()).unwrap_err().to_string()
}

#[test]
fn a_log_of_the_study_itself_is_applied() {
    let (file, log) = killed(1);
    let place = Place::new();
    fs::write(place.path(), file).unwrap();
    fs::write(beside(&place.path(), "-wal"), log).unwrap();
    assert_eq!(place.study().runs().unwrap().len(), 1);
}

#[test]
fn a_log_of_another_study_is_refused() {
    let (file, _) = killed(1);
    let (_, log) = killed(2);
    let place = Place::new();
    // As the file is in the middle of a run, and as it is after it.
    fs::write(place.path(), file).unwrap();
    fs::write(beside(&place.path(), "-wal"), &log).unwrap();
    let error = refused(&place);
    assert!(error.contains("it is of another study"), "{error}");
    let place = Place::new();
    finish(&place.study(), &spec(3));
    let expected = json_lines(&place.study());
    fs::write(beside(&place.path(), "-wal"), &log).unwrap();
    refused(&place);
    fs::remove_file(beside(&place.path(), "-wal")).unwrap();
    assert_eq!(json_lines(&place.study()), expected);
}

#[test]
fn a_log_of_another_database_is_refused() {
    let place = Place::new();
    finish(&place.study(), &spec(3));
    let other = place.directory.path().join("other.db");
    let raw = rusqlite::Connection::open(&other).unwrap();
    raw.pragma_update(None, "journal_mode", "wal").unwrap();
    raw.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        .unwrap();
    fs::copy(beside(&other, "-wal"), beside(&place.path(), "-wal")).unwrap();
    let error = refused(&place);
    assert!(error.contains("it is of another"), "{error}");
}

#[test]
fn a_log_of_another_time_is_refused() {
    let place = Place::new();
    finish(&place.study(), &spec(1));
    let old = fs::read(place.path()).unwrap();
    finish(&place.study(), &spec(2));
    let study = place.study();
    finish(&study, &spec(3));
    let (file, log) = (
        fs::read(place.path()).unwrap(),
        fs::read(beside(&place.path(), "-wal")).unwrap(),
    );
    drop(study);
    let new = fs::read(place.path()).unwrap();
    finish(&place.study(), &spec(4));
    let newer = fs::read(place.path()).unwrap();
    for (bytes, fits) in [(&file, true), (&new, true), (&old, false), (&newer, false)] {
        let place = Place::new();
        fs::write(place.path(), bytes).unwrap();
        fs::write(beside(&place.path(), "-wal"), &log).unwrap();
        if fits {
            assert_eq!(place.study().runs().unwrap().len(), 3);
        } else {
            let error = refused(&place);
            assert!(error.contains("it is of another time"), "{error}");
        }
    }
}

#[test]
fn a_log_without_its_study_is_not_thrown_away() {
    let (_, log) = killed(1);
    let place = Place::new();
    fs::write(beside(&place.path(), "-wal"), &log).unwrap();
    let error = refused(&place);
    assert!(error.contains("the study is missing or empty"), "{error}");
    fs::write(place.path(), "").unwrap();
    refused(&place);
}

/// A journal as a killed process leaves it on a file system without shared memory.
fn journal_of(path: &Path) -> (Vec<u8>, Vec<u8>) {
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.pragma_update(None, "journal_mode", "delete").unwrap();
    raw.pragma_update(None, "cache_size", 1).unwrap();
    let mark = crate::mark::Mark::read(&raw).unwrap().unwrap();
    let next = crate::mark::Mark {
        transaction: mark.transaction + 1,
        ..mark
    };
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    next.write(&raw).unwrap();
    // More pages than the cache holds, so that the journal is synced and the file written.
    raw.execute_batch(
        "UPDATE trials SET arch = 'x' || number; UPDATE classes SET arch = arch || 'x';
         UPDATE events SET kind = kind || 'x'",
    )
    .unwrap();
    let read = |suffix| fs::read(beside(path, suffix)).unwrap();
    (read(""), read("-journal"))
}

#[test]
fn a_journal_is_rolled_back_into_its_own_study_only() {
    let place = Place::new();
    for seed in 0..4 {
        finish(&place.study(), &spec(seed));
    }
    let before = json_lines(&place.study());
    let (file, journal) = journal_of(&place.path());
    let own = Place::new();
    fs::write(own.path(), &file).unwrap();
    fs::write(beside(&own.path(), "-journal"), &journal).unwrap();
    assert_eq!(json_lines(&own.study()), before);

    let other = Place::new();
    finish(&other.study(), &spec(0));
    fs::write(beside(&other.path(), "-journal"), &journal).unwrap();
    let error = refused(&other);
    assert!(error.contains("it is of another study"), "{error}");

    // The same study, some transactions later.
    finish(&place.study(), &spec(9));
    let later = Place::new();
    fs::copy(place.path(), later.path()).unwrap();
    fs::write(beside(&later.path(), "-journal"), &journal).unwrap();
    let error = refused(&later);
    assert!(error.contains("it is of another time"), "{error}");
}

/// A journal that holds the first page as `page` has it, as SQLite writes one.
fn journal_of_first_page(page: &[u8], n_pages: u32) -> Vec<u8> {
    const SECTOR: usize = 512;
    const NONCE: u32 = 7;
    let mut journal = vec![0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    let page_bytes = u32::try_from(page.len()).unwrap();
    for word in [1, NONCE, n_pages, 512, page_bytes] {
        journal.extend(word.to_be_bytes());
    }
    journal.resize(SECTOR, 0);
    journal.extend(1_u32.to_be_bytes());
    journal.extend(page);
    let places = (1..).map(|step| page.len().checked_sub(200 * step));
    let summed = places.map_while(|place| place.filter(|place| *place > 0));
    let checksum = summed.fold(NONCE, |sum, place| sum.wrapping_add(page[place].into()));
    journal.extend(checksum.to_be_bytes());
    journal
}

/// What is left when a process is ended while its new study is switched to the write-ahead log.
#[test]
fn a_journal_of_the_head_of_the_file_is_rolled_back_and_no_other_first_page() {
    let place = Place::new();
    finish(&place.study(), &spec(1));
    let expected = export(&place.study(), ExportFormat::JsonLines);
    let bytes = fs::read(place.path()).unwrap();
    let page_bytes = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    let n_pages = u32::try_from(bytes.len() / page_bytes).unwrap();
    let mut before = bytes[..page_bytes].to_vec();
    before[18..20].copy_from_slice(&[1, 1]);
    before[27] = before[27].wrapping_sub(1);
    let journal = place.path().with_file_name("study.db-journal");
    fs::write(&journal, journal_of_first_page(&before, n_pages)).unwrap();
    assert_eq!(export(&place.study(), ExportFormat::JsonLines), expected);
    // Another schema, or anything else on the first page, is of another database.
    for at in [50, 105, page_bytes - 30] {
        let mut other = before.clone();
        other[at] ^= 0x10;
        fs::write(&journal, journal_of_first_page(&other, n_pages)).unwrap();
        let error = Study::create_or_open(place.path()).unwrap_err();
        assert!(
            matches!(error, StoreError::StrayLog { .. }),
            "{at}: {error}"
        );
        fs::remove_file(&journal).unwrap();
    }
}
