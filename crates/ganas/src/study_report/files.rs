//! The files of a report.

use std::io::Write as _;
use std::path::Path;

use ganas_figures::page::Page;
use ganas_files::{Output, Replace, Target};

use crate::Error;
use crate::error::Context as _;

/// Writes a page, which appears whole or not at all.
///
/// # Errors
///
/// It cannot be written, or the path is that of the study.
pub fn write_page(page: &Page, path: &Path, study: &Path) -> Result<(), Error> {
    write(path, study, page.html().as_bytes())
}

/// Writes every figure of a page into a folder, which is made when it is not there: its drawing, a picture of it, and its data.
///
/// # Errors
///
/// The folder or a file cannot be written.
pub fn write_figures(page: &Page, folder: &Path, study: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    for figure in page.figures() {
        let path = |ending: &str| folder.join(format!("{}.{ending}", figure.id));
        let picture = (figure.png())
            .map_err(|error| Error::Failed(error.to_string()))
            .with_context(|| format!("cannot draw {}", path("png").display()))?;
        write(&path("svg"), study, figure.svg.as_bytes())?;
        write(&path("png"), study, &picture)?;
        write(&path("csv"), study, figure.csv.as_bytes())?;
    }
    Ok(())
}

fn write(path: &Path, study: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || -> Result<(), Error> {
        let target = Target::new(path, Replace::Allowed).made_from([study]);
        let mut output = Output::create(&target).map_err(std::io::Error::other)?;
        output.write_all(bytes)?;
        Ok(output.commit().map_err(std::io::Error::other)?)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
