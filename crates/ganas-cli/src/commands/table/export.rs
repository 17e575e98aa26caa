//! `ganas table export`: a table for other programs.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ganas::files::{Output, Replace, Target, check_stdout, means_stdout};
use ganas::table::ExportFormat;

#[cfg(feature = "parquet")]
use crate::printing::exit::UsageError;
use crate::printing::output;
use ganas::tables;

/// Which table, and what of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The table file, or the name of a table inside the program, `digits-5` or `digits-4`.
    table: PathBuf,
    /// The format.
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// The metrics to export [default: all].
    #[arg(long = "metric", value_name = "NAME")]
    metrics: Vec<String>,
    /// The file to write, which must not exist; `-` is the standard output [default: the standard output, for text].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// A header, and a line for each architecture.
    Csv,
    /// A JSON object in a line for each architecture.
    Jsonl,
    /// A column of texts, and columns of doubles.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// Exports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let table = tables::open_table(&arguments.table)?;
    let columns = tables::columns(&table, &arguments.metrics)?;
    let output = arguments.output.as_deref();
    let output = output.filter(|path| !means_stdout(path));
    let format = match arguments.format {
        Format::Csv => ExportFormat::Csv,
        Format::Jsonl => ExportFormat::JsonLines,
        #[cfg(feature = "parquet")]
        Format::Parquet => {
            let path = output.ok_or_else(|| {
                let message = "a Parquet file is no text to print: name a file with --output";
                UsageError(message.to_owned())
            })?;
            return to_file(path, &arguments.table, |out| {
                table.export_parquet(&columns, out)
            });
        }
    };
    match output {
        Some(path) => to_file(path, &arguments.table, |out| {
            table.export(format, &columns, out)
        }),
        None => {
            check_stdout([&arguments.table])?;
            output::print(|out| Ok(table.export(format, &columns, out)?))
        }
    }
}

/// Writes to a new file that appears whole or not at all.
fn to_file(
    path: &Path,
    table: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> anyhow::Result<()> {
    let target = Target::new(path, Replace::Refused).made_from([table]);
    let mut output = Output::create(&target)?;
    let mut file = BufWriter::new(output.file());
    let written = write(&mut file).and_then(|()| file.flush());
    drop(file);
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(output.commit()?)
}
