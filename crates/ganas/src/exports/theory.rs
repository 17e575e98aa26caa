//! What was measured of the theory, as CSV.

use std::io::Write;

use ganas_store::{Cell, ColumnKind, CsvRows, ExportColumn, RowSink, Study};

use crate::Error;
use crate::comparison::StudyCurves;
use crate::theory::measured_rounds;

/// The columns: what tells the run from others, then the fields of [`MeasuredRound`](crate::theory::MeasuredRound).
const COLUMNS: [(&str, ColumnKind); 11] = [
    ("algorithm", ColumnKind::Text),
    ("table", ColumnKind::Text),
    ("seed", ColumnKind::Seed),
    ("run", ColumnKind::Text),
    ("round", ColumnKind::Count),
    ("gap", ColumnKind::Number),
    ("p_level", ColumnKind::Number),
    ("js", ColumnKind::Number),
    ("js_pairs", ColumnKind::Number),
    ("js_estimate", ColumnKind::Number),
    ("kl_optimum", ColumnKind::Number),
];

/// Writes what was measured of runs as CSV: a header, and a row for each measured round. Runs that were not measured have none.
///
/// # Errors
///
/// The study cannot be read, or the output cannot be written.
pub fn write_theory(study: &Study, of: &StudyCurves, output: &mut dyn Write) -> Result<(), Error> {
    let mut rows = CsvRows::new(output);
    rows.columns(&COLUMNS.map(|(name, kind)| ExportColumn::new(name, kind)))?;
    for (curve, run) in of.curves.iter().zip(&of.runs) {
        for round in measured_rounds(study, run.id)? {
            rows.row(&[
                Cell::from(&*curve.algorithm),
                Cell::from(&*curve.table),
                Cell::Seed(curve.seed),
                Cell::from(&*run.name),
                round.round.into(),
                round.gap.into(),
                round.p_level.into(),
                round.js.into(),
                round.js_pairs.into(),
                round.js_estimate.into(),
                round.kl_optimum.into(),
            ])?;
        }
    }
    Ok(rows.finish()?)
}
