//! Tests of tables, and what they share: a folder, a CSV text, an import.

mod accel;
mod damage;
mod derived;
mod evaluator;
mod export;
mod importing;
mod json_forms;
mod nasbench201;
mod open;
mod published101;
mod python;
mod rank;
mod repeats;
mod round_trip;

use std::fs;
use std::path::PathBuf;

use ganas_testkit::{check_message, data_folder};
use tempfile::TempDir;

use ganas_formats::SourceProblem;

use crate::TableError;
use crate::error::{ImportProblem, TableProblem};
use crate::test_space::Chains;

use super::{ImportReport, ImportRequest, Table, import};

/// A folder for one test, removed at its end.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Imports `source.csv` with this content as `table.arrow`.
    fn import(&self, content: impl AsRef<[u8]>) -> Result<ImportReport, TableError> {
        let source = self.write("source.csv", content);
        import(
            &ImportRequest::new(source, self.path("table.arrow")),
            &Chains::numbered(),
        )
    }

    fn table(&self, content: impl AsRef<[u8]>) -> Table {
        self.import(content).unwrap();
        Table::open(self.path("table.arrow")).unwrap()
    }
}

/// All 27 chains in reverse order with their index as test accuracy, and 50 minus that as validation accuracy.
fn all_chains() -> String {
    let rows = (0..Chains::SIZE).rev().map(|i| {
        let text = Chains::text(i);
        format!("{i},{text},{},{i},\n", 50 - i)
    });
    let header = "index,arch,valid_12,test_200,params_m\n".to_owned();
    // One cost, so that the column is one of numbers.
    rows.fold(header, |csv, row| csv + &row)
        .replacen("26,\n", "26,0.5\n", 1)
}
