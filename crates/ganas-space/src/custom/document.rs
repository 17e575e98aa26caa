//! The text of a description, for errors that point at its lines.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::SpaceError;
use crate::excerpt::excerpt;
use crate::limits::{MAX_NAME_BYTES, MAX_SIZES};

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
    text.len() <= MAX_NAME_BYTES
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What is wrong with a text that [`is_name`] refuses.
pub(super) fn not_a_name(text: &str) -> String {
    format!(
        "`{}`: expected letters, digits and `_`, a letter first, at most {MAX_NAME_BYTES} of them",
        excerpt(text)
    )
}

/// Checks the number and the names of `sizes`, and that they are finite.
pub(super) fn check_sizes(
    document: Document<'_>,
    span: &Range<usize>,
    sizes: &BTreeMap<String, f64>,
) -> Result<(), SpaceError> {
    let problem = if sizes.len() > MAX_SIZES {
        format!("{} sizes; expected at most {MAX_SIZES}", sizes.len())
    } else if let Some(name) = sizes.keys().find(|name| name.len() > MAX_NAME_BYTES) {
        not_a_name(name)
    } else if let Some((name, value)) = sizes.iter().find(|(_, value)| !value.is_finite()) {
        format!("the size `{name}` is {value}; expected a finite number")
    } else {
        return Ok(());
    };
    Err(document.bad(span.clone(), problem))
}
