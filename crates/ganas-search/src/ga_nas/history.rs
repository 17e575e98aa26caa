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
    /// By how much it misses bounds on what was measured.
    violation: f64,
    /// How many higher fidelities it was not evaluated with.
    missing: u32,
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
                violation: trial.violation,
                missing: trial.missing,
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
    /// What misses bounds on what was measured is worse than all that satisfies them, and is no member of the truth set,
    /// except the one that misses them least as long as nothing satisfies them, so that there is something to learn from.
    pub(super) fn truth_and_losers(&self, size: usize) -> (Vec<usize>, Vec<usize>) {
        let mut order = self.best_first();
        let feasible = self.n_feasible().max(1);
        let losers = order.split_off(size.min(self.entries.len() / 2).min(feasible));
        (order, losers)
    }

    /// How many entries satisfy all bounds.
    fn n_feasible(&self) -> usize {
        let feasible = self.entries.iter().filter(|entry| entry.is_feasible());
        feasible.count()
    }

    /// Of the numbers of all entries, best first, those of feasible ones first, then the others, those that miss least first.
    fn by_feasibility(&self, order: Vec<usize>) -> Vec<usize> {
        let (mut feasible, mut others): (Vec<usize>, Vec<usize>) =
            (order.into_iter()).partition(|&number| self.entries[number].is_feasible());
        others.sort_by(|&a, &b| {
            let violation = |number: usize| self.entries[number].violation;
            violation(a).total_cmp(&violation(b))
        });
        feasible.extend(others);
        feasible
    }

    /// The numbers of all entries from best to worst.
    pub(super) fn best_first(&self) -> Vec<usize> {
        let order = match &self.aim {
            Aim::Metric => {
                let mut order: Vec<usize> = (0..self.entries.len()).collect();
                order.sort_by(|&a, &b| {
                    let (a, b) = (&self.entries[a], &self.entries[b]);
                    let by_gain = b.search.gain().total_cmp(&a.search.gain());
                    a.missing.cmp(&b.missing).then(by_gain)
                });
                order
            }
            Aim::Front(_, points) => best_first(points),
        };
        self.by_feasibility(order)
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
                .filter(|(standing, entry)| standing.front == 0 && entry.is_feasible())
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
    ///
    /// In each of them, what misses bounds on what was measured ranks below all that satisfies them, what misses them more
    /// below what misses them less: so a ranker learns what is feasible. Values are compared within a fidelity; what was
    /// evaluated with a higher one was among the best with the lower one, and ranks above those that were not.
    pub(super) fn ranks(&self) -> Vec<Vec<u32>> {
        let of_values = |values: Vec<f64>| {
            let standings = values.into_iter().zip(&self.entries).map(|(value, entry)| {
                if entry.is_feasible() {
                    (0.0, -f64::from(entry.missing), value)
                } else {
                    (-entry.violation, 0.0, 0.0)
                }
            });
            ranks(standings.collect())
        };
        match &self.aim {
            Aim::Metric => {
                let gains = self.entries.iter().map(|entry| entry.search.gain());
                vec![of_values(gains.collect())]
            }
            Aim::Front(objectives, points) => (0..objectives.all().len())
                .map(|at| of_values(points.iter().map(|point| point.values()[at]).collect()))
                .collect(),
        }
    }
}

impl Entry {
    fn is_feasible(&self) -> bool {
        self.violation <= 0.0
    }
}

/// The rank of each standing, of which the greater one is better; the first part decides, then the second, then the third.
fn ranks(values: Vec<(f64, f64, f64)>) -> Vec<u32> {
    let compare = |a: &(f64, f64, f64), b: &(f64, f64, f64)| {
        let second = a.1.total_cmp(&b.1);
        a.0.total_cmp(&b.0).then(second).then(a.2.total_cmp(&b.2))
    };
    let mut sorted = values.clone();
    sorted.sort_by(compare);
    sorted.dedup();
    values
        .into_iter()
        .map(|value| {
            let rank = sorted.partition_point(|other| compare(other, &value).is_lt());
            u32::try_from(rank).expect("invariant: fewer than 2^32 entries")
        })
        .collect()
}
