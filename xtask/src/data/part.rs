//! A file that is being fetched: appended to, continued after an interruption, checked, and put in its place.

use std::fs::{self, File};
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use anyhow::anyhow;
use serde::{Deserialize, Serialize};

use super::catalogue::Source;
use super::integrity::Inspection;
use super::place::{Place, explain};

/// Which version of a file a server sends: what tells whether a part can be continued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    /// The address that was asked for.
    pub(super) url: String,
    /// What `If-Range` may hold: a strong entity tag, else a date.
    pub(super) validator: String,
}

/// What has been fetched so far.
#[derive(Debug)]
pub(super) struct Part {
    place: Place,
    file: File,
    length: u64,
    version: Option<Version>,
}

impl Part {
    /// Opens what an earlier fetch has left, or an empty part.
    ///
    /// The caller holds the lock of the place.
    pub(super) fn open(place: &Place) -> anyhow::Result<Self> {
        let path = place.part();
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| explain(error, "open", &path))?;
        let length = file
            .metadata()
            .and_then(|metadata| file.seek(SeekFrom::Start(metadata.len())))
            .map_err(|error| explain(error, "read", &path))?;
        // What cannot be read counts as none.
        let version = fs::read(place.version()).ok();
        Ok(Self {
            place: place.clone(),
            file,
            length,
            version: version.and_then(|bytes| serde_json::from_slice(&bytes).ok()),
        })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The version that the part is of, when it is known.
    pub(super) fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// Forgets what is there, and begins another version.
    pub(super) fn restart(&mut self, version: Option<Version>) -> anyhow::Result<()> {
        if self.length > 0 {
            self.cut(0)
                .map_err(|error| explain(error, "empty", &self.place.part()))?;
        }
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

    fn cut(&mut self, length: u64) -> std::io::Result<()> {
        self.file.set_len(length)?;
        self.length = self.file.seek(SeekFrom::Start(length))?;
        Ok(())
    }

    /// Appends.
    pub(super) fn append(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            // Some of the bytes may have arrived, and must not be taken for all of them. When even that fails, the next
            // fetch goes on with what is there, and the check at the end decides.
            let _ = self.cut(self.length);
            return Err(explain(error, "write", &self.place.part()));
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Checks the part, and makes it the file. Returns its sha256.
    pub(super) fn finish(self, source: &Source) -> anyhow::Result<String> {
        let part = self.place.part();
        self.file
            .sync_all()
            .map_err(|error| explain(error, "write", &part))?;
        match Inspection::of(&part, source)?.accept() {
            Err(problem) => {
                let bad = self.place.bad();
                rename(&part, &bad)?;
                remove(&self.place.version())?;
                Err(anyhow!(problem).context(format!(
                    "what was fetched as {} is not what the catalogue says; it is kept as {} for you to look at, and can be \
                     deleted; run the command again, and if it fails again, the source or xtask/data.toml is wrong",
                    source.file,
                    bad.display()
                )))
            }
            Ok(sha256) => {
                rename(&part, &self.place.file())?;
                remove(&self.place.version())?;
                // Makes the rename survive a power cut; that the file may have to be fetched again is no failure.
                let _ = File::open(self.place.folder()).and_then(|folder| folder.sync_all());
                Ok(sha256)
            }
        }
    }

    /// Deletes the part.
    pub(super) fn discard(self) -> anyhow::Result<()> {
        remove(&self.place.part())?;
        remove(&self.place.version())
    }
}

fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::rename(from, to)
        .map_err(|error| explain(error, &format!("rename {} to", from.display()), to))
}

/// Deletes a file, if it is there.
fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(explain(error, "delete", path)),
        _ => Ok(()),
    }
}
