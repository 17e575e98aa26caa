//! A whole file, read piece by piece or at once: its bytes, unpacked, and its fingerprint.

use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, Chain, Cursor, Read};
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
        let mut reader = SourceReader::open(file, rule, max)?;
        let mut text = Vec::new();
        if matches!(reader.content, Content::Plain(_)) {
            // A file that grows meanwhile is read to its end nevertheless.
            text.reserve_exact(usize::try_from(reader.size).unwrap_or(0));
        }
        reader
            .read_to_end(&mut text)
            .map_err(|error| reader.source_error(error))?;
        let info = reader.finish()?;
        Ok(Self { text, info })
    }
}

/// A source file that is read piece by piece.
///
/// What it reads is decompressed when the file is gzip'd. The errors of [`Read`] are [`io::Error`]s that hold a
/// [`SourceError`], which [`source_error`] takes out of them.
pub struct SourceReader {
    file: PathBuf,
    content: Content,
    /// The size of the file when it was opened.
    size: u64,
    /// Bytes that came out so far.
    n_read: u64,
}

/// What a source gives.
enum Content {
    Plain(Packed),
    Gzip(Box<Bounded<MultiGzDecoder<Packed>>>),
}

/// A file from its first byte on: those that were read to tell what it is, and the others.
type Packed = Chain<Cursor<Vec<u8>>, Fingerprinted>;

/// The bytes of a file as it is, which are counted and summed as they pass.
struct Fingerprinted {
    file: File,
    digest: Sha256,
    n_read: u64,
}

/// A file could not be read, which a decompressor between has nothing to do with.
#[derive(Debug, Error)]
#[error(transparent)]
struct Unreadable(io::Error);

impl fmt::Debug for SourceReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceReader")
            .field("file", &self.file)
            .field("size", &self.size)
            .field("n_read", &self.n_read)
            .finish_non_exhaustive()
    }
}

impl SourceReader {
    /// Opens a regular file; whether it is gzip'd is told by its first bytes, not by its name.
    ///
    /// # Errors
    ///
    /// It cannot be read. When it is read, it may unpack to no more than the rule says, unless another bound is set.
    pub fn open(file: &Path, rule: Rule, max: MaxUnpacked) -> Result<Self, SourceError> {
        check_regular(file)?;
        let unreadable = |error| SourceError::unreadable(file, error);
        let opened = File::open(file).map_err(unreadable)?;
        let size = opened.metadata().map_err(unreadable)?.len();
        let mut packed = Fingerprinted {
            file: opened,
            digest: Sha256::new(),
            n_read: 0,
        };
        let mut head = Vec::new();
        (&mut packed)
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut head)
            .map_err(|error| unreadable(read_error(error)))?;
        let is_gzip = head == GZIP_MAGIC;
        let packed = Cursor::new(head).chain(packed);
        let content = if is_gzip {
            let bound = Bound {
                what: "its unpacked content",
                limit: max.of(rule, size),
            };
            Content::Gzip(Box::new(Bounded::new(MultiGzDecoder::new(packed), bound)))
        } else {
            Content::Plain(packed)
        };
        Ok(Self {
            file: file.to_owned(),
            content,
            size,
            n_read: 0,
        })
    }

    /// The size of the file as it is, packed or not.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads what is left without looking at it, and says what the file is.
    ///
    /// # Errors
    ///
    /// It cannot be read or unpacked up to its end.
    pub fn finish(mut self) -> Result<SourceInfo, SourceError> {
        let read = io::copy(&mut self, &mut io::sink());
        read.map_err(|error| self.source_error(error))?;
        let mut packed = match self.content {
            Content::Plain(packed) => packed,
            Content::Gzip(unpacked) => unpacked.into_inner().into_inner(),
        };
        let read = io::copy(&mut packed, &mut io::sink());
        read.map_err(|error| SourceError::unreadable(&self.file, read_error(error)))?;
        let (_, packed) = packed.into_inner();
        Ok(SourceInfo {
            file: (self.file.file_name())
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            sha256: hex(&packed.digest.finalize()),
            bytes: packed.n_read,
        })
    }

    fn source_error(&self, error: io::Error) -> SourceError {
        source_error(error).unwrap_or_else(|error| SourceError::unreadable(&self.file, error))
    }

    /// What an error of the file or of its decompressor means.
    fn problem(&self, error: io::Error) -> SourceProblem {
        if let Some(too_large) = too_large(&error) {
            return SourceProblem::TooLarge(too_large);
        }
        let decompressed = self.n_read;
        match error.downcast::<Unreadable>() {
            Ok(Unreadable(error)) => SourceProblem::Read(error),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                SourceProblem::TruncatedGzip { decompressed }
            }
            Err(error) => SourceProblem::CorruptGzip {
                decompressed,
                reason: error.to_string(),
            },
        }
    }
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.content {
            Content::Plain(file) => file.read(buffer),
            Content::Gzip(unpacked) => unpacked.read(buffer),
        };
        match read {
            Ok(n) => {
                self.n_read += n as u64;
                Ok(n)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => Err(io::Error::other(SourceError {
                file: self.file.clone(),
                problem: self.problem(error),
            })),
        }
    }
}

impl Read for Fingerprinted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.file.read(buffer) {
            Ok(n) => {
                self.digest.update(&buffer[..n]);
                self.n_read += n as u64;
                Ok(n)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => Err(io::Error::other(Unreadable(error))),
        }
    }
}

/// What the file said when it could not be read.
fn read_error(error: io::Error) -> io::Error {
    error
        .downcast::<Unreadable>()
        .map_or_else(|error| error, |Unreadable(error)| error)
}

/// The error of a source that an error of its [`SourceReader`] holds; any other error as it is.
///
/// # Errors
///
/// The error is not that of a source.
pub fn source_error(error: io::Error) -> Result<SourceError, io::Error> {
    error.downcast::<SourceError>()
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

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut encoder, content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_source_is_the_same_however_much_of_it_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("source");
        let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let gz = packed(&content);
        let mut twice = gz.clone();
        twice.extend(packed(b"more"));
        let mut both = content.clone();
        both.extend(b"more");
        for (raw, text) in [
            (content.clone(), content.clone()),
            (gz, content),
            (twice, both),
            (Vec::new(), Vec::new()),
            (vec![GZIP_MAGIC[0]], vec![GZIP_MAGIC[0]]),
        ] {
            fs::write(&file, &raw).unwrap();
            let info = SourceInfo {
                file: "source".to_owned(),
                sha256: sha256_hex(&raw),
                bytes: raw.len() as u64,
            };
            let whole = Source::read(&file, crate::limit::UNPACKED, MaxUnpacked::default());
            let whole = whole.unwrap();
            assert!(whole.text == text);
            assert_eq!(whole.info, info);
            for n in [0, 1, 10, 99_999, 200_000] {
                let reader =
                    SourceReader::open(&file, crate::limit::UNPACKED, MaxUnpacked::default());
                let mut reader = reader.unwrap();
                assert_eq!(reader.size(), info.bytes);
                let mut read = Vec::new();
                (&mut reader).take(n).read_to_end(&mut read).unwrap();
                assert!(text.starts_with(&read));
                assert_eq!(reader.finish().unwrap(), info);
            }
        }
    }

    #[test]
    fn what_is_wrong_behind_what_was_read_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("source.gz");
        let gz = packed(&[7; 100_000]);
        let open = |raw: &[u8], max: MaxUnpacked| {
            fs::write(&file, raw).unwrap();
            SourceReader::open(&file, crate::limit::UNPACKED, max).unwrap()
        };
        let usual = MaxUnpacked::default();
        let truncated = open(&gz[..gz.len() - 1], usual).finish().unwrap_err();
        let decompressed = 100_000;
        assert!(
            matches!(truncated.problem, SourceProblem::TruncatedGzip { decompressed: n } if n == decompressed),
            "{truncated}"
        );
        let trailing = [&gz[..], b"garbage in place of a member"].concat();
        let corrupt = open(&trailing, usual).finish().unwrap_err();
        assert!(
            matches!(corrupt.problem, SourceProblem::CorruptGzip { .. }),
            "{corrupt}"
        );
        let large = open(&gz, MaxUnpacked::bytes(99_999)).finish().unwrap_err();
        assert!(
            matches!(large.problem, SourceProblem::TooLarge(_)),
            "{large}"
        );
        let error = io::copy(&mut open(&trailing, usual), &mut io::sink()).unwrap_err();
        assert_eq!(
            source_error(error).unwrap().to_string(),
            corrupt.to_string()
        );
        assert!(source_error(io::Error::other("else")).is_err());
    }

    #[test]
    fn sha256_of_a_known_text() {
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
