//! `ganas export`: the record of a study.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use ganas::store::{ExportFormat, RunFilter, Study};

use crate::arguments::filter::FilterArguments;
use crate::commands::unchecked;
use crate::printing::escape::printable;
use crate::printing::exit::Outcome;
use crate::printing::output;

/// Which study, and how it is written.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The study.
    study: PathBuf,
    /// The format.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// The file to write, replaced when it exists [default: stdout].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    filter: FilterArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A JSON object a line: runs, trials and events.
    Jsonl,
    /// A line a trial, with a header.
    Csv,
}

/// Writes the record.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let study = Study::open_read_only(&arguments.study)?;
    let filter = arguments.filter.resolve(&study)?;
    unchecked::tell(&study, &filter)?;
    let format = match arguments.format {
        Format::Jsonl => ExportFormat::JsonLines,
        Format::Csv => ExportFormat::Csv,
    };
    match &arguments.output {
        // A terminal would obey the control characters of a text.
        None if io::stdout().is_terminal() => {
            let mut bytes = Vec::new();
            study.export(&mut bytes, format, &filter)?;
            output::print_text(&printable(&String::from_utf8_lossy(&bytes)))?;
        }
        None => output::print(|out| Ok(study.export(out, format, &filter)?))?,
        Some(path) => to_file(path, &study, format, &filter)
            .with_context(|| format!("cannot write the export {}", path.display()))?,
    }
    Ok(Outcome::Done)
}

/// Writes to a file that is never half written: another one is renamed. What is no plain file (a pipe, a device) is
/// written directly.
fn to_file(
    path: &Path,
    study: &Study,
    format: ExportFormat,
    filter: &RunFilter,
) -> anyhow::Result<()> {
    let direct = path.exists() && !path.is_file();
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let place = if direct {
        path.to_owned()
    } else {
        path.with_file_name(name)
    };
    let mut file = BufWriter::new(File::create(&place)?);
    let written = study
        .export(&mut file, format, filter)
        .map_err(anyhow::Error::from)
        .and_then(|()| Ok(file.flush()?));
    if direct {
        return written;
    }
    let renamed = written.and_then(|()| Ok(fs::rename(&place, path)?));
    if renamed.is_err() {
        // The first error is told; what is left behind is named `.partial`.
        let _ = fs::remove_file(&place);
    }
    renamed
}
