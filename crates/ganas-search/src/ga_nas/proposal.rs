//! From the generator's draws to the architectures that are evaluated.

use std::collections::BTreeSet;

use ganas_random::Stream;
use ganas_space::{Arch, ArchKey, SearchSpace};

use super::encode::SeenGraph;
use super::history::History;

/// Random draws after which a search for an unseen architecture gives up.
const RANDOM_ATTEMPTS: usize = 10_000;

/// Unseen architectures in the order in which they were found, one for each class.
#[derive(Debug, Default)]
pub(super) struct Pool {
    archs: Vec<Arch>,
    /// The classes that are not added (again).
    keys: BTreeSet<ArchKey>,
}

impl Pool {
    /// An empty pool that takes none of these classes.
    pub(super) fn without(keys: BTreeSet<ArchKey>) -> Self {
        Self {
            archs: Vec::new(),
            keys,
        }
    }

    /// Adds an architecture, unless it violates a constraint, or its class was evaluated or is in the pool; says whether it
    /// was added.
    pub(super) fn add(&mut self, space: &dyn SearchSpace, history: &History, arch: Arch) -> bool {
        if !space.admits(&arch) {
            return false;
        }
        let key = space.key(&arch);
        self.add_keyed(history, key, &arch)
    }

    /// Adds an architecture that violates no constraint and has this key, unless its class was evaluated or is in the
    /// pool; says whether it was added.
    pub(super) fn add_keyed(&mut self, history: &History, key: ArchKey, arch: &Arch) -> bool {
        let new = !history.contains(key) && self.keys.insert(key);
        if new {
            self.archs.push(arch.clone());
        }
        new
    }

    /// Fills the pool to `size` with random architectures, or to as many as are found; returns how many were added.
    pub(super) fn fill(
        &mut self,
        space: &dyn SearchSpace,
        history: &History,
        mut stream: Stream,
        size: usize,
    ) -> usize {
        let before = self.archs.len();
        let mut misses = 0;
        while self.archs.len() < size && misses < RANDOM_ATTEMPTS {
            misses = if self.add(space, history, space.sample(&mut stream)) {
                0
            } else {
                misses + 1
            };
        }
        self.archs.len().saturating_sub(before)
    }

    pub(super) fn len(&self) -> usize {
        self.archs.len()
    }

    /// What a discriminator sees of each architecture.
    pub(super) fn seen(&self, space: &dyn SearchSpace) -> Vec<SeenGraph> {
        self.archs
            .iter()
            .map(|arch| SeenGraph::of(space, arch))
            .collect()
    }

    /// The first `n` architectures.
    pub(super) fn first(mut self, n: usize) -> Vec<Arch> {
        self.archs.truncate(n);
        self.archs
    }

    /// The architectures with these numbers.
    pub(super) fn select(&self, numbers: &[usize]) -> Vec<Arch> {
        numbers.iter().map(|&i| self.archs[i].clone()).collect()
    }
}

/// The members pick in turn, each its highest score among what is left (the earlier among equals).
pub(super) fn thompson(scores: &[Vec<f64>], n: usize) -> Vec<usize> {
    let size = scores.first().map_or(0, Vec::len);
    let mut left = vec![true; size];
    let mut picked = Vec::new();
    for member in scores.iter().cycle().take(n.min(size)) {
        let best = (0..size)
            .filter(|&i| left[i])
            .max_by(|&a, &b| member[a].total_cmp(&member[b]).then(b.cmp(&a)));
        if let Some(best) = best {
            left[best] = false;
            picked.push(best);
        }
    }
    picked
}

/// The highest means of the members' scores, each standardised over the pool (the earlier among equals).
pub(super) fn highest_mean(scores: &[Vec<f64>], n: usize) -> Vec<usize> {
    let mean = standardised_mean(scores);
    let mut order: Vec<usize> = (0..mean.len()).collect();
    order.sort_by(|&a, &b| mean[b].total_cmp(&mean[a]));
    order.truncate(n);
    order
}

/// The mean of the members' scores, each standardised over the pool, times the number of members.
pub(super) fn standardised_mean(scores: &[Vec<f64>]) -> Vec<f64> {
    let size = scores.first().map_or(0, Vec::len);
    let mut mean = vec![0.0; size];
    for member in scores {
        let count = f64::from(u32::try_from(size).expect("invariant: a pool is small"));
        let centre = member.iter().sum::<f64>() / count;
        let deviation = (member.iter().map(|s| (s - centre).powi(2)).sum::<f64>() / count).sqrt();
        for (m, score) in mean.iter_mut().zip(member) {
            *m += (score - centre) / (deviation + 1e-6);
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_pick_in_turn_without_repetition() {
        let scores = vec![vec![3.0, 2.0, 1.0, 0.0], vec![3.0, 0.0, 1.0, 2.0]];
        assert_eq!(thompson(&scores, 3), [0, 3, 1]);
        assert_eq!(thompson(&scores, 9), [0, 3, 1, 2]);
        assert_eq!(thompson(&[vec![1.0, 1.0]], 1), [0]);
    }

    #[test]
    fn the_mean_is_of_standardised_scores() {
        // The second member's scores are larger, but only their order within the member counts.
        let scores = vec![vec![0.0, 1.0, 2.0], vec![1000.0, 900.0, 0.0]];
        assert_eq!(highest_mean(&scores, 2), [1, 2]);
    }
}
