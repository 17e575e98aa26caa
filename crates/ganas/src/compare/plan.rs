//! A comparison as a TOML file.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
#[cfg(feature = "workers")]
use std::time::Duration;

use ganas_eval::{Direction, MetricOverrides};
use ganas_search::Budget;
#[cfg(feature = "workers")]
use ganas_worker::{PoolConfig, PoolListener};
use serde::{Deserialize, Deserializer};

use super::{Benchmark, NamedAlgorithm};
use crate::error::Context as _;
use crate::{AlgorithmSettings, Error, GivenBound, SearchSpace, Seeds, spaces};

/// A comparison as it is written in a TOML file; what is not in it is `None` or empty.
///
/// ```toml
/// seeds = "1000..1020"
/// budgets = [25, 50, 100]
/// baseline = "random"
///
/// [[algorithm]]
/// algorithm = "random"
///
/// [[algorithm]]
/// algorithm = "ga-nas:improved batch=5"
/// name = "GA-NAS, small rounds"
///
/// [[benchmark]]
/// table = "digits-5"
///
/// [[benchmark]]
/// space = "nasbench201"
/// table = "nb201.arrow"
/// search = "cifar100_valid_mean_200"
/// report = "cifar100_test_mean_200"
/// ```
///
/// Paths are relative to the folder of the file; an evaluator is a command, and starts in the current folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The study.
    pub study: Option<PathBuf>,
    /// The seeds, as on the command line.
    #[serde(default, deserialize_with = "optional_text")]
    pub seeds: Option<Seeds>,
    /// Where results are told, in unique queries; the largest is the budget of every run.
    #[serde(default, deserialize_with = "budgets")]
    pub budgets: Vec<Budget>,
    /// The name of the algorithm with which the others are compared.
    pub baseline: Option<String>,
    #[serde(default, rename = "algorithm")]
    algorithms: Vec<AlgorithmEntry>,
    #[serde(default, rename = "benchmark")]
    benchmarks: Vec<BenchmarkEntry>,
}

/// An algorithm in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AlgorithmEntry {
    name: Option<String>,
    #[serde(deserialize_with = "text")]
    algorithm: NamedAlgorithm,
    config: Option<PathBuf>,
    window: Option<NonZeroU32>,
}

/// A benchmark in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BenchmarkEntry {
    name: Option<String>,
    space: Option<String>,
    table: Option<PathBuf>,
    surrogate: Option<PathBuf>,
    evaluator: Option<String>,
    search: Option<String>,
    report: Option<String>,
    #[serde(default)]
    minimize: Vec<String>,
    #[serde(default)]
    maximize: Vec<String>,
    #[serde(default, deserialize_with = "texts")]
    constraints: Vec<GivenBound>,
    #[serde(default)]
    properties: Vec<PathBuf>,
    #[serde(default, deserialize_with = "optional_budget")]
    budget: Option<Budget>,
    evaluator_id: Option<String>,
    workers: Option<u32>,
    retries: Option<u32>,
    evaluation_timeout_s: Option<f64>,
    #[serde(default)]
    fidelity: BTreeMap<String, f64>,
}

impl Plan {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It cannot be read, or something in it is wrong, with its line.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let place = || format!("the comparison {}", path.display());
        ganas_formats::source::check_regular(path).with_context(place)?;
        let bytes = std::fs::read(path).with_context(place)?;
        if bytes.starts_with(b"SQLite format 3") {
            return Err(Error::Usage(format!(
                "{} is a study, and no TOML file that describes a comparison: name the study with --study",
                path.display()
            )));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| Error::Usage("it is no text in UTF-8".to_owned()))
            .with_context(place)?;
        let mut plan: Self = toml::from_str(&text)
            .map_err(|error| Error::Usage(error.to_string()))
            .with_context(place)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for path in plan.paths() {
            *path = folder.join(&*path);
        }
        let spaces = plan.benchmarks.iter_mut().flat_map(|b| &mut b.space);
        for space in spaces.filter(|space| space.ends_with(".toml")) {
            *space = folder.join(&*space).display().to_string();
        }
        Ok(plan)
    }

    /// All paths in it, but for tables that may be inside the program.
    fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let configs = self.algorithms.iter_mut().flat_map(|a| &mut a.config);
        let of_benchmarks = self.benchmarks.iter_mut().flat_map(|benchmark| {
            let tables = benchmark.table.iter_mut();
            tables
                .filter(|table| !is_embedded(table))
                .chain(&mut benchmark.surrogate)
                .chain(&mut benchmark.properties)
        });
        self.study.iter_mut().chain(configs).chain(of_benchmarks)
    }

    /// Whether it names benchmarks.
    #[must_use]
    pub fn has_benchmarks(&self) -> bool {
        !self.benchmarks.is_empty()
    }

    /// The algorithms.
    #[must_use]
    pub fn algorithms(&self) -> Vec<NamedAlgorithm> {
        let entries = self.algorithms.iter();
        entries
            .map(|entry| {
                let read = &entry.algorithm;
                let settings = AlgorithmSettings {
                    config: entry.config.clone(),
                    ..read.settings().clone()
                };
                let name = entry.name.as_deref().unwrap_or(read.name());
                let named = NamedAlgorithm::new(name, settings);
                match entry.window.or(read.window_of()) {
                    Some(window) => named.window(window),
                    None => named,
                }
            })
            .collect()
    }

    /// The benchmarks. What processes print goes into files in the folder `logs`; `listener` is told what they do.
    ///
    /// # Errors
    ///
    /// A benchmark has nothing that evaluates, or several; a space or a description of a metric is wrong.
    pub fn benchmarks(
        &self,
        #[cfg(feature = "workers")] logs: &Path,
        #[cfg(feature = "workers")] listener: &dyn Fn() -> PoolListener,
    ) -> Result<Vec<Benchmark>, Error> {
        let numbered = self.benchmarks.iter().enumerate();
        numbered
            .map(|(at, entry)| {
                let benchmark = entry.benchmark(
                    #[cfg(feature = "workers")]
                    &logs.join(at.to_string()),
                    #[cfg(feature = "workers")]
                    listener,
                );
                benchmark.with_context(|| {
                    let name = entry.name.as_ref();
                    let name = name.map_or_else(String::new, |name| format!(" ({name})"));
                    format!("[[benchmark]] number {}{name}", at + 1)
                })
            })
            .collect()
    }
}

impl BenchmarkEntry {
    fn benchmark(
        &self,
        #[cfg(feature = "workers")] logs: &Path,
        #[cfg(feature = "workers")] listener: &dyn Fn() -> PoolListener,
    ) -> Result<Benchmark, Error> {
        let space = self.space.as_deref().map(spaces::open).transpose()?;
        let mut benchmark = self.source(
            space.as_ref(),
            #[cfg(feature = "workers")]
            logs,
            #[cfg(feature = "workers")]
            listener,
        )?;
        if let Some(space) = space {
            benchmark = benchmark.space(space);
        }
        if let Some(name) = &self.name {
            benchmark = benchmark.named(name);
        }
        if let Some(search) = &self.search {
            benchmark = benchmark.search_metric(search);
        }
        if let Some(report) = &self.report {
            benchmark = benchmark.report_metric(report);
        }
        for bound in &self.constraints {
            benchmark = benchmark.constraint(bound.clone());
        }
        #[cfg(feature = "tables")]
        for table in &self.properties {
            benchmark = benchmark.properties(table);
        }
        if let Some(budget) = self.budget {
            benchmark = benchmark.budget(budget);
        }
        let mut declared = MetricOverrides::default();
        let minimized = self.minimize.iter().map(|name| (name, Direction::Minimize));
        let maximized = self.maximize.iter().map(|name| (name, Direction::Maximize));
        for (name, direction) in minimized.chain(maximized) {
            declared.direction(name, direction)?;
        }
        Ok(benchmark.declare(declared))
    }

    /// What evaluates.
    fn source(
        &self,
        space: Option<&Arc<dyn SearchSpace>>,
        #[cfg(feature = "workers")] logs: &Path,
        #[cfg(feature = "workers")] listener: &dyn Fn() -> PoolListener,
    ) -> Result<Benchmark, Error> {
        if self.evaluator.is_none() {
            self.refuse_settings_of_workers()?;
        }
        match (&self.table, &self.surrogate, &self.evaluator, space) {
            #[cfg(feature = "tables")]
            (Some(table), None, None, _) => Ok(Benchmark::table(table)),
            #[cfg(feature = "surrogates")]
            (None, Some(folder), None, _) => Ok(Benchmark::surrogate(folder)),
            #[cfg(feature = "workers")]
            (None, None, Some(command), _) => {
                Ok(Benchmark::workers(self.pool(command, logs)?, listener()))
            }
            (None, None, None, Some(space)) => Ok(Benchmark::of_space(Arc::clone(space))),
            _ => Err(Error::Usage(
                "expected one of `table`, `surrogate` and `evaluator`, or a `space` alone, of which the data folder has a \
                 table or a surrogate"
                    .to_owned(),
            )),
        }
    }

    fn refuse_settings_of_workers(&self) -> Result<(), Error> {
        let given = [
            ("evaluator_id", self.evaluator_id.is_some()),
            ("workers", self.workers.is_some()),
            ("retries", self.retries.is_some()),
            ("evaluation_timeout_s", self.evaluation_timeout_s.is_some()),
            ("fidelity", !self.fidelity.is_empty()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((name, _)) => Err(Error::Usage(format!(
                "`{name}` says something of an evaluator, and there is none: name its command with `evaluator`"
            ))),
        }
    }

    #[cfg(feature = "workers")]
    fn pool(&self, command: &str, logs: &Path) -> Result<PoolConfig, Error> {
        let usual = PoolConfig::new(command, logs);
        let time_limit = match self.evaluation_timeout_s {
            None => usual.time_limit,
            Some(seconds) => Duration::try_from_secs_f64(seconds)
                .ok()
                .filter(|limit| !limit.is_zero())
                .with_context(|| {
                    format!("`evaluation_timeout_s` is {seconds}: expected more than 0")
                })?,
        };
        Ok(PoolConfig {
            workers: self.workers.unwrap_or(usual.workers),
            retries: self.retries.unwrap_or(usual.retries),
            evaluator_id: self.evaluator_id.clone(),
            fidelity: self.fidelity.clone(),
            time_limit,
            ..usual
        })
    }
}

/// Whether a path is the name of a table inside the program.
#[cfg(feature = "tables")]
fn is_embedded(path: &Path) -> bool {
    path.to_str()
        .and_then(ganas_table::Embedded::named)
        .is_some()
}

#[cfg(not(feature = "tables"))]
fn is_embedded(_: &Path) -> bool {
    false
}

/// Reads a value from text, so that what is wrong has its place in the file.
fn text<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: std::fmt::Display>,
{
    let text = String::deserialize(from)?;
    text.parse().map_err(serde::de::Error::custom)
}

fn optional_text<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: std::fmt::Display>,
{
    text(from).map(Some)
}

fn texts<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: std::fmt::Display>,
{
    let texts = Vec::<String>::deserialize(from)?;
    let read = texts.iter().map(|text| text.parse());
    read.collect::<Result<_, _>>()
        .map_err(serde::de::Error::custom)
}

fn optional_budget<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Budget>, D::Error> {
    let queries = u32::deserialize(from)?;
    Budget::unique(queries)
        .map(Some)
        .map_err(serde::de::Error::custom)
}

fn budgets<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Budget>, D::Error> {
    let queries = Vec::<u32>::deserialize(from)?;
    let budgets = queries.into_iter().map(Budget::unique);
    budgets
        .collect::<Result<_, _>>()
        .map_err(serde::de::Error::custom)
}
