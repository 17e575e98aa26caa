//! Why a file cannot be written.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// An output that cannot be written; nothing was changed.
#[derive(Debug, Error)]
#[error("{}: {problem}", file.display())]
pub struct OutputError {
    /// The output.
    pub file: PathBuf,
    /// What is wrong with it.
    pub problem: OutputProblem,
}

/// Why an output cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutputProblem {
    /// It exists, and must not be replaced.
    #[error("the output file exists; choose another name, or allow overwriting")]
    Exists,
    /// It is one of the files that it is made from.
    #[error(
        "the output is the same file as {}, which it is made from, and writing it would destroy that; \
         choose another name",
        input.display()
    )]
    IsInput {
        /// The input, as it was named.
        input: PathBuf,
    },
    /// The name is that of a symbolic link.
    #[error(
        "the output is a symbolic link{}, and links are not followed; name the file itself, or remove the link",
        to.as_ref().map(|to| format!(" to {}", to.display())).unwrap_or_default()
    )]
    Link {
        /// What it points to, when that can be read.
        to: Option<PathBuf>,
    },
    /// Something with that name is no regular file.
    #[error("the output is {kind}, expected a regular file or a new name")]
    NotAFile {
        /// What it is.
        kind: &'static str,
    },
    /// It has no name, such as `..` or an empty path.
    #[error("the output has no file name; name a file")]
    NoName,
    /// It cannot be created, written, synced or renamed.
    #[error(
        "cannot write the file: {source}; check that its folder exists, is writable and has room"
    )]
    Write {
        /// What the system said.
        source: io::Error,
    },
}

impl OutputProblem {
    pub(crate) fn in_file(self, file: &Path) -> OutputError {
        OutputError {
            file: file.to_owned(),
            problem: self,
        }
    }

    pub(crate) fn write(source: io::Error) -> Self {
        Self::Write { source }
    }
}
