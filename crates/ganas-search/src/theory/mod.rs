//! What the convergence argument of GA-NAS speaks of, measured exactly where a space can be listed; docs/THEORY.md derives
//! it.
//!
//! A search is measured without being changed: nothing here draws a random number, and nothing of it is seen by the
//! searcher.

mod landscape;
mod measures;
#[cfg(test)]
mod tests;

pub use landscape::{Landscape, MOST_EPISODES};
pub(crate) use measures::{Distributions, Judged, measures};

/// The kind of the events that hold these measurements.
pub const KIND: &str = "theory";
