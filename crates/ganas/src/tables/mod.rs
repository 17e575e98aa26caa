//! Tables: opening them by name, building and querying them, and what of them is in a folder.

#[cfg(feature = "workers")]
mod build;
#[cfg(feature = "benchmarks")]
mod files;
mod query;
mod source;

#[cfg(feature = "workers")]
pub use build::{Build, BuildReport, Choice, Progress, TableBuild, check_seeds};
#[cfg(feature = "benchmarks")]
pub use files::{Present, present};
pub use query::Found;
pub use source::open_table;
pub(crate) use source::{open, space_of};

use ganas_table::{Column, Table};

use crate::Error;

/// The columns with these names; all, when none is named.
///
/// # Errors
///
/// There is no such column.
pub fn columns(table: &Table, names: &[String]) -> Result<Vec<Column>, Error> {
    if names.is_empty() {
        return Ok(table.columns()?);
    }
    let columns: Result<Vec<_>, _> = names.iter().map(|name| table.column(name)).collect();
    Ok(columns?)
}
