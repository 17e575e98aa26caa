//! The source file of an import: its bytes, unpacked, and its fingerprint.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::EvalError;

use super::manifest::SourceInfo;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A source file in memory.
pub(crate) struct Source {
    /// The text, decompressed when the file is gzip'd; whether it is UTF-8 is not known yet.
    pub(crate) text: Vec<u8>,
    /// The file as it was.
    pub(crate) info: SourceInfo,
}

impl Source {
    /// Reads a file; whether it is gzip'd is told by its first bytes, not by its name.
    pub(crate) fn read(file: &Path) -> Result<Self, EvalError> {
        let raw = fs::read(file).map_err(|source| EvalError::ReadSource {
            file: file.to_owned(),
            source,
        })?;
        let info = SourceInfo {
            file: file
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            sha256: sha256_hex(&raw),
            bytes: raw.len() as u64,
        };
        let text = if raw.starts_with(&GZIP_MAGIC) {
            gunzip(file, &raw)?
        } else {
            raw
        };
        Ok(Self { text, info })
    }
}

fn gunzip(file: &Path, raw: &[u8]) -> Result<Vec<u8>, EvalError> {
    let mut text = Vec::new();
    match MultiGzDecoder::new(raw).read_to_end(&mut text) {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(EvalError::TruncatedGzip {
                file: file.to_owned(),
                decompressed: text.len() as u64,
            })
        }
        Err(error) => Err(EvalError::CorruptGzip {
            file: file.to_owned(),
            decompressed: text.len() as u64,
            reason: error.to_string(),
        }),
    }
}

/// The sha256 of the bytes, in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
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
