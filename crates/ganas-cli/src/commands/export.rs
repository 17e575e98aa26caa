//! `ganas export`: the record of a study.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use ganas::files::{Output, Replace, Target, check_stdout, means_stdout};
use ganas::store::{Export, ExportFormat, Study, Times};

use crate::arguments::filter::FilterArguments;
use crate::commands::unchecked;
use crate::printing::exit::Outcome;
use crate::printing::output;
use ganas::report::escape::printable;

/// Which study, and how it is written.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The study.
    study: PathBuf,
    /// The format.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// The file to write, replaced when it exists; `-` is stdout [default: stdout].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Tells what depends on time and place, too: costs, artifacts, attempts, times, machines and logs; and evaluations that are
    /// no trials yet. Without it, runs that were resumed, or done by other workers, have the same export.
    #[arg(long)]
    with_times: bool,
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
    let export = Export {
        times: if arguments.with_times {
            Times::Include
        } else {
            Times::Leave
        },
        filter,
        ..Export::new(format)
    };
    match &arguments.output {
        Some(path) if !means_stdout(path) => to_file(path, arguments, &study, &export)?,
        // A terminal would obey the control characters of a text.
        _ if io::stdout().is_terminal() => {
            let mut bytes = Vec::new();
            study.export(&mut bytes, &export)?;
            output::print_text(&printable(&String::from_utf8_lossy(&bytes)))?;
        }
        _ => {
            check_stdout([&arguments.study])?;
            output::print(|out| Ok(study.export(out, &export)?))?;
        }
    }
    Ok(Outcome::Done)
}

/// Writes to a file that appears whole or not at all.
fn to_file(
    path: &Path,
    arguments: &Arguments,
    study: &Study,
    export: &Export,
) -> anyhow::Result<()> {
    let target = Target::new(path, Replace::Allowed).made_from([&arguments.study]);
    let mut output = Output::create(&target)?;
    let mut file = BufWriter::new(&mut output);
    let written = study
        .export(&mut file, export)
        .map_err(anyhow::Error::from)
        .and_then(|()| Ok(file.flush()?));
    drop(file);
    written.with_context(|| format!("cannot write the export {}", path.display()))?;
    Ok(output.commit()?)
}
