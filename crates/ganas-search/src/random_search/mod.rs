//! Random search: draws classes uniformly, never the same one twice. The baseline of every comparison.

use std::collections::BTreeSet;
use std::sync::Arc;

use ganas_random::{Stream, StreamKey};
use ganas_space::{ArchKey, SearchSpace};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::streams::Purpose;
use crate::unseen::{REPEATS_IN_A_ROW, remaining};
use crate::{Event, Proposal, SearchError, Searcher, Trial};

/// Proposes classes of architectures uniformly at random, without repetition.
///
/// Draw `i` of a run depends on its seed and `i` only, so the checkpoint is the number of the next draw.
/// After [`REPEATS_IN_A_ROW`](Self::REPEATS_IN_A_ROW) draws of known classes the remaining classes are listed and one
/// of them is drawn, so a space that can be enumerated is exhausted to the last class; any other space counts as
/// exhausted then.
#[derive(Debug)]
pub struct RandomSearch {
    space: Arc<dyn SearchSpace>,
    seed: u64,
    next_draw: u64,
    /// The classes proposed or told.
    seen: BTreeSet<ArchKey>,
    told: u32,
}

/// What is needed, with the trials, to continue.
#[derive(Debug, Serialize, Deserialize)]
struct Checkpoint {
    seed: u64,
    next_draw: u64,
    told: u32,
}

impl RandomSearch {
    /// The name on the command line and in records.
    pub const NAME: &'static str = "random";

    /// The largest number of proposals of one ask.
    pub const PER_ASK: usize = 10;

    /// After so many draws of known classes in a row, drawing is given up.
    pub const REPEATS_IN_A_ROW: u32 = REPEATS_IN_A_ROW;

    /// A random search over a space.
    #[must_use]
    pub fn new(space: Arc<dyn SearchSpace>, seed: u64) -> Self {
        Self {
            space,
            seed,
            next_draw: 0,
            seen: BTreeSet::new(),
            told: 0,
        }
    }

    fn draw(&mut self) -> Option<Proposal> {
        for _ in 0..Self::REPEATS_IN_A_ROW {
            let mut stream = self.next_stream();
            let arch = self.space.sample(&mut stream);
            let proposal = Proposal::new(&*self.space, arch);
            if self.space.admits(&proposal.arch) && self.seen.insert(proposal.key) {
                return Some(proposal);
            }
        }
        let mut left = remaining(&*self.space, &self.seen);
        if left.is_empty() {
            return None;
        }
        // One of the classes not seen yet, represented by its first architecture.
        let at = self.next_stream().random_range(0..left.len());
        let proposal = left.swap_remove(at);
        self.seen.insert(proposal.key);
        Some(proposal)
    }

    fn next_stream(&mut self) -> Stream {
        let [a, b, c, d, e, f, g, h] = self.next_draw.to_le_bytes();
        self.next_draw += 1;
        Stream::new(StreamKey {
            seed: self.seed,
            purpose: Purpose::RandomSearch as u8,
            iteration: u32::from_le_bytes([e, f, g, h]),
            item: u32::from_le_bytes([a, b, c, d]),
            step: 0,
        })
    }
}

impl Searcher for RandomSearch {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn ask(&mut self, limit: usize) -> Result<Vec<Proposal>, SearchError> {
        let n = limit.min(Self::PER_ASK);
        Ok(std::iter::from_fn(|| self.draw()).take(n).collect())
    }

    fn learn(&mut self, known: &[Trial]) -> Result<(), SearchError> {
        self.seen.extend(known.iter().map(|trial| trial.key));
        Ok(())
    }

    fn enqueue(&mut self, first: &[Proposal]) {
        self.seen.extend(first.iter().map(|proposal| proposal.key));
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
        }
        Ok(())
    }

    fn take_events(&mut self) -> Vec<Event> {
        Vec::new()
    }

    fn checkpoint(&self) -> Result<Vec<u8>, SearchError> {
        rmp_serde::to_vec(&Checkpoint {
            seed: self.seed,
            next_draw: self.next_draw,
            told: self.told,
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
        if state.seed != self.seed {
            return Err(bad(format!(
                "it was written with seed {}, not {}",
                state.seed, self.seed
            )));
        }
        if u32::try_from(trials.len()) != Ok(state.told) {
            return Err(bad(format!(
                "it was written after {} trials and {} draws, but there are {} trials",
                state.told,
                state.next_draw,
                trials.len()
            )));
        }
        self.next_draw = state.next_draw;
        self.told = state.told;
        self.seen.extend(trials.iter().map(|t| t.key));
        self.seen.extend(pending.iter().map(|p| p.key));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
