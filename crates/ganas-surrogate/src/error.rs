//! Why a surrogate cannot be opened or asked.

use std::path::PathBuf;

use ganas_eval::{EvalError, UnknownDirection};
use ganas_formats::SourceError;
use ganas_formats::limit::shortened;
use ganas_space::suggestion::did_you_mean;
use thiserror::Error;

/// Why a surrogate cannot be opened or asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SurrogateError {
    /// A file cannot be read or unpacked.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file of a surrogate is damaged, or is not what was expected.
    #[error("{}: {place}: {}; copy or download the surrogate again", file.display(), shortened(problem))]
    File {
        /// The file.
        file: PathBuf,
        /// The part of the file.
        place: String,
        /// What is wrong there, and what was expected.
        problem: String,
    },

    /// The folder holds no surrogate of the space.
    #[error("{}: no surrogate of the space `{space}`: expected {expected}", folder.display())]
    NoSurrogate {
        /// The folder.
        folder: PathBuf,
        /// The space that was asked for.
        space: String,
        /// The files that a surrogate of the space consists of.
        expected: String,
    },

    /// A name that is no metric of the surrogate.
    #[error("the surrogate has no metric `{name}`{}; its metrics are {known}", did_you_mean(suggestion.as_deref()))]
    UnknownPrediction {
        /// The name that was asked for.
        name: String,
        /// The closest metric, when one is close.
        suggestion: Option<String>,
        /// All metrics, comma-separated.
        known: String,
    },

    /// Which values of what is searched on are better is not known.
    #[error(transparent)]
    UnknownDirection(#[from] UnknownDirection),
}

impl From<SurrogateError> for EvalError {
    fn from(error: SurrogateError) -> Self {
        Self::Failed(Box::new(error))
    }
}
