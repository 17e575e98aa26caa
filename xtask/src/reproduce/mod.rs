//! `cargo xtask reproduce`: the long studies behind the numbers in docs/results.
//!
//! A study is data: a file in xtask/studies says what is searched, with what, and what the page shows. What a search
//! printed is kept under `target/reproduce`, so that a study that was interrupted goes on where it stopped; `--fresh`
//! starts over.

mod cell;
mod columns;
mod comparison;
mod digits_table;
mod facts;
mod page;
mod runner;
mod study;
mod template;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;

use self::runner::Runner;
use self::study::Description;

/// A study.
#[derive(Debug, Subcommand)]
pub(crate) enum Study {
    /// Every searcher on every benchmark, one benchmark after the other: docs/results/comparison.md.
    Comparison(Options),
    /// Latency-constrained search on NAS-Bench-201: docs/results/constraints.md.
    Constraints(Options),
    /// GA-NAS, local search and random search on the table inside the program: docs/results/digits.md.
    Digits(Options),
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
    /// The front of accuracy and latency on NAS-Bench-201: docs/results/pareto.md.
    Pareto(Options),
    /// GA-NAS, local search and random search on DARTS, MBConv, once-for-all and NAS-Bench-Macro: docs/results/spaces.md.
    Spaces(Options),
}

/// How a study is run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder with the benchmark tables.
    #[arg(long, env = "GANAS_DATA")]
    data: Option<PathBuf>,
    /// Seeds of every search, `from..to`, the end not included.
    #[arg(long, default_value = "1000..1020")]
    seeds: String,
    /// Searches run on so many threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Runs only the searches whose name contains this, and prints their tables; the page is then not written.
    #[arg(long)]
    only: Option<String>,
    /// Unique queries of a run, to try a study out: what it writes is then kept apart, below target/reproduce.
    #[arg(long)]
    budget: Option<usize>,
    /// Forgets what earlier calls found.
    #[arg(long)]
    fresh: bool,
}

/// Runs a study.
pub(crate) fn run(root: &Path, study: &Study) -> Result<()> {
    let (name, options) = match study {
        Study::DigitsTable(options) => return digits_table::run(root, options),
        Study::Comparison(options) => return comparison::run(root, options),
        Study::Constraints(options) => ("constraints", options),
        Study::Digits(options) => ("digits", options),
        Study::Improve(options) => ("improve", options),
        Study::Masks(options) => ("masks", options),
        Study::Nasbench101(options) => ("nasbench101", options),
        Study::Nasbench201(options) => ("nasbench201", options),
        Study::Pareto(options) => ("pareto", options),
        Study::Spaces(options) => ("spaces", options),
    };
    let description = Description::read(root, name)?;
    crate::check(crate::cargo(root).args(["build", "--release", "--quiet", "-p", "ganas-cli"]))?;
    let mut folder = root.join("target/reproduce").join(name);
    if let Some(budget) = options.budget {
        folder = folder.join(format!("{budget}-queries"));
    }
    if options.fresh && folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let tried = options.budget.map(|_| folder.clone());
    let results = tried.unwrap_or_else(|| root.join("docs/results"));
    let runner = Runner::new(root.join("target/release/ganas"), folder, options)?;
    let pages = page::make(&description, &runner)?;
    if options.only.is_some() {
        println!("{}", pages.tables);
        return Ok(());
    }
    pages.write(&results, name)
}
