//! From where local search walks when there are several objectives.

use std::collections::BTreeSet;

use crate::pareto::{Archive, Point, standings};
use crate::{Objectives, SearchError, Trial};

/// The archive, and which of its members were walked from.
#[derive(Debug)]
pub(super) struct Walks {
    objectives: Objectives,
    archive: Archive<Trial>,
    walked: BTreeSet<u32>,
}

impl Walks {
    pub(super) fn new(objectives: Objectives) -> Self {
        Self {
            objectives,
            archive: Archive::default(),
            walked: BTreeSet::new(),
        }
    }

    /// What a completed trial reaches.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadObjectives`] for a trial without a value for each objective.
    pub(super) fn point(&self, trial: &Trial) -> Result<Point, SearchError> {
        self.objectives.point(&trial.objectives)
    }

    /// Is told a trial; failed ones are left out.
    ///
    /// # Errors
    ///
    /// As for [`point`](Self::point).
    pub(super) fn tell(&mut self, trial: &Trial) -> Result<(), SearchError> {
        if trial.search().is_some() {
            let point = self.point(trial)?;
            self.archive.insert(trial.clone(), point);
        }
        Ok(())
    }

    /// Remembers that the search has been at a trial.
    pub(super) fn walked(&mut self, trial: u32) {
        self.walked.insert(trial);
    }

    /// Where to go on: of the members that were not walked from, the one with the most room, the earlier among equals.
    pub(super) fn next(&self) -> Option<(Trial, Point)> {
        let members = self.archive.members();
        let points: Vec<Point> = members.iter().map(|(_, point)| point.clone()).collect();
        let standings = standings(&points);
        members
            .iter()
            .zip(standings)
            .filter(|((trial, _), _)| !self.walked.contains(&trial.number.0))
            .min_by(|(_, a), (_, b)| a.best_first(b))
            .map(|(member, _)| member.clone())
    }

    /// The trials that were walked from, in order.
    pub(super) fn all_walked(&self) -> Vec<u32> {
        self.walked.iter().copied().collect()
    }

    /// Puts itself where it was after these trials.
    ///
    /// # Errors
    ///
    /// As for [`point`](Self::point).
    pub(super) fn restore(&mut self, trials: &[Trial], walked: &[u32]) -> Result<(), SearchError> {
        self.archive = Archive::default();
        self.walked = walked.iter().copied().collect();
        trials.iter().try_for_each(|trial| self.tell(trial))
    }
}
