//! Everything that was evaluated, and the best of it.

use std::collections::BTreeSet;

use ganas_eval::SearchMetric;
use ganas_space::{Arch, ArchKey, SearchSpace};

use super::encode::SeenGraph;
use crate::pareto::{Point, best_first, standings};
use crate::{Objectives, SearchError, Trial};

/// An evaluated architecture.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The architecture as it was proposed.
    pub(super) arch: Arch,
    /// What a discriminator sees of it.
    pub(super) seen: SeenGraph,
    /// Its search metric.
    pub(super) search: SearchMetric,
    /// The round in which it was proposed.
    round: u32,
}

/// What is better.
#[derive(Clone, Debug, Default)]
enum Aim {
    /// A better search metric.
    #[default]
    Metric,
    /// A better standing of the points, which are those of the entries.
    Front(Objectives, Vec<Point>),
}

/// All completed trials in the order in which they were told, one for each class.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    entries: Vec<Entry>,
    /// The classes that were told.
    keys: BTreeSet<ArchKey>,
    /// The classes that were proposed and not told.
    pending: BTreeSet<ArchKey>,
    aim: Aim,
}

impl History {
    /// A history in which several objectives say what is better, not the search metric.
    pub(super) fn towards(objectives: Objectives) -> Self {
        Self {
            aim: Aim::Front(objectives, Vec::new()),
            ..Self::default()
        }
    }

    /// Adds a trial. Repeats add nothing; failed trials are only remembered as seen.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadObjectives`] for a completed trial without a value for each of several objectives.
    pub(super) fn add(
        &mut self,
        space: &dyn SearchSpace,
        trial: &Trial,
    ) -> Result<(), SearchError> {
        self.pending.remove(&trial.key);
        if !self.keys.insert(trial.key) {
            return Ok(());
        }
        if let Some(search) = trial.search() {
            if let Aim::Front(objectives, points) = &mut self.aim {
                points.push(objectives.point(&trial.objectives)?);
            }
            let arch = trial.arch.clone();
            let seen = SeenGraph::of(space, &arch);
            self.entries.push(Entry {
                arch,
                seen,
                search,
                round: trial.round,
            });
        }
        Ok(())
    }

    /// Remembers classes that are proposed.
    pub(super) fn propose(&mut self, keys: impl IntoIterator<Item = ArchKey>) {
        self.pending.extend(keys);
    }

    /// Whether an architecture of this class was proposed or told.
    pub(super) fn contains(&self, key: ArchKey) -> bool {
        self.keys.contains(&key) || self.pending.contains(&key)
    }

    /// The entries in the order in which they were told.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The truth set and the losers: the numbers of all entries from best to worst (the earlier among equals first),
    /// split after the truth set, which has `size` entries but at most half of the history.
    ///
    /// With several objectives the better front is better, and on the same front the less crowded place.
    pub(super) fn truth_and_losers(&self, size: usize) -> (Vec<usize>, Vec<usize>) {
        let mut order = self.best_first();
        let losers = order.split_off(size.min(self.entries.len() / 2));
        (order, losers)
    }

    /// The numbers of all entries from best to worst.
    pub(super) fn best_first(&self) -> Vec<usize> {
        match &self.aim {
            Aim::Metric => {
                let mut order: Vec<usize> = (0..self.entries.len()).collect();
                order.sort_by(|&a, &b| {
                    self.entries[b]
                        .search
                        .gain()
                        .total_cmp(&self.entries[a].search.gain())
                });
                order
            }
            Aim::Front(_, points) => best_first(points),
        }
    }

    /// The rounds since the best was found, when `round` comes next: 0 when it was found in the last one.
    ///
    /// With several objectives the best is what nothing dominates, and the latest of it counts.
    pub(super) fn stalled(&self, round: u32) -> u32 {
        let found = match &self.aim {
            Aim::Metric => self.best_first().first().map(|&i| self.entries[i].round),
            Aim::Front(_, points) => standings(points)
                .iter()
                .zip(&self.entries)
                .filter(|(standing, _)| standing.front == 0)
                .map(|(_, entry)| entry.round)
                .max(),
        };
        found.map_or(0, |found| round.saturating_sub(found + 1))
    }

    /// How many entries nothing dominates, when there are several objectives.
    pub(super) fn front_size(&self) -> Option<usize> {
        match &self.aim {
            Aim::Metric => None,
            Aim::Front(_, points) => {
                let standings = standings(points);
                Some(standings.iter().filter(|s| s.front == 0).count())
            }
        }
    }

    /// For each objective the rank of each entry in it, 0 for the worst; equal values have equal ranks.
    pub(super) fn ranks(&self) -> Vec<Vec<u32>> {
        match &self.aim {
            Aim::Metric => vec![ranks(
                self.entries
                    .iter()
                    .map(|entry| entry.search.gain())
                    .collect(),
            )],
            Aim::Front(objectives, points) => (0..objectives.all().len())
                .map(|at| ranks(points.iter().map(|point| point.values()[at]).collect()))
                .collect(),
        }
    }
}

fn ranks(values: Vec<f64>) -> Vec<u32> {
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    values
        .into_iter()
        .map(|value| {
            let rank = sorted.partition_point(|other| other.total_cmp(&value).is_lt());
            u32::try_from(rank).expect("invariant: fewer than 2^32 entries")
        })
        .collect()
}
