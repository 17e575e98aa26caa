//! Methods: algorithms that decide from what has been told so far, and leave the bookkeeping to others.

use std::fmt::Debug;
use std::sync::Arc;

use ganas_space::{Arch, SearchSpace};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ledger::Ledger;
use crate::{Event, Proposal, SearchError, Searcher, Trial};

/// An algorithm that proposes architectures from what the [`Ledger`] has; [`MethodSearcher`] makes a searcher of it.
///
/// What it proposes depends on the ledger, on its state and on random numbers of the ledger's streams, which follow from the
/// seed and the number of proposals.
pub trait Method: Debug {
    /// What it has to remember beside the ledger to continue.
    type State: Serialize + DeserializeOwned;

    /// The name on the command line and in records.
    fn name(&self) -> &'static str;

    /// Proposes to the ledger between 1 and `limit` architectures; none when the space is exhausted, or when it has to be told
    /// first what came of earlier proposals.
    ///
    /// # Errors
    ///
    /// What prevents a proposal.
    fn propose(&mut self, ledger: &mut Ledger, limit: usize) -> Result<(), SearchError>;

    /// Learns from trials, which the ledger has taken in.
    ///
    /// # Errors
    ///
    /// What prevents it, such as a loss that is no longer finite.
    fn told(&mut self, ledger: &Ledger, trials: &[Trial]) -> Result<(), SearchError> {
        let _ = (ledger, trials);
        Ok(())
    }

    /// Takes the measurements made since the last call.
    fn take_events(&mut self) -> Vec<Event> {
        Vec::new()
    }

    /// What it has to remember.
    ///
    /// # Errors
    ///
    /// It cannot be read, for example because the device failed.
    fn state(&self) -> Result<Self::State, SearchError>;

    /// Goes on from that; the ledger is as it was. An error says how it does not fit.
    ///
    /// # Errors
    ///
    /// What does not fit.
    fn set_state(&mut self, state: Self::State, ledger: &Ledger) -> Result<(), String>;
}

/// A searcher that decides by a method.
///
/// ```
/// use std::sync::Arc;
///
/// use ganas_eval::SearchMetric;
/// use ganas_search::{Evolution, EvolutionConfig, MethodSearcher, Searcher, Trial, TrialNumber};
///
/// let space = ganas_space::by_name("nasbench201")?;
/// let evolution = Evolution::new(EvolutionConfig::natsbench())?;
/// let mut searcher = MethodSearcher::new(Arc::clone(&space), evolution, 7);
/// for number in 0..50 {
///     let proposal = searcher.ask(1)?.remove(0);
///     let value = f64::from(proposal.arch.n_edges());
///     let result = Ok(SearchMetric::maximized(value));
///     searcher.tell(&[Trial::new(TrialNumber(number), number, proposal, result)])?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MethodSearcher<M> {
    method: M,
    ledger: Ledger,
}

/// What is needed, with the trials, to continue.
#[derive(Debug, Serialize, Deserialize)]
struct Checkpoint<S> {
    method: String,
    seed: u64,
    told: u32,
    state: S,
}

impl<M: Method> MethodSearcher<M> {
    /// A searcher of a space.
    #[must_use]
    pub fn new(space: Arc<dyn SearchSpace>, method: M, seed: u64) -> Self {
        Self {
            method,
            ledger: Ledger::new(space, seed),
        }
    }

    /// Starts from a given network and its neighbourhood instead of random architectures, if the method has an initial design.
    #[must_use]
    pub fn starting_from(mut self, given: Arch) -> Self {
        self.ledger.start_from(given);
        self
    }
}

impl<M: Method> Searcher for MethodSearcher<M> {
    fn name(&self) -> &'static str {
        self.method.name()
    }

    fn ask(&mut self, limit: usize) -> Result<Vec<Proposal>, SearchError> {
        let before = self.ledger.pending().len();
        self.method.propose(&mut self.ledger, limit)?;
        Ok(self.ledger.pending().skip(before).cloned().collect())
    }

    fn learn(&mut self, known: &[Trial]) -> Result<(), SearchError> {
        self.ledger.learn(known);
        Ok(())
    }

    fn enqueue(&mut self, first: &[Proposal]) {
        self.ledger.enqueue(first);
    }

    fn tell(&mut self, trials: &[Trial]) -> Result<(), SearchError> {
        self.ledger.tell(trials)?;
        self.method.told(&self.ledger, trials)
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.method.take_events()
    }

    fn checkpoint(&self) -> Result<Vec<u8>, SearchError> {
        let checkpoint = Checkpoint {
            method: self.name().to_owned(),
            seed: self.ledger.seed(),
            told: self.ledger.told(),
            state: self.method.state()?,
        };
        rmp_serde::to_vec_named(&checkpoint).map_err(|error| SearchError::CheckpointEncoding {
            reason: error.to_string(),
        })
    }

    fn restore(
        &mut self,
        checkpoint: &[u8],
        trials: &[Trial],
        pending: &[Proposal],
    ) -> Result<(), SearchError> {
        let bad = |reason: String| SearchError::BadCheckpoint {
            round: trials.last().map_or(0, |trial| trial.round),
            reason,
        };
        let read: Checkpoint<M::State> =
            rmp_serde::from_slice(checkpoint).map_err(|error| bad(error.to_string()))?;
        let (seed, name) = (self.ledger.seed(), self.name());
        let fits = read.method == name && read.seed == seed;
        if !fits || u32::try_from(trials.len()) != Ok(read.told) {
            return Err(bad(format!(
                "it was written by {} with seed {} after {} trials, not by {name} with seed {seed} after {}",
                read.method,
                read.seed,
                read.told,
                trials.len()
            )));
        }
        self.ledger.restore(trials, pending)?;
        self.method.set_state(read.state, &self.ledger).map_err(bad)
    }
}
