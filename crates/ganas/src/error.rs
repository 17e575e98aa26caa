//! What can go wrong in an experiment.

use std::error::Error as StdError;
use std::iter::successors;

use ganas_eval::{Contradiction, EvalError};
use ganas_search::SearchError;
use ganas_space::SpaceError;
use ganas_store::StoreError;

/// An error of this crate.
///
/// Messages name settings as the command line spells them: `--table` is [`Experiment::table`](crate::Experiment::table).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Usage(String),
    /// What was asked for cannot be done.
    #[error("{0}")]
    Failed(String),
    /// Another error, with what was being done.
    #[error("{context}")]
    Context {
        /// What was being done.
        context: String,
        /// The error.
        source: Box<Error>,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A space, or an architecture of it.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// An evaluation.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// A search.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A study.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record of a run.
    #[error(transparent)]
    Report(#[from] ganas_report::ReportError),
    /// A device.
    #[error(transparent)]
    Device(#[from] ganas_gnn::DeviceError),
    /// A configuration that cannot be written as TOML.
    #[error(transparent)]
    WriteConfig(#[from] toml::ser::Error),
    /// A configuration that cannot be read from TOML.
    #[error(transparent)]
    ReadConfig(#[from] toml::de::Error),
    /// A file that is no regular one, or cannot be read.
    #[error(transparent)]
    Source(#[from] ganas_formats::SourceError),
    /// A table.
    #[cfg(feature = "tables")]
    #[error(transparent)]
    Table(#[from] ganas_table::TableError),
    /// The published files of a benchmark.
    #[cfg(feature = "benchmarks")]
    #[error(transparent)]
    Benchmark(#[from] ganas_benchmarks::BenchmarkError),
    /// A surrogate.
    #[cfg(feature = "surrogates")]
    #[error(transparent)]
    Surrogate(#[from] ganas_surrogate::SurrogateError),
}

impl From<Contradiction> for Error {
    fn from(error: Contradiction) -> Self {
        Self::Usage(error.to_string())
    }
}

impl Error {
    /// Whether what was asked for is at fault, and not the attempt to do it.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        let inner: &(dyn StdError + 'static) = match self {
            Self::Usage(_) => return true,
            Self::Context { source, .. } => return source.is_usage(),
            Self::Space(error) => error,
            Self::Eval(error) => error,
            Self::Search(error) => error,
            Self::Store(error) => error,
            Self::Report(error) => error,
            #[cfg(feature = "tables")]
            Self::Table(error) => error,
            #[cfg(feature = "benchmarks")]
            Self::Benchmark(error) => error,
            #[cfg(feature = "surrogates")]
            Self::Surrogate(error) => error,
            _ => return false,
        };
        successors(Some(inner), |error| (*error).source()).any(is_usage)
    }
}

/// Whether this error, not counting its causes, says that what was asked for is at fault.
#[must_use]
pub fn is_usage(error: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<Error>() {
        return error.is_usage();
    }
    if let Some(error) = error.downcast_ref() {
        return matches!(error, SpaceError::UnknownSpace { .. });
    }
    if let Some(error) = error.downcast_ref() {
        return matches!(
            error,
            SearchError::BadConfig { .. } | SearchError::EmptyBudget
        );
    }
    #[cfg(feature = "tables")]
    if let Some(error) = error.downcast_ref() {
        use ganas_table::TableError as Of;
        return matches!(
            error,
            Of::UnknownMetric { .. } | Of::UnknownDirection(_) | Of::NegativeCost { .. }
        );
    }
    #[cfg(feature = "surrogates")]
    if let Some(error) = error.downcast_ref() {
        use ganas_surrogate::SurrogateError as Of;
        return matches!(
            error,
            Of::UnknownPrediction { .. } | Of::UnknownDirection(_)
        );
    }
    #[cfg(feature = "workers")]
    if let Some(EvalError::Unusable(error)) = error.downcast_ref() {
        use ganas_worker::WorkerError as Of;
        return matches!(
            error.downcast_ref(),
            Some(
                Of::TooManyWorkers { .. }
                    | Of::EmptyId
                    | Of::UnknownFidelity { .. }
                    | Of::UnknownMetric { .. }
                    | Of::NoMetric { .. }
                    | Of::UnknownDirection(_)
            )
        );
    }
    false
}

/// Adds to an error what was being done.
pub(crate) trait Context<T> {
    fn context(self, context: impl Into<String>) -> Result<T, Error>
    where
        Self: Sized,
    {
        self.with_context(|| context)
    }

    fn with_context<C: Into<String>>(self, context: impl FnOnce() -> C) -> Result<T, Error>;
}

impl<T, E: Into<Error>> Context<T> for Result<T, E> {
    fn with_context<C: Into<String>>(self, context: impl FnOnce() -> C) -> Result<T, Error> {
        self.map_err(|source| Error::Context {
            context: context().into(),
            source: Box::new(source.into()),
        })
    }
}

impl<T> Context<T> for Option<T> {
    fn with_context<C: Into<String>>(self, context: impl FnOnce() -> C) -> Result<T, Error> {
        self.ok_or_else(|| Error::Failed(context().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_found_below_contexts() {
        let usage: Result<(), SearchError> = Err(SearchError::EmptyBudget);
        assert!(usage.context("a").context("b").unwrap_err().is_usage());
        let usage: Result<(), Error> = Err(Error::Usage("no".to_owned()));
        assert!(usage.context("a").unwrap_err().is_usage());
        assert!(!None::<()>.context("no").unwrap_err().is_usage());
    }
}
