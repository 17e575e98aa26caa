//! The folder of a surrogate, and the fingerprint of what was read from it.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::SurrogateError;
use ganas_formats::limit::{MODEL, MaxUnpacked};
use ganas_formats::source::{Source, SourceError, hex};

/// How deep files are looked for.
const MAX_DEPTH: usize = 4;

/// A folder whose files are being read.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    digest: Sha256,
    max: MaxUnpacked,
}

/// A file in memory, unpacked when it is gzip'd.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

impl Folder {
    #[cfg(test)]
    pub(super) fn new(path: &Path) -> Self {
        Self::bounded(path, MaxUnpacked::default())
    }

    /// A folder whose files may unpack to so much.
    pub(super) fn bounded(path: &Path, max: MaxUnpacked) -> Self {
        Self {
            max,
            path: path.to_owned(),
            digest: Sha256::new(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a file of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.path.join(name).is_file()
    }

    /// The files of this name in the folder and below it, as paths from the folder, sorted.
    pub(super) fn find(&self, name: &str) -> Result<Vec<String>, SurrogateError> {
        let mut found = Vec::new();
        let mut folders = vec![(String::new(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            let path = self.path.join(&folder);
            let unreadable = |error| SourceError::unreadable(&path, error);
            for entry in fs::read_dir(&path).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                let kind = entry.file_type().map_err(unreadable)?;
                let Ok(entry) = entry.file_name().into_string() else {
                    continue;
                };
                let path = if folder.is_empty() {
                    entry.clone()
                } else {
                    format!("{folder}/{entry}")
                };
                if kind.is_dir() && depth < MAX_DEPTH {
                    folders.push((path, depth + 1));
                } else if kind.is_file() && entry == name {
                    found.push(path);
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// The folders in a folder below, sorted; an empty path is the folder itself.
    pub(super) fn folders_in(&self, below: &str) -> Result<Vec<String>, SurrogateError> {
        let path = self.path.join(below);
        let unreadable = |error| SourceError::unreadable(&path, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let is_folder = entry.file_type().map_err(unreadable)?.is_dir();
            if let (true, Ok(name)) = (is_folder, entry.file_name().into_string()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Whether nothing is in a folder below.
    pub(super) fn is_empty(&self, below: &str) -> bool {
        fs::read_dir(self.path.join(below)).is_ok_and(|mut entries| entries.next().is_none())
    }

    /// The error that a file is missing without which predictions would be others.
    pub(super) fn missing(&self, name: &str, why: &str) -> SurrogateError {
        SurrogateError::File {
            file: self.path.join(name),
            place: "the file".to_owned(),
            problem: format!("it is missing: {why}"),
        }
    }

    /// Reads the first of these files that is there; the last one when none is.
    pub(super) fn read_any(&mut self, names: &[&str]) -> Result<File, SurrogateError> {
        let found = names.iter().find(|name| self.has(name));
        self.read(found.or(names.last()).copied().unwrap_or_default())
    }

    /// Reads a file, which counts in the fingerprint as it lies on the disk.
    pub(super) fn read(&mut self, name: &str) -> Result<File, SurrogateError> {
        let path = self.path.join(name);
        let source = Source::read(&path, MODEL, self.max)?;
        self.digest
            .update(format!("{name}\0{}\n", source.info.sha256));
        Ok(File {
            path,
            bytes: source.text,
        })
    }

    /// The sha256 of the names and the sha256 of all files that were read, in the order of reading.
    pub(super) fn sha256(&self) -> String {
        hex(&self.digest.clone().finalize())
    }
}

impl File {
    /// Reads the file as JSON.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, SurrogateError> {
        serde_json::from_slice(&self.bytes).map_err(|error| {
            self.problem(
                format!("line {}, column {}", error.line(), error.column()),
                format!("not the JSON that was expected: {error}"),
            )
        })
    }

    /// The error that something is wrong at a place.
    pub(super) fn problem(
        &self,
        place: impl Into<String>,
        problem: impl Into<String>,
    ) -> SurrogateError {
        SurrogateError::File {
            file: self.path.clone(),
            place: place.into(),
            problem: problem.into(),
        }
    }
}
