//! Conversion of official files: the real samples, and small files made here.

mod hostile;
mod nasbench101;
mod nasbench301;
mod nats;
mod pickled;

use std::path::{Path, PathBuf};

use ganas_space::SearchSpace;

use super::{Folder, data_folder};
use crate::EvalError;
use crate::table::Table;
use crate::table::convert::{ConvertReport, ConvertRequest, OfficialFormat, convert};

/// A file of the data folder, or a line that says that the test was skipped.
fn data_file(test: &str, file: &str) -> Option<PathBuf> {
    let Some(data) = data_folder() else {
        eprintln!("SKIPPED: {test} reads {file}; set GANAS_DATA to the folder with it");
        return None;
    };
    Some(Path::new(&data).join(file))
}

impl Folder {
    /// Converts an official file as `table.arrow`, in the format that it is found to have.
    fn convert(&self, source: &Path, space: &dyn SearchSpace) -> Result<ConvertReport, EvalError> {
        let format = OfficialFormat::detect(source).unwrap();
        self.convert_as(format.unwrap(), source, space)
    }

    fn convert_as(
        &self,
        format: OfficialFormat,
        source: &Path,
        space: &dyn SearchSpace,
    ) -> Result<ConvertReport, EvalError> {
        let request = ConvertRequest {
            source: source.to_owned(),
            format,
            output: self.path("table.arrow"),
            overwrite: true,
        };
        convert(&request, space)
    }

    fn converted(&self, source: &Path, space: &dyn SearchSpace) -> Table {
        self.convert(source, space).unwrap();
        Table::open(self.path("table.arrow")).unwrap()
    }
}
