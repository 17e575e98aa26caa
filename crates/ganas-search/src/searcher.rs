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

    /// Proposes between 1 and `limit` architectures; none when the space is exhausted.
    ///
    /// # Errors
    ///
    /// What prevents a proposal, such as a loss that is no longer finite.
    fn ask(&mut self, limit: usize) -> Result<Vec<Proposal>, SearchError>;

    /// Is told the trials of the last proposals, all of them, in the order of proposal.
    ///
    /// # Errors
    ///
    /// [`SearchError::OutOfOrder`] when they come in another order.
    fn tell(&mut self, trials: &[Trial]) -> Result<(), SearchError>;

    /// Takes the measurements made since the last call.
    fn take_events(&mut self) -> Vec<Event>;

    /// The state that, together with the trials, is needed to continue; taken after a `tell`.
    ///
    /// # Errors
    ///
    /// [`SearchError::CheckpointEncoding`].
    fn checkpoint(&self) -> Result<Vec<u8>, SearchError>;

    /// Puts a new searcher into the state of a checkpoint; `trials` are all trials told before it was taken.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadCheckpoint`].
    fn restore(&mut self, checkpoint: &[u8], trials: &[Trial]) -> Result<(), SearchError>;
}
