//! From where local search walks.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::pareto::{Archive, Point, standings};
use crate::{Objectives, SearchError, Trial};

/// How good an architecture is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// How many higher fidelities it was not evaluated with, and its search metric as a gain.
    Metric(u32, f64),
    /// What it reaches in several objectives.
    Point(Point),
    /// By how much it misses bounds on what was measured.
    Violation(f64),
}

impl Value {
    /// An order in which the greater one is better; points that do not dominate each other are equal.
    fn compare(&self, other: &Self) -> Ordering {
        if self.is_better_than(other) {
            Ordering::Greater
        } else if other.is_better_than(self) {
            Ordering::Less
        } else {
            Ordering::Equal
        }
    }

    pub(super) fn is_better_than(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Metric(a, of_a), Self::Metric(b, of_b)) => a < b || a == b && of_a > of_b,
            (Self::Point(a), Self::Point(b)) => a.dominates(b),
            (Self::Violation(a), Self::Violation(b)) => a < b,
            (Self::Metric(..) | Self::Point(_), Self::Violation(_)) => true,
            (Self::Violation(_), Self::Metric(..) | Self::Point(_)) => false,
            _ => unreachable!("invariant: a search has one or several objectives, not both"),
        }
    }
}

/// The architectures that can be walked from, and which of them were.
#[derive(Debug)]
pub(super) struct Walks {
    places: Places,
    walked: BTreeSet<u32>,
}

#[derive(Debug)]
enum Places {
    /// All that were evaluated.
    Evaluated(Vec<(Trial, Value)>),
    /// The members of the archive of several objectives.
    Front {
        objectives: Objectives,
        archive: Archive<Trial>,
    },
}

impl Walks {
    /// With one objective.
    pub(super) fn new() -> Self {
        Self {
            places: Places::Evaluated(Vec::new()),
            walked: BTreeSet::new(),
        }
    }

    /// With several.
    pub(super) fn for_front(objectives: Objectives) -> Self {
        Self {
            places: Places::Front {
                objectives,
                archive: Archive::default(),
            },
            walked: BTreeSet::new(),
        }
    }

    /// How good a trial is; nothing for one that failed.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadObjectives`] for a trial without a value for each objective.
    pub(super) fn value(&self, trial: &Trial) -> Result<Option<Value>, SearchError> {
        let Some(search) = trial.search() else {
            return Ok(None);
        };
        if !trial.is_feasible() {
            return Ok(Some(Value::Violation(trial.violation)));
        }
        Ok(Some(match &self.places {
            Places::Evaluated(_) => Value::Metric(trial.missing, search.gain()),
            Places::Front { objectives, .. } => Value::Point(objectives.point(&trial.objectives)?),
        }))
    }

    /// Is told a trial; failed ones are left out.
    ///
    /// # Errors
    ///
    /// As for [`value`](Self::value).
    pub(super) fn tell(&mut self, trial: &Trial) -> Result<(), SearchError> {
        let Some(value) = self.value(trial)? else {
            return Ok(());
        };
        match &mut self.places {
            Places::Evaluated(trials) => trials.push((trial.clone(), value)),
            Places::Front { .. } if !trial.is_feasible() => {}
            Places::Front {
                objectives,
                archive,
            } => {
                let point = objectives.point(&trial.objectives)?;
                archive.insert(trial.clone(), point);
            }
        }
        Ok(())
    }

    /// Remembers that the search has been at a trial.
    pub(super) fn walked(&mut self, trial: u32) {
        self.walked.insert(trial);
    }

    /// Where to go on: of the places that were not walked from, the best, or with several objectives the one with the most
    /// room; the earlier among equals.
    pub(super) fn next(&self) -> Option<(Trial, Value)> {
        let new = |trial: &Trial| !self.walked.contains(&trial.number.0);
        match &self.places {
            Places::Evaluated(trials) => trials
                .iter()
                .filter(|(trial, _)| new(trial))
                .rev()
                .max_by(|(_, a), (_, b)| a.compare(b))
                .cloned(),
            Places::Front { archive, .. } => {
                let members = archive.members();
                let points: Vec<Point> = members.iter().map(|(_, point)| point.clone()).collect();
                members
                    .iter()
                    .zip(standings(&points))
                    .filter(|((trial, _), _)| new(trial))
                    .min_by(|(_, a), (_, b)| a.best_first(b))
                    .map(|((trial, point), _)| (trial.clone(), Value::Point(point.clone())))
            }
        }
    }

    /// The trials that were walked from, in order.
    pub(super) fn all_walked(&self) -> Vec<u32> {
        self.walked.iter().copied().collect()
    }

    /// Puts itself where it was after these trials.
    ///
    /// # Errors
    ///
    /// As for [`value`](Self::value).
    pub(super) fn restore<'a>(
        &mut self,
        mut trials: impl Iterator<Item = &'a Trial>,
        walked: &[u32],
    ) -> Result<(), SearchError> {
        match &mut self.places {
            Places::Evaluated(trials) => trials.clear(),
            Places::Front { archive, .. } => *archive = Archive::default(),
        }
        self.walked = walked.iter().copied().collect();
        trials.try_for_each(|trial| self.tell(trial))
    }
}
