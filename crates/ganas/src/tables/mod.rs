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
pub(crate) use source::{open, space_of};
pub use source::{open_table, space_of_table};

use std::sync::Arc;

use ganas_search::ConstrainedSpace;
use ganas_space::SearchSpace;
use ganas_table::{Column, Coverage, Table};

use crate::Error;
use crate::experiment::computed_constraints;

/// How much a table has of its space; and of what is left of it under those constraints in the description of the space
/// that the space can tell itself, when the table is not all of the space and there are such constraints.
#[must_use]
pub fn coverage(table: &Table, space: &Arc<dyn SearchSpace>) -> (Coverage, Option<Coverage>) {
    let whole = Coverage::of_space(table, &**space);
    let admitted = || {
        let constraints = computed_constraints(space).ok()?;
        if whole.is_complete || constraints.is_empty() {
            return None;
        }
        // Constraints that nothing satisfies are an error of a search.
        let constrained = ConstrainedSpace::new(Arc::clone(space), constraints).ok()?;
        let admitted = Coverage::under_constraints(table, &**space, &constrained);
        // Otherwise they could not be counted.
        admitted.of_rows.is_none().then_some(admitted)
    };
    (whole, admitted())
}

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
