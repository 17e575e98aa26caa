//! Comparing search algorithms: each of them, on each benchmark, with each seed, into one study.

mod algorithm;
mod benchmark;
mod comparing;
mod plan;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use ganas_report::comparison::BUDGETS;
use ganas_search::{Budget, StopFlag};
use ganas_store::Study;

pub use self::algorithm::NamedAlgorithm;
pub use self::benchmark::Benchmark;
pub use self::comparing::{Compared, ComparedRun, Comparing};
pub use self::plan::Plan;

use self::comparing::ComparedSearch;
use crate::error::Context as _;
use crate::experiment::{self, TimeLimits};
use crate::{Error, Experiment, Folders, Seeds};

/// A comparison that is being put together.
///
/// Every algorithm searches every benchmark with every seed, and all runs are recorded in one study. Algorithms with the same
/// seed see the same benchmark, so that their results are paired.
///
/// ```no_run
/// use ganas::compare::{Benchmark, Compare};
///
/// let comparison = Compare::new("comparison.db")
///     .benchmark(Benchmark::table("digits-5"))
///     .algorithm("random".parse()?)
///     .algorithm("ga-nas:improved batch=5".parse()?)
///     .seeds("0..20".parse()?)
///     .prepare()?;
/// let done = comparison.run()?;
/// assert!(done.is_finished());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Compare {
    study: PathBuf,
    benchmarks: Vec<Benchmark>,
    algorithms: Vec<NamedAlgorithm>,
    seeds: Seeds,
    budgets: Vec<Budget>,
    threads: Option<NonZeroUsize>,
    limits: TimeLimits,
    resume: bool,
    folders: Folders,
    stop: StopFlag,
    note: Rc<dyn Fn(&str)>,
}

impl std::fmt::Debug for Compare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compare")
            .field("study", &self.study)
            .field("benchmarks", &self.benchmarks)
            .field("algorithms", &self.algorithms)
            .field("seeds", &self.seeds)
            .field("budgets", &self.budgets)
            .finish_non_exhaustive()
    }
}

impl Compare {
    /// A comparison that is recorded in this study, which is created when it does not exist.
    #[must_use]
    pub fn new(study: impl Into<PathBuf>) -> Self {
        Self {
            study: study.into(),
            benchmarks: Vec::new(),
            algorithms: Vec::new(),
            seeds: Seeds::from(0),
            budgets: Vec::new(),
            threads: None,
            limits: TimeLimits::default(),
            resume: false,
            folders: Folders::default(),
            stop: StopFlag::default(),
            note: Rc::new(|_| {}),
        }
    }

    /// Compares on this benchmark, too.
    #[must_use]
    pub fn benchmark(mut self, benchmark: Benchmark) -> Self {
        self.benchmarks.push(benchmark);
        self
    }

    /// Compares this algorithm, too.
    #[must_use]
    pub fn algorithm(mut self, algorithm: NamedAlgorithm) -> Self {
        self.algorithms.push(algorithm);
        self
    }

    /// Does a run with each of these seeds, of every algorithm on every benchmark.
    #[must_use]
    pub fn seeds(mut self, seeds: Seeds) -> Self {
        self.seeds = seeds;
        self
    }

    /// Where results are told, in unique queries of a run; the largest is what each run spends. None stand for [`BUDGETS`].
    #[must_use]
    pub fn budgets(mut self, budgets: impl IntoIterator<Item = Budget>) -> Self {
        self.budgets = budgets.into_iter().collect();
        self
    }

    /// Uses so many threads; the results do not depend on them.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Stops all runs at a safe point after this time; they can be continued.
    #[must_use]
    pub fn max_time(mut self, time: Duration) -> Self {
        self.limits.time = Some(time);
        self
    }

    /// With [`max_time`](Self::max_time): cancels what is still being evaluated so long after it; without it, that is finished.
    #[must_use]
    pub fn max_time_grace(mut self, grace: Duration) -> Self {
        self.limits.grace = Some(grace);
        self
    }

    /// Continues runs that the study holds, and begins those that it does not; by default it must hold none of them.
    #[must_use]
    pub fn resume(mut self) -> Self {
        self.resume = true;
        self
    }

    /// Finds and keeps files here that are not named.
    #[must_use]
    pub fn folders(mut self, folders: Folders) -> Self {
        self.folders = folders;
        self
    }

    /// Stops all runs at a safe point once this is set.
    #[must_use]
    pub fn stop(mut self, stop: StopFlag) -> Self {
        self.stop = stop;
        self
    }

    /// Is told, in words, of what takes long while the comparison is prepared.
    #[must_use]
    pub fn notes(mut self, note: impl Fn(&str) + 'static) -> Self {
        self.note = Rc::new(note);
        self
    }

    /// Opens everything that the comparison needs, and checks that it fits together, before any run begins.
    ///
    /// # Errors
    ///
    /// There is nothing to compare, two names or two algorithms are the same, or something cannot be opened.
    pub fn prepare(mut self) -> Result<Comparing, Error> {
        experiment::check_threads(self.threads)?;
        check_names(
            "algorithm",
            self.algorithms.iter().map(NamedAlgorithm::name),
        )?;
        for algorithm in &self.algorithms {
            algorithm.check_name()?;
        }
        check_names("benchmark", self.benchmarks.iter().map(Benchmark::name))?;
        if self.budgets.is_empty() {
            let usual = BUDGETS.map(Budget::unique).into_iter();
            self.budgets = usual.collect::<Result<_, _>>()?;
        }
        self.budgets.sort_by_key(|budget| budget.unique_queries());
        self.budgets.dedup();
        let study = Study::create_or_open(&self.study)?;
        let mut searches: Vec<ComparedSearch> = Vec::new();
        for benchmark in std::mem::take(&mut self.benchmarks) {
            self.searches_of(benchmark, &study, &mut searches)?;
        }
        Ok(Comparing {
            study,
            searches,
            seeds: self.seeds,
            budgets: self.budgets,
            threads: self.threads.unwrap_or_else(experiment::all_processors),
            limits: self.limits,
            stop: self.stop,
        })
    }

    /// Prepares the searches of a benchmark by all algorithms.
    fn searches_of(
        &self,
        benchmark: Benchmark,
        study: &Study,
        searches: &mut Vec<ComparedSearch>,
    ) -> Result<(), Error> {
        let (name, settings, source) = benchmark.parts();
        let mut source = Some(source);
        let largest = self.budgets.last().copied().unwrap_or(Budget::ONE);
        let budget = settings.budget.unwrap_or(largest);
        let first = searches.len();
        for algorithm in &self.algorithms {
            let mut experiment = Experiment::new()
                .folders(self.folders.clone())
                .seeds(self.seeds.clone())
                .budget(budget)
                .algorithm(algorithm.settings().clone())
                .open_study(study.clone())
                .threads(NonZeroUsize::MIN)
                .stop(self.stop.clone())
                .notes({
                    let note = Rc::clone(&self.note);
                    move |text| note(text)
                });
            experiment = settings.add_to(experiment);
            if let Some(window) = algorithm.window_of() {
                experiment = experiment.window(window);
            }
            if let Some(source) = source.take() {
                experiment = source.add_to(experiment);
            } else if let Some(opened) = searches.get(first) {
                experiment = experiment.evaluated_as_in(&opened.search);
            }
            if self.resume {
                experiment = experiment.resume().new_run();
            }
            let label = || format!("{} on {name}", algorithm.name());
            let search = experiment.prepare().with_context(label)?;
            let spec = search.spec();
            if let Some(same) = searches.iter().find(|known| known.search.spec() == spec) {
                return Err(Error::Usage(format!(
                    "{} and {} on {} are the same search: leave one of them out",
                    label(),
                    same.algorithm,
                    same.benchmark
                )));
            }
            searches.push(ComparedSearch {
                benchmark: name.clone(),
                algorithm: algorithm.name().to_owned(),
                search,
                is_first: searches.len() == first,
            });
        }
        Ok(())
    }
}

/// Fails when there is nothing of a kind, or when two of it have the same name.
fn check_names<'a>(kind: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(Error::Usage(format!(
                "`{}` is no name for one of the {kind}s: expected one line of text",
                name.escape_debug()
            )));
        }
        if !seen.insert(name) {
            return Err(Error::Usage(format!(
                "two of the {kind}s are called `{name}`: give each a name of its own"
            )));
        }
    }
    if seen.is_empty() {
        return Err(Error::Usage(format!("there is no {kind} to compare")));
    }
    Ok(())
}
