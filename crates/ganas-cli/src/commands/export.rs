//! `ganas export`: the record of a study.

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use ganas::Folders;
use ganas::comparison::{KnownTables, StudyCurves, of_study};
#[cfg(feature = "parquet")]
use ganas::exports::{long_parquet_file, parquet_file};
use ganas::exports::{optuna_file, write_long, write_theory};
use ganas::files::{Output, Replace, Target, check_stdout, means_stdout};
use ganas::store::{Export, ExportFormat, RunFilter, Study, Times};

use crate::arguments::environment;
use crate::arguments::filter::FilterArguments;
use crate::commands::unchecked;
use crate::printing::exit::{Outcome, UsageError};
use crate::printing::output;
use crate::printing::stderr::message;
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
    /// A table that runs have searched, for what training would have taken in `--format long`; can be given several times. Those
    /// inside the program are known.
    #[arg(long = "table", value_name = "FILE")]
    tables: Vec<PathBuf>,
    #[command(flatten)]
    filter: FilterArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A JSON object a line: runs, trials and events.
    Jsonl,
    /// A line a trial, with a header.
    Csv,
    /// The table of `csv` as a Parquet file, with types; with --output.
    #[cfg(feature = "parquet")]
    Parquet,
    /// CSV for statistics: a row a query of each run, with the best so far.
    Long,
    /// The table of `long` as a Parquet file, with types; with --output.
    #[cfg(feature = "parquet")]
    LongParquet,
    /// CSV with what `ganas search --measure-theory` measured: a row a round of each run.
    Theory,
    /// An SQLite file that Optuna and its dashboard open, a study a run; with --output.
    Optuna,
}

impl Format {
    fn is_long(self) -> bool {
        match self {
            Self::Long => true,
            #[cfg(feature = "parquet")]
            Self::LongParquet => true,
            _ => false,
        }
    }

    /// What a file is that cannot be printed.
    fn bytes(self) -> Option<&'static str> {
        match self {
            #[cfg(feature = "parquet")]
            Self::Parquet | Self::LongParquet => Some("a Parquet file"),
            Self::Optuna => Some("an SQLite file"),
            Self::Jsonl | Self::Csv | Self::Long | Self::Theory => None,
        }
    }
}

/// Writes an export.
type Writer<'a> = Box<dyn Fn(&mut dyn Write) -> anyhow::Result<()> + 'a>;

/// Writes the record.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    arguments.check()?;
    let study = Study::open_read_only(&arguments.study)?;
    let filter = arguments.filter.resolve(&study)?;
    unchecked::tell(&study, &filter)?;
    let write = arguments.writer(&study, filter)?;
    match &arguments.output {
        Some(path) if !means_stdout(path) => to_file(path, arguments, &write)?,
        // A terminal would obey the control characters of a text.
        _ if io::stdout().is_terminal() => {
            let mut bytes = Vec::new();
            write(&mut bytes)?;
            output::print_text(&printable(&String::from_utf8_lossy(&bytes)))?;
        }
        _ => {
            check_stdout(arguments.inputs())?;
            output::print(|out| write(out))?;
        }
    }
    Ok(Outcome::Done)
}

impl Arguments {
    /// Refuses what has no effect on the format.
    fn check(&self) -> anyhow::Result<()> {
        let is_long = self.format.is_long();
        let is_file = self
            .output
            .as_deref()
            .is_some_and(|path| !means_stdout(path));
        let is_theory = self.format == Format::Theory;
        let message = if let Some(what) = self.format.bytes()
            && !is_file
        {
            format!("{what} is no text to print: name a file with --output")
        } else if is_theory && self.with_times {
            "--with-times: what is measured has no times; leave it out, or choose --format jsonl or csv".to_owned()
        } else if is_long && self.with_times {
            "--with-times: the long form has no times; leave it out, or choose --format jsonl or csv".to_owned()
        } else if !is_long && !self.tables.is_empty() {
            "--table: only the long form has what training would have taken; leave it out, or choose --format long"
                .to_owned()
        } else {
            return Ok(());
        };
        Err(UsageError(message).into())
    }

    /// What writes the export of these runs.
    fn writer<'a>(&self, study: &'a Study, filter: RunFilter) -> anyhow::Result<Writer<'a>> {
        let times = if self.with_times {
            Times::Include
        } else {
            Times::Leave
        };
        let record = |format, filter| -> Writer<'a> {
            let export = Export {
                times,
                filter,
                ..Export::new(format)
            };
            Box::new(move |out| Ok(study.export(out, &export)?))
        };
        Ok(match self.format {
            Format::Jsonl => record(ExportFormat::JsonLines, filter),
            Format::Csv => record(ExportFormat::Csv, filter),
            #[cfg(feature = "parquet")]
            Format::Parquet => of_bytes(parquet_file(study, &filter, times)?),
            Format::Long => {
                let of = self.curves(study, &filter)?;
                Box::new(move |out| Ok(write_long(&of, out)?))
            }
            #[cfg(feature = "parquet")]
            Format::LongParquet => of_bytes(long_parquet_file(&self.curves(study, &filter)?)?),
            Format::Theory => {
                let of = of_study(study, &filter, &KnownTables::default())?;
                Box::new(move |out| Ok(write_theory(study, &of, out)?))
            }
            Format::Optuna => {
                let space = self.filter.described()?;
                let note = |text: &str| message(text);
                of_bytes(optuna_file(study, &filter, times, space.as_ref(), &note)?)
            }
        })
    }

    /// The runs as they are compared, for the long form.
    fn curves(&self, study: &Study, filter: &RunFilter) -> anyhow::Result<StudyCurves> {
        // What is in the data folder decides nothing: an export does not depend on the machine.
        let folders = Folders {
            data: None,
            ..environment::folders()?
        };
        let known = KnownTables::for_study(study, &self.tables, &folders, &|note| {
            message(note);
        })?;
        Ok(of_study(study, filter, &known)?)
    }

    /// The files that the export is made from.
    fn inputs(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.study).chain(&self.tables)
    }
}

/// Writes what is there already.
fn of_bytes<'a>(bytes: Vec<u8>) -> Writer<'a> {
    Box::new(move |out| Ok(out.write_all(&bytes)?))
}

/// Writes to a file that appears whole or not at all.
fn to_file(path: &Path, arguments: &Arguments, write: &Writer<'_>) -> anyhow::Result<()> {
    let target = Target::new(path, Replace::Allowed).made_from(arguments.inputs());
    let mut output = Output::create(&target)?;
    let mut file = BufWriter::new(&mut output);
    let written = write(&mut file).and_then(|()| Ok(file.flush()?));
    drop(file);
    written.with_context(|| format!("cannot write the export {}", path.display()))?;
    Ok(output.commit()?)
}
