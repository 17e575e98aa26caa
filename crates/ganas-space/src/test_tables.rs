//! Published tables, for tests that compare with them; they are not part of the repository.

use std::fs::File;
use std::path::Path;

use flate2::read::GzDecoder;

/// The rows of a table of gzip'd CSV below the folder that GANAS_DATA names, and the place of a column by its name.
///
/// `None`, with a word on stderr, when the tables are not there.
pub(crate) fn rows(test: &str, file: &str) -> Option<Vec<Row>> {
    let Some(folder) = data_folder() else {
        eprintln!("SKIPPED: {test} reads {file}; set GANAS_DATA to the folder that holds it");
        return None;
    };
    let path = Path::new(&folder).join(file);
    let Ok(file) = File::open(&path) else {
        eprintln!(
            "SKIPPED: {test} reads {}, which cannot be opened",
            path.display()
        );
        return None;
    };
    let mut table = csv::Reader::from_reader(GzDecoder::new(file));
    let headers = table.headers().unwrap().clone();
    let rows = table.records().map(|values| Row {
        headers: headers.clone(),
        values: values.unwrap(),
    });
    Some(rows.collect())
}

/// A row of a table.
pub(crate) struct Row {
    headers: csv::StringRecord,
    values: csv::StringRecord,
}

impl Row {
    /// The text of a column.
    pub(crate) fn text(&self, column: &str) -> &str {
        let place = self.headers.iter().position(|header| header == column);
        &self.values[place.unwrap_or_else(|| panic!("no column {column}"))]
    }

    /// The number of units in a column of millions with at most six decimals.
    pub(crate) fn units(&self, column: &str) -> u64 {
        let millions = self.text(column);
        let (whole, decimals) = millions.split_once('.').unwrap_or((millions, ""));
        assert!(decimals.len() <= 6, "{millions}");
        format!("{whole}{decimals:0<6}").parse().unwrap()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the tables lie is known to whoever runs the tests only"
)]
fn data_folder() -> Option<String> {
    std::env::var("GANAS_DATA").ok()
}
