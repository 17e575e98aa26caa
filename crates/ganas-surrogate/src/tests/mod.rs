//! Tests of the surrogates; most need the published files below the folder that GANAS_DATA names.

mod accel;
mod hostile_graphs;
mod missing_members;
mod mutated_models;
mod nasbench301;
mod once_for_all;
mod yahpo;

use ganas_testkit::data_file as data;

/// The rows of gzip'd CSV, each with the headers.
fn rows(path: &std::path::Path) -> (csv::StringRecord, Vec<csv::StringRecord>) {
    let file = std::fs::File::open(path).unwrap();
    let mut table = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let headers = table.headers().unwrap().clone();
    (headers, table.records().map(Result::unwrap).collect())
}
