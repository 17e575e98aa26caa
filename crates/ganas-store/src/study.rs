//! The study: a handle on one file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::Fault;
use crate::{StoreError, file};

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
    connection: Mutex<Connection>,
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
    /// [`StoreError::NotAStudy`], [`StoreError::OtherFormat`]. A file of another kind is left as it is.
    pub fn create_or_open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        file::create_or_open(path.as_ref()).map(|c| Self::new(path.as_ref(), c))
    }

    /// Opens an existing study for reading and writing.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], and as for [`create_or_open`](Self::create_or_open).
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        file::open_existing(path.as_ref()).map(|c| Self::new(path.as_ref(), c))
    }

    /// Opens an existing study for reading, while runs are being written to it or not.
    ///
    /// Writing through the handle fails with [`StoreError::Unwritable`].
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::NotADatabase`], [`StoreError::NotAStudy`],
    /// [`StoreError::OtherFormat`].
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        file::open_read_only(path.as_ref()).map(|c| Self::new(path.as_ref(), c))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Does something in one transaction that either happens as a whole or not at all.
    pub(crate) fn write<T>(
        &self,
        doing: &'static str,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.transact(TransactionBehavior::Immediate, body)
            .map_err(|fault| fault.locate(self.path(), doing))
    }

    /// Reads one state of the study, whatever is being written meanwhile.
    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.transact(TransactionBehavior::Deferred, body)
            .map_err(|fault| fault.locate(self.path(), doing))
    }

    fn transact<T>(
        &self,
        behavior: TransactionBehavior,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(behavior)?;
        let value = body(&transaction)?;
        transaction.commit()?;
        Ok(value)
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

    fn new(path: &Path, connection: Connection) -> Self {
        Self {
            shared: Arc::new(Shared {
                path: path.to_owned(),
                connection: Mutex::new(connection),
            }),
        }
    }
}
