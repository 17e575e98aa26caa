//! A file that is being fetched: appended to, continued after an interruption, checked, and put in its place.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use anyhow::anyhow;

use super::catalogue::Source;
use super::http::Version;
use super::integrity::{Fingerprint, Sha256Hex};
use super::place::{Place, explain};

/// The part, with the fingerprint of what it has so far.
#[derive(Debug)]
pub(super) struct Part {
    place: Place,
    file: File,
    fingerprint: Fingerprint,
    version: Option<Version>,
}

impl Part {
    /// Opens what an earlier fetch has left, or an empty part; `progress` is told of the bytes that are read again.
    ///
    /// The caller holds the lock of the place.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub(super) fn open(place: &Place, progress: &dyn Fn(u64)) -> anyhow::Result<Self> {
        let path = place.part();
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| explain(error, "open", &path))?;
        let version = read_version(&place.version());
        let length = file
            .metadata()
            .map_err(|error| explain(error, "read", &path))?
            .len();
        let fingerprint = Fingerprint::of((&mut file).take(length), progress)
            .map_err(|error| explain(error, "read", &path))?;
        Ok(Self {
            place: place.clone(),
            file,
            fingerprint,
            version,
        })
    }

    pub(super) fn length(&self) -> u64 {
        self.fingerprint.length()
    }

    /// The version that the part is of.
    pub(super) fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// Forgets what is there, and begins another version.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub(super) fn restart(&mut self, version: Option<Version>) -> anyhow::Result<()> {
        if self.length() > 0 {
            self.file
                .set_len(0)
                .and_then(|()| self.file.seek(SeekFrom::Start(0)))
                .map_err(|error| explain(error, "empty", &self.place.part()))?;
        }
        self.fingerprint = Fingerprint::default();
        let path = self.place.version();
        // The part is empty by now: a version that is not written is never of other bytes.
        match &version {
            Some(version) => fs::write(&path, serde_json::to_string_pretty(version)?)
                .map_err(|error| explain(error, "write", &path))?,
            None => remove(&path)?,
        }
        self.version = version;
        Ok(())
    }

    /// Appends.
    ///
    /// # Errors
    ///
    /// When the file system refuses; what was there before is kept.
    pub(super) fn append(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            let path = self.place.part();
            // Some of the bytes may have arrived, and must not be taken for all of them. When even that fails, the next
            // fetch reads what is there, and the check at the end decides.
            let length = self.length();
            let _ = self.file.set_len(length);
            let _ = self.file.seek(SeekFrom::Start(length));
            return Err(explain(error, "write", &path));
        }
        self.fingerprint.update(bytes);
        Ok(())
    }

    /// Checks the part, and makes it the file.
    ///
    /// # Errors
    ///
    /// When it is not what the catalogue says; it is then kept beside, as `FILE.bad`.
    pub(super) fn finish(self, source: &Source) -> anyhow::Result<Sha256Hex> {
        let part = self.place.part();
        self.file
            .sync_all()
            .or_else(ignore_devices)
            .map_err(|error| explain(error, "write", &part))?;
        if let Err(mismatch) = self.fingerprint.check(source) {
            let bad = self.place.bad();
            rename(&part, &bad)?;
            remove(&self.place.version())?;
            return Err(anyhow!(mismatch).context(format!(
                "what was fetched as {} is not what the catalogue says; it is kept as {} for you to look at, and can be deleted; \
                 run the command again, and if it fails again, the source or xtask/data.toml is wrong",
                source.file,
                bad.display()
            )));
        }
        let file = self.place.file();
        rename(&part, &file)?;
        remove(&self.place.version())?;
        sync_folder(self.place.folder());
        Ok(self.fingerprint.sha256())
    }

    /// Deletes the part.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub(super) fn discard(self) -> anyhow::Result<()> {
        remove(&self.place.part())?;
        remove(&self.place.version())
    }
}

/// What an earlier fetch has written; one that cannot be read counts as none.
fn read_version(path: &Path) -> Option<Version> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::rename(from, to)
        .map_err(|error| explain(error, &format!("rename {} to", from.display()), to))
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(explain(error, "delete", path)),
        _ => Ok(()),
    }
}

/// Some file systems cannot flush; the check has read all bytes anyway.
fn ignore_devices(error: std::io::Error) -> std::io::Result<()> {
    match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::Unsupported => Ok(()),
        _ => Err(error),
    }
}

/// Makes a rename survive a power cut, where the system can do that.
fn sync_folder(folder: &Path) {
    // The file is there and correct; that it might have to be fetched again after a power cut is no failure.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}
