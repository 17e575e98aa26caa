//! The front of a study: what nothing that was found dominates.

use std::collections::BTreeMap;

use ganas_eval::ReportMetric;
use ganas_search::pareto::{Archive, Point, default_reference};
use ganas_search::{Objective, Objectives, TrialState};

use crate::error::Fault;
use crate::top::PendingEntry;
use crate::{RunFilter, RunSummary, StoreError, Study, TopEntry};

/// What was found over several runs and nothing dominates.
#[derive(Clone, Debug, PartialEq)]
pub struct Front {
    /// What the runs searched for.
    pub objectives: Objectives,
    /// The front, the best in the first objective first.
    pub entries: Vec<FrontEntry>,
    /// The worst value of each objective among the reference points of the runs, as it was measured; `None` when nothing
    /// was completed and no reference point was given.
    pub reference_point: Option<Vec<f64>>,
    /// How much the front dominates, from the reference point on.
    pub hypervolume: Option<f64>,
}

/// An architecture of a front.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontEntry {
    /// The class, by the first trial that showed it in the order of [`Study::runs`].
    pub entry: TopEntry,
    /// The measured value of each objective.
    pub objectives: Vec<f64>,
}

impl Study {
    /// The distinct classes over the chosen runs that nothing dominates; of equal ones the first.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoObjectives`] when a chosen run, or all of none, has one objective; [`StoreError::MixedMetrics`]
    /// when the runs had different spaces, tables, metrics or objectives; [`StoreError::Damaged`],
    /// [`StoreError::Database`].
    pub fn front(&self, filter: &RunFilter) -> Result<Front, StoreError> {
        self.read("find the front", |tx| {
            let runs = self.select_runs(tx, filter)?;
            self.check_comparable(&runs)?;
            let objectives = self.common_objectives(&runs)?;
            let mut archive: Archive<FrontEntry> = Archive::default();
            let mut reference: Option<Point> = None;
            for run in &runs {
                let mut first = Vec::new();
                self.each_trial(tx, run, |trial| {
                    let is_hidden = trial.repeat || !trial.is_eligible();
                    let (TrialState::Completed(search), Some(report), false) =
                        (&trial.state, trial.report, is_hidden)
                    else {
                        return Ok(());
                    };
                    let point = objectives.point(&trial.objectives).map_err(|e| {
                        self.damaged(format!("trial {} of {}", trial.number.0, run.describe()), e)
                    })?;
                    first.push(point.clone());
                    let entry = FrontEntry {
                        entry: TopEntry {
                            arch: trial.arch,
                            key: trial.key,
                            search: *search,
                            report: ReportMetric(report.0),
                            run: run.id,
                            run_name: run.name.clone(),
                            algorithm: run.spec.algorithm.clone(),
                            seed: run.spec.seed,
                            number: trial.number,
                            is_recorded: true,
                        },
                        objectives: trial.objectives,
                    };
                    archive.insert(entry, point);
                    Ok(())
                })?;
                for PendingEntry { entry, metrics } in self.pending_entries(tx, run)? {
                    let Some(values) = of_metrics(&objectives, &metrics) else {
                        continue;
                    };
                    let Ok(point) = objectives.point(&values) else {
                        continue;
                    };
                    let objectives = values;
                    archive.insert(FrontEntry { entry, objectives }, point);
                }
                let given = run
                    .spec
                    .objectives
                    .as_ref()
                    .and_then(|o| o.reference_point());
                let of_run = match given {
                    Some(given) => Some(objectives.point(given).map_err(|e| {
                        self.damaged(format!("the reference point of {}", run.describe()), e)
                    })?),
                    None => default_reference(&first),
                };
                reference = match (reference, of_run) {
                    (Some(a), Some(b)) => Some(a.worse_of(&b)),
                    (a, b) => a.or(b),
                };
            }
            let hypervolume = reference.as_ref().map(|zero| archive.hypervolume(zero));
            let sorted = archive.by_first_objective();
            Ok(Front {
                entries: sorted.into_iter().map(|(entry, _)| entry.clone()).collect(),
                reference_point: reference.map(|point| objectives.measured(&point)),
                hypervolume,
                objectives,
            })
        })
    }

    /// The objectives of all runs; their reference points may differ.
    fn common_objectives(&self, runs: &[RunSummary]) -> Result<Objectives, Fault> {
        let mut common: Option<&Objectives> = None;
        for run in runs {
            let Some(objectives) = &run.spec.objectives else {
                return Err(self.no_objectives(&run.name).into());
            };
            match common {
                Some(known) if known.all() != objectives.all() => {
                    return Err(Fault::Store(StoreError::MixedMetrics {
                        path: self.path().to_owned(),
                        metrics: format!("{}; {}", text(known), text(objectives)),
                    }));
                }
                _ => common = Some(objectives),
            }
        }
        let found = common.cloned();
        found.ok_or_else(|| self.no_objectives("none").into())
    }

    fn no_objectives(&self, run: &str) -> StoreError {
        StoreError::NoObjectives {
            path: self.path().to_owned(),
            run: run.to_owned(),
        }
    }
}

/// The objectives of what is no trial yet, when all of them are metrics that were returned: what an architecture costs is
/// known only once it is a trial.
fn of_metrics(objectives: &Objectives, metrics: &BTreeMap<String, f64>) -> Option<Vec<f64>> {
    let value = |objective: &Objective| match objective.table {
        None => metrics.get(&objective.name).copied(),
        Some(_) => None,
    };
    objectives.all().iter().map(value).collect()
}

/// The objectives, as the command line has them.
fn text(objectives: &Objectives) -> String {
    let name = |objective: &Objective| match &objective.table {
        Some(table) => format!("{objective} (table {table})"),
        None => objective.to_string(),
    };
    let names: Vec<String> = objectives.all().iter().map(name).collect();
    names.join(", ")
}
