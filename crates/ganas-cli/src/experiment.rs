//! An experiment: everything that the runs of one command have in common, and how one of them is done.

use std::sync::Arc;

use anyhow::Context as _;
use ganas_eval::WithObjectives;
use ganas_search::{Budget, Observer, RunSpec, StopFlag, run};
use ganas_space::SearchSpace;
use ganas_store::{Begun, OnExisting, Session, StoreError, Study};

use crate::algorithm::Algorithm;
use crate::clock;
use crate::device::OpenDevice;
use crate::evaluator_choice::EvaluatorChoice;
use crate::improve::Improvement;
use crate::objectives::Several;
use crate::progress::Progress;
use ganas_report::records::RunRecord;

/// What all runs have in common.
#[derive(Debug)]
pub(crate) struct Experiment {
    /// The search space, or what the constraints leave of it.
    pub(crate) space: Arc<dyn SearchSpace>,
    /// The constraints as text.
    pub(crate) constraints: Vec<String>,
    /// Those of them that mask actions, when the algorithm builds architectures under masks.
    pub(crate) masked: Option<Vec<String>>,
    /// What is to be improved, when a network is given.
    pub(crate) improvement: Option<Improvement>,
    /// Several objectives, when the front is searched for.
    pub(crate) several: Option<Several>,
    /// The configuration as it is recorded: that of the algorithm, and the constraints.
    pub(crate) config: serde_json::Value,
    /// What answers queries.
    pub(crate) evaluator: EvaluatorChoice,
    /// The algorithm.
    pub(crate) algorithm: Algorithm,
    /// What the algorithm computes on.
    pub(crate) device: OpenDevice,
    /// The budget of each run.
    pub(crate) budget: Budget,
    /// The spec of each run, but for its seed.
    pub(crate) spec: RunSpec,
    /// Where runs are recorded; nowhere, when there is none.
    pub(crate) study: Option<Study>,
    /// What to do with runs that the study holds.
    pub(crate) on_existing: OnExisting,
    /// Stops all runs.
    pub(crate) stop: StopFlag,
}

impl Experiment {
    /// Fails when a run is to be new, and is not, before any run begins.
    pub(crate) fn check_new(&self, seeds: &[u64]) -> anyhow::Result<()> {
        let Some(study) = &self.study else {
            return Ok(());
        };
        if self.on_existing == OnExisting::Resume {
            return Ok(());
        }
        let known = study.runs()?;
        for &seed in seeds {
            let spec = self.spec_of(seed);
            if let Some(run) = known.iter().find(|run| run.spec == spec) {
                return Err(StoreError::RunExists {
                    path: study.path().to_owned(),
                    seed,
                    status: run.status,
                    rounds: run.rounds,
                }
                .into());
            }
        }
        Ok(())
    }

    /// Does one run, or what is left of it.
    pub(crate) fn run(&self, seed: u64, progress: &Progress) -> anyhow::Result<RunRecord> {
        let mut bar = progress.run(seed);
        let result = self
            .run_observed(seed, &mut bar)
            .with_context(|| format!("the run with seed {seed}"));
        progress.end(&bar);
        result
    }

    fn run_observed(&self, seed: u64, bar: &mut dyn Observer) -> anyhow::Result<RunRecord> {
        let started = clock::now();
        let (claim, resume) = match &self.study {
            None => (None, None),
            Some(study) => {
                let session = Session {
                    started_at: clock::unix_seconds(),
                    pid: std::process::id(),
                };
                let spec = self.spec_of(seed);
                match study.begin(&spec, self.on_existing, &*self.space, session)? {
                    Begun::Fresh(claim) => (Some(claim), None),
                    Begun::Resume(claim, point) => (Some(claim), Some(point)),
                    Begun::Finished(id) => return RunRecord::of_study(study, id),
                }
            }
        };
        let evaluator = self.evaluator.evaluator();
        // What a worker has finished is kept at once; a table is asked again faster than that.
        let remembered = match (&claim, self.evaluator.workers()) {
            (Some(claim), Some(_)) => Some(claim.remember(evaluator)?),
            _ => None,
        };
        let evaluator = match &remembered {
            Some(remembered) => remembered,
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
        let given = self.improvement.as_ref().map(|i| &i.given);
        let objectives = self.several.as_ref().map(|several| &several.objectives);
        let mut searcher =
            self.algorithm
                .searcher(&self.device, space(), seed, given, objectives)?;
        let mut writer = claim.map(|claim| claim.writer(space(), move || started.elapsed()));
        let id = writer.as_ref().map(ganas_store::RunWriter::id);
        let mut observers: Vec<&mut dyn Observer> = Vec::new();
        // The study comes first: progress is shown once it is safe.
        if let Some(writer) = &mut writer {
            observers.push(writer);
        }
        observers.push(bar);
        let outcome = run(
            &*self.space,
            &mut *searcher,
            evaluator,
            self.budget,
            resume,
            &mut observers,
            &self.stop,
        )?;
        let wall_s = match (&self.study, id) {
            (Some(study), Some(id)) => study.run(id)?.wall_s,
            _ => started.elapsed().as_secs_f64(),
        };
        let record = RunRecord::of_outcome(seed, &outcome, &*self.space, wall_s, objectives)?;
        Ok(record)
    }

    fn spec_of(&self, seed: u64) -> RunSpec {
        RunSpec {
            seed,
            ..self.spec.clone()
        }
    }
}
