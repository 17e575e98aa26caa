//! The file of a study: opening, creating and recognising it.

mod integrity;
mod place;
mod sidecars;
mod wal;

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::StoreError;
use crate::checksum::StudyId;
use crate::error::Fault;
use crate::mark::Mark;
use crate::schema::{self, APPLICATION_ID, FORMAT, FORMAT_WITHOUT_CHECKSUMS};

pub(crate) use self::place::{Change, Place, rescue};

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// How often, and with what pause, a new file is switched to the write-ahead log: up to 10 seconds.
const SWITCH_ATTEMPTS: u32 = 2000;
const SWITCH_PAUSE: Duration = Duration::from_millis(5);

/// How much of a file a connection keeps in memory at most.
const CACHE_KIB: i64 = 65_536;

/// An open study.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    /// None for a study of format 1, which is read only.
    pub(crate) id: Option<StudyId>,
    pub(crate) place: Place,
    pub(crate) journal: Journal,
    /// The format of the file: that of today, or an earlier one of a study that is read only.
    pub(crate) format: u32,
}

/// How SQLite keeps transactions whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Journal {
    WriteAhead,
    /// On a file system without shared memory.
    Rollback,
}

/// What a SQLite file is.
#[derive(PartialEq, Eq)]
enum Content {
    /// A database without tables: it may become a study.
    Empty,
    /// A study of this format.
    Study(u32),
}

/// Opens the file for writing, and makes it a study when it is missing or empty.
pub(crate) fn create_or_open(path: &Path) -> Result<Opened, StoreError> {
    let directory = place::directory(path);
    if !directory.is_dir() {
        return Err(StoreError::NoDirectory {
            path: path.to_owned(),
            directory: directory.to_owned(),
        });
    }
    open_for_writing(path, OpenFlags::SQLITE_OPEN_CREATE)
}

/// Opens an existing study for writing.
pub(crate) fn open_existing(path: &Path) -> Result<Opened, StoreError> {
    check_exists(path)?;
    open_for_writing(path, OpenFlags::empty())
}

/// Opens an existing study for reading, on a medium that cannot be written too.
pub(crate) fn open_read_only(path: &Path) -> Result<Opened, StoreError> {
    check_exists(path)?;
    let open = |connection: Connection, place: Place| -> Result<Opened, StoreError> {
        let Content::Study(format) = identify(path, &connection)? else {
            return Err(not_a_study(path, 0));
        };
        integrity::check(path, &connection)?;
        let id = match format {
            FORMAT_WITHOUT_CHECKSUMS => None,
            _ => Some(id(path, &connection)?),
        };
        let added = if format < FORMAT {
            schema::add_empty_tables(&connection, format)
        } else {
            Ok(())
        };
        let viewed = added.and_then(|()| match id {
            None => schema::view_without_checksums(&connection),
            Some(_) => Ok(()),
        });
        let ready = viewed.and_then(|()| {
            schema::add_views(&connection, format)?;
            connection.pragma_update(None, "query_only", true)?;
            write_on_closing(&connection, true)?;
            Ok(id)
        });
        Ok(Opened {
            id: ready.map_err(|e| StoreError::from_sqlite(path, "open the file", e))?,
            connection,
            place,
            journal: Journal::WriteAhead,
            format,
        })
    };
    // A reader that may write can take part in the shared memory of the write-ahead log, and cleans up after a crash.
    match connect(path, OpenFlags::empty()).and_then(|(c, place)| open(c, place)) {
        Err(StoreError::Unwritable { .. }) if sidecars::are_quiet(path) => {
            open(connect_immutable(path)?, Place::of(path))
        }
        result => result,
    }
}

fn check_exists(path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        Ok(())
    } else {
        Err(StoreError::NotFound {
            path: path.to_owned(),
        })
    }
}

fn open_for_writing(path: &Path, more: OpenFlags) -> Result<Opened, StoreError> {
    let (mut connection, place) = connect(path, more)?;
    // Nothing is written before the file is known to be a study, or to be empty.
    let content = identify(path, &connection)?;
    if content != Content::Empty {
        integrity::check(path, &connection)?;
    }
    let journal = prepare(path, &mut connection, &content)
        .map_err(|fault| fault.locate(path, "open the file"))?;
    Ok(Opened {
        id: Some(id(path, &connection)?),
        connection,
        place,
        journal,
        format: FORMAT,
    })
}

fn prepare(path: &Path, connection: &mut Connection, content: &Content) -> Result<Journal, Fault> {
    if connection.is_readonly("main")? {
        return Err(Fault::Store(StoreError::Unwritable {
            path: path.to_owned(),
            reason: "the file is read-only".into(),
        }));
    }
    connection.pragma_update(None, "foreign_keys", true)?;
    match content {
        // Before there is a write-ahead log, so that the file itself has the mark from the beginning.
        Content::Empty => create_tables(path, connection)?,
        Content::Study(FORMAT) => {}
        Content::Study(_) => migrate(path, connection)?,
    }
    schema::add_views(connection, FORMAT)?;
    let mode = switch_to_write_ahead_log(connection)?;
    write_on_closing(connection, true)?;
    Ok(if mode == "wal" {
        Journal::WriteAhead
    } else {
        Journal::Rollback
    })
}

/// The id of a study of today's format.
fn id(path: &Path, connection: &Connection) -> Result<StudyId, StoreError> {
    let mark = Mark::read(connection);
    match mark.map_err(|e| StoreError::from_sqlite(path, "open the file", e))? {
        Some(mark) => Ok(mark.id),
        None => Err(StoreError::Damaged {
            path: path.to_owned(),
            what: "its mark".to_owned(),
            reason: "the mark is missing, or its checksum is another".to_owned(),
        }),
    }
}

/// Opens the file with SQLite, after what lies beside it was found to be its own.
fn connect(path: &Path, more: OpenFlags) -> Result<(Connection, Place), StoreError> {
    sidecars::check(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let connection = Connection::open_with_flags(path, flags)
        .and_then(settle)
        .map_err(|e| StoreError::from_sqlite(path, "open the file", e))?;
    Ok((connection, Place::of(path)))
}

/// Opens a study in a directory where no file can be created, or as the file is without its write-ahead log.
pub(crate) fn connect_immutable(path: &Path) -> Result<Connection, StoreError> {
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags)
        .and_then(settle)
        .map_err(|e| StoreError::from_sqlite(path, "open the file", e))
}

fn settle(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    // In KiB: evaluations are looked up by class, so all over the file.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // The file is not trusted: its schema can call nothing, and its pages are checked before they are used.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // Plans do not look at parameters; otherwise what is read from a view is planned again for each of them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    write_on_closing(&connection, false)?;
    Ok(connection)
}

/// Whether SQLite may write the log into the file, and remove the log, when the last connection is closed: only after
/// both were found to be what they should be, and as long as they are.
pub(crate) fn write_on_closing(connection: &Connection, may: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !may)?;
    Ok(())
}

/// Switches a new file to the write-ahead log, and returns the mode that it is in then.
///
/// SQLite reports a file that several processes switch at once as busy without waiting, so the waiting is done here.
fn switch_to_write_ahead_log(connection: &Connection) -> rusqlite::Result<String> {
    let mut attempts = 0;
    loop {
        let switched =
            connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0));
        attempts += 1;
        match switched {
            Err(e)
                if attempts < SWITCH_ATTEMPTS
                    && e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) =>
            {
                std::thread::sleep(SWITCH_PAUSE);
            }
            result => return result,
        }
    }
}

fn create_tables(path: &Path, connection: &mut Connection) -> Result<(), Fault> {
    // What is created survives a power failure.
    connection.pragma_update(None, "synchronous", "extra")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    if identify(path, &transaction)? == Content::Empty {
        schema::create(&transaction)?;
    }
    transaction.commit()?;
    Ok(())
}

fn migrate(path: &Path, connection: &mut Connection) -> Result<(), Fault> {
    connection.pragma_update(None, "synchronous", "extra")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    if let Content::Study(format @ ..FORMAT) = identify(path, &transaction)? {
        schema::migrate(&transaction, format)?;
    }
    transaction.commit()?;
    // So that the file itself has the mark. A reader may be in the way; then it gets there with the next checkpoint.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

fn identify(path: &Path, connection: &Connection) -> Result<Content, StoreError> {
    let read = || -> rusqlite::Result<(u32, u32, u32)> {
        connection.query_row(
            "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
             FROM pragma_application_id, pragma_user_version",
            [],
            |row| {
                Ok((
                    row.get::<_, i32>(0)?.cast_unsigned(),
                    row.get::<_, i32>(1)?.cast_unsigned(),
                    row.get(2)?,
                ))
            },
        )
    };
    let (application_id, format, tables) = read().map_err(|e| {
        if e.sqlite_error_code() == Some(ErrorCode::CannotOpen) && path.is_dir() {
            StoreError::Unwritable {
                path: path.to_owned(),
                reason: "it is a directory".into(),
            }
        } else {
            StoreError::from_sqlite(path, "open the file", e)
        }
    })?;
    match (application_id, format, tables) {
        (0, 0, 0) => Ok(Content::Empty),
        (APPLICATION_ID, FORMAT_WITHOUT_CHECKSUMS..=FORMAT, _) => Ok(Content::Study(format)),
        (APPLICATION_ID, found, _) => Err(StoreError::OtherFormat {
            path: path.to_owned(),
            found,
            known: FORMAT,
        }),
        _ => Err(not_a_study(path, application_id)),
    }
}

fn not_a_study(path: &Path, application_id: u32) -> StoreError {
    StoreError::NotAStudy {
        path: path.to_owned(),
        application_id,
        expected: APPLICATION_ID,
    }
}

/// The mark of the file as it is on the disk, whatever a log holds.
enum OnDisk {
    /// No file, or an empty one.
    Nothing,
    /// A study of format 1, which has no mark.
    WithoutMark,
    /// Another database, or an empty one.
    NoStudy,
    /// What cannot be read now.
    Unreadable,
    Mark(Mark, u32),
}

impl OnDisk {
    /// Reads the mark and the number of its page.
    fn read(path: &Path) -> Self {
        if path.metadata().map_or(0, |m| m.len()) == 0 {
            return Self::Nothing;
        }
        let Ok(connection) = connect_immutable(path) else {
            return Self::Unreadable;
        };
        match identify(path, &connection) {
            Ok(Content::Study(FORMAT_WITHOUT_CHECKSUMS)) => return Self::WithoutMark,
            Ok(Content::Study(_)) => {}
            Ok(Content::Empty)
            | Err(
                StoreError::NotADatabase { .. }
                | StoreError::NotAStudy { .. }
                | StoreError::OtherFormat { .. },
            ) => return Self::NoStudy,
            Err(_) => return Self::Unreadable,
        }
        let page = connection.query_row(
            "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = 'study'",
            [],
            |row| row.get(0),
        );
        match (page, Mark::read(&connection)) {
            (Ok(page), Ok(Some(mark))) => Self::Mark(mark, page),
            _ => Self::Unreadable,
        }
    }
}
