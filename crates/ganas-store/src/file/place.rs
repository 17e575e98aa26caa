//! Where an open study lies: whether its path still leads to the file that was opened, and a copy when it does not.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, MAIN_DB};

use super::OnDisk;
use crate::checksum::StudyId;

/// How many names are tried for a copy.
const MAX_COPIES: u32 = 1000;

/// How often, and with what pause, a file is read again that another process may be writing just now.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// The file at a path, as it was last seen.
#[derive(Debug)]
pub(crate) struct Place {
    file: Option<FileId>,
    /// The size and the time of the last change when its content was last looked at.
    seen: Option<(u64, SystemTime)>,
}

/// What has become of the file at the path of an open study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// There is nothing: it was removed or renamed.
    Missing,
    /// There is another file.
    Replaced,
    /// There is the same file with another content.
    Overwritten,
}

/// What tells a file from all others of the machine.
#[cfg(unix)]
type FileId = (u64, u64);
#[cfg(not(unix))]
type FileId = ();

#[cfg(unix)]
fn file_id(metadata: &fs::Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere an open file can be neither removed nor renamed.
#[cfg(not(unix))]
fn file_id(_: &fs::Metadata) -> FileId {}

fn seen(metadata: &fs::Metadata) -> Option<(u64, SystemTime)> {
    Some((metadata.len(), metadata.modified().ok()?))
}

impl Place {
    /// The file that is at the path now.
    pub(crate) fn of(path: &Path) -> Self {
        let file = path.metadata().ok().as_ref().map(file_id);
        Self { file, seen: None }
    }

    /// What has become of the file since it was opened, if anything.
    ///
    /// The content is looked at when size or time have changed since it was last looked at.
    pub(crate) fn check(&mut self, path: &Path, id: StudyId) -> Result<(), Change> {
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Err(Change::Missing);
            }
            // Nothing is known; what the connection has open is still there.
            Err(_) => return Ok(()),
        };
        if Some(file_id(&metadata)) != self.file {
            return Err(Change::Replaced);
        }
        let now = seen(&metadata);
        if now.is_some() && now == self.seen {
            return Ok(());
        }
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(PAUSE);
            }
            match OnDisk::read(path) {
                OnDisk::Mark(mark, _) if mark.id == id => {
                    self.seen = now;
                    return Ok(());
                }
                // Migrated, with a reader in the way of the checkpoint.
                OnDisk::WithoutMark => return Ok(()),
                OnDisk::Mark(..) | OnDisk::Nothing | OnDisk::NoStudy => {
                    return Err(Change::Overwritten);
                }
                // Another process may be writing that page.
                OnDisk::Unreadable => {}
            }
        }
        Err(Change::Overwritten)
    }
}

impl Change {
    /// What has happened, for an error.
    pub(crate) fn describe(self, path: &Path) -> &'static str {
        match self {
            Self::Missing if !directory(path).is_dir() => "its folder was removed or renamed",
            Self::Missing => "it was removed or renamed",
            Self::Replaced => "another file was put in its place",
            Self::Overwritten => "it was overwritten with something else",
        }
    }
}

/// The folder of a path.
pub(super) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Copies what an open study holds to a new file beside its path; to one in the current folder when its own is gone.
pub(crate) fn rescue(path: &Path, connection: &Connection) -> Result<PathBuf, String> {
    let own = directory(path);
    let folder = if own.is_dir() { own } else { Path::new(".") };
    let copy = new_file(folder, path)?;
    let copied = connection
        .backup(MAIN_DB, &copy, None::<fn(rusqlite::backup::Progress)>)
        .map_err(|e| e.to_string())
        .and_then(|()| super::open_read_only(&copy).map_err(|e| e.to_string()));
    match copied {
        Ok(_) => Ok(copy),
        Err(reason) => {
            // What was copied is no study, so nothing is lost with it.
            let _ = fs::remove_file(&copy);
            Err(reason)
        }
    }
}

/// Makes an empty file with a name that no file has.
fn new_file(folder: &Path, path: &Path) -> Result<PathBuf, String> {
    let stem = path.file_stem().unwrap_or_default();
    for n in 1..=MAX_COPIES {
        let mut name = stem.to_owned();
        name.push(format!(".rescued-{n}"));
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        let copy = folder.join(name);
        match fs::File::create_new(&copy) {
            Ok(_) => return Ok(copy),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(format!("cannot create {}: {e}", copy.display())),
        }
    }
    Err(format!("{MAX_COPIES} copies are there already"))
}
