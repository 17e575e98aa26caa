//! The `ganas` command line: arguments in, calls of the library `ganas`, text or JSON out.
//!
//! [`arguments`] has what several commands read, [`commands`] a file for each command, [`printing`] the terminal. The
//! environment, signals and the terminal are used here and in no other crate. Results go to stdout by [`printing::output`],
//! everything else to stderr by [`printing::stderr`], which never panic; [`printing::exit`] says what the exit codes mean.

#![deny(unsafe_code)]

mod arguments;
mod commands;
mod printing;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{
    compare, completions, config, devices, evaluate, export, report, search, space, status, table,
    top,
};
use printing::exit::Outcome;
use printing::interrupt::Interrupt;
use printing::stderr::message;
use printing::{exit, output};

/// Searches neural architectures with GA-NAS, Generative Adversarial Neural Architecture Search.
///
/// Results go to stdout, progress and messages to stderr. Exit codes: 0 done, 1 failed, 2 usage, 3 finished with failed
/// evaluations, 130 interrupted. A reader of stdout that stops early, such as `| head`, changes none of them.
#[derive(Debug, Parser)]
#[command(name = "ganas", version, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Searches a space for good architectures.
    Search(Box<search::Arguments>),
    /// Compares algorithms: each on each benchmark with each seed, into one study.
    Compare(Box<compare::Arguments>),
    /// Evaluates a list of architectures, such as the best of a study with more epochs.
    Evaluate(Box<evaluate::Arguments>),
    /// Shows what a study holds and what its workers are at, while a search runs or afterwards.
    Status(status::Arguments),
    /// Lists the best architectures of a study.
    Top(top::Arguments),
    /// Writes the record of a study: runs, trials, events.
    Export(export::Arguments),
    /// Writes a study as one page, with results, figures, settings and a checklist, while a search runs or afterwards.
    Report(report::Arguments),
    /// Imports, describes and queries benchmark tables.
    #[command(subcommand)]
    Table(table::Arguments),
    /// Lists search spaces and what is in them.
    #[command(subcommand)]
    Space(space::Arguments),
    /// Prints a configuration as commented TOML, to be edited and given to `search --config`.
    Config(config::Arguments),
    /// Lists what ga-nas can compute on, and why a device cannot be used.
    Devices(devices::Arguments),
    /// Prints the completions of a shell.
    Completions(completions::Arguments),
}

fn main() -> ExitCode {
    match run() {
        Ok(outcome) => outcome.code(),
        Err(error) => {
            message(format_args!("error: {}", exit::message(&error)));
            exit::code_of(&error)
        }
    }
}

fn run() -> anyhow::Result<Outcome> {
    // First of all: a space that is described in a file is opened while arguments are read, and can take its time.
    let interrupt = Interrupt::watch()?;
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::print_parsed(&error),
    };
    match arguments.command {
        Command::Search(arguments) => search::run(&arguments, &interrupt),
        Command::Compare(arguments) => compare::run(&arguments, &interrupt),
        Command::Evaluate(arguments) => evaluate::run(&arguments, &interrupt),
        Command::Status(arguments) => status::run(&arguments),
        Command::Top(arguments) => top::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Table(arguments) => table::run(&arguments, &interrupt),
        Command::Space(arguments) => space::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Devices(arguments) => devices::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
