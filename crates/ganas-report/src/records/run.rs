//! The record of one run as it is printed: from memory, or from a study.

use ganas_space::SearchSpace;
use ganas_store::{
    Objectives, QueryCounts, RunId, RunOutcome, SearchMetric, StopReason, Study, TrialState,
};
use serde::{Deserialize, Serialize};

use super::{Completed, FrontRecord};
use crate::ReportError;

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its seed.
    pub seed: u64,
    /// All queries, repeats included.
    pub queries: u32,
    /// Distinct classes queried, failed ones included.
    pub unique_queries: u32,
    /// Unique queries that failed.
    pub failed: u32,
    /// The number of unique queries when the best was first found, itself included.
    pub queries_to_best: Option<u32>,
    /// The best by search metric, the earliest among equals.
    pub best: Option<Best>,
    /// Seconds spent, over all sessions.
    pub wall_s: f64,
    /// Why it ended.
    pub stop: StopReason,
    /// The best `[search, report]` after each unique query; null before the first that did not fail.
    pub curve: Vec<Option<[f64; 2]>>,
    /// Why the first of those failed; of a record that was read, it is not known.
    #[serde(skip)]
    pub first_failure: Option<String>,
    /// The front, when there are several objectives.
    #[serde(flatten)]
    pub front: Option<FrontRecord>,
}

/// The best architecture of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// As text.
    pub arch: String,
    /// Its class.
    pub key: String,
    /// The search metric.
    pub search: f64,
    /// The reported metric of the same query.
    pub report: f64,
    /// Its places among all classes of the space, where the table has all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<BestRank>,
}

/// The places of an architecture among all classes: 1 is the best, ties share their mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestRank {
    /// Under the search metric.
    pub search: f64,
    /// Under the reported metric.
    pub report: f64,
    /// The number of classes.
    pub of: usize,
}

/// What is needed of a trial.
struct Point {
    repeat: bool,
    /// Search and reported metric of a completed trial.
    measured: Option<(SearchMetric, f64)>,
}

impl RunRecord {
    /// The record of a run that has just ended.
    ///
    /// # Errors
    ///
    /// [`ReportError::Objectives`] for a trial that does not have a value for each of the objectives.
    pub fn of_outcome(
        seed: u64,
        outcome: &RunOutcome,
        space: &dyn SearchSpace,
        wall_s: f64,
        objectives: Option<&Objectives>,
    ) -> Result<Self, ReportError> {
        let points = outcome.trials.iter().map(|record| Point {
            repeat: record.trial.repeat,
            measured: record
                .trial
                .eligible()
                .zip(record.report)
                .map(|(search, report)| (search, report.0)),
        });
        let mut run = Self::new(seed, outcome.counts, wall_s, outcome.stop);
        let failures = outcome.trials.iter().map(|record| &record.trial.state);
        run.first_failure = first_failure(failures);
        let best = run.follow(points);
        run.best = best.map(|(at, [search, report])| {
            let trial = &outcome.trials[at].trial;
            Best {
                arch: space.encode(&trial.arch),
                key: trial.key.to_string(),
                search,
                report,
                rank: None,
            }
        });
        if let Some(objectives) = objectives {
            let unique = outcome.trials.iter().filter(|r| !r.trial.repeat);
            let trials = unique.map(|record| {
                let trial = &record.trial;
                let (_, report) = trial.eligible().zip(record.report)?;
                Some(Completed {
                    arch: space.encode(&trial.arch),
                    key: trial.key.to_string(),
                    objectives: trial.objectives.clone(),
                    report: report.0,
                })
            });
            run.front = Some(FrontRecord::new(objectives, trials.collect())?);
        }
        Ok(run)
    }

    /// The record of a run of a study.
    ///
    /// # Errors
    ///
    /// [`ReportError::Store`] when the study cannot be read, and those of [`RunRecord::of_outcome`].
    pub fn of_study(study: &Study, id: RunId) -> Result<Self, ReportError> {
        let summary = study.run(id)?;
        let trials = study.trials(id)?;
        let points = trials.iter().map(|trial| Point {
            repeat: trial.repeat,
            measured: match (&trial.state, trial.report) {
                (TrialState::Completed(search), Some(report)) if trial.is_eligible() => {
                    Some((*search, report.0))
                }
                _ => None,
            },
        });
        let mut run = Self::new(
            summary.spec.seed,
            summary.counts,
            summary.wall_s,
            summary.stop.unwrap_or(StopReason::Interrupted),
        );
        run.first_failure = first_failure(trials.iter().map(|trial| &trial.state));
        let best = run.follow(points);
        run.best = best.map(|(at, [search, report])| Best {
            arch: trials[at].arch.clone(),
            key: trials[at].key.to_string(),
            search,
            report,
            rank: None,
        });
        if let Some(objectives) = &summary.spec.objectives {
            let unique = trials.into_iter().filter(|trial| !trial.repeat);
            let trials = unique.map(|trial| {
                let report = trial.report.filter(|_| trial.is_eligible())?;
                Some(Completed {
                    arch: trial.arch,
                    key: trial.key.to_string(),
                    objectives: trial.objectives,
                    report: report.0,
                })
            });
            run.front = Some(FrontRecord::new(objectives, trials.collect())?);
        }
        Ok(run)
    }

    /// The best `[search, report]` after so many unique queries, or after all when there were fewer.
    #[must_use]
    pub fn at(&self, queries: usize) -> Option<[f64; 2]> {
        after(&self.curve, queries)
    }

    fn new(seed: u64, counts: QueryCounts, wall_s: f64, stop: StopReason) -> Self {
        Self {
            seed,
            queries: counts.raw,
            unique_queries: counts.unique,
            failed: counts.failed,
            first_failure: None,
            queries_to_best: None,
            best: None,
            wall_s,
            stop,
            curve: Vec::new(),
            front: None,
        }
    }

    /// Fills the curve; the number of the best trial, and what it measured.
    fn follow(&mut self, points: impl Iterator<Item = Point>) -> Option<(usize, [f64; 2])> {
        let values = |(search, report): (SearchMetric, f64)| [search.value(), report];
        let mut best: Option<(usize, (SearchMetric, f64))> = None;
        let mut unique = 0;
        for (at, point) in points.enumerate() {
            if point.repeat {
                continue;
            }
            unique += 1;
            if let Some(measured) = point.measured
                && best.is_none_or(|(_, best)| measured.0 > best.0)
            {
                best = Some((at, measured));
                self.queries_to_best = Some(unique);
            }
            self.curve.push(best.map(|(_, measured)| values(measured)));
        }
        best.map(|(at, measured)| (at, values(measured)))
    }
}

fn first_failure<'a>(mut states: impl Iterator<Item = &'a TrialState>) -> Option<String> {
    states.find_map(|state| match state {
        TrialState::Failed(reason) => Some(reason.clone()),
        TrialState::Completed(_) | TrialState::Stopped(_) => None,
    })
}

/// The value of a curve after so many queries.
pub(super) fn after<T: Copy>(curve: &[Option<T>], queries: usize) -> Option<T> {
    curve[..queries.min(curve.len())].last().copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_counts_unique_queries() {
        let counts = QueryCounts::default();
        let mut run = RunRecord::new(0, counts, 0.0, StopReason::BudgetSpent);
        let point = |repeat, measured: Option<[f64; 2]>| Point {
            repeat,
            measured: measured.map(|[search, report]| (SearchMetric::maximized(search), report)),
        };
        let best = run.follow(
            [
                point(false, None),
                point(false, Some([1.0, 5.0])),
                point(true, Some([1.0, 5.0])),
                point(false, Some([3.0, 4.0])),
                point(false, Some([3.0, 9.0])),
                point(false, Some([2.0, 9.0])),
            ]
            .into_iter(),
        );
        assert_eq!(best, Some((3, [3.0, 4.0])));
        assert_eq!(run.queries_to_best, Some(3));
        let (first, top) = (Some([1.0, 5.0]), Some([3.0, 4.0]));
        assert_eq!(run.curve, [None, first, top, top, top]);
        assert_eq!(
            [0, 1, 2, 3, 99].map(|n| run.at(n)),
            [None, None, first, top, top]
        );
        let json = serde_json::to_string(&run).unwrap();
        assert_eq!(serde_json::from_str::<RunRecord>(&json).unwrap(), run);
    }
}
