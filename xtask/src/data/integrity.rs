//! Whether a file is what the catalogue says: its size, its sha256, and that it is no web page.

use std::fmt::{self, Write as _};
use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::catalogue::{Size, Source, bytes_text};

/// A sha256 as 64 hexadecimal digits in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Sha256Hex(String);

impl TryFrom<String> for Sha256Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if text.len() == 64 && text.chars().all(is_digit) {
            Ok(Self(text))
        } else {
            Err(format!(
                "a sha256 has 64 hexadecimal digits in lower case, but this is `{text}`"
            ))
        }
    }
}

impl From<Sha256Hex> for String {
    fn from(digest: Sha256Hex) -> Self {
        digest.0
    }
}

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much is read at once.
pub(super) const CHUNK: usize = 256 * 1024;

/// As much of a file's beginning as tells a web page.
const HEAD: usize = 64;

/// The fingerprint of a file that is read bit by bit.
#[derive(Clone, Debug, Default)]
pub(super) struct Fingerprint {
    hasher: Sha256,
    length: u64,
    head: Vec<u8>,
}

impl Fingerprint {
    /// Of all that a reader has; `progress` is told of every number of bytes.
    pub(super) fn of(reader: impl Read, progress: &dyn Fn(u64)) -> io::Result<Self> {
        let mut fingerprint = Self::default();
        read_all(reader, &mut |bytes| {
            fingerprint.update(bytes);
            progress(bytes.len() as u64);
            Ok(())
        })?;
        Ok(fingerprint)
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let missing = HEAD - self.head.len();
        self.head.extend(bytes.iter().take(missing));
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn sha256(&self) -> Sha256Hex {
        let digest = self.hasher.clone().finalize();
        let text = digest.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Sha256Hex(text)
    }

    /// What is wrong with the file.
    ///
    /// # Errors
    ///
    /// The first difference that explains most: a web page, a wrong size, a wrong checksum.
    pub(super) fn check(&self, source: &Source) -> Result<(), Mismatch> {
        let mismatch = if is_web_page(&self.head) {
            Some(Mismatch::WebPage)
        } else if !size_fits(source.size(), self.length) {
            Some(Mismatch::Size {
                expected: source.size(),
                found: self.length,
            })
        } else {
            None
        };
        if let Some(mismatch) = mismatch {
            return Err(mismatch);
        }
        match &source.sha256 {
            Some(expected) if *expected != self.sha256() => Err(Mismatch::Sha256 {
                expected: expected.clone(),
                found: self.sha256(),
            }),
            _ => Ok(()),
        }
    }
}

/// Hands everything that a reader has to `sink`, in chunks.
pub(super) fn read_all(
    mut reader: impl Read,
    sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => sink(&buffer[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether a number of bytes agrees with what is known.
///
/// A rounded number may be off by a fifth: a published "MB" may have 2^20 bytes, and a "GB" 2^30.
pub(super) fn size_fits(size: Size, found: u64) -> bool {
    match size {
        Size::Exact(expected) => found == expected,
        Size::About(expected) => found.abs_diff(expected) <= expected / 5,
        Size::Unknown => true,
    }
}

/// Whether a file begins as web pages do.
fn is_web_page(head: &[u8]) -> bool {
    let text = head.trim_ascii_start().to_ascii_lowercase();
    text.starts_with(b"<!doctype html") || text.starts_with(b"<html")
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    WebPage,
    Size {
        expected: Size,
        found: u64,
    },
    Sha256 {
        expected: Sha256Hex,
        found: Sha256Hex,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebPage => f.write_str("it is a web page (HTML), not the data"),
            Self::Size { expected, found } => match expected {
                Size::Exact(expected) => {
                    write!(f, "it should have {expected} bytes, but has {found}")
                }
                _ => write!(
                    f,
                    "it should have about {}, but has {found} bytes",
                    expected.bytes().map(bytes_text).unwrap_or_default()
                ),
            },
            Self::Sha256 { expected, found } => {
                write!(f, "its sha256 should be {expected}, but is {found}")
            }
        }
    }
}

impl std::error::Error for Mismatch {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_of_abc() {
        let fingerprint = Fingerprint::of(&b"abc"[..], &|_| ()).unwrap();
        assert_eq!(fingerprint.length(), 3);
        assert_eq!(
            fingerprint.sha256().to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn sizes() {
        for (size, found, fits) in [
            (Size::Exact(10), 10, true),
            (Size::Exact(10), 11, false),
            // 499 MB of 2^20 bytes.
            (Size::About(499_000_000), 523_239_424, true),
            (Size::About(499_000_000), 12_000, false),
            (Size::About(499_000_000), 2_085_986_016, false),
            (Size::Unknown, 0, true),
        ] {
            assert_eq!(size_fits(size, found), fits, "{size:?} {found}");
        }
    }

    #[test]
    fn web_pages() {
        assert!(is_web_page(b"\n <!DOCTYPE html><html>"));
        assert!(is_web_page(b"<HTML lang=en>"));
        assert!(!is_web_page(b"PK\x03\x04"));
        assert!(!is_web_page(b""));
    }
}
