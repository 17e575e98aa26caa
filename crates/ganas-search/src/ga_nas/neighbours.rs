//! The unseen neighbours of the best architectures, for the rankers to pick from beside the generator's draws.

use std::collections::BTreeMap;

use ganas_space::{Arch, ArchKey, SearchSpace};

use super::history::History;
use super::proposal::Pool;

/// The neighbours of evaluated architectures, which are looked up once for each of them.
///
/// They follow from the history alone, so that a checkpoint has none of them.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    /// By the number of the entry; without those that violate a constraint.
    of_entry: BTreeMap<usize, Vec<(ArchKey, Arch)>>,
}

impl Neighbours {
    /// The neighbours that were not evaluated: those of the best entry, then those of the next, until there are `size`
    /// or more, or all entries had their turn.
    ///
    /// So the pool goes deeper into the history as the surroundings of the best become known.
    pub(super) fn pool(&mut self, space: &dyn SearchSpace, history: &History, size: usize) -> Pool {
        let mut pool = Pool::default();
        for entry in history.best_first() {
            if pool.len() >= size {
                break;
            }
            let neighbours = self.of_entry.entry(entry).or_insert_with(|| {
                let mut neighbours = space.neighbours(&history.entries()[entry].arch);
                neighbours.retain(|arch| space.admits(arch));
                let keyed = neighbours.into_iter().map(|arch| (space.key(&arch), arch));
                keyed.collect()
            });
            for (key, arch) in neighbours {
                pool.add_keyed(history, *key, arch);
            }
        }
        pool
    }
}
