//! The file of a study: opening, creating and recognising it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::StoreError;
use crate::error::Fault;

/// The application id of a study: the bytes `gana`.
pub(crate) const APPLICATION_ID: u32 = u32::from_be_bytes(*b"gana");

/// The format that this version reads and writes.
pub(crate) const FORMAT: u32 = 1;

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// How often, and with what pause, a new file is switched to the write-ahead log: up to 10 seconds.
const SWITCH_ATTEMPTS: u32 = 2000;
const SWITCH_PAUSE: Duration = Duration::from_millis(5);

const SCHEMA: &str = include_str!("schema.sql");

/// The tables that were added within format 1.
const UNFINISHED: &str = include_str!("unfinished.sql");
const OBJECTIVES: &str = include_str!("objectives.sql");

/// The column that was added to the unfinished rounds: further metrics as a JSON array.
const FURTHER: &str = "ALTER TABLE unfinished ADD COLUMN further TEXT";

/// What a SQLite file is.
#[derive(PartialEq, Eq)]
enum Content {
    /// A database without tables: it may become a study.
    Empty,
    /// A study of the known format.
    Study,
}

/// Opens the file for writing, and makes it a study when it is missing or empty.
pub(crate) fn create_or_open(path: &Path) -> Result<Connection, StoreError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        return Err(StoreError::NoDirectory {
            path: path.to_owned(),
            directory: directory.to_owned(),
        });
    }
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_CREATE)?;
    prepare_for_writing(path, &mut connection)?;
    Ok(connection)
}

/// Opens an existing study for writing.
pub(crate) fn open_existing(path: &Path) -> Result<Connection, StoreError> {
    check_exists(path)?;
    let mut connection = connect(path, OpenFlags::empty())?;
    prepare_for_writing(path, &mut connection)?;
    Ok(connection)
}

/// Opens an existing study for reading, on a medium that cannot be written too.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, StoreError> {
    check_exists(path)?;
    let open = |connection: Connection| -> Result<Connection, StoreError> {
        if identify(path, &connection)? == Content::Empty {
            return Err(not_a_study(path, 0));
        }
        let read_only = connection.pragma_update(None, "query_only", true);
        read_only.map_err(|e| StoreError::from_sqlite(path, "open the file", e))?;
        Ok(connection)
    };
    // A reader that may write can take part in the shared memory of the write-ahead log, and cleans up after a crash.
    match connect(path, OpenFlags::empty()).and_then(open) {
        Err(StoreError::Unwritable { .. }) if is_quiet(path) => open(connect_immutable(path)?),
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

fn connect(path: &Path, more: OpenFlags) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    Connection::open_with_flags(path, flags)
        .and_then(settle)
        .map_err(|e| StoreError::from_sqlite(path, "open the file", e))
}

/// Opens a study in a directory where no file can be created.
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

/// Whether no rounds wait in the write-ahead log.
fn is_quiet(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log).metadata().map_or(0, |m| m.len()) == 0
}

fn settle(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn prepare_for_writing(path: &Path, connection: &mut Connection) -> Result<(), StoreError> {
    // Nothing is written before the file is known to be a study, or to be empty.
    let content = identify(path, connection)?;
    configure(path, connection)
        .and_then(|()| match content {
            Content::Empty => create_tables(path, connection),
            Content::Study => add_missing(connection),
        })
        .map_err(|fault| fault.locate(path, "open the file"))
}

fn configure(path: &Path, connection: &Connection) -> Result<(), Fault> {
    if connection.is_readonly("main")? {
        return Err(Fault::Store(StoreError::Unwritable {
            path: path.to_owned(),
            reason: "the file is read-only".into(),
        }));
    }
    let mode = switch_to_write_ahead_log(connection)?;
    // With a write-ahead log NORMAL never leaves half a transaction, even when the power fails; the rollback journal
    // of a file system without shared memory needs FULL for that.
    let synchronous = if mode == "wal" { "normal" } else { "full" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
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
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    if identify(path, &transaction)? == Content::Empty {
        transaction.execute_batch(SCHEMA)?;
        transaction.execute_batch(UNFINISHED)?;
        transaction.execute_batch(OBJECTIVES)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Adds what a study lacks that was made by an earlier version of the same format.
fn add_missing(connection: &mut Connection) -> Result<(), Fault> {
    // Asked first, so that a study that has all of it is not locked.
    if is_complete(connection)? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(UNFINISHED)?;
    transaction.execute_batch(OBJECTIVES)?;
    // Another process may have been faster.
    if !transaction.column_exists(None, "unfinished", "further")? {
        transaction.execute_batch(FURTHER)?;
    }
    transaction.commit()?;
    Ok(())
}

fn is_complete(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(connection.table_exists(None, "unfinished")?
        && connection.table_exists(None, "objectives")?
        && connection.column_exists(None, "unfinished", "further")?)
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
                    row.get(1)?,
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
        (APPLICATION_ID, FORMAT, _) => Ok(Content::Study),
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
