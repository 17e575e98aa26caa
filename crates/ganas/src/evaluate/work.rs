//! A list that is being evaluated: what is known of it, and what is left.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ganas_eval::{Details, EvalError, Feed, Outcome, Query, Task};
use ganas_report::records::{EvaluatedArch, EvaluatedOnce, EvaluatedRecord};
use ganas_search::StopFlag;
use ganas_space::SearchSpace;
use ganas_store::{Evaluation, EvaluationId, Evaluations, EvaluatorSpec, StoreError, Study};
#[cfg(feature = "workers")]
use ganas_worker::{Measured, TaskFeed};

use super::list::ListedArch;
use super::measuring::Measuring;
use crate::Error;
use crate::experiment::TimeLimits;

/// A list of architectures that is ready to be evaluated.
pub struct EvaluationList {
    pub(super) space: Arc<dyn SearchSpace>,
    pub(super) archs: Vec<ListedArch>,
    /// The training seeds; nothing for the one that follows from the class.
    pub(super) seeds: Vec<Option<u32>>,
    pub(super) measuring: Measuring,
    pub(super) spec: EvaluatorSpec,
    pub(super) study: Option<Study>,
    /// Where evaluations are kept; in memory only, when there is no study.
    pub(super) kept: Option<Evaluations>,
    /// Whether what failed in a list stays failed.
    pub(super) keeps_failures: bool,
    /// What has ended.
    pub(super) ended: BTreeMap<EvaluationId, Ended>,
    pub(super) limits: TimeLimits,
    pub(super) stop: StopFlag,
}

/// An evaluation that has ended.
pub(super) struct Ended {
    evaluation: Evaluation,
    /// Whether it was there before.
    reused: bool,
}

/// How far a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// All evaluations; architectures of one class have theirs in common.
    pub all: usize,
    /// Those that have ended.
    pub ended: usize,
    /// Those of them that were there before.
    pub reused: usize,
    /// Those of them that failed.
    pub failed: usize,
}

impl std::fmt::Debug for EvaluationList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EvaluationList")
            .field("spec", &self.spec)
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

impl EvaluationList {
    /// The number of architectures in the list, those of one class each.
    #[must_use]
    pub fn n_architectures(&self) -> usize {
        self.archs.len()
    }

    /// The space of the architectures.
    #[must_use]
    pub fn space(&self) -> &dyn SearchSpace {
        &*self.space
    }

    /// Who evaluates.
    #[must_use]
    pub fn spec(&self) -> &EvaluatorSpec {
        &self.spec
    }

    /// The study that keeps the evaluations, when there is one.
    #[must_use]
    pub fn study(&self) -> Option<&Study> {
        self.study.as_ref()
    }

    /// What stops it.
    #[must_use]
    pub fn stop(&self) -> &StopFlag {
        &self.stop
    }

    /// What the workers did so far, when there are any.
    #[must_use]
    pub fn worker_statistics(&self) -> Option<String> {
        #[cfg(feature = "workers")]
        return self.measuring.statistics().map(|all| all.to_string());
        #[cfg(not(feature = "workers"))]
        None
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let count = |is: fn(&Ended) -> bool| self.ended.values().filter(|ended| is(ended)).count();
        Progress {
            all: self.ids().len(),
            ended: self.ended.len(),
            reused: count(|ended| ended.reused),
            failed: count(|ended| ended.evaluation.reason.is_some()),
        }
    }

    /// What is evaluated, each once, all seeds of an architecture together.
    fn ids(&self) -> Vec<(EvaluationId, usize)> {
        let mut seen = BTreeSet::new();
        let archs = self.archs.iter().enumerate();
        let all = archs.flat_map(|(at, ListedArch { key, .. })| {
            let id = move |&seed| (EvaluationId { key: *key, seed }, at);
            self.seeds.iter().map(id)
        });
        all.filter(|(id, _)| seen.insert(*id)).collect()
    }

    /// Takes from the study what it has.
    pub(super) fn find_known(&mut self) -> Result<(), Error> {
        let Some(kept) = &self.kept else {
            return Ok(());
        };
        let rules = Rules::of(&self.measuring, self.keeps_failures);
        for (id, _) in self.ids() {
            if let Some(evaluation) = rules.find(kept, id)? {
                let reused = true;
                self.ended.insert(id, Ended { evaluation, reused });
            }
        }
        Ok(())
    }

    /// Makes the evaluations that are missing; `finished` is told after each.
    ///
    /// # Errors
    ///
    /// A stop was asked for, the evaluator cannot be used any more, or the study cannot be written. When nothing works any
    /// more, failures since the last success may have the same reason, so they are forgotten.
    pub fn run(&mut self, finished: &mut dyn FnMut(Progress)) -> Result<(), Error> {
        let _limit = self.limits.start(&self.stop)?;
        let mut progress = self.progress();
        let missing = self.ids().into_iter();
        let missing: VecDeque<_> = missing
            .filter(|(id, _)| !self.ended.contains_key(id))
            .collect();
        let mut work = Work {
            space: &*self.space,
            archs: &self.archs,
            rules: Rules::of(&self.measuring, self.keeps_failures),
            kept: self.kept.as_ref(),
            stop: &self.stop,
            missing,
            n_asked: 0,
            asked: BTreeMap::new(),
            ended: &mut self.ended,
            suspect: Vec::new(),
            told: &mut |ended: &Ended| {
                progress.ended += 1;
                progress.reused += usize::from(ended.reused);
                progress.failed += usize::from(ended.evaluation.reason.is_some());
                finished(progress);
            },
        };
        let measured = self.measuring.measure(&mut work);
        let suspect = std::mem::take(&mut work.suspect);
        if let (Err(EvalError::Unusable(_)), Some(kept)) = (&measured, &self.kept) {
            kept.forget_failures(&suspect)?;
        }
        Ok(measured?)
    }

    /// The record of what has ended. Before all of it has, architectures lack evaluations.
    #[must_use]
    pub fn record(&self) -> EvaluatedRecord {
        let once = |id: EvaluationId| {
            let Ended { evaluation, reused } = self.ended.get(&id)?;
            let details = &evaluation.details;
            let metrics = details.metrics.iter();
            let metrics = metrics.filter(|(name, value)| !self.measuring.is_missing(name, **value));
            let is_measured = evaluation.reason.is_none();
            Some(EvaluatedOnce {
                training_seed: id.seed,
                reused: *reused,
                metrics: is_measured.then(|| metrics.map(|(n, v)| (n.clone(), *v)).collect()),
                reason: evaluation.reason.clone(),
                cost: details.cost.clone(),
                artifact: details.artifact.clone(),
            })
        };
        let archs = self.archs.iter();
        let architectures: Vec<EvaluatedArch> = archs
            .map(|ListedArch { text, key, .. }| {
                let ids = self.seeds.iter();
                let ids = ids.map(|&seed| EvaluationId { key: *key, seed });
                EvaluatedArch::new(
                    text.clone(),
                    key.to_string(),
                    ids.filter_map(once).collect(),
                )
            })
            .collect();
        let mut metrics = self.measuring.metrics();
        let found = architectures.iter().flat_map(|arch| arch.over_seeds.keys());
        let others: BTreeSet<&String> = found.filter(|name| !metrics.contains(name)).collect();
        let others: Vec<String> = others.into_iter().cloned().collect();
        metrics.extend(others);
        let Progress {
            all,
            reused,
            failed,
            ..
        } = self.progress();
        EvaluatedRecord {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            space: self.spec.space.clone(),
            evaluator: self.spec.description.clone(),
            identity: self.spec.identity.clone(),
            fidelity: self.spec.fidelity.clone(),
            study: (self.study.as_ref()).map(|study| study.path().display().to_string()),
            metrics,
            architectures,
            evaluations: all,
            reused,
            failed,
        }
    }
}

/// Which evaluations of a study are used again.
struct Rules {
    /// The metrics that an evaluation must have.
    metrics: Vec<String>,
    /// Whether what failed in a list stays failed.
    keeps_failures: bool,
}

impl Rules {
    fn of(measuring: &Measuring, keeps_failures: bool) -> Self {
        Self {
            metrics: measuring.metrics(),
            keeps_failures,
        }
    }

    /// The evaluation with this id, when it is there and can be used.
    fn find(&self, kept: &Evaluations, id: EvaluationId) -> Result<Option<Evaluation>, StoreError> {
        Ok(kept.find(id)?.filter(|evaluation| match evaluation.reason {
            // Those of runs are tried again, as runs do with those of others.
            Some(_) => self.keeps_failures && evaluation.run.is_none(),
            None => {
                let metrics = &evaluation.details.metrics;
                self.metrics.iter().all(|name| metrics.contains_key(name))
            }
        }))
    }
}

/// What is left, as an evaluator is fed with it.
struct Work<'a> {
    space: &'a dyn SearchSpace,
    archs: &'a [ListedArch],
    rules: Rules,
    kept: Option<&'a Evaluations>,
    stop: &'a StopFlag,
    missing: VecDeque<(EvaluationId, usize)>,
    n_asked: usize,
    /// What is being evaluated, with the place of its architecture.
    asked: BTreeMap<usize, (EvaluationId, usize)>,
    ended: &'a mut BTreeMap<EvaluationId, Ended>,
    /// What has failed since the last success.
    suspect: Vec<EvaluationId>,
    told: &'a mut dyn FnMut(&Ended),
}

impl Work<'_> {
    fn next(&mut self) -> Result<Option<Task>, EvalError> {
        while let Some((id, at)) = self.missing.pop_front() {
            if self.stop.is_set() {
                return Err(EvalError::Interrupted);
            }
            // Another process may have been faster.
            if let Some(evaluation) = self.find(id)? {
                self.end(id, evaluation, true);
                continue;
            }
            let ticket = self.n_asked;
            self.n_asked += 1;
            self.asked.insert(ticket, (id, at));
            let query = Query {
                key: id.key,
                arch: &self.archs[at].arch,
            };
            return Ok(Some(Task {
                seed: id.seed,
                ..Task::new(ticket, query)
            }));
        }
        Ok(None)
    }

    fn finished(
        &mut self,
        ticket: usize,
        reason: Option<String>,
        details: Details,
    ) -> Result<(), EvalError> {
        let asked = self.asked.remove(&ticket);
        let (id, at) =
            asked.expect("invariant: an evaluator finishes what it was fed, and only once");
        // Two processes may have made the same evaluation: the first success stays.
        if let Some(earlier) = self.find(id)?.filter(|earlier| earlier.reason.is_none()) {
            self.end(id, earlier, true);
            return Ok(());
        }
        match reason {
            Some(_) => self.suspect.push(id),
            None => self.suspect.clear(),
        }
        let evaluation = Evaluation {
            id,
            arch: Some(self.space.encode(&self.archs[at].arch)),
            run: None,
            reason,
            details,
        };
        if let Some(kept) = self.kept {
            kept.keep(&evaluation).map_err(record)?;
        }
        self.end(id, evaluation, false);
        Ok(())
    }

    fn find(&self, id: EvaluationId) -> Result<Option<Evaluation>, EvalError> {
        match self.kept {
            None => Ok(None),
            Some(kept) => self.rules.find(kept, id).map_err(record),
        }
    }

    fn end(&mut self, id: EvaluationId, evaluation: Evaluation, reused: bool) {
        let ended = Ended { evaluation, reused };
        (self.told)(&ended);
        self.ended.insert(id, ended);
    }
}

impl Feed for Work<'_> {
    fn next(&mut self) -> Result<Option<Task>, EvalError> {
        self.next()
    }

    fn finished(&mut self, ticket: usize, outcome: Outcome) -> Result<(), EvalError> {
        let Outcome { result, details } = outcome;
        // What returned metrics has succeeded, also when one of them says that it is missing.
        let failed = result.err().filter(|_| details.metrics.is_empty());
        self.finished(ticket, failed.map(|error| error.to_string()), details)
    }
}

#[cfg(feature = "workers")]
impl TaskFeed for Work<'_> {
    fn next(&mut self) -> Result<Option<Task>, EvalError> {
        self.next()
    }

    fn finished(&mut self, ticket: usize, measured: Measured) -> Result<(), EvalError> {
        let Measured { result, details } = measured;
        let reason = result.err().map(|failure| failure.to_string());
        self.finished(ticket, reason, details)
    }
}

fn record(error: StoreError) -> EvalError {
    EvalError::Record {
        source: Box::new(error),
    }
}
