//! The text of a description, for errors that point at its lines.

use std::ops::Range;

use crate::SpaceError;

/// The text of a description in TOML.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'a> {
    text: &'a str,
}

impl<'a> Document<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// The line in which a part of the text begins, from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }

    /// The error at the line in which a part of the text begins.
    pub(super) fn bad(&self, span: Range<usize>, problem: impl Into<String>) -> SpaceError {
        SpaceError::BadDescription {
            line: self.line(&span),
            problem: problem.into(),
        }
    }
}

/// Whether a text can be a name in an expression, and a word in the text of an architecture.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
