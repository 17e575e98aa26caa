//! The one error type of this crate.

use thiserror::Error;

use crate::excerpt::{excerpt, excerpt_at};
use crate::suggestion::did_you_mean;
use crate::text_form::{TextForm, in_words};

/// What can be wrong with an architecture, its text, or the name of a space.
///
/// Messages show a part of texts that are longer than [`MAX_QUOTED_BYTES`](crate::limits::MAX_QUOTED_BYTES); the fields
/// have all of them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// The vertices and edges do not form a directed acyclic graph with an input and an output.
    #[error("not an architecture: {reason}")]
    NotADag {
        /// What is wrong, with the numbers.
        reason: String,
    },
    /// A graph that is an architecture, but not one of this space.
    #[error("not an architecture of the space `{space}`: {reason}")]
    NotInSpace {
        /// The name of the space.
        space: Box<str>,
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// A text that the space's codec cannot read.
    #[error(
        "cannot read `{}` as an architecture of `{space}`: at byte {at}, expected {expected}",
        excerpt_at(.text, *.at)
    )]
    BadText {
        /// The name of the space.
        space: Box<str>,
        /// The whole text.
        text: String,
        /// The byte offset of the first problem.
        at: usize,
        /// What the codec expected there.
        expected: String,
    },
    /// A name that is no operation of the space.
    #[error(
        "unknown operation `{}` in `{}` (space `{space}`){}; the operations are {known}",
        excerpt(.name),
        excerpt(.text),
        did_you_mean(.suggestion.as_deref())
    )]
    UnknownOp {
        /// The name of the space.
        space: Box<str>,
        /// The name that was read.
        name: String,
        /// The whole text.
        text: String,
        /// The closest operation, when one is close.
        suggestion: Option<String>,
        /// All operations, comma-separated.
        known: String,
    },
    /// A text that has another meaning in each of several forms, and does not say which one it is of.
    #[error(
        "cannot read `{}` as an architecture of `{space}`: {why}; name the form, either with `NAME:` before the text or \
         with --form NAME: {}",
        excerpt(.text),
        in_words(.forms)
    )]
    UndecidedText {
        /// The name of the space.
        space: Box<str>,
        /// The whole text.
        text: String,
        /// What is not decided.
        why: String,
        /// The forms that it may be of.
        forms: &'static [TextForm],
    },
    /// A name that is no form of the texts of a space.
    #[error(
        "the space `{space}` has no form of texts `{}`{}; {}",
        excerpt(.name),
        did_you_mean(.suggestion.as_deref()),
        if .forms.is_empty() {
            "its texts have no forms that need a name: leave it out".to_owned()
        } else {
            format!("the forms are {}", in_words(.forms))
        }
    )]
    UnknownForm {
        /// The name of the space.
        space: Box<str>,
        /// The name that was given.
        name: String,
        /// The closest name, when one is close.
        suggestion: Option<String>,
        /// The forms that the space has.
        forms: &'static [TextForm],
    },
    /// A key that is not 32 hexadecimal digits.
    #[error("`{}` is not an architecture key: expected 32 hexadecimal digits", excerpt(.text))]
    BadKey {
        /// The text that was read.
        text: String,
    },
    /// A name that is no search space.
    #[error(
        "unknown search space `{}`{}; the spaces are {known}",
        excerpt(.name),
        did_you_mean(.suggestion.as_deref())
    )]
    UnknownSpace {
        /// The name that was asked for.
        name: String,
        /// The closest name, when one is close.
        suggestion: Option<String>,
        /// All names, comma-separated.
        known: String,
    },
    /// The description of a space in TOML is not one.
    #[error("line {line}: {problem}")]
    BadDescription {
        /// The line of the first problem, from 1.
        line: usize,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A look-up table that the description of a space names is not one.
    #[error("line {line}: {}: line {row}: {problem}", excerpt(.file))]
    BadLookup {
        /// The line of the description that names the table, from 1.
        line: usize,
        /// The name of the table's file.
        file: String,
        /// The line of the table with the first problem, from 1.
        row: u64,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// The size of a network whose costs cannot be counted.
    #[error(
        "a network of {channels} channels and {cells} cells: expected 1 to {max_channels} channels and 1 to {max_cells} cells"
    )]
    BadNetwork {
        /// The channels of the first cells.
        channels: u64,
        /// The number of cells.
        cells: u64,
        /// The most channels.
        max_channels: u64,
        /// The most cells.
        max_cells: u64,
    },
    /// A text that names no choice and no option.
    #[error(
        "{argument} '{}': expected the name of a choice, `=`, and an option, such as 'stage1.kernel=3'; `ganas space choices` \
         lists those of a space",
        excerpt(.text)
    )]
    BadRestriction {
        /// The text.
        text: String,
        /// The argument of the command line.
        argument: &'static str,
    },

    /// A name that is no choice of the space.
    #[error(
        "{}: the space `{space}` has no choice `{}`{}; `ganas space choices` lists all of a space",
        excerpt(.restriction),
        excerpt(.name),
        did_you_mean(.suggestion.as_deref())
    )]
    UnknownChoice {
        /// The restriction.
        restriction: String,
        /// The name of the space.
        space: Box<str>,
        /// The name that was given.
        name: String,
        /// The closest choice, when one is close.
        suggestion: Option<String>,
    },

    /// A name that is no option of a choice.
    #[error(
        "{}: the choice `{choice}` of the space `{space}` has no option `{}`{}; its options are {known}",
        excerpt(.restriction),
        excerpt(.name),
        did_you_mean(.suggestion.as_deref())
    )]
    UnknownOption {
        /// The restriction.
        restriction: Box<str>,
        /// The name of the space.
        space: Box<str>,
        /// The choice; the first one, when several are meant.
        choice: Box<str>,
        /// The name that was given.
        name: Box<str>,
        /// The closest option, when one is close.
        suggestion: Option<String>,
        /// All options, comma-separated.
        known: Box<str>,
    },

    /// Restrictions that leave nothing of a space.
    #[error(
        "nothing is left of the space `{space}` {}",
        match &**arguments {
            [one] => format!("under {one} alone: no architecture of the space satisfies it"),
            several => format!(
                "under {}, which contradict each other: leave one of them out",
                several.join(" and ")
            ),
        }
    )]
    NothingLeft {
        /// The name of the space.
        space: Box<str>,
        /// Restrictions none of which can be spared for that.
        arguments: Vec<String>,
    },

    /// An action that the space does not allow in this state.
    #[error("illegal action {action} at decision {decision} of `{space}`: {reason}")]
    IllegalAction {
        /// The name of the space.
        space: Box<str>,
        /// The number of decisions taken before.
        decision: usize,
        /// The action.
        action: u8,
        /// What was allowed.
        reason: String,
    },
}

impl SpaceError {
    /// The same error about a text without so many bytes before it, which were put there to name its form.
    pub(crate) fn without_prefix(mut self, n_bytes: usize) -> Self {
        match &mut self {
            Self::BadText { text, at, .. } => {
                *text = text.get(n_bytes..).unwrap_or(text).to_owned();
                *at = at.saturating_sub(n_bytes);
            }
            Self::UnknownOp { text, .. } | Self::UndecidedText { text, .. } => {
                *text = text.get(n_bytes..).unwrap_or(text).to_owned();
            }
            _ => {}
        }
        self
    }
}
