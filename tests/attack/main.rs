//! The fault campaign: what ganas promises is attacked, and every outcome is counted.
//!
//! `cargo xtask attack` runs it. Each attack runs the built `ganas` on files of its own, at most a minute and within a limit of
//! memory, and ends in one of the [outcomes](outcome::Outcome); a silent difference, a panic, an abort, a hang or too much memory
//! fails the campaign. What is attacked is drawn from `--seed`, so that a failure can be repeated.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for developers: the terminal is its output"
)]

mod flips;
mod folder;
mod hostile;
mod io_faults;
mod kills;
mod outcome;
mod program;
mod samples;
mod workers;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use outcome::Tally;

/// What is attacked, and how often.
#[derive(Clone, Debug, Parser)]
#[command(bin_name = "cargo xtask attack")]
pub(crate) struct Arguments {
    /// What is attacked is a function of this seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Kills, at random moments, of searches, of builds of tables and of imports.
    #[arg(long, default_value_t = 30)]
    kills: usize,
    /// Flipped bits in each of table, cache and study.
    #[arg(long, default_value_t = 100)]
    flips: usize,
    /// Files of each format that end too early.
    #[arg(long, default_value_t = 20)]
    truncations: usize,
    /// Searches whose workers misbehave.
    #[arg(long, default_value_t = 10)]
    misbehaviours: usize,
    /// Searches and imports in which a read, a write or an fsync fails, or the disk is full.
    #[arg(long, default_value_t = 20)]
    io_faults: usize,
    /// Only these attacks.
    #[arg(long, value_enum)]
    only: Vec<Attack>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Attack {
    Kills,
    Flips,
    Truncations,
    Hostile,
    Workers,
    IoFaults,
}

impl Attack {
    const ALL: [Self; 6] = [
        Self::Hostile,
        Self::Flips,
        Self::Truncations,
        Self::IoFaults,
        Self::Workers,
        Self::Kills,
    ];

    fn run(self, arguments: &Arguments) -> Result<Vec<Tally>> {
        match self {
            Self::Kills => kills::run(arguments.seed, arguments.kills),
            Self::Flips => flips::flip(arguments.seed, arguments.flips),
            Self::Truncations => flips::truncate(arguments.seed, arguments.truncations),
            Self::Hostile => hostile::run(),
            Self::Workers => workers::run(arguments.seed, arguments.misbehaviours),
            Self::IoFaults => io_faults::run(arguments.seed, arguments.io_faults),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let is_wanted = |attack: &&Attack| arguments.only.is_empty() || arguments.only.contains(attack);
    let mut tallies = Vec::new();
    for attack in Attack::ALL.iter().filter(is_wanted) {
        eprintln!("{attack:?} ...");
        match attack.run(&arguments) {
            Ok(found) => tallies.extend(found),
            Err(error) => {
                eprintln!("error: {error:#}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("{}", outcome::table(&tallies));
    let mut failures = tallies.iter().flat_map(Tally::failures).peekable();
    if failures.peek().is_none() {
        return ExitCode::SUCCESS;
    }
    for failure in failures {
        println!("* {failure}");
    }
    ExitCode::FAILURE
}
