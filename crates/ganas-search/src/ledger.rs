//! What a searcher knows: what it has proposed, and what came of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ganas_random::{Stream, StreamKey};
use ganas_space::{Arch, ArchKey, SearchSpace};

use crate::merit::Merit;
use crate::start::neighbourhood;
use crate::streams::{Purpose, Streams};
use crate::unseen::unseen;
use crate::{Proposal, SearchError, Trial};

/// A class that was evaluated, with a result.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The number of its trial; nothing for what was known before the search.
    pub number: Option<u32>,
    /// The architecture as it was proposed.
    pub arch: Arch,
    /// How good it is.
    pub merit: Merit,
}

/// What was proposed, what is being evaluated, and what came of the rest: all that a [`Method`](crate::Method) decides from.
///
/// It takes every class once, whoever proposes it, and none that the space does not admit.
#[derive(Debug)]
pub struct Ledger {
    space: Arc<dyn SearchSpace>,
    streams: Streams,
    /// The classes that are known, enqueued, proposed or told.
    seen: BTreeSet<ArchKey>,
    /// What was proposed and not told, in the order of proposal.
    pending: VecDeque<Proposal>,
    /// What has a result: what was known first, then in the order of trials.
    entries: Vec<Entry>,
    /// The numbers of the entries.
    entry_of: BTreeMap<ArchKey, usize>,
    told: u32,
    /// The network to start from.
    given: Option<Arch>,
    /// That network and its neighbourhood, once it has been looked up.
    near: Option<Vec<Arch>>,
}

impl Ledger {
    pub(crate) fn new(space: Arc<dyn SearchSpace>, seed: u64) -> Self {
        Self {
            space,
            streams: Streams { seed },
            seen: BTreeSet::new(),
            pending: VecDeque::new(),
            entries: Vec::new(),
            entry_of: BTreeMap::new(),
            told: 0,
            given: None,
            near: None,
        }
    }

    /// The search space.
    #[must_use]
    pub fn space(&self) -> &Arc<dyn SearchSpace> {
        &self.space
    }

    /// The seed of the run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.streams.seed
    }

    /// What has a result: what was known before the search first, then in the order of the trials; a class is there once.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of a class, when it has a result.
    #[must_use]
    pub fn entry_of(&self, key: ArchKey) -> Option<&Entry> {
        self.entry_of.get(&key).map(|&at| &self.entries[at])
    }

    /// How many architectures count for an initial design: what was known with a result, and what was enqueued or proposed.
    #[must_use]
    pub fn n_begun(&self) -> usize {
        let known = self.entries.iter().filter(|entry| entry.number.is_none());
        known.count() + self.asked() as usize
    }

    /// The numbers of the entries from best to worst, the earlier among equals first.
    #[must_use]
    pub fn best_first(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        let merit = |number: &usize| &self.entries[*number].merit;
        order.sort_by(|a, b| merit(b).compare(merit(a)));
        order
    }

    /// The best of the entries, the earlier among equals.
    pub(crate) fn best(entries: impl Iterator<Item = usize>, of: &[Entry]) -> Option<usize> {
        entries.reduce(|best, next| {
            if of[next].merit.is_better_than(&of[best].merit) {
                next
            } else {
                best
            }
        })
    }

    /// What was proposed and not told, in the order of proposal.
    pub fn pending(&self) -> impl ExactSizeIterator<Item = &Proposal> {
        self.pending.iter()
    }

    /// How many trials were told.
    #[must_use]
    pub fn told(&self) -> u32 {
        self.told
    }

    /// How many architectures were enqueued or proposed: the number of the next trial.
    #[must_use]
    pub fn asked(&self) -> u32 {
        let pending = u32::try_from(self.pending.len());
        self.told + pending.expect("invariant: the budget bounds the proposals, and is a u32")
    }

    /// Whether a class is known, or was enqueued, proposed or told.
    #[must_use]
    pub fn is_seen(&self, key: ArchKey) -> bool {
        self.seen.contains(&key)
    }

    /// Proposes an architecture, unless its class was seen or it is not admitted; says whether it is proposed.
    pub fn propose(&mut self, arch: &Arch) -> bool {
        if !self.space.admits(arch) {
            return false;
        }
        self.propose_new(Proposal::new(&*self.space, arch.clone()))
    }

    /// Proposes a random class that was not seen; says whether there is one.
    pub fn propose_random(&mut self) -> bool {
        let mut stream = self.stream(Purpose::Unseen, 0, 0);
        let found = unseen(&*self.space, &self.seen, &mut stream);
        found.is_some_and(|proposal| self.propose_new(proposal))
    }

    /// Proposes the next architecture of an initial design of this size: the network to start from and its neighbourhood, if
    /// there is one, else a random class; says whether there is any.
    pub fn propose_design(&mut self, size: usize) -> bool {
        if let Some(given) = &self.given {
            let near = self.near.take().unwrap_or_else(|| {
                let stream = self.streams.get(Purpose::Start, 0, 0, 0);
                neighbourhood(&*self.space, given, size, stream)
            });
            let is_proposed = near.iter().any(|arch| self.propose(arch));
            self.near = Some(near);
            if is_proposed {
                return true;
            }
        }
        self.propose_random()
    }

    fn propose_new(&mut self, proposal: Proposal) -> bool {
        let is_new = self.seen.insert(proposal.key);
        if is_new {
            self.pending.push_back(proposal);
        }
        is_new
    }

    /// The random numbers of what is decided before the next proposal.
    pub(crate) fn stream(&self, purpose: Purpose, item: usize, step: usize) -> Stream {
        self.streams.get(purpose, self.asked(), item, step)
    }

    /// The key of that stream.
    pub(crate) fn stream_key(&self, purpose: Purpose, item: usize, step: usize) -> StreamKey {
        self.streams.key(purpose, self.asked(), item, step)
    }

    pub(crate) fn streams(&self) -> Streams {
        self.streams
    }

    pub(crate) fn start_from(&mut self, given: Arch) {
        self.given = Some(given);
    }

    pub(crate) fn learn(&mut self, known: &[Trial]) {
        for trial in known {
            self.add(None, trial);
        }
    }

    pub(crate) fn enqueue(&mut self, first: &[Proposal]) {
        self.seen.extend(first.iter().map(|proposal| proposal.key));
        self.pending.extend(first.iter().cloned());
    }

    /// Takes in trials, in the order of proposal.
    ///
    /// # Errors
    ///
    /// [`SearchError::OutOfOrder`].
    pub(crate) fn tell(&mut self, trials: &[Trial]) -> Result<(), SearchError> {
        for trial in trials {
            if trial.number.0 != self.told {
                return Err(SearchError::OutOfOrder {
                    told: trial.number.0,
                    expected: self.told,
                });
            }
            self.told += 1;
            self.pending.pop_front();
            self.add(Some(trial.number.0), trial);
        }
        Ok(())
    }

    /// Goes to where it was after these trials, with these proposals on their way.
    ///
    /// # Errors
    ///
    /// As for [`tell`](Self::tell).
    pub(crate) fn restore(
        &mut self,
        trials: &[Trial],
        pending: &[Proposal],
    ) -> Result<(), SearchError> {
        self.tell(trials)?;
        self.enqueue(pending);
        Ok(())
    }

    fn add(&mut self, number: Option<u32>, trial: &Trial) {
        self.seen.insert(trial.key);
        if let (false, Some(merit)) = (trial.repeat, Merit::of(trial)) {
            self.entry_of.insert(trial.key, self.entries.len());
            self.entries.push(Entry {
                number,
                arch: trial.arch.clone(),
                merit,
            });
        }
    }
}
