//! Comparing searchers: many algorithms, tables and seeds.
//!
//! A [`Curve`] is a run, a [`SearchedTable`] what runs have searched, and [`compare`] makes a [`Comparison`] of them: the best so far
//! and the regret at each budget with bootstrap intervals, the share of runs at the optimum, queries to targets as survival curves,
//! performance profiles, paired tests against a baseline with Holm's correction, and ranks with Nemenyi's critical difference.
//! [`Trace`] is one run along an axis, of which figures are made.
//!
//! What is best so far is selected on the search metric; the reported metric is that of what was selected.

mod cells;
mod curve;
mod grouped;
mod options;
mod over_tables;
mod ranking;
mod results;
mod targets;
mod text;

pub use curve::{Axis, Curve, CurvePoint, SearchedTable, Side, Trace};
pub use grouped::{Group, Grouped};
pub use options::{BUDGETS, Options, Target};
pub use results::{
    Blocks, Cell, Comparison, Estimate, Middle, OptimumSource, Overall, Profile, ProfilePoint,
    Ranking, Scale, ShareOfRuns, SideResults, TargetResult, Versus,
};

pub use text::{Section, p_text};

use crate::ReportError;

/// Compares runs.
///
/// # Errors
///
/// [`ReportError::NothingToCompare`] when there is no run, or the axis is a cost that no run has; [`ReportError::UnknownBaseline`] when no
/// run is of the baseline; [`ReportError::UnknownTable`] when a run is on a table that is not described;
/// [`ReportError::SameRun`] when two runs have the same algorithm, table and seed.
pub fn compare(
    curves: &[Curve],
    tables: &[SearchedTable],
    options: &Options,
) -> Result<Comparison, ReportError> {
    let grouped = Grouped::new(curves, tables, options)?;
    let sides = Side::ALL.map(|side| {
        let scales = grouped.scales(side);
        let view = View {
            grouped: &grouped,
            side,
            scales: &scales,
        };
        SideResults {
            side,
            cells: view.cells(),
            overall: view.overall(),
            targets: view.targets(),
            profiles: view.profiles(),
            rankings: view.rankings(),
            scales,
        }
    });
    Ok(Comparison {
        options: grouped.options.clone(),
        tables: grouped.tables.clone(),
        algorithms: grouped.algorithms.clone(),
        sides: sides.into(),
    })
}

/// One metric of grouped runs.
#[derive(Clone, Copy)]
struct View<'a> {
    grouped: &'a Grouped,
    side: Side,
    scales: &'a [Scale],
}

impl View<'_> {
    fn scale(&self, table: &str) -> Option<&Scale> {
        self.scales.iter().find(|scale| scale.table == table)
    }

    /// The normalised regret of a value on a table; `None` when it has no scale, or one of no length.
    fn normalised_regret(&self, table: &str, value: f64) -> Option<f64> {
        let scale = self.scale(table)?;
        let length = scale.optimum - scale.start;
        (length != 0.0).then(|| (scale.optimum - value) / length)
    }
}

#[cfg(test)]
mod tests;
