//! `ganas table export`: a table as text.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use ganas_eval::table::{Column, ExportFormat, Table};

use crate::output;

/// Which table, and what of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The table file.
    table: PathBuf,
    /// The format of the text.
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// The metrics to export [default: all].
    #[arg(long = "metric", value_name = "NAME")]
    metrics: Vec<String>,
    /// The file to write, which must not exist [default: the standard output].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// A header, and a line for each architecture.
    Csv,
    /// A JSON object in a line for each architecture.
    Jsonl,
}

/// Exports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let table = Table::open(&arguments.table)?;
    let columns = columns(&table, &arguments.metrics)?;
    let format = match arguments.format {
        Format::Csv => ExportFormat::Csv,
        Format::Jsonl => ExportFormat::JsonLines,
    };
    let Some(path) = &arguments.output else {
        return output::print(|out| Ok(table.export(format, &columns, out)?));
    };
    let write = || {
        let mut out = BufWriter::new(File::create_new(path)?);
        table.export(format, &columns, &mut out)?;
        out.flush()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// The metrics with these names; all, when none is named.
pub(super) fn columns(table: &Table, names: &[String]) -> anyhow::Result<Vec<Column>> {
    if names.is_empty() {
        return Ok(table.columns().collect());
    }
    let columns: Result<Vec<_>, _> = names.iter().map(|name| table.column(name)).collect();
    Ok(columns?)
}
