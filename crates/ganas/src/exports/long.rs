//! The long form: a row for each query of each run, with the best so far.

use std::io::{self, Write};

use ganas_eval::Direction;
use ganas_report::comparison::{Curve, SearchedTable};
use ganas_store::{Cell, ColumnKind, CsvRows, ExportColumn, RowSink};

use crate::Error;
use crate::comparison::StudyCurves;

/// The columns.
const COLUMNS: [(&str, ColumnKind); 14] = [
    ("algorithm", ColumnKind::Text),
    ("table", ColumnKind::Text),
    ("seed", ColumnKind::Seed),
    ("run", ColumnKind::Text),
    ("raw_queries", ColumnKind::Count),
    ("unique_queries", ColumnKind::Count),
    ("search_metric", ColumnKind::Text),
    ("search_direction", ColumnKind::Text),
    ("report_metric", ColumnKind::Text),
    ("search", ColumnKind::Number),
    ("report", ColumnKind::Number),
    ("best_search", ColumnKind::Number),
    ("best_report", ColumnKind::Number),
    ("cost", ColumnKind::Number),
];

/// Writes runs as CSV in the long form: a header, and a row for each trial with what identifies its run and the best so far.
///
/// The best so far is selected on the search metric, among the trials that can be the best; of equal ones it is the first. The reported
/// value of the best so far is that of the trial that was selected.
///
/// # Errors
///
/// [`Error::Io`] when the output cannot be written.
pub fn write_long(of: &StudyCurves, output: &mut dyn Write) -> Result<(), Error> {
    let mut rows = CsvRows::new(output);
    write_rows(of, &mut rows)?;
    Ok(rows.finish()?)
}

/// Writes the rows of the long form.
pub(super) fn write_rows(of: &StudyCurves, sink: &mut dyn RowSink) -> io::Result<()> {
    let columns = COLUMNS.map(|(name, kind)| ExportColumn::new(name, kind));
    sink.columns(&columns)?;
    for (curve, run) in of.curves.iter().zip(&of.runs) {
        let table = (of.tables.iter()).find(|table| table.label == curve.table);
        let table = table.expect("invariant: the tables of all curves are described");
        write_run(sink, curve, table, &run.name)?;
    }
    Ok(())
}

fn write_run(
    sink: &mut dyn RowSink,
    curve: &Curve,
    table: &SearchedTable,
    run: &str,
) -> io::Result<()> {
    let protocol = &table.protocol;
    let direction = match protocol.search_direction {
        Direction::Maximize => "maximize",
        Direction::Minimize => "minimize",
    };
    for (point, best) in curve.points.iter().zip(best_so_far(curve, table)) {
        sink.row(&[
            Cell::from(&*curve.algorithm),
            Cell::from(&*curve.table),
            Cell::Seed(curve.seed),
            run.into(),
            point.raw.into(),
            point.unique.into(),
            Cell::from(&*protocol.search),
            direction.into(),
            Cell::from(&*protocol.report),
            point.search.into(),
            point.report.into(),
            best.map(|best| best.0).into(),
            best.map(|best| best.1).into(),
            point.cost.into(),
        ])?;
    }
    Ok(())
}

/// The two metrics of the best so far, after each query.
pub(super) fn best_so_far(
    curve: &Curve,
    table: &SearchedTable,
) -> impl Iterator<Item = Option<(f64, f64)>> {
    let direction = table.protocol.search_direction;
    let mut best: Option<(f64, f64)> = None;
    curve.points.iter().map(move |point| {
        if let (Some(search), Some(report)) = (point.search, point.report)
            && best.is_none_or(|best| direction.compare(search, best.0).is_gt())
        {
            best = Some((search, report));
        }
        best
    })
}
