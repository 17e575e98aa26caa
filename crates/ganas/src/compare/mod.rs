//! Comparing search algorithms: each of them, on each benchmark, with each seed, into one study.

mod algorithm;
mod benchmark;
mod plan;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use ganas_report::comparison::{Comparison, Curve, Options, SearchedTable, compare};
use ganas_report::records::RunRecord;
use ganas_search::{Budget, Observer, RunSpec, StopFlag, StopReason};
use ganas_store::{RunFilter, Study};

pub use self::algorithm::NamedAlgorithm;
pub use self::benchmark::Benchmark;
pub use self::plan::Plan;

use crate::comparison::{self, KnownTables};
use crate::error::Context as _;
use crate::experiment::{self, Crew, TimeLimits};
use crate::{Error, Experiment, Folders, Search, Seeds};

/// Where results are told when no budgets are named: unique queries of a run, the largest of which every run has.
pub const BUDGETS: [u32; 6] = [25, 50, 100, 150, 300, 500];

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

/// One of the runs of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComparedRun<'a> {
    /// The name of the benchmark.
    pub benchmark: &'a str,
    /// The name of the algorithm.
    pub algorithm: &'a str,
    /// The seed.
    pub seed: u64,
    /// The budget of the run.
    pub budget: Budget,
}

/// A comparison that is ready to run.
#[derive(Debug)]
pub struct Comparing {
    study: Study,
    /// One for each benchmark and algorithm.
    searches: Vec<ComparedSearch>,
    seeds: Seeds,
    budgets: Vec<Budget>,
    threads: NonZeroUsize,
    limits: TimeLimits,
    stop: StopFlag,
}

/// All runs of an algorithm on a benchmark.
#[derive(Debug)]
struct ComparedSearch {
    benchmark: String,
    algorithm: String,
    search: Search,
    /// Whether it is the first of its benchmark, whose evaluator the others share.
    is_first: bool,
}

/// What has become of a comparison.
#[derive(Clone, Debug)]
pub struct Compared {
    /// All that was to be done.
    pub n_runs: usize,
    /// Runs that have ended, now or before.
    pub finished: usize,
    /// Evaluations that failed.
    pub failed: u64,
    /// Why the first of them did.
    pub first_failure: Option<String>,
}

impl Compared {
    /// Whether nothing is left to be done.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished == self.n_runs
    }

    fn add(&mut self, run: &RunRecord) {
        let is_over = !matches!(run.stop, StopReason::Interrupted | StopReason::TimeSpent);
        self.finished += usize::from(is_over);
        self.failed += u64::from(run.failed);
        if self.first_failure.is_none() {
            self.first_failure.clone_from(&run.first_failure);
        }
    }
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

    /// Where results are told, in unique queries of a run; the largest is what each run spends. By default [`BUDGETS`].
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

impl Comparing {
    /// Where the runs are recorded.
    #[must_use]
    pub fn study(&self) -> &Study {
        &self.study
    }

    /// What stops all runs.
    #[must_use]
    pub fn stop(&self) -> &StopFlag {
        &self.stop
    }

    /// Where results are told, ascending.
    #[must_use]
    pub fn budgets(&self) -> &[Budget] {
        &self.budgets
    }

    /// How many runs there are to be.
    #[must_use]
    pub fn n_runs(&self) -> usize {
        self.searches.len() * self.seeds.all().len()
    }

    /// All unique queries of all runs.
    #[must_use]
    pub fn n_queries(&self) -> u64 {
        let of_seed: u64 = (self.searches.iter())
            .map(|compared| u64::from(compared.search.budget().unique_queries()))
            .sum();
        of_seed * self.seeds.all().len() as u64
    }

    /// The names of the benchmark and of the algorithm of a run of this comparison; nothing for another one.
    #[must_use]
    pub fn names_of(&self, spec: &RunSpec) -> Option<(&str, &str)> {
        let is_it = |compared: &&ComparedSearch| {
            let own = compared.search.spec_of(spec.seed);
            own.is_same_run_elsewhere(spec)
        };
        let found = self.searches.iter().find(is_it)?;
        Some((&found.benchmark, &found.algorithm))
    }

    /// What is compared, by name.
    #[must_use]
    pub fn describe(&self) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        for compared in self.searches.iter().filter(|compared| compared.is_first) {
            let about = compared.search.describe().into_iter();
            let wanted = ["table", "surrogate", "evaluator", "coverage", "protocol"];
            let about: Vec<String> = about
                .filter(|(name, _)| wanted.contains(name))
                .map(|(_, value)| value)
                .collect();
            lines.push((
                "benchmark",
                format!("{}: {}", compared.benchmark, about.join("; ")),
            ));
        }
        let first = self.searches.first().map(|compared| &compared.benchmark);
        for compared in &self.searches {
            if Some(&compared.benchmark) == first {
                let what = compared.search.algorithm();
                let line = if compared.algorithm == what {
                    what
                } else {
                    format!("{}: {what}", compared.algorithm)
                };
                lines.push(("algorithm", line));
            }
        }
        let budgets: Vec<String> = (self.budgets.iter())
            .map(|budget| budget.unique_queries().to_string())
            .collect();
        lines.push(("budgets", format!("{} unique queries", budgets.join(", "))));
        lines.push(("seeds", self.seeds.describe()));
        lines.push((
            "runs",
            format!("{} (at a time: {})", self.n_runs(), self.crew().workers),
        ));
        lines.push(("study", self.study.path().display().to_string()));
        lines
    }

    /// Makes an observer for each run, which is told of every round.
    pub fn observe(
        &mut self,
        observer: impl Fn(ComparedRun<'_>) -> Box<dyn Observer> + Clone + Send + Sync + 'static,
    ) {
        for compared in &mut self.searches {
            let observer = observer.clone();
            let (benchmark, algorithm) = (compared.benchmark.clone(), compared.algorithm.clone());
            let budget = compared.search.budget();
            compared.search.observe(move |seed| {
                observer(ComparedRun {
                    benchmark: &benchmark,
                    algorithm: &algorithm,
                    seed,
                    budget,
                })
            });
        }
    }

    /// Does all runs, or what is left of them, one seed after the other, so that what is there is balanced at any time.
    ///
    /// # Errors
    ///
    /// The error of the first run that failed; it stops the others.
    pub fn run(&self) -> Result<Compared, Error> {
        let _limit = self.limits.start(&self.stop)?;
        let runs: Vec<(usize, u64)> = (self.seeds.all().iter())
            .flat_map(|&seed| (0..self.searches.len()).map(move |at| (at, seed)))
            .collect();
        let mut results = Ok(Vec::new());
        let mut work = || {
            results = self.crew().run(&runs, &self.stop, |(at, seed)| {
                let compared = &self.searches[at];
                let run = compared.search.run_seed(seed);
                run.with_context(|| format!("{} on {}", compared.algorithm, compared.benchmark))
            });
        };
        let shown: Vec<&Search> = (self.searches.iter())
            .filter(|compared| compared.is_first)
            .map(|compared| &compared.search)
            .collect();
        while_all_shown(&shown, &mut work)?;
        let mut compared = Compared {
            n_runs: runs.len(),
            finished: 0,
            failed: 0,
            first_failure: None,
        };
        for run in results?.into_iter().flatten() {
            compared.add(&run?);
        }
        Ok(compared)
    }

    /// What the runs of the study that belong to this comparison have found so far, with the names of the comparison; other runs of the
    /// study are left out. The budgets are those of the comparison, unless `options` name some.
    ///
    /// # Errors
    ///
    /// The study cannot be read, there is no trial yet, or the baseline is not one of the algorithms.
    pub fn results(&self, options: Options) -> Result<Comparison, Error> {
        #[cfg(feature = "tables")]
        let known = {
            let tables = self.searches.iter().filter(|compared| compared.is_first);
            KnownTables::with(tables.filter_map(|compared| compared.search.table().cloned()))?
        };
        #[cfg(not(feature = "tables"))]
        let known = KnownTables::embedded()?;
        let found = comparison::of_study(&self.study, &RunFilter::default(), &known)?;
        let mut curves = Vec::new();
        let mut tables: Vec<SearchedTable> = Vec::new();
        for (curve, run) in found.curves.into_iter().zip(&found.runs) {
            let Some((benchmark, algorithm)) = self.names_of(&run.spec) else {
                continue;
            };
            if tables.iter().all(|table| table.label != benchmark) {
                let table = found.tables.iter().find(|table| table.label == curve.table);
                tables.extend(table.map(|table| SearchedTable {
                    label: benchmark.to_owned(),
                    ..table.clone()
                }));
            }
            curves.push(Curve {
                algorithm: algorithm.to_owned(),
                table: benchmark.to_owned(),
                ..curve
            });
        }
        let place = |curve: &Curve| {
            let is_it = |compared: &ComparedSearch| {
                compared.benchmark == curve.table && compared.algorithm == curve.algorithm
            };
            (self.searches.iter().position(is_it), curve.seed)
        };
        curves.sort_by_key(place);
        tables.sort_by_key(|table| {
            let mut benchmarks = self.searches.iter().map(|compared| &compared.benchmark);
            benchmarks.position(|name| *name == table.label)
        });
        let options = match options.budgets.is_empty() {
            false => options,
            true => Options {
                budgets: (self.budgets.iter())
                    .map(|budget| budget.unique_queries().into())
                    .collect(),
                ..options
            },
        };
        Ok(compare(&curves, &tables, &options)?)
    }

    /// What went wrong so far without any harm to the runs, in words.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let searches = self.searches.iter();
        searches.flat_map(|c| c.search.warnings()).collect()
    }

    fn crew(&self) -> Crew {
        Crew::new(self.threads, self.n_runs())
    }
}

/// Does something while `ganas status` is told what the workers of all these searches are at.
fn while_all_shown(searches: &[&Search], work: &mut dyn FnMut()) -> Result<(), Error> {
    match searches.split_first() {
        None => {
            work();
            Ok(())
        }
        Some((first, rest)) => first.while_shown(|| while_all_shown(rest, work))?,
    }
}

/// Fails when there is nothing of a kind, or when two of it have the same name.
fn check_names<'a>(kind: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
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
