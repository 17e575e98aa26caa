//! The settings of an experiment, one by one.

use std::error::Error as StdError;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ganas_eval::{Evaluator, MetricOverrides};
use ganas_search::{Budget, Observer, StopBelow, StopFlag, Until};
use ganas_space::{Arch, SearchSpace};
use ganas_store::OnExisting;
#[cfg(feature = "workers")]
use ganas_worker::{PoolConfig, PoolListener};

use super::continuing::Unmatched;
#[cfg(feature = "tables")]
use super::missing_rows::MissingRows;
use super::shared::Recording;
use super::{
    AlgorithmSettings, Experiment, GivenBound, Goals, ReferencePoint, RungSettings, Seeds, Source,
};
use crate::Folders;
use crate::function::FunctionEvaluator;

impl Experiment {
    /// A search of a small table of this crate, until something else is named.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Searches this space; [`space::open`](crate::space::open) opens one by its name or its description.
    #[must_use]
    pub fn space(mut self, space: Arc<dyn SearchSpace>) -> Self {
        self.space = Some(space);
        self
    }

    /// Answers queries from a table: a table file, a CSV file, which is imported into the cache folder, or `digits-5` or
    /// `digits-4`, which are part of this crate.
    #[cfg(feature = "tables")]
    #[must_use]
    pub fn table(mut self, path: impl Into<PathBuf>) -> Self {
        self.source = Source::Table(path.into());
        self
    }

    /// Answers queries with the predictions of the surrogate in a folder.
    #[cfg(feature = "surrogates")]
    #[must_use]
    pub fn surrogate(mut self, folder: impl Into<PathBuf>) -> Self {
        self.source = Source::Surrogate(folder.into());
        self
    }

    /// Answers queries with the worker processes of a command; `listener` is told what they do.
    #[cfg(feature = "workers")]
    #[must_use]
    pub fn workers(mut self, config: PoolConfig, listener: PoolListener) -> Self {
        self.source = Source::Workers(Box::new(config), listener);
        self
    }

    /// Answers queries with a function, which returns a value of which more is better, unless its name says otherwise, such as
    /// `loss`, or [`declare`](Self::declare) does.
    ///
    /// `metric` is what the value is called. A study tells functions apart by this name: change it when the function
    /// changes. An error is the failure of this one evaluation, which a search survives.
    #[must_use]
    pub fn function<E: Into<Box<dyn StdError + Send + Sync>>>(
        mut self,
        metric: &str,
        function: impl Fn(&Arch) -> Result<f64, E> + Send + Sync + 'static,
    ) -> Self {
        self.source = Source::Function(FunctionEvaluator::new(metric, function));
        self
    }

    /// Answers queries with an evaluator of the caller; `identity` tells it from others in a study.
    #[must_use]
    pub fn evaluator(mut self, evaluator: Arc<dyn Evaluator>, identity: impl Into<String>) -> Self {
        self.source = Source::Given(evaluator, identity.into());
        self
    }

    /// Searches on this metric of the table, the surrogate or the workers.
    #[must_use]
    pub fn search_metric(mut self, name: impl Into<String>) -> Self {
        self.metrics.search = Some(name.into());
        self
    }

    /// Reports this metric of what was found.
    #[must_use]
    pub fn report_metric(mut self, name: impl Into<String>) -> Self {
        self.metrics.report = Some(name.into());
        self
    }

    /// Declares what metrics mean: which values are better, what they are measured on, which value says that there is none.
    ///
    /// It holds whatever their names, the table, the surrogate or the workers say.
    #[must_use]
    pub fn declare(mut self, declared: MetricOverrides) -> Self {
        self.metrics.declared = declared;
        self
    }

    /// Adds a bound that every evaluated architecture satisfies, such as `"params <= 3.0e6".parse()?`.
    #[must_use]
    pub fn constraint(mut self, bound: GivenBound) -> Self {
        self.bounds.push(bound);
        self
    }

    /// Makes the columns of a further table known to constraints and objectives.
    #[cfg(feature = "tables")]
    #[must_use]
    pub fn properties(mut self, table: impl Into<PathBuf>) -> Self {
        self.properties.push(table.into());
        self
    }

    /// Says what is to happen when the table has only a part of what is searched; by default the search does not begin.
    #[cfg(feature = "tables")]
    #[must_use]
    pub fn missing_rows(mut self, missing_rows: MissingRows) -> Self {
        self.missing_rows = missing_rows;
        self
    }

    /// Starts from a network, whose values bounds can name as `base`: its text, or its name in the space.
    #[must_use]
    pub fn improve(mut self, network: impl Into<String>) -> Self {
        self.improve = Some(network.into());
        self
    }

    /// Searches for the front of several objectives, such as `"accuracy,-params".parse()?`; or makes one cost small in a
    /// network that is to be improved.
    #[must_use]
    pub fn objectives(mut self, goals: Goals) -> Self {
        self.goals = goals;
        self
    }

    /// Measures the hypervolume of the front from here.
    #[must_use]
    pub fn reference_point(mut self, point: ReferencePoint) -> Self {
        self.reference_point = Some(point);
        self
    }

    /// Searches with this algorithm: an [`AlgorithmName`](crate::AlgorithmName), or [`AlgorithmSettings`] with a configuration and a device.
    #[must_use]
    pub fn algorithm(mut self, algorithm: impl Into<AlgorithmSettings>) -> Self {
        self.algorithm = algorithm.into();
        self
    }

    /// Spends so much on each run.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Does a run for each seed: one number, or what `"0..20".parse()?` reads.
    #[must_use]
    pub fn seeds(mut self, seeds: impl Into<Seeds>) -> Self {
        self.seeds = seeds.into();
        self
    }

    /// Uses so many threads, at most [`MAX_THREADS`](crate::MAX_THREADS); the results do not depend on them.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Records the runs in a study, which is created when it does not exist.
    #[must_use]
    pub fn study(mut self, path: impl Into<PathBuf>) -> Self {
        self.study = Recording::File(path.into());
        self
    }

    /// Continues the runs that the study holds; by default they must not be there.
    #[must_use]
    pub fn resume(mut self) -> Self {
        self.on_existing = OnExisting::Resume;
        self
    }

    /// Continues the runs that the study holds, and evaluates again what has failed in them.
    #[must_use]
    pub fn retry_failed(mut self) -> Self {
        self.on_existing = OnExisting::RetryFailed;
        self
    }

    /// Begins runs that the study does not hold although they are to be continued: with other settings beside those that it holds.
    #[must_use]
    pub fn new_run(mut self) -> Self {
        self.unmatched = Unmatched::Begin;
        self
    }

    /// Proposes one by one, each when the results of all but the last `window - 1` before it are known, so that as many
    /// evaluations go on at the same time; by default rounds are proposed at once, and workers have a window of a round, and at
    /// least of two for each of them.
    #[must_use]
    pub fn window(mut self, window: NonZeroU32) -> Self {
        self.window = Some(window);
        self
    }

    /// Ends runs before their budget is spent.
    #[must_use]
    pub fn until(mut self, until: Until) -> Self {
        self.until = until;
        self
    }

    /// Stops all runs at a safe point after this time; they can be continued.
    #[must_use]
    pub fn max_time(mut self, time: Duration) -> Self {
        self.limits.time = Some(time);
        self
    }

    /// Cancels what workers are still at so long after [`max_time`](Self::max_time); it is evaluated again once the search
    /// continues. By default it is waited for, however long it takes.
    #[must_use]
    pub fn max_time_grace(mut self, grace: Duration) -> Self {
        self.limits.grace = Some(grace);
        self
    }

    /// Evaluates everything with a low fidelity first; the best share of it goes on with higher ones.
    #[must_use]
    pub fn rungs(mut self, rungs: RungSettings) -> Self {
        self.rungs = Some(rungs);
        self
    }

    /// Stops trainings of workers that are worse than others were at the same step.
    #[must_use]
    pub fn stop_below(mut self, stop_below: StopBelow) -> Self {
        self.stop_below = Some(stop_below);
        self
    }

    /// Measures each round of GA-NAS against all of its space, which changes nothing of the record; docs/THEORY.md says what
    /// is measured. [`ganas_store::Study::measured`] reads it.
    #[must_use]
    pub fn measure_theory(mut self) -> Self {
        self.is_measured = true;
        self
    }

    /// Tells the searcher what is known before it proposes anything: a study, a table file, or a CSV, JSON or Parquet file with
    /// architectures and the metric that is searched on. What is told is not proposed again, and costs nothing.
    #[must_use]
    pub fn warm_start(mut self, file: impl Into<PathBuf>) -> Self {
        self.warm_start.push(file.into());
        self
    }

    /// Evaluates the architectures of a file first, one text a line.
    #[must_use]
    pub fn enqueue(mut self, file: impl Into<PathBuf>) -> Self {
        self.enqueue.push(file.into());
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

    /// Is told, in words, of what takes long or was chosen while the search is prepared.
    #[must_use]
    pub fn notes(mut self, note: impl Fn(&str) + 'static) -> Self {
        self.note = Box::new(note);
        self
    }

    /// Makes an observer for the run with each seed, which is told of every round.
    #[must_use]
    pub fn observe(
        mut self,
        observer: impl Fn(u64) -> Box<dyn Observer> + Send + Sync + 'static,
    ) -> Self {
        self.observers = Some(Box::new(observer));
        self
    }
}
