//! `cargo xtask reproduce`: the long studies behind the numbers in docs/results.
//!
//! A study is a list of searches, each run by the release binary with `--json`. What a search printed is kept under
//! `target/reproduce`, so that a study that was interrupted goes on where it stopped; `--fresh` starts over.

mod constraints;
mod digits;
mod digits_table;
mod improve;
mod masks;
mod nasbench101;
mod nasbench201;
mod page;
mod pareto;
mod result;
mod searches;
mod spaces;
mod statistics;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Subcommand;

/// A study.
#[derive(Debug, Subcommand)]
pub(crate) enum Study {
    /// Latency-constrained search on NAS-Bench-201: docs/results/constraints.md.
    Constraints(Options),
    /// GA-NAS, local search and random search on the table inside the program: docs/results/digits.md.
    Digits(digits::Options),
    /// Trains the networks of the tables inside the program; it needs PyTorch, and goes on where it was stopped.
    DigitsTable(digits_table::Options),
    /// Better networks than given ones at no greater cost: docs/results/improve.md.
    Improve(Options),
    /// Masked actions, penalties and rejection under bounds in closed form: docs/results/masks.md.
    Masks(Options),
    /// GA-NAS, local search and random search on NAS-Bench-101: docs/results/nasbench101.md.
    Nasbench101(Options),
    /// GA-NAS, its ablations and random search on NAS-Bench-201: docs/results/nasbench201.md.
    Nasbench201(Options),
    /// GA-NAS, local search and random search on DARTS, MBConv, once-for-all and NAS-Bench-Macro: docs/results/spaces.md.
    Spaces(Options),
    /// The front of accuracy and latency on NAS-Bench-201: docs/results/pareto.md.
    Pareto(Options),
}

/// How a study is run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder with the benchmark tables.
    #[arg(long, env = "GANAS_DATA")]
    data: PathBuf,
    /// Seeds of every search, `from..to`, the end not included.
    #[arg(long, default_value = "1000..1020")]
    seeds: String,
    /// Searches run on so many threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Runs only the searches whose name contains this; the page is then not written.
    #[arg(long)]
    only: Option<String>,
    /// Forgets what earlier calls found.
    #[arg(long)]
    fresh: bool,
}

/// Runs a study.
pub(crate) fn run(root: &Path, study: &Study) -> Result<()> {
    match study {
        Study::Constraints(options) => constraints::run(root, options),
        Study::Digits(options) => digits::run(root, options),
        Study::DigitsTable(options) => digits_table::run(root, options),
        Study::Improve(options) => improve::run(root, options),
        Study::Masks(options) => masks::run(root, options),
        Study::Nasbench101(options) => nasbench101::run(root, options),
        Study::Nasbench201(options) => nasbench201::run(root, options),
        Study::Spaces(options) => spaces::run(root, options),
        Study::Pareto(options) => pareto::run(root, options),
    }
}
