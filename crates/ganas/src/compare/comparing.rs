//! A comparison that is ready to run: all searches, their runs, and what they found.

use std::num::NonZeroUsize;

use ganas_report::comparison::{Comparison, Curve, Options, SearchedTable, compare};
use ganas_report::records::RunRecord;
use ganas_search::{Budget, Observer, RunSpec, StopFlag, StopReason};
use ganas_store::{RunFilter, Study};

use crate::comparison::{self, KnownTables};
use crate::error::Context as _;
use crate::experiment::{Crew, TimeLimits};
use crate::{Error, Search, Seeds};

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
    pub(super) study: Study,
    /// One for each benchmark and algorithm.
    pub(super) searches: Vec<ComparedSearch>,
    pub(super) seeds: Seeds,
    pub(super) budgets: Vec<Budget>,
    pub(super) threads: NonZeroUsize,
    pub(super) limits: TimeLimits,
    pub(super) stop: StopFlag,
}

/// All runs of an algorithm on a benchmark.
#[derive(Debug)]
pub(super) struct ComparedSearch {
    pub(super) benchmark: String,
    pub(super) algorithm: String,
    pub(super) search: Search,
    /// Whether it is the first of its benchmark, whose evaluator the others share.
    pub(super) is_first: bool,
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
        let found = self.search_of(spec)?;
        Some((&found.benchmark, &found.algorithm))
    }

    /// The search that a run is of.
    fn search_of(&self, spec: &RunSpec) -> Option<&ComparedSearch> {
        let is_it = |compared: &&ComparedSearch| {
            let own = compared.search.spec_of(spec.seed);
            own.is_same_run_elsewhere(spec)
        };
        let is_asked_for = self.seeds.all().contains(&spec.seed);
        self.searches.iter().find(is_it).filter(|_| is_asked_for)
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
            let Some(compared) = self.search_of(&run.spec) else {
                continue;
            };
            let (benchmark, algorithm) = (&*compared.benchmark, &*compared.algorithm);
            if tables.iter().all(|table| table.label != benchmark) {
                let table = found.tables.iter().find(|table| table.label == curve.table);
                tables.extend(table.map(|table| SearchedTable {
                    label: benchmark.to_owned(),
                    ..table.clone()
                }));
            }
            let curve = within(curve, compared.search.budget());
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
                budgets: self.told_budgets(),
                ..options
            },
        };
        Ok(compare(&curves, &tables, &options)?)
    }

    /// Where results are told: at the budgets of the comparison, and at those of benchmarks with one of their own.
    fn told_budgets(&self) -> Vec<f64> {
        let own = self.searches.iter();
        let own = own.map(|compared| compared.search.budget().unique_queries());
        let largest = own.clone().max().unwrap_or_default();
        let named = self.budgets.iter().map(|budget| budget.unique_queries());
        let all = named.chain(own).filter(|budget| *budget <= largest);
        all.map(f64::from).collect()
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

/// A run as far as a budget, where the study has more of it.
fn within(mut curve: Curve, budget: Budget) -> Curve {
    let queries = budget.unique_queries();
    let end = curve
        .points
        .partition_point(|point| point.unique <= queries);
    if end < curve.points.len() {
        curve.points.truncate(end);
        curve.is_final = false;
    }
    curve
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
