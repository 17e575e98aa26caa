//! The `ganas` command line: arguments in, calls of the library `ganas`, text or JSON out.
//!
//! [`arguments`] has what several commands read, [`commands`] a file for each command, [`printing`] the terminal. The
//! environment, signals and the terminal are used here and in no other crate. Results go to stdout, everything else to
//! stderr; [`printing::exit`] says what the exit codes mean.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stderr,
    reason = "the terminal belongs to the command line"
)]

mod arguments;
mod commands;
mod printing;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{completions, config, devices, export, search, space, table, top};
use printing::exit;

/// Searches neural architectures with GA-NAS, Generative Adversarial Neural Architecture Search.
///
/// Results go to stdout, progress and messages to stderr. Exit codes: 0 done, 1 failed, 2 usage, 3 finished with failed
/// evaluations, 130 interrupted.
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
    /// Lists the best architectures of a study.
    Top(top::Arguments),
    /// Writes the record of a study: runs, trials, events.
    Export(export::Arguments),
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
    let result = match Arguments::parse().command {
        Command::Search(arguments) => search::run(&arguments),
        Command::Top(arguments) => top::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Table(arguments) => table::run(&arguments),
        Command::Space(arguments) => space::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Devices(arguments) => devices::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    match result {
        Ok(outcome) => outcome.code(),
        Err(error) => {
            eprintln!("error: {}", exit::message(&error));
            exit::code_of(&error)
        }
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
