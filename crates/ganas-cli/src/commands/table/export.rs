//! `ganas table export`: a table for other programs.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
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
    /// The file to write, which must not exist [default: the standard output, for text].
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
    let format = match arguments.format {
        Format::Csv => ExportFormat::Csv,
        Format::Jsonl => ExportFormat::JsonLines,
        #[cfg(feature = "parquet")]
        Format::Parquet => {
            let path = arguments.output.as_deref().ok_or_else(|| {
                let message = "a Parquet file is no text to print: name a file with --output";
                UsageError(message.to_owned())
            })?;
            return to_file(path, |out| table.export_parquet(&columns, out));
        }
    };
    match arguments.output.as_deref() {
        Some(path) => to_file(path, |out| table.export(format, &columns, out)),
        None => output::print(|out| Ok(table.export(format, &columns, out)?)),
    }
}

fn to_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> anyhow::Result<()> {
    let written = File::create_new(path).and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        out.flush()
    });
    written.with_context(|| format!("cannot write {}", path.display()))
}
