//! Everything that was evaluated, and the best of it.

use std::collections::BTreeSet;

use ganas_space::{Arch, ArchKey, SearchSpace};

use super::encode::SeenGraph;
use crate::Trial;

/// An evaluated architecture.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The architecture as it was proposed.
    pub(super) arch: Arch,
    /// What a discriminator sees of it.
    pub(super) seen: SeenGraph,
    /// Its search metric.
    pub(super) value: f64,
}

/// All completed trials in the order in which they were told, one for each class.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    entries: Vec<Entry>,
    keys: BTreeSet<ArchKey>,
}

impl History {
    /// Adds a trial. Repeats add nothing; failed trials are only remembered as seen.
    pub(super) fn add(&mut self, space: &dyn SearchSpace, trial: &Trial) {
        if !self.keys.insert(trial.key) {
            return;
        }
        if let Some(search) = trial.search() {
            let arch = trial.arch.clone();
            let seen = SeenGraph::of(space, &arch);
            self.entries.push(Entry {
                arch,
                seen,
                value: search.0,
            });
        }
    }

    /// Whether an architecture of this class was evaluated.
    pub(super) fn contains(&self, key: ArchKey) -> bool {
        self.keys.contains(&key)
    }

    /// The entries in the order in which they were told.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The truth set and the losers: the numbers of all entries from best to worst (the earlier among equals first),
    /// split after the truth set, which has `size` entries but at most half of the history.
    pub(super) fn truth_and_losers(&self, size: usize) -> (Vec<usize>, Vec<usize>) {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by(|&a, &b| self.entries[b].value.total_cmp(&self.entries[a].value));
        let losers = order.split_off(size.min(self.entries.len() / 2));
        (order, losers)
    }

    /// The rank of each entry, 0 for the worst; equal values have equal ranks.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let mut values: Vec<f64> = self.entries.iter().map(|entry| entry.value).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        self.entries
            .iter()
            .map(|entry| {
                let rank = values.partition_point(|value| value.total_cmp(&entry.value).is_lt());
                u32::try_from(rank).expect("invariant: fewer than 2^32 entries")
            })
            .collect()
    }
}
