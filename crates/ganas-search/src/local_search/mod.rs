//! Local search: walks to better neighbours, and goes on from the best other architecture where there is none.
//!
//! White, Nolen, Savani, "Exploring the Loss Landscape in Neural Architecture Search", UAI 2021, where it is a strong
//! baseline on benchmark tables. Their code has two choices to make, whether to move at the first improvement or to the best
//! neighbour, and whether to start anew in a local optimum or to go on; this is the form that moves at the first
//! improvement and goes on, which is the strongest on NAS-Bench-101 (docs/METHOD.md).
//!
//! With several objectives it walks from one member of the archive after the other, as Pareto local search does (Paquete,
//! Chiarandini, Stützle, "Pareto Local Optimum Sets in the Biobjective Traveling Salesman Problem", 2004).

mod walks;

use std::collections::BTreeSet;
use std::sync::Arc;

use ganas_random::Stream;
use ganas_space::{Arch, ArchKey, SearchSpace};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::start::neighbourhood;
use crate::streams::{Purpose, Streams};
use crate::{Event, Objectives, Proposal, SearchError, Searcher, Trial, TrialNumber};
use walks::{Value, Walks};

/// Evaluates [`INITIAL`](Self::INITIAL) random classes, and from the best of them one neighbour after the other, in random
/// order; the first better one takes its place.
///
/// Where no neighbour that was not evaluated before is better, it goes on from the best architecture that it has not yet
/// walked from; from a random class when it has walked from all of them.
///
/// With several objectives a neighbour is better when it dominates. Where none does, the search goes on from the member of
/// the archive that has the most room on the front, among those that it has not yet walked from.
#[derive(Debug)]
pub struct LocalSearch {
    space: Arc<dyn SearchSpace>,
    streams: Streams,
    /// The network to start from.
    given: Option<Arch>,
    /// The classes that are known, proposed or told.
    seen: BTreeSet<ArchKey>,
    /// What was known before the search.
    known: Vec<Trial>,
    /// The classes enqueued and proposed, in this order.
    asked: Vec<ArchKey>,
    /// How many random architectures were proposed before the first step.
    designed: usize,
    /// The trials told so far.
    told: u32,
    /// Where it stands.
    place: Option<Place>,
    walks: Walks,
}

/// An architecture whose neighbours are being evaluated.
#[derive(Debug)]
struct Place {
    value: Value,
    /// The number of its trial.
    trial: u32,
    /// What had been proposed when it was reached: together with the seed, that says which are its neighbours, and in which
    /// order they come.
    reached: u32,
    /// Its neighbours that had not been proposed then.
    neighbours: Vec<Arch>,
    /// How many of them have been proposed.
    proposed: usize,
}

/// What is needed, with the trials, to continue.
#[derive(Debug, Serialize, Deserialize)]
struct Checkpoint {
    seed: u64,
    told: u32,
    designed: usize,
    /// Trial, proposals when it was reached, neighbours proposed since.
    place: Option<(u32, u32, usize)>,
    /// The trials that were walked from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    walked: Vec<u32>,
}

impl LocalSearch {
    /// The name on the command line and in records.
    pub const NAME: &'static str = "local-search";

    /// Random architectures before the first step.
    pub const INITIAL: usize = 10;

    /// After so many draws of known classes in a row, a restart is given up, and the space counts as exhausted.
    pub const REPEATS_IN_A_ROW: u32 = 10_000;

    /// A local search over a space.
    #[must_use]
    pub fn new(space: Arc<dyn SearchSpace>, seed: u64) -> Self {
        Self {
            space,
            streams: Streams { seed },
            given: None,
            seen: BTreeSet::new(),
            known: Vec::new(),
            asked: Vec::new(),
            designed: 0,
            told: 0,
            place: None,
            walks: Walks::new(),
        }
    }

    /// Searches for the front of several objectives: trials have a value of each of them.
    #[must_use]
    pub fn for_front(mut self, objectives: Objectives) -> Self {
        self.walks = Walks::for_front(objectives);
        self
    }

    /// Starts from a given network, or from the nearest that satisfies the constraints, instead of random architectures.
    #[must_use]
    pub fn starting_from(mut self, given: Arch) -> Self {
        self.given = Some(given);
        self
    }

    /// The random numbers of what happens after so many trials.
    fn stream(&self, trials: u32, item: usize) -> Stream {
        self.streams.get(Purpose::LocalSearch, trials, item, 0)
    }

    /// Random classes that were not evaluated before, distinct.
    fn random(&self, n: usize) -> Vec<Proposal> {
        let mut stream = self.stream(count(self.asked.len()), 0);
        let mut drawn = BTreeSet::new();
        let mut proposals = Vec::new();
        let mut repeats = 0;
        while proposals.len() < n && repeats < Self::REPEATS_IN_A_ROW {
            let arch = self.space.sample(&mut stream);
            let key = self.space.key(&arch);
            let admitted = self.space.admits(&arch) && !self.seen.contains(&key);
            if admitted && drawn.insert(key) {
                proposals.push(Proposal { arch, key });
                repeats = 0;
            } else {
                repeats += 1;
            }
        }
        proposals
    }

    /// The neighbours whose classes are not in `seen`, one for each class, in random order.
    fn neighbours(&self, arch: &Arch, seen: &BTreeSet<ArchKey>, reached: u32) -> Vec<Arch> {
        let mut classes = BTreeSet::new();
        let mut neighbours = self.space.neighbours(arch);
        neighbours.retain(|arch| {
            let key = self.space.key(arch);
            !seen.contains(&key) && classes.insert(key)
        });
        neighbours.shuffle(&mut self.stream(reached, 1));
        neighbours
    }

    /// Goes to a trial.
    fn move_to(&mut self, trial: &Trial, value: Value) {
        self.walks.walked(trial.number.0);
        let reached = count(self.asked.len());
        let neighbours = self.neighbours(&trial.arch, &self.seen, reached);
        self.place = Some(Place {
            value,
            trial: trial.number.0,
            reached,
            neighbours,
            proposed: 0,
        });
    }

    /// Remembers what is proposed.
    fn propose(&mut self, proposals: Vec<Proposal>) -> Vec<Proposal> {
        self.seen.extend(proposals.iter().map(|p| p.key));
        self.asked.extend(proposals.iter().map(|p| p.key));
        proposals
    }

    /// Random architectures, or the given one, before the first step.
    fn design(&mut self, limit: usize) -> Vec<Proposal> {
        if let Some(given) = &self.given {
            let stream = self.streams.get(Purpose::Start, 0, 0, 0);
            let nearest = neighbourhood(&*self.space, given, 1, stream);
            if !nearest.is_empty() {
                self.designed = Self::INITIAL;
                let proposal = |arch| Proposal::new(&*self.space, arch);
                return nearest.into_iter().map(proposal).collect();
            }
        }
        let n = limit.min(Self::INITIAL - self.designed);
        self.designed += n;
        self.random(n)
    }

    /// The trial with this number: one of the run, or, counted from the largest number down, one that was known before it.
    fn trial<'a>(&'a self, trials: &'a [Trial], number: u32) -> Option<&'a Trial> {
        let known = self.known.get((u32::MAX - number) as usize);
        trials.get(number as usize).or(known)
    }
}

impl Searcher for LocalSearch {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn ask(&mut self, limit: usize) -> Result<Vec<Proposal>, SearchError> {
        if self.designed < Self::INITIAL && self.known.is_empty() {
            let design = self.design(limit);
            return Ok(self.propose(design));
        }
        loop {
            if let Some(place) = &mut self.place
                && let Some(arch) = place.neighbours.get(place.proposed)
            {
                place.proposed += 1;
                let proposal = Proposal::new(&*self.space, arch.clone());
                // It may be a neighbour of an earlier place, too, and have been proposed there since.
                if self.seen.contains(&proposal.key) {
                    continue;
                }
                return Ok(self.propose(vec![proposal]));
            }
            self.place = None;
            // The neighbours of a place may all have been evaluated; then it is the turn of another one.
            match self.walks.next() {
                Some((trial, value)) => self.move_to(&trial, value),
                None => {
                    let random = self.random(1);
                    return Ok(self.propose(random));
                }
            }
        }
    }

    fn learn(&mut self, known: &[Trial]) -> Result<(), SearchError> {
        for trial in known {
            let number = TrialNumber(u32::MAX - count(self.known.len()));
            let trial = Trial {
                number,
                ..trial.clone()
            };
            self.seen.insert(trial.key);
            self.walks.tell(&trial)?;
            self.known.push(trial);
        }
        Ok(())
    }

    fn enqueue(&mut self, first: &[Proposal]) {
        self.seen.extend(first.iter().map(|p| p.key));
        self.asked.extend(first.iter().map(|p| p.key));
    }

    fn tell(&mut self, trials: &[Trial]) -> Result<(), SearchError> {
        for trial in trials {
            if trial.number.0 != self.told {
                return Err(SearchError::OutOfOrder {
                    told: trial.number.0,
                    expected: self.told,
                });
            }
            self.told += 1;
            self.seen.insert(trial.key);
            self.walks.tell(trial)?;
        }
        // `ask` says which of the first architectures is walked from.
        if self.place.is_none() {
            return Ok(());
        }
        // The first among equals, and only if it is better than where the search stands.
        let mut best: Option<(&Trial, Value)> = None;
        for trial in trials {
            let Some(value) = self.walks.value(trial)? else {
                continue;
            };
            let better_than = |other: &Value| value.is_better_than(other);
            if best.as_ref().is_none_or(|(_, best)| better_than(best))
                && self.place.as_ref().is_none_or(|p| better_than(&p.value))
            {
                best = Some((trial, value));
            }
        }
        if let Some((trial, value)) = best {
            self.move_to(trial, value);
        }
        Ok(())
    }

    fn take_events(&mut self) -> Vec<Event> {
        Vec::new()
    }

    fn checkpoint(&self) -> Result<Vec<u8>, SearchError> {
        rmp_serde::to_vec(&Checkpoint {
            seed: self.streams.seed,
            told: self.told,
            designed: self.designed,
            place: self
                .place
                .as_ref()
                .map(|place| (place.trial, place.reached, place.proposed)),
            walked: self.walks.all_walked(),
        })
        .map_err(|e| SearchError::CheckpointEncoding {
            reason: e.to_string(),
        })
    }

    fn restore(
        &mut self,
        checkpoint: &[u8],
        trials: &[Trial],
        pending: &[Proposal],
    ) -> Result<(), SearchError> {
        let bad = |reason: String| SearchError::BadCheckpoint {
            round: trials.last().map_or(0, |t| t.round),
            reason,
        };
        let state: Checkpoint =
            rmp_serde::from_slice(checkpoint).map_err(|e| bad(e.to_string()))?;
        if state.seed != self.streams.seed || u32::try_from(trials.len()) != Ok(state.told) {
            return Err(bad(format!(
                "it was written with seed {} after {} trials, not with seed {} after {}",
                state.seed,
                state.told,
                self.streams.seed,
                trials.len()
            )));
        }
        let told = self.known.iter().chain(trials);
        self.walks.restore(told, &state.walked)?;
        self.asked = trials.iter().map(|trial| trial.key).collect();
        self.asked
            .extend(pending.iter().map(|proposal| proposal.key));
        let known: BTreeSet<ArchKey> = self.known.iter().map(|trial| trial.key).collect();
        let place = match state.place {
            None => None,
            Some((number, reached, proposed)) => {
                let missing = || {
                    bad(format!(
                        "it stands at trial {number}, which was not completed"
                    ))
                };
                let trial = self.trial(trials, number).ok_or_else(missing)?;
                let value = self.walks.value(trial)?.ok_or_else(missing)?;
                let before = self.asked.get(..reached as usize).ok_or_else(|| {
                    bad(format!(
                        "it stands at trial {number} since proposal {reached}"
                    ))
                })?;
                let seen = before.iter().chain(&known).copied().collect();
                Some(Place {
                    value,
                    trial: number,
                    reached,
                    neighbours: self.neighbours(&trial.arch, &seen, reached),
                    proposed,
                })
            }
        };
        self.place = place;
        self.told = state.told;
        self.designed = state.designed;
        self.seen = known;
        self.seen.extend(&self.asked);
        Ok(())
    }
}

/// A number of proposals as it is recorded.
fn count(len: usize) -> u32 {
    u32::try_from(len).expect("invariant: the budget bounds the proposals, and is a u32")
}

#[cfg(test)]
mod tests;
