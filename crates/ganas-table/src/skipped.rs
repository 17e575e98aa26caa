//! The columns of a source that are not in its table.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A column of the source that is not in the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedColumn {
    /// The name.
    pub name: String,
    /// Why it is not.
    #[serde(flatten)]
    pub reason: SkipReason,
}

/// Why a column of the source is not in the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum SkipReason {
    /// One of its cells is neither a number nor a word for a missing value.
    Text {
        /// The line of the first such cell.
        line: u64,
        /// The cell.
        example: String,
        /// How many of its cells are numbers.
        numbers: u64,
    },
    /// All of its cells are missing.
    Empty,
    /// It has no name.
    Unnamed,
    /// The request said so.
    Ignored,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text {
                line,
                example,
                numbers,
            } => {
                write!(f, "text, line {line} has `{example}`")?;
                match numbers {
                    0 => Ok(()),
                    _ => write!(f, " (cells with numbers: {numbers})"),
                }
            }
            Self::Empty => f.write_str("all of its cells are empty"),
            Self::Unnamed => f.write_str("it has no name"),
            Self::Ignored => f.write_str("it was to be ignored"),
        }
    }
}

impl fmt::Display for SkippedColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.name, self.reason)
    }
}

/// Why the column of a name was left out, when it was.
pub(crate) fn reason(skipped: &[SkippedColumn], name: &str) -> Option<String> {
    let column = skipped.iter().find(|column| column.name == name)?;
    Some(column.reason.to_string())
}
