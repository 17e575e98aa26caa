//! What a Gaussian process chooses from: neighbours of the best, and random architectures.

use std::collections::{BTreeMap, BTreeSet};

use ganas_space::{Arch, ArchKey};

use super::kernel::Point;
use super::point;
use super::regression::{Prediction, Regression};
use crate::ledger::Ledger;
use crate::streams::Purpose;

/// Architectures with what is predicted of them. A prediction grows with the values that are told, as long as the
/// hyper-parameters stay; a new fit begins with a new pool.
#[derive(Debug)]
pub(super) struct Pool {
    known: BTreeMap<ArchKey, Candidate>,
    /// The random ones, in the order in which they were drawn.
    random: Vec<(ArchKey, Arch)>,
    /// The neighbours of entries. Each entry has its own member of a class, so that what is proposed does not depend on which of
    /// them was looked up first.
    neighbours: BTreeMap<usize, Vec<(ArchKey, Arch)>>,
}

/// What is known of a class.
#[derive(Debug)]
struct Candidate {
    point: Point,
    prediction: Prediction,
}

impl Pool {
    /// A pool with random architectures, whose random numbers are those before the proposal with the number `asked`.
    ///
    /// Those that were seen by then may be among them, so that the pool is the same whenever it is made.
    pub(super) fn new(ledger: &Ledger, asked: u32, n_random: usize) -> Self {
        let mut pool = Self {
            known: BTreeMap::new(),
            random: Vec::new(),
            neighbours: BTreeMap::new(),
        };
        let mut stream = ledger.streams().get(Purpose::Candidates, asked, 0, 0);
        let mut drawn = BTreeSet::new();
        for _ in 0..n_random {
            let arch = ledger.space().sample(&mut stream);
            let key = ledger.space().key(&arch);
            if drawn.insert(key) && pool.take_in(ledger, key, &arch) {
                pool.random.push((key, arch));
            }
        }
        pool
    }

    /// Takes in an architecture; says whether it can be chosen, seen or not.
    fn take_in(&mut self, ledger: &Ledger, key: ArchKey, arch: &Arch) -> bool {
        let space = &**ledger.space();
        if !space.admits(arch) {
            return false;
        }
        if self.known.contains_key(&key) {
            return true;
        }
        let Some(point) = point(space, arch) else {
            return false;
        };
        let candidate = Candidate {
            point,
            prediction: Prediction::default(),
        };
        self.known.insert(key, candidate);
        true
    }

    /// The unseen candidates: neighbours of up to `parents` of the best entries, until there are `n`, then the random ones.
    pub(super) fn candidates(
        &mut self,
        ledger: &Ledger,
        parents: usize,
        n: usize,
    ) -> Vec<(ArchKey, Arch)> {
        let mut order: Vec<(ArchKey, Arch)> = Vec::new();
        let mut listed = BTreeSet::new();
        let mut is_new = |key: ArchKey| !ledger.is_seen(key) && listed.insert(key);
        for entry in ledger.best_first().into_iter().take(parents) {
            if order.len() >= n {
                break;
            }
            self.look_up(ledger, entry);
            let near = self.neighbours[&entry].iter();
            order.extend(near.filter(|(key, _)| is_new(*key)).cloned());
        }
        order.truncate(n);
        let random = self.random.iter();
        order.extend(random.filter(|(key, _)| is_new(*key)).cloned());
        order
    }

    fn look_up(&mut self, ledger: &Ledger, entry: usize) {
        if self.neighbours.contains_key(&entry) {
            return;
        }
        let space = ledger.space();
        let mut near = Vec::new();
        for arch in space.neighbours(&ledger.entries()[entry].arch) {
            let key = space.key(&arch);
            if self.take_in(ledger, key, &arch) {
                near.push((key, arch));
            }
        }
        self.neighbours.insert(entry, near);
    }

    /// What is predicted of a candidate, brought up to all values.
    pub(super) fn predict(&mut self, key: ArchKey, regression: &Regression) -> &Prediction {
        let candidate = self.known.get_mut(&key);
        let candidate = candidate.expect("invariant: only what was taken in is a candidate");
        regression.predict(&mut candidate.prediction, &candidate.point);
        &candidate.prediction
    }

    /// The decisions of a candidate.
    pub(super) fn point(&self, key: ArchKey) -> &[u8] {
        &self.known[&key].point
    }
}
