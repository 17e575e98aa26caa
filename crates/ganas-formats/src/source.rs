//! A whole file: its bytes, unpacked, and its fingerprint.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::limit::{Bound, Bounded, MaxUnpacked, Rule, TooLarge, too_large};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A file that cannot be read or unpacked.
#[derive(Debug, Error)]
#[error("{}: {problem}", file.display())]
pub struct SourceError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub problem: SourceProblem,
}

/// Why a file cannot be read or unpacked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceProblem {
    /// The file is missing or cannot be read.
    #[error("cannot read the source file: {0}; check the path and its permissions")]
    Read(#[source] io::Error),
    /// It is a folder, a pipe or a device, which may have no end.
    #[error("not a regular file; write what it gives to a file, and name that")]
    NotAFile,
    /// It unpacks to more than it may.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The gzip stream ends in the middle.
    #[error(
        "the gzip stream ends in the middle, after {decompressed} decompressed bytes; \
         the file is truncated: download or copy it again"
    )]
    TruncatedGzip {
        /// How many bytes came out before the end.
        decompressed: u64,
    },
    /// The gzip stream is damaged.
    #[error(
        "the gzip stream is damaged after {decompressed} decompressed bytes ({reason}); \
         download or copy the file again"
    )]
    CorruptGzip {
        /// How many bytes came out before the damage.
        decompressed: u64,
        /// What the decompressor said.
        reason: String,
    },
}

impl SourceError {
    /// A file that is missing or cannot be read.
    #[must_use]
    pub fn unreadable(file: &Path, error: io::Error) -> Self {
        Self {
            file: file.to_owned(),
            problem: SourceProblem::Read(error),
        }
    }
}

/// The file that a table was imported from; evaluations count as a file of JSON lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// The name of the file, without its folder.
    pub file: String,
    /// The sha256 of the file as it was, in hexadecimal.
    pub sha256: String,
    /// The size of the file as it was.
    pub bytes: u64,
}

/// A source file in memory.
#[derive(Debug)]
pub struct Source {
    /// The text, decompressed when the file is gzip'd; whether it is UTF-8 is not known yet.
    pub text: Vec<u8>,
    /// The file as it was.
    pub info: SourceInfo,
}

impl Source {
    /// Reads a regular file; whether it is gzip'd is told by its first bytes, not by its name.
    ///
    /// # Errors
    ///
    /// It cannot be read or unpacked, or unpacks to more than the rule says, unless another bound is set.
    pub fn read(file: &Path, rule: Rule, max: MaxUnpacked) -> Result<Self, SourceError> {
        check_regular(file)?;
        let raw = fs::read(file).map_err(|error| SourceError::unreadable(file, error))?;
        let info = SourceInfo {
            file: file
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            sha256: sha256_hex(&raw),
            bytes: raw.len() as u64,
        };
        let text = if raw.starts_with(&GZIP_MAGIC) {
            let limit = max.of(rule, raw.len() as u64);
            gunzip(file, &raw, limit)?
        } else {
            raw
        };
        Ok(Self { text, info })
    }
}

/// Checks that a path leads to a regular file, before it is opened: opening a pipe waits for somebody to write to it.
///
/// # Errors
///
/// It does not, or cannot be looked at.
pub fn check_regular(file: &Path) -> Result<(), SourceError> {
    let metadata = fs::metadata(file).map_err(|error| SourceError::unreadable(file, error))?;
    if metadata.is_file() {
        return Ok(());
    }
    Err(SourceError {
        file: file.to_owned(),
        problem: SourceProblem::NotAFile,
    })
}

fn gunzip(file: &Path, raw: &[u8], limit: u64) -> Result<Vec<u8>, SourceError> {
    let mut text = Vec::new();
    let bound = Bound {
        what: "its unpacked content",
        limit,
    };
    let Err(error) = Bounded::new(MultiGzDecoder::new(raw), bound).read_to_end(&mut text) else {
        return Ok(text);
    };
    if let Some(too_large) = too_large(&error) {
        return Err(SourceError {
            file: file.to_owned(),
            problem: SourceProblem::TooLarge(too_large),
        });
    }
    let decompressed = text.len() as u64;
    Err(SourceError {
        file: file.to_owned(),
        problem: if error.kind() == io::ErrorKind::UnexpectedEof {
            SourceProblem::TruncatedGzip { decompressed }
        } else {
            SourceProblem::CorruptGzip {
                decompressed,
                reason: error.to_string(),
            }
        },
    })
}

/// The sha256 of the bytes, in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_of_a_known_text() {
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
