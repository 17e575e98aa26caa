//! The description of the comparison, xtask/comparison.toml.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::super::Options;
use super::super::study::Source;

/// What is compared.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    /// Where results are told, in unique queries, ascending; the last is the budget of every run.
    pub(super) budgets: Vec<u32>,
    /// The algorithm with which the others are compared.
    pub(super) baseline: String,
    /// The algorithms of all benchmarks, as `ganas compare` reads them.
    pub(super) algorithms: Vec<String>,
    /// What answers queries.
    pub(super) sources: BTreeMap<String, Source>,
    #[serde(rename = "benchmark")]
    pub(super) benchmarks: Vec<Benchmark>,
}

/// A benchmark.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Benchmark {
    /// That of its file in docs/results/comparison.
    pub(super) name: String,
    /// What it is called on the page.
    pub(super) title: String,
    /// What is to be known of it.
    pub(super) about: String,
    /// What answers the queries.
    source: String,
    /// The space of a surrogate.
    space: Option<String>,
    search: String,
    report: String,
    /// Algorithms of this benchmark alone.
    #[serde(default)]
    more: Vec<String>,
}

/// The runs of a benchmark.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) title: &'a str,
    pub(super) source_name: &'a str,
    pub(super) source: &'a Source,
    pub(super) space: Option<&'a str>,
    pub(super) search: &'a str,
    pub(super) report: &'a str,
    pub(super) algorithms: Vec<&'a str>,
    pub(super) budgets: Vec<u32>,
    pub(super) seeds: Vec<u64>,
}

impl Wanted<'_> {
    /// The budget of every run.
    pub(super) fn budget(&self) -> u32 {
        self.budgets.last().copied().unwrap_or_default()
    }
}

impl Description {
    /// Reads and checks it.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let path = root.join("xtask/comparison.toml");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} describes nothing", path.display()))
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let description: Self = toml::from_str(text)?;
        ensure!(
            !description.budgets.is_empty() && description.budgets.is_sorted(),
            "the budgets are not ascending"
        );
        ensure!(
            description.algorithms.contains(&description.baseline),
            "the baseline `{}` is none of the algorithms",
            description.baseline
        );
        for benchmark in &description.benchmarks {
            ensure!(
                description.sources.contains_key(&benchmark.source),
                "there is no source `{}`",
                benchmark.source
            );
        }
        Ok(description)
    }

    /// What is searched on a benchmark.
    pub(super) fn wanted<'a>(&'a self, of: &'a Benchmark, options: &Options) -> Result<Wanted<'a>> {
        let limit = options.budget.map(u32::try_from).transpose()?;
        let limit = limit.unwrap_or(u32::MAX);
        let mut budgets: Vec<u32> = self.budgets.iter().map(|b| (*b).min(limit)).collect();
        budgets.dedup();
        let algorithms = self.algorithms.iter().chain(&of.more);
        Ok(Wanted {
            name: &of.name,
            title: &of.title,
            source_name: &of.source,
            source: &self.sources[&of.source],
            space: of.space.as_deref(),
            search: &of.search,
            report: &of.report,
            algorithms: algorithms.map(String::as_str).collect(),
            budgets,
            seeds: seeds(&options.seeds)?,
        })
    }
}

/// The seeds of `FROM..TO`, the end not included.
fn seeds(text: &str) -> Result<Vec<u64>> {
    let range = text.split_once("..").and_then(|(from, to)| {
        let (from, to) = (from.parse::<u64>().ok()?, to.parse::<u64>().ok()?);
        (from < to).then(|| (from..to).collect())
    });
    range.with_context(|| format!("--seeds {text}: expected FROM..TO, such as 1000..1050"))
}
