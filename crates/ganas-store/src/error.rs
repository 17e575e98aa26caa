//! The one error type of this crate.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

/// What can be wrong with a study or a run in it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The directory of the study does not exist.
    #[error(
        "cannot create the study {}: the directory {} does not exist; create it first",
        .path.display(), .directory.display()
    )]
    NoDirectory {
        /// The study.
        path: PathBuf,
        /// The missing directory.
        directory: PathBuf,
    },
    /// There is no such file.
    #[error(
        "there is no study at {}: check the path, or start a search with this study", .path.display()
    )]
    NotFound {
        /// The study.
        path: PathBuf,
    },
    /// The file cannot be written, or not even opened.
    #[error(
        "cannot write the study {}: {reason}; check the permissions of the file and its directory, \
         or name another study", .path.display()
    )]
    Unwritable {
        /// The study.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file is no SQLite database.
    #[error(
        "{} is not a SQLite database, so it is no study: name another file", .path.display()
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a SQLite database of another application.
    #[error(
        "{} is a SQLite database, but not a study of ganas (its application_id is {application_id:#010x}, \
         expected {expected:#010x}): name another file", .path.display()
    )]
    NotAStudy {
        /// The file.
        path: PathBuf,
        /// The application id of the file.
        application_id: u32,
        /// The application id of a study.
        expected: u32,
    },
    /// The study has a format that this version does not know.
    #[error(
        "the study {} has format {found}, this version of ganas knows format {known}: use the version of \
         ganas that wrote it, or name another study", .path.display()
    )]
    OtherFormat {
        /// The study.
        path: PathBuf,
        /// The format of the file.
        found: u32,
        /// The format that this version reads and writes.
        known: u32,
    },
    /// The study already holds the run that was to be started.
    #[error(
        "the study {} already holds this run with seed {seed} ({status}, {rounds} rounds done): pass \
         `--resume` to continue it, or name another study", .path.display()
    )]
    RunExists {
        /// The study.
        path: PathBuf,
        /// The seed of the run.
        seed: u64,
        /// Its status.
        status: crate::RunStatus,
        /// Its rounds.
        rounds: u32,
    },
    /// The study holds the run, unfinished, on another device.
    #[error(
        "the study {} holds this run with seed {seed}, unfinished, started on `{recorded}`; this is \
         `{current}`: pass `--resume` to continue it here, or name another study", .path.display()
    )]
    OtherDevice {
        /// The study.
        path: PathBuf,
        /// The seed of the run.
        seed: u64,
        /// The device that it was started on.
        recorded: String,
        /// This device.
        current: String,
    },
    /// The study holds the run, unfinished, by another version of ganas.
    #[error(
        "the study {} holds this run with seed {seed}, unfinished, started by ganas {recorded}; this is \
         ganas {current}, whose results may differ: finish it with ganas {recorded}, or name another study",
        .path.display()
    )]
    OtherVersion {
        /// The study.
        path: PathBuf,
        /// The seed of the run.
        seed: u64,
        /// The version that started it.
        recorded: String,
        /// This version.
        current: String,
    },
    /// The spec of a run names another search space than the one that it is recorded with.
    #[error("the run searches the space `{spec}`, but is recorded with the space `{given}`")]
    WrongSpace {
        /// The space of the spec.
        spec: String,
        /// The space that was given.
        given: String,
    },
    /// The checkpoint of a run is not what was written.
    #[error(
        "the checkpoint of the run with seed {seed} in {} (after round {round}) is damaged: its sha256 is \
         {found}, expected {expected}; restore the file from a backup, or start the run in another study",
        .path.display()
    )]
    DamagedCheckpoint {
        /// The study.
        path: PathBuf,
        /// The seed of the run.
        seed: u64,
        /// The round after which it was taken.
        round: u32,
        /// The recorded sha256.
        expected: String,
        /// The sha256 of what is there.
        found: String,
    },
    /// A part of the study is not what was written.
    #[error(
        "the study {} is damaged: {what}: {reason}; restore the file from a backup, or name another study",
        .path.display()
    )]
    Damaged {
        /// The study.
        path: PathBuf,
        /// The row.
        what: String,
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// A log that SQLite would apply to the study is not one of it.
    #[error(
        "{} lies beside the study {}, but {reason}: nothing was changed; if the study was restored or \
         replaced, move that file away, and if it was renamed, give both files their names again",
        .log.display(), .path.display()
    )]
    StrayLog {
        /// The study.
        path: PathBuf,
        /// The write-ahead log or the journal.
        log: PathBuf,
        /// Why it is not one of the study.
        reason: String,
    },
    /// The write-ahead log of a study was changed after it was written.
    #[error(
        "the log {} of the study {} is damaged: {reason}; restore both files from a backup, or move the log away to go \
         on with what the study has without it",
        .log.display(), .path.display()
    )]
    DamagedLog {
        /// The study.
        path: PathBuf,
        /// The write-ahead log.
        log: PathBuf,
        /// Where, and what was expected.
        reason: String,
    },
    /// The file of the study is not at its path any more, although it is being written.
    #[error("the study {} cannot be written any more: {change} while it was open; {rescue}", .path.display())]
    Gone {
        /// The study.
        path: PathBuf,
        /// What has happened to it.
        change: &'static str,
        /// Where what it held is now, or why it is nowhere.
        rescue: String,
        /// The copy of what it held, when there is one.
        copy: Option<PathBuf>,
    },
    /// Someone else writes the same run.
    #[error(
        "another process has taken over the run with seed {seed} in {} (it found {found}, expected {expected}): \
         this one stops, and the other continues", .path.display()
    )]
    Conflict {
        /// The study.
        path: PathBuf,
        /// The seed of the run.
        seed: u64,
        /// The session and round in the study.
        found: String,
        /// The session and round of this writer.
        expected: String,
    },
    /// A process works on the run.
    #[error(
        "a process works on the run `{run}` with seed {seed} in {} ({holder}): wait until it has ended, or search with          other seeds", .path.display()
    )]
    Busy {
        /// The study.
        path: PathBuf,
        /// The name of the run.
        run: String,
        /// The seed of the run.
        seed: u64,
        /// The process, as it named itself.
        holder: String,
    },
    /// The file that says who works on a run cannot be locked.
    #[error("cannot lock {}, by which only one process works on a run: {source}", .lock.display())]
    Lock {
        /// The file.
        lock: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The study already holds evaluations of the evaluator that was to begin.
    #[error(
        "the study {} already holds {evaluations} evaluations by this evaluator: pass `--resume` to continue with \
         them, or name another study", .path.display()
    )]
    CollectionExists {
        /// The study.
        path: PathBuf,
        /// How many evaluations there are.
        evaluations: i64,
    },
    /// The study holds evaluations, but none of the evaluator that was to continue.
    #[error(
        "the study {} holds nothing to resume for {asked}: it has evaluations of {found}; use the same command, \
         fidelity and evaluator, or leave `--resume` out to begin anew", .path.display()
    )]
    OtherCollections {
        /// The study.
        path: PathBuf,
        /// The space and evaluator that were asked for.
        asked: String,
        /// Those that the study has, semicolon-separated.
        found: String,
    },
    /// Someone else evaluates for the same table.
    #[error(
        "another process has taken over the evaluations in {}: this one stops, and the other continues",
        .path.display()
    )]
    CollectionConflict {
        /// The study.
        path: PathBuf,
    },
    /// There is no such run in the study.
    #[error("the study {} holds no run {run}", .path.display())]
    UnknownRun {
        /// The study.
        path: PathBuf,
        /// The run.
        run: crate::RunId,
    },
    /// The runs were searched on metrics that cannot be compared.
    #[error(
        "the runs of the study {} were searched on different metrics, which cannot be ranked together: {metrics}; \
         choose one with a filter", .path.display()
    )]
    MixedMetrics {
        /// The study.
        path: PathBuf,
        /// The metrics, semicolon-separated.
        metrics: String,
    },
    /// A front was asked for, but a run was searched on one metric.
    #[error(
        "the study {} has no front, since a run has one objective ({run}): choose runs that were searched with \
         `--objective` on several", .path.display()
    )]
    NoObjectives {
        /// The study.
        path: PathBuf,
        /// The name of the run, or `none` when no run was chosen.
        run: String,
    },
    /// SQLite reports an error.
    #[error("cannot {doing} in the study {}: {source}", .path.display())]
    Database {
        /// The study.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What SQLite said, such as "database or disk is full".
        source: rusqlite::Error,
    },
    /// A spec that cannot be written as JSON.
    #[error("cannot write {what} as JSON: {source}")]
    Encoding {
        /// What was being written.
        what: &'static str,
        /// What the encoder said.
        source: serde_json::Error,
    },
    /// The output of an export cannot be written.
    #[error("cannot write the export: {source}")]
    Export {
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl StoreError {
    /// The error for what SQLite said while something was done.
    pub(crate) fn from_sqlite(path: &Path, doing: &'static str, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::Unwritable {
                    path,
                    reason: source.to_string(),
                }
            }
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged {
                path,
                what: format!("cannot {doing}"),
                reason: source.to_string(),
            },
            _ if is_of_content(&source) => Self::Damaged {
                path,
                what: format!("cannot {doing}"),
                reason: source.to_string(),
            },
            _ => Self::Database {
                path,
                doing,
                source,
            },
        }
    }
}

/// Whether a value in the database is not of the type that this crate writes.
fn is_of_content(error: &rusqlite::Error) -> bool {
    use rusqlite::Error;
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
            | Error::InvalidColumnType(..)
            | Error::QueryReturnedNoRows
    )
}

/// What can go wrong inside a transaction: an error of SQLite, which does not know its file yet, or any other.
#[derive(Debug)]
pub(crate) enum Fault {
    Sqlite(rusqlite::Error),
    Store(StoreError),
    /// A row that is not what was written.
    Row {
        what: String,
        reason: String,
    },
}

impl Fault {
    /// Names the file and what was being done.
    pub(crate) fn locate(self, path: &Path, doing: &'static str) -> StoreError {
        match self {
            Self::Sqlite(source) => StoreError::from_sqlite(path, doing, source),
            Self::Store(error) => error,
            Self::Row { what, reason } => StoreError::Damaged {
                path: path.to_owned(),
                what,
                reason,
            },
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(source: rusqlite::Error) -> Self {
        Self::Sqlite(source)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
