//! What was measured of the theory, as CSV.

use std::io::{self, Write};

use ganas_store::Study;

use crate::Error;
use crate::comparison::StudyCurves;
use crate::theory::measured_rounds;

/// The columns: what tells the run from others, then the fields of [`MeasuredRound`](crate::theory::MeasuredRound).
const HEADER: [&str; 11] = [
    "algorithm",
    "table",
    "seed",
    "run",
    "round",
    "gap",
    "p_level",
    "js",
    "js_pairs",
    "js_estimate",
    "kl_optimum",
];

/// Writes what was measured of runs as CSV: a header, and a row for each measured round. Runs that were not measured have none.
///
/// # Errors
///
/// The study cannot be read, or the output cannot be written.
pub fn write_theory(study: &Study, of: &StudyCurves, output: &mut dyn Write) -> Result<(), Error> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(output);
    writer.write_record(HEADER).map_err(io_error)?;
    for (curve, run) in of.curves.iter().zip(&of.runs) {
        for round in measured_rounds(study, run.id)? {
            let of_run = (&curve.algorithm, &curve.table, curve.seed, &run.name);
            writer.serialize((of_run, round)).map_err(io_error)?;
        }
    }
    Ok(writer.flush()?)
}

fn io_error(error: csv::Error) -> io::Error {
    // Not `into`, which would hide the kind of an input or output error.
    match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    }
}
