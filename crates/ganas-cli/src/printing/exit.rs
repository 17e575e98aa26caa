//! Exit codes, and how an error is told.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// How a command that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is done: 0.
    Done,
    /// All is done, but evaluations failed: 3.
    FailedEvaluations,
    /// The arguments made no sense, which the argument parser has told: 2.
    Usage,
    /// It was interrupted, and can be resumed: 130, what a shell reports for SIGINT.
    Interrupted,
}

impl Outcome {
    /// The exit code.
    pub(crate) fn code(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::FailedEvaluations => ExitCode::from(3),
            Self::Usage => ExitCode::from(2),
            Self::Interrupted => ExitCode::from(INTERRUPTED),
        }
    }
}

/// The exit code of an interrupted command.
pub(crate) const INTERRUPTED: u8 = 130;

/// An error in what was asked for, not in doing it: exit code 2, as for errors that the argument parser finds.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for UsageError {}

/// The exit code of an error: 2 when the arguments or the configuration are at fault, otherwise 1.
pub(crate) fn code_of(error: &anyhow::Error) -> ExitCode {
    let usage = error
        .chain()
        .any(|cause| cause.is::<UsageError>() || ganas::is_usage(cause));
    ExitCode::from(if usage { 2 } else { 1 })
}

/// The error and its causes in one line. A cause that the message above already tells is not told again.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use ganas::search::SearchError;

    use super::*;

    #[test]
    fn causes_are_told_once() {
        let inner = SearchError::Observer {
            observer: "the study database",
            source: "disk is full".into(),
        };
        let error = anyhow::Error::new(inner).context("seed 3");
        assert_eq!(
            message(&error),
            "seed 3: the study database failed: disk is full"
        );
    }

    #[test]
    fn usage_is_found_below_contexts() {
        let usage: anyhow::Result<()> = Err(SearchError::EmptyBudget.into());
        let error = usage.context("a").context("b").unwrap_err();
        assert_eq!(code_of(&error), ExitCode::from(2));
        let error = anyhow::Error::new(UsageError("no".to_owned())).context("a");
        assert_eq!(code_of(&error), ExitCode::from(2));
        assert_eq!(code_of(&anyhow::anyhow!("no")), ExitCode::from(1));
    }
}
