//! Custom spaces, described in TOML: chains of layers with factored choices, and cells with operations on vertices
//! or on edges.
//!
//! `docs/SPACES.md` has the form of a description.
//! Its text, and those of the look-up tables that it names, are handed in: this crate reads no file.
//!
//! # Example
//!
//! ```
//! let text = r#"
//! name = "tiny-cell"
//! parameters = "9 * conv3x3 + conv1x1"
//!
//! [cell]
//! on = "vertices"
//! nodes = 3
//! operations = ["conv3x3", "conv1x1", "maxpool3x3"]
//! max_edges = 9
//! "#;
//! let space = ganas_space::custom::open("tiny.toml", text, &|_| Err("there are no files".to_owned()))?;
//! let arch = space.decode("conv3x3:0 maxpool3x3:0 conv1x1:1+2 output:0+3")?;
//! assert_eq!(space.costs().map(|costs| costs.cost(&arch).parameters), Some(Some(10)));
//! // There is no expression for them.
//! assert_eq!(space.known_costs().flops, None);
//! # Ok::<(), ganas_space::SpaceError>(())
//! ```

mod cell;
mod chain;
mod document;
mod evaluated_costs;
mod expression;
mod file;
#[cfg(test)]
mod limit_tests;
mod lookup;
mod opening;
mod part;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use toml::Spanned;

use crate::chain::Chain;
use crate::excerpt::excerpt;
use crate::limits::{MAX_CONSTRAINT_BYTES, MAX_CONSTRAINTS, MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES};
use crate::{SearchSpace, SpaceError};

pub use self::opening::ReadFile;

use self::cell::Cell;
use self::document::Document;
use self::file::File;
use self::opening::Open;

/// The space of a description in TOML.
///
/// `origin` is where the text is from, for messages; `read` gets the names of files as the description has them.
/// The name of the space ends in a fingerprint of what description and look-up tables say, so that records of different
/// spaces stay apart.
/// Constraints are no part of it: they leave the space as it is, and records have them beside its name.
///
/// # Errors
///
/// [`SpaceError::BadDescription`] and [`SpaceError::BadLookup`], with the line of the first problem.
pub fn open(
    origin: &str,
    text: &str,
    read: &ReadFile<'_>,
) -> Result<Arc<dyn SearchSpace>, SpaceError> {
    let document = Document::new(text);
    if text.len() > MAX_DESCRIPTION_BYTES {
        let problem = format!(
            "the description is {} bytes long; expected at most {MAX_DESCRIPTION_BYTES}",
            text.len()
        );
        return Err(document.bad(0..0, problem));
    }
    let file: File = toml::from_str(text)
        .map_err(|error| document.bad(error.span().unwrap_or(0..0), excerpt(error.message())))?;
    let open = Open {
        origin,
        document,
        file: &file,
        read,
    };
    let name = file.name.get_ref();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !(1..=MAX_NAME_BYTES).contains(&name.len()) || !name.chars().all(is_word) {
        let problem = format!(
            "expected a name of letters, digits, `_` and `-`, at most {MAX_NAME_BYTES} of them"
        );
        return Err(document.bad(file.name.span(), problem));
    }
    check_constraints(document, &file.constraints)?;
    match &file.cell {
        None if file.stage.is_empty() => {
            let problem =
                "there is nothing in it: expected stages of a chain, [[stage]], or a [cell]";
            Err(document.bad(file.name.span(), problem))
        }
        None => Ok(Arc::new(Chain::new(chain::description(&open)?))),
        Some(cell) if !file.stage.is_empty() => {
            let problem = "a space is a chain or a cell: expected either [[stage]] or [cell]";
            Err(document.bad(cell.span(), problem))
        }
        Some(cell) => Ok(Arc::new(Cell::new(&open, cell)?)),
    }
}

/// Their number and length; what they say is read when they are needed.
fn check_constraints(
    document: Document<'_>,
    constraints: &[Spanned<String>],
) -> Result<(), SpaceError> {
    let long = |constraint: &&Spanned<String>| constraint.get_ref().len() > MAX_CONSTRAINT_BYTES;
    if let Some(long) = constraints.iter().find(long) {
        let problem = format!(
            "a constraint of {} bytes; expected at most {MAX_CONSTRAINT_BYTES}",
            long.get_ref().len()
        );
        return Err(document.bad(long.span(), problem));
    }
    match constraints.get(MAX_CONSTRAINTS) {
        None => Ok(()),
        Some(first) => {
            let problem = format!(
                "{} constraints; expected at most {MAX_CONSTRAINTS}",
                constraints.len()
            );
            Err(document.bad(first.span(), problem))
        }
    }
}
