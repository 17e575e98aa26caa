//! Who works on a run: one process, which holds a lock on a file beside the study.
//!
//! The system takes the lock away when the process ends, however it ends. Where a file system knows no locks, the number of
//! the session in the study tells later who came last.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{RunId, StoreError};

/// How often a lock that somebody has is tried again, and after which pause.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// The lock on a run, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct RunLock {
    /// None where the file system knows no locks.
    file: Option<File>,
    path: PathBuf,
}

/// Why a lock was not taken.
pub(crate) enum NotTaken {
    /// Another process has it, which named itself.
    Busy(String),
    /// It cannot be taken at all.
    Failed(StoreError),
}

impl RunLock {
    /// Takes the lock on a run; `holder` is how this process names itself to others.
    pub(crate) fn take(study: &Path, run: RunId, holder: &str) -> Result<Self, NotTaken> {
        let path = path_of(study, run);
        let failed = |source| {
            NotTaken::Failed(StoreError::Lock {
                lock: path.clone(),
                source,
            })
        };
        let mut looks = 0;
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            let mut file = match options.open(&path) {
                // The folder is gone: what writes to the study notices, and says so.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Ok(Self { file: None, path });
                }
                file => file.map_err(failed)?,
            };
            match file.try_lock() {
                Ok(()) => {}
                // It may be somebody who looks who has it.
                Err(TryLockError::WouldBlock) if looks < LOOKS => {
                    looks += 1;
                    std::thread::sleep(PAUSE);
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    // What it says is for people; without it there is a holder all the same.
                    let _ = file.take(1024).read_to_string(&mut holder);
                    return Err(NotTaken::Busy(holder));
                }
                Err(TryLockError::Error(error))
                    if error.kind() == std::io::ErrorKind::Unsupported =>
                {
                    return Ok(Self { file: None, path });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            // Whoever held it before may have removed the file while this one waited to open it.
            if is_same(&file, &path) {
                let written = file
                    .set_len(0)
                    .and_then(|()| file.rewind())
                    .and_then(|()| file.write_all(holder.as_bytes()));
                written.map_err(failed)?;
                return Ok(Self {
                    file: Some(file),
                    path,
                });
            }
        }
    }
}

/// Who works on a run, as it named itself; nothing when nobody does, or that cannot be known.
pub(crate) fn holder(study: &Path, run: RunId) -> Option<String> {
    let mut file = File::open(path_of(study, run)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let read = (&mut file).take(1024).read_to_string(&mut holder);
            read.is_ok().then_some(holder)
        }
        _ => None,
    }
}

/// The file that is locked.
fn path_of(study: &Path, run: RunId) -> PathBuf {
    let mut name = study.as_os_str().to_owned();
    name.push(format!(".run-{run}.lock"));
    PathBuf::from(name)
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), path.metadata()) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same(_: &File, path: &Path) -> bool {
    path.exists()
}

impl Drop for RunLock {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // A file that stays is taken by the next one.
            let _ = std::fs::remove_file(&self.path);
            let _ = file.unlock();
        }
    }
}
