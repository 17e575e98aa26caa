//! Where an output is to lie, and what it must not be.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{OutputError, OutputProblem};
use crate::identity::Identity;

/// Whether an output that exists may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// It is replaced.
    Allowed,
    /// It is an error.
    Refused,
}

/// The files that SQLite keeps beside a database; they belong to an input that is one.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The standard output under its other names.
const STDOUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// An output with the files that it is made from.
#[derive(Clone, Debug)]
pub struct Target {
    pub(crate) path: PathBuf,
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) replace: Replace,
}

impl Target {
    /// An output at this path.
    pub fn new(path: impl Into<PathBuf>, replace: Replace) -> Self {
        Self {
            path: path.into(),
            inputs: Vec::new(),
            replace,
        }
    }

    /// Adds files that it is made from, and that it must not be.
    #[must_use]
    pub fn made_from<P: AsRef<Path>>(mut self, inputs: impl IntoIterator<Item = P>) -> Self {
        let inputs = inputs.into_iter().map(|input| input.as_ref().to_owned());
        self.inputs.extend(inputs);
        self
    }

    /// The output.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it may be written, as far as that can be told before it is: something to ask before hours of work.
    ///
    /// # Errors
    ///
    /// The output is an input, a link, no regular file, or exists although it must not be replaced.
    pub fn check(&self) -> Result<(), OutputError> {
        self.problem()
            .map_or(Ok(()), |problem| Err(problem.in_file(&self.path)))
    }

    fn problem(&self) -> Option<OutputProblem> {
        if self.path.file_name().is_none() {
            return Some(OutputProblem::NoName);
        }
        // First, since it says most: a link to an input is an input.
        if let Some(input) = aliased(&self.path, &self.inputs) {
            return Some(OutputProblem::IsInput { input });
        }
        let Ok(metadata) = fs::symlink_metadata(&self.path) else {
            // It is not there; why its folder cannot be looked into is told when it is written.
            return None;
        };
        let kind = metadata.file_type();
        if kind.is_symlink() {
            let to = fs::read_link(&self.path).ok();
            Some(OutputProblem::Link { to })
        } else if kind.is_dir() {
            Some(OutputProblem::NotAFile { kind: "a folder" })
        } else if !kind.is_file() {
            let kind = "a pipe, a socket or a device";
            Some(OutputProblem::NotAFile { kind })
        } else if self.replace == Replace::Refused {
            Some(OutputProblem::Exists)
        } else {
            None
        }
    }
}

/// Whether a path means the standard output: `-`, `/dev/stdout` and its other names.
#[must_use]
pub fn means_stdout(path: &Path) -> bool {
    STDOUT.iter().any(|name| path == Path::new(name))
}

/// Checks that the standard output, which may have been redirected to a file, is none of the inputs of what is printed.
///
/// # Errors
///
/// [`OutputProblem::IsInput`].
pub fn check_stdout<P: AsRef<Path>>(
    inputs: impl IntoIterator<Item = P>,
) -> Result<(), OutputError> {
    let stdout = Path::new(STDOUT[1]);
    let inputs: Vec<PathBuf> = inputs
        .into_iter()
        .map(|input| input.as_ref().to_owned())
        .collect();
    match aliased(stdout, &inputs) {
        Some(input) => Err(OutputProblem::IsInput { input }.in_file(stdout)),
        None => Ok(()),
    }
}

/// The input that an output is, or that it lies beside as a part of.
fn aliased(output: &Path, inputs: &[PathBuf]) -> Option<PathBuf> {
    let identity = Identity::of(output)?;
    let is_output = |path: &Path| Identity::of(path).as_ref() == Some(&identity);
    let mut candidates = inputs.iter().flat_map(|input| {
        let side_files = SIDE_FILES.map(|ending| {
            let mut path = input.as_os_str().to_owned();
            path.push(ending);
            PathBuf::from(path)
        });
        std::iter::once(input.clone()).chain(side_files)
    });
    candidates.find(|input| is_output(input))
}
