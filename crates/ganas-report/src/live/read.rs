//! The status of a study, read from it.

use std::collections::BTreeSet;

use ganas_store::{
    Evaluation, Pending, RunFilter, RunNow, RunStatus as Stored, Study, TrialRow, TrialState,
};

use super::status::{BestSoFar, FailedTrial, ProcessStatus, Proposed, RunStatus, StudyStatus};
use crate::ReportError;
use crate::tables::stop_text;

impl StudyStatus {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`ReportError::Store`] when the study cannot be read.
    pub fn read(study: &Study) -> Result<Self, ReportError> {
        let status = study.status()?;
        let runs = status
            .runs
            .into_iter()
            .map(|now| RunStatus::read(study, now));
        let processes = status.activity.iter();
        Ok(Self {
            study: study.path().display().to_string(),
            runs: runs.collect::<Result<_, _>>()?,
            processes: processes
                .map(|told| ProcessStatus::read(&told.process, told.updated, &told.state))
                .collect(),
        })
    }
}

impl RunStatus {
    fn read(study: &Study, now: RunNow) -> Result<Self, ReportError> {
        let RunNow {
            summary: run,
            holder,
            mut best,
            pending,
        } = now;
        let is_running = holder.is_some();
        let trials = if is_running || run.counts.failed > 0 {
            study.trials(run.id)?
        } else {
            Vec::new()
        };
        let (evaluated, proposed): (Vec<Pending>, Vec<Pending>) =
            (pending.into_iter()).partition(|pending| pending.evaluation.is_some());
        let early = Early::new(&evaluated, &trials);
        if !early.evaluations.is_empty() {
            let filter = RunFilter {
                run: Some(run.id),
                ..RunFilter::default()
            };
            let top = study.top(1, &filter)?;
            best = top.first().map(|top| (top.search.value(), top.number.0));
        }
        let status = match run.status {
            Stored::Running if !is_running => "stopped".to_owned(),
            _ if is_running => Stored::Running.to_string(),
            status => status.to_string(),
        };
        Ok(Self {
            name: run.name,
            space: run.spec.space,
            algorithm: run.spec.algorithm,
            seed: run.spec.seed,
            status,
            is_running,
            stop: (run.stop.filter(|_| !is_running)).map(|stop| stop_text(stop).to_owned()),
            worked_on_by: holder,
            evaluated: run.counts.unique + early.count(|_| true),
            budget: run.spec.budget.unique_queries(),
            failed: run.counts.failed + early.count(|evaluation| evaluation.reason.is_some()),
            metric: run.spec.protocol.search,
            best: best.map(|(search, number)| BestSoFar { number, search }),
            last_failure: early.last_failure().or_else(|| last_failure(&trials)),
            proposed: (proposed.into_iter())
                .map(|Pending { number, arch, .. }| Proposed { number, arch })
                .collect(),
        })
    }
}

/// What is evaluated and no trial yet, once for each class.
struct Early<'a> {
    evaluations: Vec<(&'a Pending, &'a Evaluation)>,
}

impl<'a> Early<'a> {
    fn new(evaluated: &'a [Pending], trials: &[TrialRow]) -> Self {
        let mut seen: BTreeSet<_> = trials.iter().map(|trial| trial.key).collect();
        let all = evaluated.iter();
        let all = all.filter_map(|pending| Some((pending, pending.evaluation.as_ref()?)));
        Self {
            evaluations: all
                .filter(|(_, evaluation)| seen.insert(evaluation.id.key))
                .collect(),
        }
    }

    fn count(&self, is_counted: impl Fn(&Evaluation) -> bool) -> u32 {
        let counted = self.evaluations.iter();
        let counted = counted.filter(|(_, evaluation)| is_counted(evaluation));
        u32::try_from(counted.count()).unwrap_or(u32::MAX)
    }

    fn last_failure(&self) -> Option<FailedTrial> {
        let last_first = self.evaluations.iter().rev();
        last_first
            .filter_map(|(pending, evaluation)| {
                Some(FailedTrial {
                    number: pending.number,
                    arch: pending.arch.clone(),
                    reason: evaluation.reason.clone()?,
                })
            })
            .next()
    }
}

fn last_failure(trials: &[TrialRow]) -> Option<FailedTrial> {
    trials.iter().rev().find_map(|trial| match &trial.state {
        TrialState::Failed(reason) => Some(FailedTrial {
            number: trial.number.0,
            arch: trial.arch.clone(),
            reason: reason.clone(),
        }),
        TrialState::Completed(_) | TrialState::Stopped(_) => None,
    })
}
