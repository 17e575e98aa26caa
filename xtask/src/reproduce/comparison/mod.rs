//! All searchers on all benchmarks: docs/results/comparison.md.
//!
//! Each benchmark is a `ganas compare` of its own. What its runs have found is kept in docs/results/comparison, so that the
//! comparison can be made one benchmark after the other, and a benchmark whose runs are there is not searched again.

mod description;
mod kept;
mod page;
mod search;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use self::description::{Benchmark, Description};
use self::kept::Kept;
use super::Options;
use super::runner::{Runner, keep};

/// Searches what is missing, and writes the page.
pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    let description = Description::read(root)?;
    crate::check(crate::cargo(root).args(["build", "--release", "--quiet", "-p", "ganas-cli"]))?;
    let mut folder = root.join("target/reproduce/comparison");
    let mut results = root.join("docs/results");
    if let Some(budget) = options.budget {
        folder = folder.join(format!("{budget}-queries"));
        results.clone_from(&folder);
    }
    let runner = Runner::new(root.join("target/release/ganas"), folder, options)?;
    make(&description, &runner, &results)
}

/// The same with a binary and a folder for the results.
fn make(description: &Description, runner: &Runner, results: &Path) -> Result<()> {
    let folder = results.join("comparison");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let only = runner.options.only.as_deref();
    let chosen = |of: &&Benchmark| only.is_none_or(|only| of.name.contains(only));
    ensure!(
        description.benchmarks.iter().any(|of| chosen(&of)),
        "no benchmark has `{}` in its name",
        only.unwrap_or_default()
    );
    for benchmark in description.benchmarks.iter().filter(chosen) {
        let file = folder.join(format!("{}.jsonl", benchmark.name));
        let wanted = description.wanted(benchmark, &runner.options)?;
        let there = !runner.options.fresh && file.exists();
        if there && Kept::read(&file)?.has(&wanted) {
            continue;
        }
        let kept = search::search(&wanted, runner)?;
        keep(&file, &kept.to_text()?)?;
    }
    let mut found = Vec::new();
    for benchmark in &description.benchmarks {
        let file = folder.join(format!("{}.jsonl", benchmark.name));
        let kept = file.exists().then(|| Kept::read(&file)).transpose()?;
        found.push((benchmark, kept));
    }
    let page = page::page(description, &found)?;
    keep(&results.join("comparison.md"), &page)
}
