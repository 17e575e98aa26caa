//! The long form: a row for each query of each run, with the best so far.

use std::io::{self, Write};

use ganas_eval::Direction;
use ganas_report::comparison::{Curve, SearchedTable};
use serde::Serialize;

use crate::Error;
use crate::comparison::StudyCurves;

/// The row of a trial. A field without a value is an empty cell.
#[derive(Serialize)]
struct Row<'a> {
    algorithm: &'a str,
    table: &'a str,
    seed: u64,
    run: &'a str,
    raw_queries: u32,
    unique_queries: u32,
    search_metric: &'a str,
    search_direction: Direction,
    report_metric: &'a str,
    search: Option<f64>,
    report: Option<f64>,
    best_search: Option<f64>,
    best_report: Option<f64>,
    cost: Option<f64>,
}

/// The names of the fields of [`Row`]: written when there are no runs, too.
const HEADER: [&str; 14] = [
    "algorithm",
    "table",
    "seed",
    "run",
    "raw_queries",
    "unique_queries",
    "search_metric",
    "search_direction",
    "report_metric",
    "search",
    "report",
    "best_search",
    "best_report",
    "cost",
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
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(output);
    writer.write_record(HEADER).map_err(io_error)?;
    for (curve, run) in of.curves.iter().zip(&of.runs) {
        let table = (of.tables.iter()).find(|table| table.label == curve.table);
        let table = table.expect("invariant: the tables of all curves are described");
        write_run(&mut writer, curve, table, &run.name)?;
    }
    Ok(writer.flush()?)
}

fn write_run(
    writer: &mut csv::Writer<impl Write>,
    curve: &Curve,
    table: &SearchedTable,
    run: &str,
) -> Result<(), Error> {
    let protocol = &table.protocol;
    let mut best: Option<(f64, f64)> = None;
    for point in &curve.points {
        if let (Some(search), Some(report)) = (point.search, point.report)
            && best.is_none_or(|best| protocol.search_direction.compare(search, best.0).is_gt())
        {
            best = Some((search, report));
        }
        let row = Row {
            algorithm: &curve.algorithm,
            table: &curve.table,
            seed: curve.seed,
            run,
            raw_queries: point.raw,
            unique_queries: point.unique,
            search_metric: &protocol.search,
            search_direction: protocol.search_direction,
            report_metric: &protocol.report,
            search: point.search,
            report: point.report,
            best_search: best.map(|best| best.0),
            best_report: best.map(|best| best.1),
            cost: point.cost,
        };
        writer.serialize(row).map_err(io_error)?;
    }
    Ok(())
}

pub(super) fn io_error(error: csv::Error) -> io::Error {
    // Not `into`, which would hide the kind of an input or output error.
    match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    }
}
