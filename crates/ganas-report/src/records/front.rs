//! The front that a run with several objectives found, as it is printed.

use std::collections::BTreeMap;

use ganas_store::pareto::{Archive, Point, default_reference};
use ganas_store::{Objectives, SearchError};
use serde::{Deserialize, Serialize};

use super::run::after;

/// The front of a run, and how it grew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrontRecord {
    /// From where the hypervolume is measured; null when nothing was completed and none was given.
    pub reference_point: Option<BTreeMap<String, f64>>,
    /// How much the front dominates.
    pub hypervolume: Option<f64>,
    /// The front, the best in the first objective first.
    pub front: Vec<FrontMember>,
    /// The hypervolume after each unique query; null before the first that did not fail.
    pub hypervolume_curve: Vec<Option<f64>>,
    /// The value of each objective after each unique query; null for one that failed.
    pub objectives: Vec<Option<Vec<f64>>>,
}

/// An architecture of the front.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrontMember {
    /// As text.
    pub arch: String,
    /// Its class.
    pub key: String,
    /// The number of unique queries when it was found, itself included.
    pub query: u32,
    /// The value of each objective.
    pub objectives: BTreeMap<String, f64>,
    /// The reported metric of the same query.
    pub report: f64,
}

/// What is needed of a completed trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Completed {
    /// The architecture as text.
    pub arch: String,
    /// Its class.
    pub key: String,
    /// The measured objectives.
    pub objectives: Vec<f64>,
    /// The reported metric.
    pub report: f64,
}

impl FrontRecord {
    /// The record of the unique queries of a run, in order; `None` is a query that failed.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadObjectives`] for a trial that does not have a value for each of the objectives.
    pub fn new(
        objectives: &Objectives,
        trials: Vec<Option<Completed>>,
    ) -> Result<Self, SearchError> {
        let points: Vec<Option<Point>> = trials
            .iter()
            .map(|trial| {
                let point = trial.as_ref().map(|t| objectives.point(&t.objectives));
                point.transpose()
            })
            .collect::<Result<_, _>>()?;
        let reference = match objectives.reference_point() {
            Some(given) => Some(objectives.point(given)?),
            None => default_reference(points.iter().flatten()),
        };
        let measured = trials
            .iter()
            .map(|trial| trial.as_ref().map(|t| t.objectives.clone()))
            .collect();
        let named = |values: &[f64]| -> BTreeMap<String, f64> {
            let names = objectives.all().iter().map(|o| o.name.clone());
            names.zip(values.iter().copied()).collect()
        };
        let mut archive = Archive::default();
        let mut curve: Vec<Option<f64>> = Vec::new();
        for ((trial, point), query) in trials.into_iter().zip(points).zip(1..) {
            let mut volume = curve.last().copied().flatten();
            if let (Some(trial), Some(point)) = (trial, point) {
                let member = FrontMember {
                    arch: trial.arch,
                    key: trial.key,
                    query,
                    objectives: named(&trial.objectives),
                    report: trial.report,
                };
                if archive.insert(member, point) {
                    volume = reference.as_ref().map(|zero| archive.hypervolume(zero));
                }
            }
            curve.push(volume);
        }
        let front = archive.by_first_objective();
        Ok(Self {
            reference_point: reference.map(|point| named(&objectives.measured(&point))),
            hypervolume: curve.last().copied().flatten(),
            front: front
                .into_iter()
                .map(|(member, _)| member.clone())
                .collect(),
            hypervolume_curve: curve,
            objectives: measured,
        })
    }

    /// The hypervolume after so many unique queries, or after all when there were fewer.
    #[must_use]
    pub fn hypervolume_at(&self, queries: usize) -> Option<f64> {
        after(&self.hypervolume_curve, queries)
    }
}

#[cfg(test)]
mod tests {
    use ganas_store::{Direction, Objective};

    use super::*;

    fn objectives(reference_point: Option<Vec<f64>>) -> Objectives {
        let objective = |name: &str, direction| Objective {
            name: name.to_owned(),
            direction,
            table: None,
        };
        let both = vec![
            objective("accuracy", Direction::Maximize),
            objective("latency", Direction::Minimize),
        ];
        Objectives::new(both, reference_point).unwrap()
    }

    fn trial(accuracy: f64, latency: f64) -> Option<Completed> {
        Some(Completed {
            arch: format!("{accuracy}/{latency}"),
            key: String::new(),
            objectives: vec![accuracy, latency],
            report: -1.0,
        })
    }

    #[test]
    fn the_front_grows_with_the_queries() {
        let trials = vec![
            None,
            trial(2.0, 4.0),
            trial(1.0, 5.0),
            trial(4.0, 8.0),
            trial(3.0, 3.0),
        ];
        let record = FrontRecord::new(&objectives(Some(vec![0.0, 10.0])), trials).unwrap();
        let curve = [None, Some(12.0), Some(12.0), Some(16.0), Some(23.0)];
        assert_eq!(record.hypervolume_curve, curve);
        assert_eq!(record.hypervolume, Some(23.0));
        assert_eq!(record.hypervolume_at(4), Some(16.0));
        let front: Vec<(&str, u32)> = record.front.iter().map(|m| (&*m.arch, m.query)).collect();
        assert_eq!(front, [("4/8", 4), ("3/3", 5)]);
        assert_eq!(record.objectives[0], None);
        assert_eq!(record.objectives[2], Some(vec![1.0, 5.0]));
    }

    #[test]
    fn without_a_reference_point_it_is_the_worst_of_the_first() {
        let record =
            FrontRecord::new(&objectives(None), vec![trial(2.0, 4.0), trial(1.0, 3.0)]).unwrap();
        let reference = record.reference_point.unwrap();
        assert_eq!((reference["accuracy"], reference["latency"]), (1.0, 4.0));
        assert_eq!(record.hypervolume, Some(0.0));
        let nothing = FrontRecord::new(&objectives(None), vec![None]).unwrap();
        assert_eq!(nothing.hypervolume_curve, [None]);
        assert_eq!(nothing.reference_point, None);
    }
}
