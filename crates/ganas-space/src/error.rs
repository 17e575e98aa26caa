//! The one error type of this crate.

use thiserror::Error;

use crate::suggestion::did_you_mean;

/// What can be wrong with an architecture, its text, or the name of a space.
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
        space: String,
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// A text that the space's codec cannot read.
    #[error(
        "cannot read `{text}` as an architecture of `{space}`: at byte {at}, expected {expected}"
    )]
    BadText {
        /// The name of the space.
        space: String,
        /// The whole text.
        text: String,
        /// The byte offset of the first problem.
        at: usize,
        /// What the codec expected there.
        expected: String,
    },
    /// A name that is no operation of the space.
    #[error("unknown operation `{name}` in `{text}` (space `{space}`){}; the operations are {known}", did_you_mean(.suggestion.as_deref()))]
    UnknownOp {
        /// The name of the space.
        space: String,
        /// The name that was read.
        name: String,
        /// The whole text.
        text: String,
        /// The closest operation, when one is close.
        suggestion: Option<String>,
        /// All operations, comma-separated.
        known: String,
    },
    /// A key that is not 32 hexadecimal digits.
    #[error("`{text}` is not an architecture key: expected 32 hexadecimal digits")]
    BadKey {
        /// The text that was read.
        text: String,
    },
    /// A name that is no search space.
    #[error("unknown search space `{name}`{}; the spaces are {known}", did_you_mean(.suggestion.as_deref()))]
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
    #[error("line {line}: {file}: line {row}: {problem}")]
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
    /// An action that the space does not allow in this state.
    #[error("illegal action {action} at decision {decision} of `{space}`: {reason}")]
    IllegalAction {
        /// The name of the space.
        space: String,
        /// The number of decisions taken before.
        decision: usize,
        /// The action.
        action: u8,
        /// What was allowed.
        reason: String,
    },
}
