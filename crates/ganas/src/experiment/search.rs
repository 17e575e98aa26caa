//! A search that is ready to run: everything that its runs have in common, and how one of them is done.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use ganas_eval::{Direction, MetricPair, WithObjectives};
use ganas_report::records::{RunRecord, SearchRecord};
use ganas_search::theory::Landscape;
use ganas_search::{
    Budget, MeasuredBound, Observer, Run, RunSpec, StopBelow, StopFlag, Until, WithMeasuredBounds,
};
use ganas_space::SearchSpace;
use ganas_store::{Begun, OnExisting, Session, Study};
use serde_json::Value;

#[cfg(feature = "workers")]
use super::activity::ActivityWriter;
use super::algorithm::{Algorithm, Towards};
use super::continuing::Unmatched;
use super::crew::Crew;
use super::device::OpenDevice;
use super::evidence::Evidence;
use super::improve::Improvement;
use super::objectives::Several;
use super::source::Evaluating;
use super::time_limit::TimeLimits;
use super::{Observers, Seeds, rungs};
use crate::error::Context as _;
use crate::restrictions::Restricted;
use crate::{Error, clock};

/// A search that is ready to run.
pub struct Search {
    /// The choices that are fixed and the options that are excluded, when some are.
    pub(super) restricted: Option<Restricted>,
    /// The search space, or what these and the constraints leave of it.
    pub(super) space: Arc<dyn SearchSpace>,
    /// The search space without any constraints.
    pub(super) whole: Arc<dyn SearchSpace>,
    /// The constraints as text.
    pub(super) constraints: Vec<String>,
    /// Those of them that mask actions, when the algorithm builds architectures under masks.
    pub(super) masked: Option<Vec<String>>,
    /// What is to be improved, when a network is given.
    pub(super) improvement: Option<Improvement>,
    /// Bounds on what is measured beside the metric that is searched on.
    pub(super) measured_bounds: Vec<MeasuredBound>,
    /// How many further metrics are objectives; the others are there for the bounds alone.
    pub(super) n_further: usize,
    /// Several objectives, when the front is searched for.
    pub(super) several: Option<Several>,
    /// The configuration as it is recorded: that of the algorithm, and the constraints.
    pub(super) config: Value,
    /// What answers queries.
    pub(super) evaluating: Evaluating,
    /// The algorithm.
    pub(super) algorithm: Algorithm,
    /// What the algorithm computes on.
    pub(super) device: OpenDevice,
    /// The spec of each run, but for its seed.
    pub(super) spec: RunSpec,
    /// All of the space, when each round is measured against it.
    pub(super) landscape: Option<Arc<Landscape>>,
    /// Where runs are recorded; nowhere, when there is none.
    pub(super) study: Option<Study>,
    /// What to do with runs that the study holds.
    pub(super) on_existing: OnExisting,
    /// What to do when it holds none of them.
    pub(super) unmatched: Unmatched,
    /// When runs end before their budget is spent.
    pub(super) until: Until,
    /// When all of them end.
    pub(super) limits: TimeLimits,
    /// What is known, and what is evaluated first.
    pub(super) evidence: Evidence,
    /// All threads.
    pub(super) threads: NonZeroUsize,
    /// How they are divided.
    pub(super) crew: Crew,
    /// A run for each.
    pub(super) seeds: Seeds,
    /// Stops all runs.
    pub(super) stop: StopFlag,
    /// Makes an observer for each run.
    pub(super) observers: Option<Observers>,
    /// What went wrong without any harm to the runs.
    pub(super) warnings: Mutex<Vec<String>>,
}

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search")
            .field("spec", &self.spec)
            .field("evaluating", &self.evaluating)
            .field("seeds", &self.seeds)
            .finish_non_exhaustive()
    }
}

impl Search {
    /// Everything that the result of a run depends on, but for its seed.
    #[must_use]
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// The seeds of the runs.
    #[must_use]
    pub fn seeds(&self) -> &[u64] {
        self.seeds.all()
    }

    /// The budget of each run.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.spec.budget
    }

    /// The study that records the runs, when there is one.
    #[must_use]
    pub fn study(&self) -> Option<&Study> {
        self.study.as_ref()
    }

    /// What stops all runs.
    #[must_use]
    pub fn stop(&self) -> &StopFlag {
        &self.stop
    }

    /// The search space, or what the constraints leave of it.
    #[must_use]
    pub fn space(&self) -> &Arc<dyn SearchSpace> {
        &self.space
    }

    /// The workers, when it is they who evaluate; they can be asked what they are at while the search runs.
    #[cfg(feature = "workers")]
    #[must_use]
    pub fn workers(&self) -> Option<&Arc<ganas_worker::WorkerEvaluator>> {
        self.evaluating.workers()
    }

    /// What went wrong so far without any harm to the runs, in words.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.warnings.lock();
        warnings.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the workers did so far, when there are any.
    #[must_use]
    pub fn worker_statistics(&self) -> Option<String> {
        self.evaluating.worker_statistics()
    }

    /// Makes an observer for the run with each seed, which is told of every round.
    pub fn observe(&mut self, observer: impl Fn(u64) -> Box<dyn Observer> + Send + Sync + 'static) {
        self.observers = Some(Box::new(observer));
    }

    /// What was asked for, with all that the result depends on, by name.
    #[must_use]
    pub fn describe(&self) -> Vec<(&'static str, String)> {
        let spec = &self.spec;
        let protocol = &spec.protocol;
        let epochs = |epochs: Option<u32>| match epochs {
            Some(epochs) => format!(" ({epochs} epochs)"),
            None => String::new(),
        };
        let Evaluating {
            kind,
            description,
            sha256,
            ..
        } = &self.evaluating;
        let mut lines = vec![
            ("ganas", spec.version.clone()),
            ("space", spec.space.clone()),
            (kind, format!("{description} (sha256 {sha256})")),
            (
                "protocol",
                format!(
                    "{}: search on {}{}, report {}{}",
                    protocol.kind,
                    protocol.search,
                    epochs(protocol.search_epochs),
                    protocol.report,
                    epochs(protocol.report_epochs)
                ),
            ),
            ("algorithm", self.algorithm.describe()),
            ("objective", self.objective_text()),
            (
                "budget",
                format!("{} unique queries a run", u32::from(spec.budget)),
            ),
            ("pace", self.pace_text()),
            ("bounds", self.bounds_text()),
            ("seeds", self.seeds.describe()),
            ("device", spec.device.clone()),
            (
                "threads",
                format!(
                    "{} (runs at a time: {}, threads of each: {})",
                    self.threads, self.crew.workers, self.crew.threads_each
                ),
            ),
            (
                "study",
                match &self.study {
                    Some(study) => study.path().display().to_string(),
                    None => {
                        "none: runs are kept in memory only; --study FILE records them".to_owned()
                    }
                },
            ),
        ];
        if let Some(evidence) = self.evidence.describe() {
            lines.push(("evidence", evidence));
        }
        if let Some(landscape) = &self.landscape {
            lines.push((
                "theory",
                format!(
                    "each round is measured against {} decision sequences of {} classes",
                    landscape.n_episodes(),
                    landscape.n_classes()
                ),
            ));
        }
        if let Some(coverage) = &self.evaluating.coverage {
            // Below the table.
            lines.insert(3, ("coverage", coverage.clone()));
        }
        if let Some(restricted) = &self.restricted {
            // Below the space.
            lines.insert(2, ("choices", restricted.describe()));
        }
        lines
    }

    /// How many evaluations go on at the same time, and when the search ends early.
    fn pace_text(&self) -> String {
        let mut text = match self.spec.pace.window() {
            None => "in rounds".to_owned(),
            Some(window) => format!("one by one, {window} at a time"),
        };
        if let Some(rungs) = &self.spec.rungs {
            let fidelities: Vec<String> = rungs.fidelities().iter().map(rungs::text).collect();
            text.push_str(&format!(
                "; rungs {}, of which {:.3} go on to the next",
                fidelities.join(", "),
                rungs.promote()
            ));
        }
        if let Some(StopBelow {
            quantile,
            warmup,
            startup,
        }) = self.spec.stop_below
        {
            text.push_str(&format!(
                "; stopped below the quantile {quantile} of {startup} others or more, from step {warmup} on"
            ));
        }
        let Until { target, patience } = self.until;
        let metric = &self.spec.protocol.search;
        if let Some(target) = target {
            text.push_str(&format!("; until {metric} is {target}"));
        }
        if let Some(patience) = patience {
            text.push_str(&format!("; until {patience} queries bring nothing better"));
        }
        if let Some(limits) = self.limits.describe() {
            text.push_str(&format!("; {limits}"));
        }
        text
    }

    /// How many evaluations were answered with what the study had of other runs, so far.
    #[must_use]
    pub fn reused(&self) -> u32 {
        self.evaluating.reused()
    }

    /// What every evaluated architecture satisfies, and what of it masks actions.
    fn bounds_text(&self) -> String {
        let bounds = match self.constraints.as_slice() {
            [] => return "none".to_owned(),
            constraints => constraints.join("; "),
        };
        match self.masked.as_deref() {
            None => bounds,
            Some([]) => format!("{bounds} (no actions are masked)"),
            Some(masked) => format!("{bounds} (actions are masked by {})", masked.join(", ")),
        }
    }

    /// The metric that is searched on, with its direction; a guess is said to be one.
    fn single_objective_text(&self) -> String {
        let MetricPair {
            search,
            search_direction: direction,
            ..
        } = &self.spec.protocol;
        let text = format!("{direction} {search}");
        let meaning = self.evaluating.search_meaning();
        let is_guessed = self
            .improvement
            .as_ref()
            .is_none_or(Improvement::is_of_metric)
            && meaning.is_some_and(|meaning| meaning.guessed.direction);
        if !is_guessed {
            return text;
        }
        let other = match direction {
            Direction::Maximize => Direction::Minimize,
            Direction::Minimize => Direction::Maximize,
        };
        format!("{text} (as its name says; --{other} {search} if that is wrong)")
    }

    /// What is searched for.
    fn objective_text(&self) -> String {
        let Some(objectives) = &self.spec.objectives else {
            return self.single_objective_text();
        };
        let names: Vec<String> = objectives.all().iter().map(ToString::to_string).collect();
        let from = match objectives.reference_point() {
            Some(values) => format!("from the reference point {values:?}"),
            None => "from the worst values among the first 10 classes of each run".to_owned(),
        };
        format!("the front of {}; hypervolume {from}", names.join(", "))
    }

    /// Does all runs, or what is left of them. The records are in the order of the seeds; once a stop was asked for, those of
    /// runs that were not begun are left out.
    ///
    /// # Errors
    ///
    /// The error of the first run that failed; it stops the others.
    pub fn run(&self) -> Result<Vec<RunRecord>, Error> {
        let _limit = self.limits.start(&self.stop)?;
        let results = self.while_shown(|| {
            self.crew
                .run(self.seeds(), &self.stop, |seed| self.run_seed(seed))
        })?;
        results?.into_iter().flatten().collect()
    }

    /// Does something while `ganas status` is told what the workers are at.
    #[cfg(feature = "workers")]
    pub(crate) fn while_shown<T>(&self, work: impl FnOnce() -> T) -> Result<T, Error> {
        let activity = match (&self.study, self.workers()) {
            (Some(study), Some(workers)) => Some(ActivityWriter::start(study, workers)?),
            _ => None,
        };
        let result = work();
        if let Some(problem) = activity.and_then(ActivityWriter::finish) {
            let warnings = self.warnings.lock();
            warnings
                .unwrap_or_else(PoisonError::into_inner)
                .push(format!(
                    "`ganas status` could not be told everything: {problem}"
                ));
        }
        Ok(result)
    }

    /// Does something; without workers there is nothing to be told of them.
    #[cfg(not(feature = "workers"))]
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "as with workers"
    )]
    pub(crate) fn while_shown<T>(&self, work: impl FnOnce() -> T) -> Result<T, Error> {
        Ok(work())
    }

    /// The record of these runs, with the ranks of what was found where a table has all that is searched, and with what was
    /// gained over a given network.
    ///
    /// # Errors
    ///
    /// What was found cannot be measured again.
    pub fn record(&self, mut runs: Vec<RunRecord>) -> Result<SearchRecord, Error> {
        self.add_ranks(&mut runs)?;
        let improve = match &self.improvement {
            Some(improvement) if !self.evaluating.is_costly => {
                Some(improvement.gains(&*self.space, self.evaluating.evaluator(), &runs)?)
            }
            _ => None,
        };
        let spec = &self.spec;
        Ok(SearchRecord {
            version: spec.version.clone(),
            space: self.space.name().to_owned(),
            table_sha256: spec.table_sha256.clone(),
            protocol: spec.protocol.clone(),
            algorithm: spec.algorithm.clone(),
            config: self.config.clone(),
            constraints: self.constraints.clone(),
            masked: self.masked.clone().unwrap_or_default(),
            budget: spec.budget.unique_queries(),
            device: spec.device.clone(),
            runs,
            objectives: spec.objectives.clone(),
            improve,
        })
    }

    /// Adds the ranks of the best architectures, where the evaluator is a table of all that is searched.
    #[cfg(feature = "tables")]
    fn add_ranks(&self, runs: &mut [RunRecord]) -> Result<(), Error> {
        let of_metric = self
            .improvement
            .as_ref()
            .is_none_or(Improvement::is_of_metric);
        if !of_metric {
            return Ok(());
        }
        for best in runs.iter_mut().filter_map(|run| run.best.as_mut()) {
            let arch = self.space.decode(&best.arch)?;
            best.rank = self.evaluating.rank(&*self.space, &arch);
        }
        Ok(())
    }

    #[cfg(not(feature = "tables"))]
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "as with tables"
    )]
    fn add_ranks(&self, _: &mut [RunRecord]) -> Result<(), Error> {
        Ok(())
    }

    /// Does one run, or what is left of it.
    pub(crate) fn run_seed(&self, seed: u64) -> Result<RunRecord, Error> {
        self.try_seed(seed)
            .with_context(|| format!("the run with seed {seed}"))
    }

    fn try_seed(&self, seed: u64) -> Result<RunRecord, Error> {
        let started = clock::now();
        let mut other = self.observers.as_ref().map(|observer| observer(seed));
        let (claim, resume) = match &self.study {
            None => (None, None),
            Some(study) => {
                let session = Session {
                    started_at: clock::unix_seconds(),
                    pid: std::process::id(),
                    host: clock::host(),
                };
                let spec = self.spec_of(seed);
                match study.begin(&spec, self.on_existing, &*self.space, session)? {
                    Begun::Fresh(claim) => (Some(claim), None),
                    Begun::Resume(claim, point) => (Some(claim), Some(point)),
                    Begun::Finished(id) => return Ok(RunRecord::of_study(study, id)?),
                }
            }
        };
        let evaluator = self.evaluating.evaluator();
        // What a worker has finished is kept at once; a table is asked again faster than that.
        let remembered = match &claim {
            Some(claim) if self.evaluating.is_costly => {
                let spec = self.evaluating.spec(&self.spec);
                Some(claim.remember(evaluator, &spec, Arc::clone(&self.space))?)
            }
            _ => None,
        };
        let evaluator = match &remembered {
            Some(remembered) => remembered,
            None => evaluator,
        };
        let bounds = &self.measured_bounds;
        let bounded = (!bounds.is_empty())
            .then(|| WithMeasuredBounds::new(evaluator, bounds, self.n_further));
        let evaluator = match &bounded {
            Some(bounded) => bounded,
            None => evaluator,
        };
        let space = || Arc::clone(&self.space);
        let objective = self
            .improvement
            .as_ref()
            .and_then(|i| i.objective(evaluator));
        let evaluator = match &objective {
            Some(objective) => objective,
            None => evaluator,
        };
        let several = self
            .several
            .as_ref()
            .map(|several| WithObjectives::new(evaluator, &several.sources));
        let evaluator = match &several {
            Some(several) => several,
            None => evaluator,
        };
        let objectives = self.several.as_ref().map(|several| &several.objectives);
        let towards = Towards {
            given: self.improvement.as_ref().map(|i| &i.given),
            objectives,
            landscape: self.landscape.as_ref(),
        };
        let mut searcher = self
            .algorithm
            .searcher(&self.device, space(), seed, towards)?;
        searcher.learn(&self.evidence.known)?;
        let mut writer = claim.map(|claim| {
            let writer = claim.writer(space(), move || started.elapsed());
            if self.evaluating.is_costly {
                writer.costly()
            } else {
                writer
            }
        });
        let id = writer.as_ref().map(ganas_store::RunWriter::id);
        let mut run = Run::new(&*self.space, &mut *searcher, evaluator, self.spec.budget)
            .pace(self.spec.pace)
            .until(self.until)
            .rungs(self.spec.rungs.clone())
            .stop_below(self.spec.stop_below)
            .first(self.evidence.first.clone())
            .resume(resume)
            .stop(&self.stop);
        // The study comes first: progress is shown once it is safe.
        if let Some(writer) = &mut writer {
            run = run.observe(writer);
        }
        if let Some(other) = &mut other {
            run = run.observe(&mut **other);
        }
        let outcome = run.run()?;
        if let Some(remembered) = &remembered {
            self.evaluating.count_reused(remembered.reused());
        }
        let wall_s = match (&self.study, id) {
            (Some(study), Some(id)) => study.run(id)?.wall_s,
            _ => started.elapsed().as_secs_f64(),
        };
        let record = RunRecord::of_outcome(seed, &outcome, &*self.space, wall_s, objectives)?;
        Ok(record)
    }

    /// The table that answers queries, when it is one.
    #[cfg(feature = "tables")]
    pub(crate) fn table(&self) -> Option<&Arc<ganas_table::Table>> {
        self.evaluating.table()
    }

    /// The algorithm, its preset and what differs from that, for people.
    pub(crate) fn algorithm(&self) -> String {
        self.algorithm.describe()
    }

    /// Everything that the record of the run with a seed depends on.
    pub(crate) fn spec_of(&self, seed: u64) -> RunSpec {
        RunSpec {
            seed,
            ..self.spec.clone()
        }
    }
}
