//! Tests of the surrogates; most need the published files below the folder that GANAS_DATA names.

mod accel;
mod nasbench301;
mod once_for_all;
mod yahpo;

use std::path::PathBuf;

/// A folder or file of published data; `None`, with a word on stderr, when it is not there.
fn data(test: &str, name: &str) -> Option<PathBuf> {
    let Some(folder) = data_folder() else {
        eprintln!("SKIPPED: {test} reads {name}; set GANAS_DATA to the folder that holds it");
        return None;
    };
    let path = PathBuf::from(folder).join(name);
    if !path.exists() {
        eprintln!(
            "SKIPPED: {test} reads {}, which is not there",
            path.display()
        );
        return None;
    }
    Some(path)
}

/// The rows of gzip'd CSV, each with the headers.
fn rows(path: &std::path::Path) -> (csv::StringRecord, Vec<csv::StringRecord>) {
    let file = std::fs::File::open(path).unwrap();
    let mut table = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let headers = table.headers().unwrap().clone();
    (headers, table.records().map(Result::unwrap).collect())
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the files lie is known to whoever runs the tests only"
)]
fn data_folder() -> Option<std::ffi::OsString> {
    std::env::var_os("GANAS_DATA").filter(|folder| !folder.is_empty())
}
