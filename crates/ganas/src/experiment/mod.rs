//! An experiment: what is to be searched, how, and with what.

#[cfg(feature = "workers")]
mod activity;
mod algorithm;
mod columns;
mod constraints;
mod continuing;
mod crew;
mod device;
mod evidence;
mod improve;
mod missing_rows;
mod objectives;
mod rungs;
mod search;
mod seeds;
mod source;
mod time_limit;

use std::error::Error as StdError;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ganas_eval::{Evaluator, MetricOverrides};
use ganas_report::records::SearchRecord;
use ganas_search::{Budget, Observer, Pace, RunSpec, StopFlag, Until};
use ganas_space::{Arch, SearchSpace};
use ganas_store::{OnExisting, Study};
#[cfg(feature = "tables")]
use ganas_table::{EMBEDDED, Embedded};
#[cfg(feature = "workers")]
use ganas_worker::{PoolConfig, PoolListener};

pub use algorithm::{Algorithm, AlgorithmName, AlgorithmSettings};
pub use constraints::{computed as computed_constraints, stated as stated_constraints};
pub use crew::MAX_THREADS;
pub use device::{DeviceChoice, OpenDevice, devices};
pub use improve::{ACCURACY, GivenBound};
pub use missing_rows::MissingRows;
pub use objectives::{Goals, ReferencePoint};
pub use rungs::RungSettings;
pub use search::Search;
pub use seeds::Seeds;

pub(crate) use evidence::read_archs;
pub(crate) use source::{Evaluating, Metrics, Opening, Source};
pub(crate) use time_limit::TimeLimit;

use crate::function::FunctionEvaluator;
#[cfg(feature = "tables")]
use crate::tables;
use crate::{Error, Folders};
use constraints::Sources;
use continuing::Unmatched;
use crew::Crew;
use evidence::{Asked, Evidence};
use improve::Given;
use objectives::Known;

/// Evaluations that go on at the same time, for each worker: one is being done, and one waits for the worker that is free next.
const TWO: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// Unique queries of a run, when no number is named.
const QUERIES: u32 = 150;

/// Makes the observer of the run with a seed.
type Observers = Box<dyn Fn(u64) -> Box<dyn Observer> + Send + Sync>;

/// A search that is being put together.
///
/// What is not named has the default of the command line: GA-NAS with its improved preset, 150 unique queries, the seed 0,
/// the CPU, all processors.
pub struct Experiment {
    space: Option<Arc<dyn SearchSpace>>,
    source: Source,
    metrics: Metrics,
    bounds: Vec<GivenBound>,
    properties: Vec<PathBuf>,
    missing_rows: MissingRows,
    improve: Option<String>,
    goals: Goals,
    reference_point: Option<ReferencePoint>,
    algorithm: AlgorithmSettings,
    budget: Option<Budget>,
    seeds: Seeds,
    threads: Option<NonZeroUsize>,
    study: Option<PathBuf>,
    on_existing: OnExisting,
    unmatched: Unmatched,
    window: Option<NonZeroU32>,
    until: Until,
    max_time: Option<Duration>,
    rungs: Option<RungSettings>,
    warm_start: Vec<PathBuf>,
    enqueue: Vec<PathBuf>,
    folders: Folders,
    stop: StopFlag,
    note: Box<dyn Fn(&str)>,
    observers: Option<Observers>,
}

impl std::fmt::Debug for Experiment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Experiment")
            .field("space", &self.space)
            .field("source", &self.source)
            .field("algorithm", &self.algorithm)
            .field("seeds", &self.seeds)
            .finish_non_exhaustive()
    }
}

impl Default for Experiment {
    fn default() -> Self {
        Self {
            space: None,
            source: Source::Unnamed,
            metrics: Metrics::default(),
            bounds: Vec::new(),
            properties: Vec::new(),
            missing_rows: MissingRows::default(),
            improve: None,
            goals: Goals::default(),
            reference_point: None,
            algorithm: AlgorithmSettings::default(),
            budget: None,
            seeds: Seeds::from(0),
            threads: None,
            study: None,
            on_existing: OnExisting::Refuse,
            unmatched: Unmatched::default(),
            window: None,
            until: Until::default(),
            max_time: None,
            rungs: None,
            warm_start: Vec::new(),
            enqueue: Vec::new(),
            folders: Folders::default(),
            stop: StopFlag::default(),
            note: Box::new(|_| {}),
            observers: None,
        }
    }
}

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

    /// Searches with this algorithm: an [`AlgorithmName`], or [`AlgorithmSettings`] with a configuration and a device.
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

    /// Uses so many threads, at most [`MAX_THREADS`]; the results do not depend on them.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Records the runs in a study, which is created when it does not exist.
    #[must_use]
    pub fn study(mut self, path: impl Into<PathBuf>) -> Self {
        self.study = Some(path.into());
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
        self.max_time = Some(time);
        self
    }

    /// Evaluates everything with a low fidelity first; the best share of it goes on with higher ones.
    #[must_use]
    pub fn rungs(mut self, rungs: RungSettings) -> Self {
        self.rungs = Some(rungs);
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

    /// Searches, and returns the record of all runs.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare) and [`Search::run`].
    pub fn run(self) -> Result<SearchRecord, Error> {
        let search = self.prepare()?;
        let runs = search.run()?;
        search.record(runs)
    }

    /// Opens everything that the search needs, and checks that it fits together.
    ///
    /// # Errors
    ///
    /// Something cannot be opened, or makes no sense; [`Error::is_usage`] tells the two apart.
    pub fn prepare(mut self) -> Result<Search, Error> {
        check_threads(self.threads)?;
        let embedded = self.embedded();
        let space = self.open_space()?;
        let budget = match (self.budget, embedded) {
            (Some(budget), _) => budget,
            (None, Some(table)) => Budget::unique(table.budget)?,
            (None, None) => Budget::unique(QUERIES)?,
        };
        let mut algorithm = self.algorithm.resolve(Some(&*space))?;
        let device = self.algorithm.open_device(&self.folders, &self.note)?;
        let of_goals = self.goals.further(self.metrics.search.as_deref(), &space);
        let further = self.with_measurable(of_goals.clone(), &space);
        let opening = Opening {
            space: &space,
            metrics: &self.metrics,
            further: &further,
            folders: &self.folders,
            note: &self.note,
        };
        #[cfg(feature = "workers")]
        if let Source::Workers(config, _) = &mut self.source {
            config.stop = self.stop.shared();
        }
        #[cfg_attr(not(feature = "tables"), expect(unused_mut, reason = "as with tables"))]
        let mut evaluating = match embedded {
            #[cfg(feature = "tables")]
            Some(table) => opening.of_table(table.open()?)?,
            _ => std::mem::replace(&mut self.source, Source::Unnamed).open(&opening)?,
        };
        let evaluator = evaluating.evaluator();
        let mut protocol = evaluator.metric_pair().clone();
        let reference_point = self.reference_point.as_ref();
        self.goals
            .check_single(&protocol, reference_point, self.improve.is_some())?;
        let objective = self.goals.single();
        let given = match &self.improve {
            Some(text) => Some(Given::measure(text, &*space, evaluator, objective)?),
            None => None,
        };
        if given.is_some() {
            algorithm.check_improve()?;
        }
        let columns = evaluating.columns(self.open_properties(&*space)?);
        evaluating.check_declared(&self.metrics.declared, &columns)?;
        let sources = Sources {
            space: &space,
            protocol: &protocol,
            columns: &columns,
            looked_up: &evaluating.properties,
        };
        algorithm.find_orders(&sources)?;
        let measured_bounds = constraints::measured(&mut self.bounds, &evaluating, &sources)?;
        let mut constrained = constraints::apply(&self.bounds, &sources, given)?;
        let measured_text = measured_bounds
            .iter()
            .map(|measured| measured.bound.to_string());
        constrained
            .record
            .extend(measured_text.map(|bound| format!("{bound} (measured)")));
        #[cfg(feature = "tables")]
        let restricted = evaluating.restrict(self.missing_rows, &*space, &mut constrained)?;
        let mut config = algorithm.config_json()?;
        if !measured_bounds.is_empty() {
            let texts = measured_bounds
                .iter()
                .map(|measured| measured.bound.to_string());
            config["measured_constraints"] = texts.collect::<Vec<String>>().into();
        }
        if let Some(declared) = self.metrics.declared_text() {
            config["declared"] = declared.into();
        }
        if !constrained.record.is_empty() {
            config["constraints"] = constrained.record.clone().into();
        }
        let known = Known {
            space: &space,
            protocol: &protocol,
            metrics: &evaluating.metrics,
            further: &evaluating.further,
            columns: &columns,
        };
        let several = self.goals.several(&known, reference_point)?;
        algorithm.check_objectives(several.is_some())?;
        if let Some(improvement) = &constrained.improvement {
            config["improve"] = improvement.record();
            protocol = improvement.protocol(&protocol);
        }
        #[cfg(feature = "tables")]
        if let Some(restricted) = restricted {
            evaluating.take(restricted);
        }
        let evidence = Evidence::read(
            &Asked {
                space: &*constrained.space,
                whole: &space,
                protocol: &protocol,
                folders: &self.folders,
                note: &self.note,
            },
            &self.warm_start,
            &self.enqueue,
        )?;
        evidence.check(budget, several.is_some(), constrained.improvement.is_some())?;
        evidence.record(&mut config);
        if self.rungs.is_some() && (several.is_some() || constrained.improvement.is_some()) {
            return Err(Error::Usage(
                "--rungs: rungs compare values of one metric: leave them out with several objectives and with --improve"
                    .to_owned(),
            ));
        }
        let pace = Pace::from(self.window.or_else(|| {
            let workers = evaluating.n_workers()?;
            Some(workers.saturating_mul(TWO).max(algorithm.batch()))
        }));
        let study = self.study.map(Study::create_or_open).transpose()?;
        let spec = RunSpec {
            fidelity: evaluating.fidelity.clone(),
            rungs: (self.rungs.as_ref())
                .map(|rungs| rungs.resolve(&evaluating))
                .transpose()?,
            pace,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            space: space.name().to_owned(),
            table_sha256: evaluating.sha256.clone(),
            protocol,
            algorithm: algorithm.name().to_owned(),
            config: config.to_string(),
            budget,
            device: device.describe(),
            seed: 0,
            objectives: several.as_ref().map(|s| s.objectives.clone()),
        };
        let threads = self.threads.unwrap_or_else(all_processors);
        let search = Search {
            space: constrained.space,
            masked: algorithm.masks().then_some(constrained.masking),
            constraints: constrained.record,
            improvement: constrained.improvement,
            n_further: of_goals
                .iter()
                .filter(|name| evaluating.further.contains(name))
                .count(),
            measured_bounds,
            several,
            config,
            evaluating,
            algorithm,
            device,
            spec,
            study,
            on_existing: self.on_existing,
            unmatched: self.unmatched,
            until: self.until,
            max_time: self.max_time,
            evidence,
            crew: Crew::new(threads, self.seeds.all().len()),
            threads,
            seeds: self.seeds,
            stop: self.stop,
            observers: self.observers,
            warnings: Mutex::default(),
        };
        search.check_existing()?;
        Ok(search)
    }

    /// The table of this crate that is searched, when neither a space nor anything to search on is named.
    #[cfg(feature = "tables")]
    #[must_use]
    pub fn embedded(&self) -> Option<Embedded> {
        let named = self.space.is_some() || !matches!(self.source, Source::Unnamed);
        (!named).then_some(EMBEDDED[0])
    }

    #[cfg(not(feature = "tables"))]
    fn embedded(&self) -> Option<NoTable> {
        None
    }

    /// These names, and those in bounds that may be those of metrics which workers measure.
    #[cfg(feature = "workers")]
    fn with_measurable(
        &self,
        mut further: Vec<String>,
        space: &Arc<dyn SearchSpace>,
    ) -> Vec<String> {
        if matches!(self.source, Source::Workers(..)) {
            for name in constraints::measurable(&self.bounds, space) {
                if !further.contains(&name) {
                    further.push(name);
                }
            }
        }
        further
    }

    #[cfg(not(feature = "workers"))]
    #[expect(clippy::unused_self, reason = "as with workers")]
    fn with_measurable(&self, further: Vec<String>, _: &Arc<dyn SearchSpace>) -> Vec<String> {
        further
    }

    fn open_space(&self) -> Result<Arc<dyn SearchSpace>, Error> {
        if let Some(space) = &self.space {
            return Ok(Arc::clone(space));
        }
        let missing = match &self.source {
            #[cfg(feature = "tables")]
            Source::Unnamed => return tables::space_of(None),
            #[cfg(not(feature = "tables"))]
            Source::Unnamed => "nothing",
            #[cfg(feature = "tables")]
            Source::Table(path) => return tables::space_of(Some(path)),
            #[cfg(feature = "surrogates")]
            Source::Surrogate(_) => "the surrogate",
            #[cfg(feature = "workers")]
            Source::Workers(..) => "the evaluator",
            Source::Given(..) | Source::Function(_) => "the evaluator",
        };
        Err(Error::Usage(format!(
            "{missing} does not say which space it is for: name one with --space; `ganas space list` lists them"
        )))
    }

    #[cfg(feature = "tables")]
    fn open_properties(
        &self,
        space: &dyn SearchSpace,
    ) -> Result<Vec<Arc<ganas_table::Table>>, Error> {
        let paths = self.properties.iter();
        paths
            .map(|path| {
                let table = tables::open(Some(path), space, &self.folders, &self.note)?;
                Ok(Arc::new(table.declared(&self.metrics.declared)))
            })
            .collect()
    }

    #[cfg(not(feature = "tables"))]
    fn open_properties(&self, _: &dyn SearchSpace) -> Result<Vec<std::convert::Infallible>, Error> {
        Ok(Vec::new())
    }
}

fn check_threads(threads: Option<NonZeroUsize>) -> Result<(), Error> {
    match threads {
        Some(threads) if threads.get() > MAX_THREADS => Err(Error::Usage(format!(
            "{threads} threads were asked for, expected at most {MAX_THREADS}"
        ))),
        _ => Ok(()),
    }
}

/// A thread for each processor.
fn all_processors() -> NonZeroUsize {
    let all = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    all.min(NonZeroUsize::new(MAX_THREADS).unwrap_or(NonZeroUsize::MIN))
}

/// In place of a table of this crate, without the feature `tables`.
#[cfg(not(feature = "tables"))]
#[derive(Clone, Copy)]
struct NoTable {
    budget: u32,
}
