//! Tests of imports, and what they share: small files made here, and hostile ones.

mod hostile;
mod pickled;

use std::fs;
use std::path::{Path, PathBuf};

use ganas_formats::MaxUnpacked;
pub(crate) use ganas_space::SearchSpace;
use ganas_table::Table;
pub(crate) use ganas_testkit::{check_message, data_file};
use tempfile::TempDir;

pub(crate) use crate::{BenchmarkError, ImportReport, ImportRequest, PublishedFormat, import};

/// A folder for one test, removed at its end.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Imports a published file as `table.arrow`, in the format that it is found to have.
    pub(crate) fn import(
        &self,
        source: &Path,
        space: &dyn SearchSpace,
    ) -> Result<ImportReport, BenchmarkError> {
        let format = PublishedFormat::detect(source).unwrap();
        self.import_as(format.unwrap(), source, space)
    }

    pub(crate) fn import_as(
        &self,
        format: PublishedFormat,
        source: &Path,
        space: &dyn SearchSpace,
    ) -> Result<ImportReport, BenchmarkError> {
        let request = ImportRequest {
            source: source.to_owned(),
            format,
            output: self.path("table.arrow"),
            overwrite: true,
            made_from: Vec::new(),
            max_unpacked: MaxUnpacked::default(),
        };
        import(&request, space)
    }

    pub(crate) fn imported(&self, source: &Path, space: &dyn SearchSpace) -> Table {
        self.import(source, space).unwrap();
        Table::open(self.path("table.arrow")).unwrap()
    }
}
