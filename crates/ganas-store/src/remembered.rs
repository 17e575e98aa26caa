//! An evaluator that keeps what another one has finished, and asks it for the rest only.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ganas_eval::{
    Details, EvalError, Evaluator, Feed, Fidelity, GoOn, Measurement, MetricPair, Outcome,
    Progress, Query, StopRule, StoppedAt, Task, evaluate_one,
};
use ganas_space::{Arch, SearchSpace};
use rusqlite::types::Value;

use crate::checksum::SOURCES;
use crate::curves::Curves;
use crate::outcomes::{Evaluation, EvaluationId, Evaluations};
use crate::study::Durability;
use crate::{EvaluatorSpec, RunClaim, RunId, StoreError};

/// An evaluator of one run that keeps in the study what another one has finished, and asks it only for what the study does not
/// have: of this run, of others, of tables, of lists.
///
/// Failures of other runs are tried again. For evaluations that cost more than a transaction; a table is asked directly.
pub struct Remembered<'a> {
    evaluator: &'a dyn Evaluator,
    claim: RunClaim,
    space: Arc<dyn SearchSpace>,
    spec: EvaluatorSpec,
    /// What is kept with each fidelity.
    kept: Mutex<Vec<(Fidelity, Evaluations)>>,
    reused: AtomicU32,
}

impl fmt::Debug for Remembered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered")
            .field("claim", &self.claim)
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl<'a> Remembered<'a> {
    pub(crate) fn new(
        claim: RunClaim,
        evaluator: &'a dyn Evaluator,
        spec: &EvaluatorSpec,
        space: Arc<dyn SearchSpace>,
    ) -> Result<Self, StoreError> {
        let of_spec = claim.study.evaluations(spec)?;
        let study = &claim.study;
        study.write(Durability::Promised, "note who evaluates a run", |tx| {
            claim.check(tx, None)?;
            let values = [
                Value::Integer(claim.run.0),
                Value::Integer(of_spec.evaluator()),
            ];
            let id = study.writing_id()?;
            id.insert(&SOURCES, &mut SOURCES.replace(tx)?, &values, &[])?;
            Ok(())
        })?;
        Ok(Self {
            evaluator,
            space,
            kept: Mutex::new(vec![(spec.fidelity.clone(), of_spec)]),
            claim,
            spec: spec.clone(),
            reused: AtomicU32::new(0),
        })
    }

    /// How many evaluations were answered with what the study had, so far.
    #[must_use]
    pub fn reused(&self) -> u32 {
        self.reused.load(Ordering::Relaxed)
    }

    /// What is kept with the fidelity of a task.
    fn kept(&self, task: &Task) -> Result<Evaluations, StoreError> {
        let fidelity = task.fidelity.as_ref().unwrap_or(&self.spec.fidelity);
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, kept)) = all.iter().find(|(known, _)| known == fidelity) {
            return Ok(kept.clone());
        }
        let kept = self.claim.study.evaluations(&EvaluatorSpec {
            fidelity: fidelity.clone(),
            ..self.spec.clone()
        })?;
        all.push((fidelity.clone(), kept.clone()));
        Ok(kept)
    }

    /// The outcome of a task, when the study has it.
    fn recall(&self, task: &Task) -> Result<Option<Outcome>, StoreError> {
        let kept = self.kept(task)?;
        let curves = match &task.stop_rule {
            None => None,
            Some(_) => {
                (self.claim.study).read("look for curves", |tx| kept.curves(tx, id(task)))?
            }
        };
        if let (Some(rule), Some(curves)) = (&task.stop_rule, &curves)
            && let Some(at) = curves.stops(rule)
        {
            self.count_reused(curves.run);
            return Ok(Some(stopped(rule, at, curves)));
        }
        let Some(mut evaluation) = kept.find(id(task))? else {
            return Ok(None);
        };
        let result = match &evaluation.reason {
            None => self
                .evaluator
                .recall(&task.arch, &evaluation.details.metrics),
            Some(_) if evaluation.run != Some(self.claim.run) => return Ok(None),
            Some(reason) => Err(EvalError::Recorded {
                reason: reason.clone(),
            }),
        };
        // What another version of the evaluator returned may lack a metric; then it is evaluated again.
        if matches!(result, Err(EvalError::NotKept { .. })) {
            return Ok(None);
        }
        self.count_reused(evaluation.run);
        evaluation.details.curves = curves.map_or_else(BTreeMap::new, |curves| curves.told);
        Ok(Some(Outcome {
            result,
            details: evaluation.details,
        }))
    }

    /// Counts an evaluation that was not made again, unless it was this run's own.
    fn count_reused(&self, run: Option<RunId>) {
        if run != Some(self.claim.run) {
            self.reused.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn keep(&self, task: &Task, outcome: &Outcome) -> Result<(), StoreError> {
        // What returned metrics has succeeded, also when one of them says that it is missing.
        let is_returned = outcome.result.is_ok() || !outcome.details.metrics.is_empty();
        let reason = match &outcome.result {
            Err(EvalError::Cancelled) => return Ok(()),
            Err(EvalError::StoppedEarly { .. }) => None,
            Err(error) if !is_returned => Some(error.to_string()),
            _ => None,
        };
        let evaluation = Evaluation {
            id: id(task),
            arch: Some(self.space.encode(&task.arch)),
            run: Some(self.claim.run),
            reason,
            details: outcome.details.clone(),
        };
        let kept = self.kept(task)?;
        kept.keep_checked(&evaluation, |tx| self.claim.check(tx, None))
    }

    /// Forgets failures that may not be the architectures' fault, so that they are evaluated again: those after the last
    /// success, also when they were recorded already.
    fn forget_failures(&self) -> Result<(), StoreError> {
        let study = &self.claim.study;
        study.write(Durability::Promised, "forget failed evaluations", |tx| {
            self.claim.check(tx, None)?;
            let run = self.claim.run;
            let rounds: u32 = tx.query_row(
                "SELECT coalesce(max(round) + 1, 0) FROM trials WHERE run = ?1 AND state = 'completed'",
                [run.0],
                |row| row.get(0),
            )?;
            if rounds < study.find_run(tx, run)?.rounds {
                // The searcher was told of them, so the run is computed again from its start, with what is kept.
                study.truncate(tx, run, rounds)?;
                tx.execute("DELETE FROM checkpoints WHERE run = ?1", [run.0])?;
            }
            tx.execute(
                "DELETE FROM outcomes WHERE run = ?1 AND reason IS NOT NULL
                     AND class NOT IN (SELECT class FROM trials WHERE run = ?1)",
                [run.0],
            )?;
            Ok(())
        })
    }
}

impl Evaluator for Remembered<'_> {
    fn metric_pair(&self) -> &MetricPair {
        self.evaluator.metric_pair()
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        evaluate_one(self, query)
    }

    fn evaluate_all(&self, feed: &mut dyn Feed) -> Result<(), EvalError> {
        let evaluated = self.evaluator.evaluate_all(&mut Remembering {
            remembered: self,
            feed,
            asked: BTreeMap::new(),
        });
        // When nothing works any more, what has failed may have failed for the same reason.
        if matches!(evaluated, Err(EvalError::Unusable(_))) {
            self.forget_failures().map_err(record)?;
        }
        evaluated
    }

    fn recall(
        &self,
        arch: &Arch,
        metrics: &BTreeMap<String, f64>,
    ) -> Result<Measurement, EvalError> {
        self.evaluator.recall(arch, metrics)
    }
}

/// Takes out of a feed what the study has, and keeps what is finished.
struct Remembering<'a> {
    remembered: &'a Remembered<'a>,
    feed: &'a mut dyn Feed,
    /// What is being evaluated.
    asked: BTreeMap<usize, Task>,
}

impl Feed for Remembering<'_> {
    fn next(&mut self) -> Result<Option<Task>, EvalError> {
        while let Some(task) = self.feed.next()? {
            match self.remembered.recall(&task).map_err(record)? {
                Some(outcome) => self.feed.finished(task.ticket, outcome)?,
                None => {
                    self.asked.insert(task.ticket, task.clone());
                    return Ok(Some(task));
                }
            }
        }
        Ok(None)
    }

    fn finished(&mut self, ticket: usize, outcome: Outcome) -> Result<(), EvalError> {
        let task = self.asked.remove(&ticket);
        let task = task.expect("invariant: an evaluator finishes what it was fed, and only once");
        self.remembered.keep(&task, &outcome).map_err(record)?;
        self.feed.finished(ticket, outcome)
    }

    fn progress(&mut self, ticket: usize, progress: &Progress) -> GoOn {
        self.feed.progress(ticket, progress)
    }
}

/// The outcome of an evaluation that is stopped by what is kept of it.
fn stopped(rule: &StopRule, at: StoppedAt, curves: &Curves) -> Outcome {
    Outcome {
        result: Err(EvalError::StoppedEarly {
            step: at.step,
            metric: rule.metric.clone(),
            value: at.value,
        }),
        details: Details {
            curves: curves.told.clone(),
            stopped: Some(at),
            ..Details::default()
        },
    }
}

fn id(task: &Task) -> EvaluationId {
    EvaluationId {
        key: task.key,
        seed: task.seed,
    }
}

fn record(error: StoreError) -> EvalError {
    EvalError::Record {
        source: Box::new(error),
    }
}
