//! The files that SQLite keeps beside a study: the write-ahead log and the rollback journal.
//!
//! SQLite applies what it finds there whatever database it is of. So it is looked at before SQLite opens the study: each
//! transaction changes the mark of the study, see [`Mark`], and therefore each log and journal has one. It has to be of
//! this study, and to go on where the file is.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::OnDisk;
use super::wal::{self, Log};
use crate::StoreError;
use crate::mark::Mark;

/// How often, and with what pause, both are looked at again when they do not fit: another process may have written
/// between two looks.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// What a journal that is not to be ignored begins with.
const JOURNAL_MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
/// The places of the sector and page size in its head.
const SECTOR_SIZE: usize = 20;
const PAGE_SIZE: usize = 24;
/// A record is a page with its number and checksum.
const AROUND_PAGE: usize = 8;

/// Why what lies beside a study is not applied.
#[derive(PartialEq, Eq)]
enum Refusal {
    Stray(PathBuf, &'static str),
    Damaged(PathBuf, String),
}

/// Checks the log and the journal beside a study, if there are any.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let Some(refusal) = look(path)? else {
            return Ok(());
        };
        let now = (refusal, states(path));
        // Nobody has written meanwhile.
        if last.as_ref() == Some(&now) {
            break;
        }
        last = Some(now);
        std::thread::sleep(PAUSE);
    }
    match last {
        None => Ok(()),
        Some((Refusal::Stray(log, reason), _)) => Err(StoreError::StrayLog {
            path: path.to_owned(),
            log,
            reason: reason.to_owned(),
        }),
        Some((Refusal::Damaged(log, reason), _)) => Err(StoreError::DamagedLog {
            path: path.to_owned(),
            log,
            reason,
        }),
    }
}

/// Sizes and times of the study and the files beside it.
fn states(path: &Path) -> [Option<(u64, SystemTime)>; 3] {
    [
        path.to_owned(),
        beside(path, "-wal"),
        beside(path, "-journal"),
    ]
    .map(|file| {
        let metadata = file.metadata().ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    })
}

/// Whether no rounds wait in the write-ahead log, and no transaction is to be rolled back.
pub(super) fn are_quiet(path: &Path) -> bool {
    [beside(path, "-wal"), beside(path, "-journal")]
        .iter()
        .all(|file| file.metadata().map_or(0, |m| m.len()) == 0)
}

fn look(path: &Path) -> Result<Option<Refusal>, StoreError> {
    let (log_path, journal_path) = (beside(path, "-wal"), beside(path, "-journal"));
    let journal = read(path, &journal_path)?;
    if let Some(marks) = marks_of_journal(&journal)
        && !is_of_header(path, &journal)
        && let Some(reason) = refuse_journal(path, &marks)
    {
        return Ok(Some(Refusal::Stray(journal_path, reason)));
    }
    if log_path.metadata().map_or(0, |m| m.len()) == 0 {
        return Ok(None);
    }
    // The file first: what is written meanwhile only brings it nearer to the log.
    let on_disk = OnDisk::read(path);
    let log = read(path, &log_path)?;
    Ok(match wal::read(&log) {
        Log::Damaged(reason) => Some(Refusal::Damaged(log_path, reason)),
        Log::Empty => None,
        Log::Pages(pages) => {
            let reason = refuse_log(&on_disk, &pages);
            reason.map(|reason| Refusal::Stray(log_path, reason))
        }
    })
}

/// Why a log with these committed pages is not one of this study.
fn refuse_log(on_disk: &OnDisk, pages: &[(u32, &[u8])]) -> Option<&'static str> {
    let (mark, page) = match on_disk {
        OnDisk::Nothing => return Some("it has transactions, but the study is missing or empty"),
        // Nothing is known of such a file. The checks of rows find what does not fit.
        OnDisk::WithoutMark | OnDisk::NoStudy | OnDisk::Unreadable => return None,
        OnDisk::Mark(mark, page) => (mark, page),
    };
    let of_mark = pages.iter().filter(|(number, _)| number == page);
    let marks: Vec<Mark> = of_mark.flat_map(|(_, bytes)| Mark::find(bytes)).collect();
    let (Some(first), Some(last)) = (marks.first(), marks.last()) else {
        return Some("it is of another database");
    };
    if marks.iter().any(|found| found.id != mark.id) {
        return Some("it is of another study");
    }
    let goes_on = first.transaction <= mark.transaction + 1;
    (!goes_on || last.transaction < mark.transaction)
        .then_some("it is of another time: the study was replaced by an older or newer copy")
}

/// A number in the head of a journal.
fn word(journal: &[u8], at: usize) -> Option<usize> {
    let (word, _) = journal.get(at..)?.split_first_chunk()?;
    usize::try_from(u32::from_be_bytes(*word)).ok()
}

/// The marks of a journal that SQLite would roll back; none when it would not.
fn marks_of_journal(journal: &[u8]) -> Option<Vec<Mark>> {
    let is_journal = journal.starts_with(&JOURNAL_MAGIC);
    let record = word(journal, PAGE_SIZE)?.checked_add(AROUND_PAGE)?;
    let first = word(journal, SECTOR_SIZE)?;
    let has_pages = first
        .checked_add(record)
        .is_some_and(|end| end <= journal.len());
    (is_journal && has_pages).then(|| Mark::find(journal).collect())
}

/// Whether all that SQLite would roll back with a journal are the counters and the journal mode in the head of the file, as when
/// it was ended while a new study was switched to the write-ahead log: there is no mark on the first page.
fn is_of_header(path: &Path, journal: &[u8]) -> bool {
    let (Some(first), Some(page_bytes)) = (word(journal, SECTOR_SIZE), word(journal, PAGE_SIZE))
    else {
        return false;
    };
    let Ok(file) = fs::read(path) else {
        return false;
    };
    let Some(on_disk) = file.get(..page_bytes) else {
        return false;
    };
    let mut records = journal.get(first..).unwrap_or_default();
    let mut n_records = 0;
    while records.len() >= page_bytes + AROUND_PAGE {
        let (record, rest) = records.split_at(page_bytes + AROUND_PAGE);
        let (number, page) = record.split_at(4);
        if number != [0, 0, 0, 1] || !differs_in_counters_only(on_disk, &page[..page_bytes]) {
            return false;
        }
        n_records += 1;
        records = rest;
    }
    n_records > 0
}

/// Whether two first pages differ at most in the journal mode, and in how often and by which version they were written.
fn differs_in_counters_only(a: &[u8], b: &[u8]) -> bool {
    const COUNTERS: [Range<usize>; 3] = [18..20, 24..28, 92..100];
    let is_counter = |at: usize| COUNTERS.iter().any(|range| range.contains(&at));
    let mut pairs = a.iter().zip(b).enumerate();
    a.len() == b.len() && pairs.all(|(at, (a, b))| a == b || is_counter(at))
}

/// Why a journal with these marks is not one of this study.
fn refuse_journal(path: &Path, marks: &[Mark]) -> Option<&'static str> {
    let mark = match OnDisk::read(path) {
        OnDisk::Nothing => return Some("it has pages, but the study is missing or empty"),
        OnDisk::WithoutMark | OnDisk::NoStudy | OnDisk::Unreadable => return None,
        OnDisk::Mark(mark, _) => mark,
    };
    if marks.is_empty() {
        return Some("it is of another database");
    }
    if marks.iter().any(|found| found.id != mark.id) {
        return Some("it is of another study");
    }
    // It holds the state before the transaction that is half in the file.
    let fits = |found: &Mark| {
        found.transaction == mark.transaction || found.transaction + 1 == mark.transaction
    };
    (!marks.iter().all(fits))
        .then_some("it is of another time: the study was replaced by an older or newer copy")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The content of a file; nothing when there is none.
fn read(path: &Path, file: &Path) -> Result<Vec<u8>, StoreError> {
    match fs::read(file) {
        Ok(bytes) => Ok(bytes),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(StoreError::Unwritable {
            path: path.to_owned(),
            reason: format!("cannot read {}: {e}", file.display()),
        }),
    }
}
