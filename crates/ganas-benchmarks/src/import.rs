//! The import of the files in which benchmarks are published into table files.
//!
//! Records are read one after another and their measurements go to scratch files beside the output, so that memory
//! does not grow with the file. What the columns are called stands in [`nasbench101`], [`nasbench301`] and [`nats`].

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use ganas_space::SearchSpace;

use ganas_formats::source::check_regular;
use ganas_formats::{FormatError, FormatProblem, MaxUnpacked, SourceError};
use ganas_table::{
    Builder, ColumnSpill, FamilyId, MAX_RUNS, Manifest, Replace, TableError, Target, TooManyRows,
};

use crate::nasbench101::{self, naslib, records::read_tfrecords};
use crate::nasbench301::{self, results};
use crate::nats::{self, archive};
use crate::{BenchmarkError, PublishedFormat, fingerprint};

/// What to import, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRequest {
    /// The published file or folder.
    pub source: PathBuf,
    /// Its format; [`PublishedFormat::detect`] finds out.
    pub format: PublishedFormat,
    /// The table file to write. Its folder needs room for the measurements twice.
    pub output: PathBuf,
    /// Whether `output` may be replaced when it exists.
    pub overwrite: bool,
    /// Files beside `source` that the table is made from, such as the description of the space: `output` must not be one
    /// of them.
    pub made_from: Vec<PathBuf>,
    /// What the source may become when it is read, when its size is not to decide.
    pub max_unpacked: MaxUnpacked,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportReport {
    /// The manifest that was written.
    pub manifest: Manifest,
    /// Records of the source: trainings in NAS-Bench-101, architectures elsewhere.
    pub n_records: u64,
    /// The size of the table file.
    pub output_bytes: u64,
    /// The sha256 of the table file in hexadecimal.
    pub output_sha256: String,
}

/// Imports published files into a table of `space`.
///
/// # Errors
///
/// What is wrong with the source, with the record or member and the byte, or why the output cannot be written; nothing
/// is written then.
pub fn import(
    request: &ImportRequest,
    space: &dyn SearchSpace,
) -> Result<ImportReport, BenchmarkError> {
    let replace = if request.overwrite {
        Replace::Allowed
    } else {
        Replace::Refused
    };
    let target = Target::new(&request.output, replace)
        .made_from(files_of(&request.source))
        .made_from(&request.made_from);
    target.check().map_err(TableError::from)?;
    let source = &*request.source;
    if !source.is_dir() {
        check_regular(source)?;
    }
    let info = fingerprint::of(source).map_err(|error| unreadable(source, error))?;
    let mut builder = Builder::new(space, &request.output);
    let n_records = read(request, &mut builder)?;
    if builder.n_rows() == 0 {
        let problem = FormatProblem::content("at least one record", "none");
        return Err(FormatError::at(0, problem).in_file(source).into());
    }
    let key_column = request.format.key_column();
    let (manifest, output_bytes) = builder.finish(key_column, info, &target)?;
    // Not by way of the mapped table, which would have to be in memory as a whole.
    let (output_sha256, _) = fingerprint::of_file(&request.output)
        .map_err(|error| unreadable(&request.output, error))?;
    Ok(ImportReport {
        manifest,
        n_records,
        output_bytes,
        output_sha256,
    })
}

/// The files that a source consists of, as far as they can be listed: why they cannot is told when they are read.
fn files_of(source: &Path) -> Vec<PathBuf> {
    let mut files = vec![source.to_owned()];
    if source.is_dir() {
        files.extend(archive::record_files(source).into_iter().flatten());
        files.extend(results::result_files(source).into_iter().flatten());
    }
    files
}

/// Reads all records into the builder; returns how many those were.
fn read(request: &ImportRequest, builder: &mut Builder<'_>) -> Result<u64, BenchmarkError> {
    let (source, max) = (&*request.source, request.max_unpacked);
    let open = || File::open(source).map_err(|error| unreadable(source, error));
    let in_file = |error: FormatError| error.in_file(source).into();
    match request.format {
        PublishedFormat::NasBench101TfRecord => {
            let mut trainings = nasbench101::Trainings::new(builder);
            let reader = BufReader::with_capacity(1 << 18, open()?);
            read_tfrecords(reader, |cell, training| trainings.add(cell, training)).map_err(in_file)
        }
        PublishedFormat::NasLib101Pickle => {
            let mut trainings = nasbench101::Trainings::new(builder);
            naslib::read_naslib(
                || Ok(BufReader::with_capacity(1 << 18, File::open(source)?)),
                naslib::limits(source, max),
                |cell, training| trainings.add(cell, training),
            )
            .map_err(in_file)
        }
        PublishedFormat::NatsFolder => {
            let mut records = nats::Records::new(builder);
            archive::read_folder(source, |record| records.add(record))
        }
        PublishedFormat::NatsTar => {
            let mut records = nats::Records::new(builder);
            archive::read_tar(open()?, |record| records.add(record)).map_err(in_file)
        }
        PublishedFormat::NatsPickle => {
            let mut records = nats::Records::new(builder);
            archive::read_single(source, max, |record| records.add(record)).map_err(in_file)
        }
        PublishedFormat::NasBench201Torch => {
            let mut records = nats::Records::new(builder);
            archive::read_torch(source, max, |record| records.add(record)).map_err(in_file)
        }
        PublishedFormat::NasBench301Results => {
            let mut trainings = nasbench301::Trainings::new(builder);
            results::read_results(source, |training| trainings.add(training))
        }
    }
}

/// More rows than a table holds, as a problem of the record at hand.
pub(crate) fn too_many_rows(_: TooManyRows) -> FormatProblem {
    FormatProblem::TooMany {
        what: "architectures",
        limit: i32::MAX.unsigned_abs() as usize,
    }
}

/// Spills the values of a training; a scratch file that cannot be written is a problem of the record at hand.
pub(crate) fn spill(
    spill: &mut ColumnSpill,
    family: FamilyId,
    run: u32,
    row: u32,
    values: &[Option<f64>],
) -> Result<(), FormatProblem> {
    match spill.add(family, run, row, values) {
        Ok(true) => Ok(()),
        Ok(false) => Err(FormatProblem::TooMany {
            what: "seeds or repeats of a training",
            limit: MAX_RUNS,
        }),
        Err(error) => Err(FormatProblem::Scratch {
            reason: error.to_string(),
        }),
    }
}

fn unreadable(file: &Path, source: io::Error) -> BenchmarkError {
    SourceError::unreadable(file, source).into()
}
