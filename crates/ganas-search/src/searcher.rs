//! The searcher: proposes architectures, is told how good they are.

use ganas_space::{Arch, ArchKey, SearchSpace};

use crate::{Event, SearchError, Trial};

/// An architecture that a searcher proposes for evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The architecture.
    pub arch: Arch,
    /// Its class.
    pub key: ArchKey,
}

impl Proposal {
    /// Proposes an architecture of a space.
    #[must_use]
    pub fn new(space: &dyn SearchSpace, arch: Arch) -> Self {
        Self {
            key: space.key(&arch),
            arch,
        }
    }
}

/// A search algorithm behind ask/tell.
///
/// Proposals depend on the seed, the configuration and the trials told so far, and on nothing else: not on time, not
/// on the number of threads. After [`restore`](Self::restore) a searcher behaves as the one that wrote the checkpoint.
pub trait Searcher {
    /// The name of the algorithm on the command line and in records.
    fn name(&self) -> &'static str;

    /// Proposes between 1 and `limit` architectures; none when the space is exhausted, or when it has to be told first what
    /// came of earlier proposals.
    ///
    /// # Errors
    ///
    /// What prevents a proposal, such as a loss that is no longer finite.
    fn ask(&mut self, limit: usize) -> Result<Vec<Proposal>, SearchError>;

    /// Learns what is known before it proposes anything; these trials are numbered on their own, and it does not propose them.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadObjectives`] for a trial without a value of each of several objectives.
    fn learn(&mut self, known: &[Trial]) -> Result<(), SearchError>;

    /// Learns what is evaluated before its first proposal, and told like its own; it does not propose that again.
    fn enqueue(&mut self, first: &[Proposal]);

    /// Is told trials of what it has proposed, or of what was enqueued, in the order of proposal.
    ///
    /// # Errors
    ///
    /// [`SearchError::OutOfOrder`] when they come in another order.
    fn tell(&mut self, trials: &[Trial]) -> Result<(), SearchError>;

    /// Takes the measurements made since the last call.
    fn take_events(&mut self) -> Vec<Event>;

    /// Takes what was measured of the theory since the last call, which is no part of the record; nothing unless it was asked
    /// for.
    fn take_measured(&mut self) -> Vec<Event> {
        Vec::new()
    }

    /// The state that, together with the trials and what is proposed and not told, is needed to continue; taken after a `tell`.
    ///
    /// # Errors
    ///
    /// [`SearchError::CheckpointEncoding`].
    fn checkpoint(&self) -> Result<Vec<u8>, SearchError>;

    /// Puts a new searcher, which has learned what was known, into the state of a checkpoint; `trials` are all trials told before
    /// it was taken, `pending` is what had been proposed and not told, in the order of proposal.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadCheckpoint`].
    fn restore(
        &mut self,
        checkpoint: &[u8],
        trials: &[Trial],
        pending: &[Proposal],
    ) -> Result<(), SearchError>;
}
