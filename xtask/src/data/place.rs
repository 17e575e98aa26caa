//! Where a file lies: the folder, the file, and what stands beside it while it is being fetched.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::catalogue::Source;

/// The variable that names the folder with benchmark data; `ganas` reads it, too.
const DATA: &str = "GANAS_DATA";

/// The folder that was asked for, else that of `GANAS_DATA`, else `data` in the current one.
pub(super) fn folder(named: Option<&Path>) -> PathBuf {
    let folder = named.map(Path::to_owned);
    let folder = folder.or_else(|| environment(DATA).map(PathBuf::from));
    folder.unwrap_or_else(|| PathBuf::from("data"))
}

/// The value of a variable; an empty one counts as not set.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The paths of one source in one folder.
#[derive(Clone, Debug)]
pub(super) struct Place {
    folder: PathBuf,
    file_name: String,
}

/// What there is of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// The file, with its number of bytes.
    Present(u64),
    /// A part of it, with its number of bytes.
    Partial(u64),
    Absent,
}

impl Presence {
    /// A word for it, and the number of bytes.
    pub(super) fn state(self) -> (&'static str, u64) {
        match self {
            Self::Present(bytes) => ("present", bytes),
            Self::Partial(bytes) => ("partial", bytes),
            Self::Absent => ("absent", 0),
        }
    }
}

impl Place {
    pub(super) fn new(folder: &Path, source: &Source) -> Self {
        Self {
            folder: folder.to_owned(),
            file_name: source.file.clone(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file, complete and checked.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join(&self.file_name)
    }

    /// What has been fetched so far.
    pub(super) fn part(&self) -> PathBuf {
        self.beside("part")
    }

    /// What the server said of the file that the part is of.
    pub(super) fn version(&self) -> PathBuf {
        self.beside("part.json")
    }

    /// A file that was not what it should be.
    pub(super) fn bad(&self) -> PathBuf {
        self.beside("bad")
    }

    fn beside(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.file_name))
    }

    /// Looks what is there.
    pub(super) fn presence(&self) -> anyhow::Result<Presence> {
        Ok(match (length(&self.file())?, length(&self.part())?) {
            (Some(length), _) => Presence::Present(length),
            (None, Some(length)) => Presence::Partial(length),
            (None, None) => Presence::Absent,
        })
    }

    /// Whether the file is there, complete.
    pub(super) fn is_present(&self) -> anyhow::Result<bool> {
        Ok(matches!(self.presence()?, Presence::Present(_)))
    }

    /// Creates the folder, and keeps other fetches of this file away for as long as the result lives.
    ///
    /// The lock is a file of its own that is never deleted: one that was could be held twice, by the one who had it open
    /// and by the one who made it again.
    pub(super) fn lock(&self) -> anyhow::Result<File> {
        let locks = self.folder.join(".locks");
        fs::create_dir_all(&locks).map_err(|error| explain(error, "create the folder", &locks))?;
        let path = locks.join(&self.file_name);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| explain(error, "open the lock", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => bail!(
                "another fetch of {} is running in {}; wait for it to end",
                self.file_name,
                self.folder.display()
            ),
            Err(TryLockError::Error(error)) => Err(explain(error, "lock", &path)),
        }
    }
}

fn length(path: &Path) -> anyhow::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            bail!("{} is a folder, and should be a file", path.display())
        }
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot look for {}", path.display())),
    }
}

/// An error of the file system with what to do about it.
pub(super) fn explain(error: io::Error, action: &str, path: &Path) -> anyhow::Error {
    let advice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space, or name another folder with --to, and run the command again: what is there is kept"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; this user may not write there: name another folder with --to, or set GANAS_DATA"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "; a file stands where a folder should be: name another folder with --to"
        }
        io::ErrorKind::FileTooLarge => {
            "; the file system takes no file of this size: name a folder elsewhere with --to"
        }
        _ => "",
    };
    let message = format!("cannot {action} {}{advice}", path.display());
    anyhow::Error::new(error).context(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_file_system_say_what_to_do() {
        for (kind, advice) in [
            (io::ErrorKind::StorageFull, "free some space"),
            (io::ErrorKind::QuotaExceeded, "free some space"),
            (io::ErrorKind::PermissionDenied, "may not write there"),
            (io::ErrorKind::ReadOnlyFilesystem, "may not write there"),
            (io::ErrorKind::NotADirectory, "a file stands where"),
        ] {
            let error = explain(kind.into(), "write", Path::new("x/y"));
            let text = format!("{error:#}");
            assert!(text.starts_with("cannot write x/y; "), "{text}");
            assert!(text.contains(advice), "{text}");
        }
    }
}
