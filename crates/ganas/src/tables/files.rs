//! What is in a folder with benchmark data.

use std::fs;
use std::path::{Path, PathBuf};

use ganas_benchmarks::PublishedFormat;
use ganas_table::Table;

/// Folders below the data folder that are looked into.
const DEPTH: usize = 3;

/// A file that can be imported or is a table already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// The file, or the folder that is imported as a whole.
    pub path: PathBuf,
    /// What it is, in words.
    pub what: String,
}

/// What can be recognised in a folder and up to three levels below it; what cannot be read is passed over.
#[must_use]
pub fn present(folder: &Path) -> Vec<Present> {
    let mut present = Vec::new();
    look_into(folder, DEPTH, &mut present);
    present
}

fn look_into(folder: &Path, depth: usize, present: &mut Vec<Present>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut n_results = 0;
    for path in paths {
        if path.extension().is_some_and(|ending| ending == "arrow") {
            let what = match Table::open(&path) {
                Ok(table) => format!(
                    "table of {}, {} rows",
                    table.manifest().space,
                    table.n_rows()
                ),
                Err(_) => continue,
            };
            present.push(Present { path, what });
            continue;
        }
        match PublishedFormat::detect(&path) {
            // There are thousands in a folder, which is imported as a whole.
            Ok(Some(PublishedFormat::NasBench301Results)) if path.is_file() => n_results += 1,
            Ok(Some(format)) if format != PublishedFormat::NasBench301Results => {
                let what = format.to_string();
                present.push(Present { path, what });
            }
            _ if path.is_dir() && depth > 1 => look_into(&path, depth - 1, present),
            _ => {}
        }
    }
    if n_results > 0 {
        present.push(Present {
            path: folder.to_owned(),
            what: format!(
                "{n_results} files of {}",
                PublishedFormat::NasBench301Results
            ),
        });
    }
}
