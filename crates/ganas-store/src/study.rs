//! The study: a handle on one file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::StoreError;
use crate::checksum::{StudyId, class_of};
use crate::error::Fault;
use crate::file::{self, Change, Journal, Opened, Place};
use crate::mark::Mark;
use crate::schema::FORMAT_BY_CLASS;

/// A study: one SQLite file with any number of runs.
///
/// A handle can be cloned and shared between threads; its transactions take turns. Other processes may read and write
/// the same file at the same time, on a local file system: SQLite's write-ahead log needs shared memory.
#[derive(Clone)]
pub struct Study {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    /// None for a study of format 1, which is read only.
    id: Option<StudyId>,
    journal: Journal,
    /// The format of the file, which may be an earlier one when it is read only.
    format: u32,
    connection: Mutex<Connection>,
    /// Locked while the connection is.
    place: Mutex<Place>,
    /// What every write gives since the file was found to be gone.
    gone: OnceLock<Gone>,
}

/// What became of the file of a study, and of what it held.
struct Gone {
    change: &'static str,
    rescued: Result<PathBuf, String>,
}

/// Whether a transaction survives a power failure as soon as it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// It may be lost, as a whole and with all after it: what can be computed again.
    Lazy,
    /// It is on the disk: what was promised.
    Promised,
}

impl fmt::Debug for Study {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Study")
            .field("path", &self.shared.path)
            .finish_non_exhaustive()
    }
}

impl Study {
    /// Opens a study, and creates it when there is no file, or an empty one.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoDirectory`], [`StoreError::Unwritable`], [`StoreError::NotADatabase`],
    /// [`StoreError::NotAStudy`], [`StoreError::OtherFormat`], [`StoreError::Damaged`], [`StoreError::StrayLog`],
    /// [`StoreError::DamagedLog`]. A file of another kind, and one that is damaged, is left as it is.
    pub fn create_or_open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        file::create_or_open(path.as_ref()).map(|opened| Self::new(path.as_ref(), opened))
    }

    /// Opens an existing study for reading and writing.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], and as for [`create_or_open`](Self::create_or_open).
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        file::open_existing(path.as_ref()).map(|opened| Self::new(path.as_ref(), opened))
    }

    /// Opens an existing study for reading, while runs are being written to it or not.
    ///
    /// Writing through the handle fails with [`StoreError::Unwritable`].
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::NotADatabase`], [`StoreError::NotAStudy`],
    /// [`StoreError::OtherFormat`], [`StoreError::Damaged`], [`StoreError::StrayLog`], [`StoreError::DamagedLog`].
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        file::open_read_only(path.as_ref()).map(|opened| Self::new(path.as_ref(), opened))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The id; none for a study of format 1, which is read only.
    pub(crate) fn id(&self) -> Option<StudyId> {
        self.shared.id
    }

    /// The condition on rows by class that they have this key, which is a parameter.
    pub(crate) fn has_key(&self, parameter: &str) -> String {
        if self.shared.format < FORMAT_BY_CLASS {
            format!("key = {parameter}")
        } else {
            format!("class = {}", class_of(parameter))
        }
    }

    /// How SQLite keeps transactions whole.
    #[cfg(test)]
    pub(crate) fn journal(&self) -> Journal {
        self.shared.journal
    }

    /// Does something in one transaction that either happens as a whole or not at all.
    ///
    /// A file that was removed, renamed or replaced since it was opened is noticed here: what was recorded is then
    /// copied to a new file.
    pub(crate) fn write<T>(
        &self,
        durability: Durability,
        doing: &'static str,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let id = self.writing_id()?;
        let mut connection = self.lock();
        if self.shared.gone.get().is_some() {
            return Err(self.gone());
        }
        let mut place = (self.shared.place.lock()).unwrap_or_else(PoisonError::into_inner);
        let change = place.check(self.path(), id);
        if change == Err(Change::Overwritten) {
            return Err(self.leave(&connection, Change::Overwritten));
        }
        let done = self.transact_writing(&mut connection, id, durability, body);
        if let Err(change) = change {
            return Err(self.leave(&connection, change));
        }
        done.map_err(|fault| fault.locate(self.path(), doing))
    }

    fn transact_writing<T>(
        &self,
        connection: &mut Connection,
        id: StudyId,
        durability: Durability,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        // With a write-ahead log NORMAL never leaves half a transaction, even when the power fails, and FULL does not
        // lose one; the rollback journal of a file system without shared memory needs EXTRA for either.
        let synchronous = match (self.shared.journal, durability) {
            (Journal::WriteAhead, Durability::Lazy) => "normal",
            (Journal::WriteAhead, Durability::Promised) => "full",
            (Journal::Rollback, _) => "extra",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mark = Mark::read(&transaction)?.filter(|mark| mark.id == id);
        let mark = mark.ok_or_else(|| {
            self.damaged("its mark".to_owned(), "it is of another study, or missing")
        })?;
        let mark = Mark {
            transaction: mark.transaction + 1,
            ..mark
        };
        mark.write(&transaction)?;
        let value = body(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// Copies what the connection holds, since the path does not lead to it any more; nothing is written after that.
    fn leave(&self, connection: &Connection, change: Change) -> StoreError {
        // What SQLite does at the end would be done to the files of another study.
        let safe = file::write_on_closing(connection, false);
        let rescued = match safe {
            Ok(()) => file::rescue(self.path(), connection),
            Err(e) => Err(e.to_string()),
        };
        let gone = Gone {
            change: change.describe(self.path()),
            rescued,
        };
        // Under the lock of the connection, so nobody else has set it.
        let _ = self.shared.gone.set(gone);
        self.gone()
    }

    fn gone(&self) -> StoreError {
        let gone = self.shared.gone.get();
        let (change, rescued) = match gone {
            Some(Gone { change, rescued }) => (*change, rescued.clone()),
            None => ("it was closed", Err("nothing was open".to_owned())),
        };
        StoreError::Gone {
            path: self.path().to_owned(),
            change,
            rescue: match &rescued {
                Ok(copy) => format!(
                    "everything that was recorded is in {}: continue with it as the study, and `--resume`",
                    copy.display()
                ),
                Err(reason) => format!("what was recorded could not be copied: {reason}"),
            },
            copy: rescued.ok(),
        }
    }

    /// Reads one state of the study, whatever is being written meanwhile.
    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let mut connection = self.lock();
        let read = || -> Result<T, Fault> {
            let transaction = connection.transaction()?;
            let value = body(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        read().map_err(|fault| fault.locate(self.path(), doing))
    }

    /// The connection. A panic elsewhere has rolled its transaction back, so the connection is usable after it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.shared
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// An error about a row that this crate did not write like that.
    pub(crate) fn damaged(&self, what: String, reason: impl ToString) -> StoreError {
        StoreError::Damaged {
            path: self.path().to_owned(),
            what,
            reason: reason.to_string(),
        }
    }

    fn new(path: &Path, opened: Opened) -> Self {
        Self {
            shared: Arc::new(Shared {
                path: path.to_owned(),
                id: opened.id,
                journal: opened.journal,
                format: opened.format,
                connection: Mutex::new(opened.connection),
                place: Mutex::new(opened.place),
                gone: OnceLock::new(),
            }),
        }
    }
}
