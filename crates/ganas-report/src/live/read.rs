//! The status of a study, read from it.

use ganas_store::{RunStatus as Stored, Study, TrialState};

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
        let mut runs = Vec::new();
        for (run, pending) in status.runs {
            let trials = study.trials(run.id)?;
            let mut best: Option<(ganas_store::SearchMetric, BestSoFar)> = None;
            let mut last_failure = None;
            for trial in &trials {
                match &trial.state {
                    TrialState::Completed(search) => {
                        if best.as_ref().is_none_or(|(best, _)| search > best) {
                            let found = BestSoFar {
                                number: trial.number.0,
                                arch: trial.arch.clone(),
                                search: search.value(),
                            };
                            best = Some((*search, found));
                        }
                    }
                    TrialState::Failed(reason) => {
                        last_failure = Some(FailedTrial {
                            number: trial.number.0,
                            arch: trial.arch.clone(),
                            reason: reason.clone(),
                        });
                    }
                }
            }
            runs.push(RunStatus {
                is_running: run.status == Stored::Running,
                name: run.name,
                space: run.spec.space,
                algorithm: run.spec.algorithm,
                seed: run.spec.seed,
                status: run.status.to_string(),
                stop: run.stop.map(|stop| stop_text(stop).to_owned()),
                worked_on_by: None,
                evaluated: run.counts.unique,
                budget: run.spec.budget.unique_queries(),
                failed: run.counts.failed,
                metric: run.spec.protocol.search,
                best: best.map(|(_, best)| best),
                last_failure,
                proposed: pending
                    .into_iter()
                    .map(|(number, arch)| Proposed { number, arch })
                    .collect(),
            });
        }
        let processes = status.activity.iter();
        Ok(Self {
            study: study.path().display().to_string(),
            runs,
            processes: processes
                .map(|(process, updated, state)| ProcessStatus::read(process, *updated, state))
                .collect(),
        })
    }
}
