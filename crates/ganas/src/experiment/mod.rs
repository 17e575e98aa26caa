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
mod further;
mod improve;
mod missing_rows;
mod objectives;
mod restricted;
mod rungs;
mod search;
mod seeds;
mod settings;
mod shared;
mod source;
mod stopping;
mod theory;
mod time_limit;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use ganas_report::records::SearchRecord;
use ganas_search::{Budget, Observer, Pace, RunSpec, StopBelow, StopFlag, Until};
use ganas_space::SearchSpace;
use ganas_store::OnExisting;
#[cfg(feature = "tables")]
use ganas_table::{EMBEDDED, Embedded};

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

pub(crate) use continuing::{flatten_settings, settings};
pub(crate) use crew::{Crew, all_processors, check_threads};
pub(crate) use evidence::read_archs;
pub(crate) use source::{Evaluating, Metrics, Opening, Source};
pub(crate) use time_limit::TimeLimits;

use crate::restrictions::{Restricted, Restrictions};
#[cfg(feature = "tables")]
use crate::tables;
use crate::{Error, Folders};
use constraints::Sources;
use continuing::Unmatched;
use evidence::{Asked, Evidence};
use improve::Given;
use objectives::Known;
use shared::Recording;

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
    restrictions: Restrictions,
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
    study: Recording,
    on_existing: OnExisting,
    unmatched: Unmatched,
    window: Option<NonZeroU32>,
    until: Until,
    limits: TimeLimits,
    rungs: Option<RungSettings>,
    stop_below: Option<StopBelow>,
    is_measured: bool,
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
            restrictions: Restrictions::default(),
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
            study: Recording::Nowhere,
            on_existing: OnExisting::Refuse,
            unmatched: Unmatched::default(),
            window: None,
            until: Until::default(),
            limits: TimeLimits::default(),
            rungs: None,
            stop_below: None,
            is_measured: false,
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
        let restricted = self.restrictions.of(&space)?;
        let searched = restricted
            .as_ref()
            .map_or_else(|| Arc::clone(&space), Restricted::space);
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
            config.cancel = self.stop.shared_cancel();
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
            space: &searched,
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
        let answerable = evaluating.restrict(self.missing_rows, &*space, &mut constrained)?;
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
        if let Some(restricted) = &restricted {
            restricted.record(&mut config);
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
        if let Some(answerable) = answerable {
            evaluating.take(answerable);
        }
        let evidence = Evidence::read(
            &Asked {
                space: &*constrained.space,
                whole: &space,
                restricted: restricted.as_ref(),
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
        let is_single = several.is_none() && constrained.improvement.is_none();
        self.check_stop_below(&evaluating, is_single)?;
        let pace = Pace::from(self.window.or_else(|| {
            let workers = evaluating.n_workers()?;
            Some(workers.saturating_mul(TWO).max(algorithm.batch()))
        }));
        let study = self.study.open()?;
        let spec = RunSpec {
            fidelity: evaluating.fidelity.clone(),
            rungs: (self.rungs.as_ref())
                .map(|rungs| rungs.resolve(&evaluating))
                .transpose()?,
            stop_below: self.stop_below,
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
        let mut search = Search {
            landscape: None,
            restricted,
            whole: Arc::clone(&space),
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
            limits: self.limits,
            evidence,
            crew: Crew::new(threads, self.seeds.all().len()),
            threads,
            seeds: self.seeds,
            stop: self.stop,
            observers: self.observers,
            warnings: Mutex::default(),
        };
        if self.is_measured {
            search.measure_theory()?;
        }
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
            Source::Given(..) | Source::Function(_) | Source::Opened(_) => "the evaluator",
        };
        Err(Error::Usage(format!(
            "{missing} does not say which space it is for: name one with --space; `ganas space list` lists them"
        )))
    }
}

/// In place of a table of this crate, without the feature `tables`.
#[cfg(not(feature = "tables"))]
#[derive(Clone, Copy)]
struct NoTable {
    budget: u32,
}
