//! `ganas table`: benchmark tables.

mod import;
mod info;
mod query;

use crate::exit::Outcome;

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Arguments {
    /// Imports a CSV file as a table file.
    Import(import::Arguments),
    /// Describes a table file: its manifest and its metrics.
    Info(info::Arguments),
    /// Prints the measurements of an architecture.
    Query(query::Arguments),
}

/// Does it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    match arguments {
        Arguments::Import(arguments) => import::run(arguments)?,
        Arguments::Info(arguments) => info::run(arguments)?,
        Arguments::Query(arguments) => query::run(arguments)?,
    }
    Ok(Outcome::Done)
}
