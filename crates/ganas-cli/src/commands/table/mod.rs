//! `ganas table`: benchmark tables.

mod build;
mod export;
mod import;
mod info;
mod list;
mod query;

use crate::printing::exit::Outcome;
use crate::printing::interrupt::Interrupt;

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Arguments {
    /// Lists the benchmarks that can be imported, and what is in the data folder.
    List(list::Arguments),
    /// Evaluates the architectures of a space with a command, each with several seeds, into a table file.
    Build(build::Arguments),
    /// Imports the official files of a benchmark, a CSV file or JSON as a table file.
    Import(import::Arguments),
    /// Writes a table file as CSV or JSON lines.
    Export(export::Arguments),
    /// Describes a table file: its manifest and its metrics.
    Info(info::Arguments),
    /// Prints the measurements of an architecture.
    Query(query::Arguments),
}

/// Does it.
pub(crate) fn run(arguments: &Arguments, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    match arguments {
        Arguments::Build(arguments) => return build::run(arguments, interrupt),
        Arguments::List(arguments) => list::run(arguments)?,
        Arguments::Export(arguments) => export::run(arguments)?,
        Arguments::Import(arguments) => import::run(arguments)?,
        Arguments::Info(arguments) => info::run(arguments)?,
        Arguments::Query(arguments) => query::run(arguments)?,
    }
    Ok(Outcome::Done)
}
