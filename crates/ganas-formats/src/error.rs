//! What is wrong with a file, and where in it.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::limit::{TooLarge, excerpt, shortened, too_large};

/// A problem at a place of a file; [`in_file`](Self::in_file) makes the error of it.
#[derive(Debug)]
pub struct FormatError {
    /// The member of an archive or a folder, or the number of the record.
    within: Option<String>,
    /// Bytes from the beginning of the (decompressed) member.
    offset: u64,
    problem: FormatProblem,
}

impl FormatError {
    /// A problem at this byte.
    pub fn at(offset: u64, problem: FormatProblem) -> Self {
        Self {
            within: None,
            offset,
            problem,
        }
    }

    /// A failure of the reader below: compression that ends early or is damaged, or the disk.
    pub fn of_read(offset: u64, error: &io::Error, of: &'static str) -> Self {
        let problem = if let Some(too_large) = too_large(error) {
            FormatProblem::TooLarge(too_large)
        } else if error.kind() == io::ErrorKind::UnexpectedEof {
            FormatProblem::Truncated { missing: 1, of }
        } else {
            FormatProblem::Unreadable {
                reason: error.to_string(),
            }
        };
        Self::at(offset, problem)
    }

    /// Says in which member or record; the first one that says so is the closest and stays.
    pub fn within(mut self, place: impl FnOnce() -> String) -> Self {
        self.within.get_or_insert_with(place);
        self
    }

    /// Says in which file.
    #[must_use]
    pub fn in_file(self, file: &Path) -> FileError {
        FileError {
            file: file.to_owned(),
            place: self.place(),
            problem: Box::new(self.problem),
        }
    }

    fn place(&self) -> String {
        match &self.within {
            Some(within) => format!("{within}, byte {}", self.offset),
            None => format!("byte {}", self.offset),
        }
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.problem)
    }
}

impl StdError for FormatError {}

/// A file that is damaged, or is not what was expected.
#[derive(Debug, Error)]
#[error("{}: {place}: {problem}", file.display())]
pub struct FileError {
    /// The file.
    pub file: PathBuf,
    /// The record or the member of the archive, and the byte.
    pub place: String,
    /// What is wrong there.
    pub problem: Box<FormatProblem>,
}

/// What can be wrong with a file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FormatProblem {
    /// The file ends early.
    #[error(
        "{of} ends in the middle ({missing} or more bytes are missing): download or copy the file again"
    )]
    Truncated {
        /// How many bytes are missing at least.
        missing: u64,
        /// What ends.
        of: &'static str,
    },
    /// The disk or the decompressor failed.
    #[error("not readable ({}): download or copy the file again", excerpt(reason))]
    Unreadable {
        /// What the reader said.
        reason: String,
    },
    /// A scratch file beside the output cannot be written.
    #[error(
        "cannot write a scratch file ({reason}): the folder of the output needs room for the measurements twice"
    )]
    Scratch {
        /// What the disk said.
        reason: String,
    },
    /// A checksum does not agree with the bytes.
    #[error(
        "the checksum of {of} is {found:08x}, expected {expected:08x}: download or copy the file again"
    )]
    Checksum {
        /// What was summed.
        of: &'static str,
        /// As stored.
        expected: u32,
        /// As computed.
        found: u32,
    },
    /// A length beyond what such a file has.
    #[error(
        "a length of {length} bytes, expected at most {limit}: the file is damaged, or not one of this benchmark"
    )]
    TooLong {
        /// As claimed.
        length: u64,
        /// The largest length that is read.
        limit: u64,
    },
    /// It becomes more than a file of its size may.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// More of something than such a file has.
    #[error("more than {limit} {what}: the file is damaged, or not one of this benchmark")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The largest number that is read.
        limit: usize,
    },
    /// An instruction of a pickle that is not on the list.
    #[error(
        "the pickle instruction 0x{opcode:02x} is not supported: the file is damaged, or not one of this benchmark"
    )]
    Instruction {
        /// The instruction.
        opcode: u8,
    },
    /// A name that a pickle wants to call or mention, and that is not on the list.
    #[error(
        "the pickle mentions `{name}`, which is not on the list of harmless names; nothing of it was executed: do not load this file with Python unless you trust its origin"
    )]
    ForbiddenName {
        /// Module and name.
        name: String,
    },
    /// Instructions that make no sense after each other.
    #[error("the pickle is malformed ({reason}): download or copy the file again")]
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
    /// The content is not that of the benchmark.
    #[error(
        "expected {}, found {}: is it a file of this benchmark?",
        excerpt(expected),
        excerpt(found)
    )]
    Content {
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// An architecture that is not one of the space.
    #[error("{}; choose the space that the file was made for", shortened(&source.to_string()))]
    Arch {
        /// What the space said.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The published hash of an architecture is not the one of its matrix and operations.
    #[error(
        "the architecture `{}` has the hash {found}, the file says {expected}: the record is damaged",
        excerpt(arch)
    )]
    Hash {
        /// The architecture as text.
        arch: String,
        /// As stored.
        expected: String,
        /// As computed.
        found: String,
    },
}

impl FormatProblem {
    /// The content is not what was expected.
    pub fn content(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Content {
            expected: expected.into(),
            found: found.into(),
        }
    }
}
