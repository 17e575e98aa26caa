//! The state of a run between two rounds, as bytes: that of the searcher, and what is pending.

use ganas_search::Proposal;
use ganas_space::SearchSpace;

/// What a checkpoint holds: the length of the pending proposals as 8 bytes (little endian), they as a JSON array of texts of the
/// space, and the state that the searcher has written.
#[derive(Debug)]
pub(crate) struct StoredState {
    /// What the searcher has written.
    pub(crate) searcher: Vec<u8>,
    /// What was proposed and not told, as texts of the space, in the order of proposal.
    pending: Vec<String>,
}

impl StoredState {
    pub(crate) fn new(searcher: Vec<u8>, pending: &[&Proposal], space: &dyn SearchSpace) -> Self {
        let pending = pending.iter().map(|proposal| space.encode(&proposal.arch));
        Self {
            searcher,
            pending: pending.collect(),
        }
    }

    /// The state of a searcher when nothing is pending.
    pub(crate) fn of_searcher(searcher: Vec<u8>) -> Self {
        Self {
            searcher,
            pending: Vec::new(),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let pending = serde_json::to_vec(&self.pending)
            .expect("invariant: a list of texts can be written as JSON");
        let mut bytes = (pending.len() as u64).to_le_bytes().to_vec();
        bytes.extend(pending);
        bytes.extend(&self.searcher);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let parts = bytes.split_first_chunk().and_then(|(length, rest)| {
            let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
            rest.split_at_checked(length)
        });
        let (pending, searcher) = parts.ok_or("it is shorter than it says")?;
        Ok(Self {
            searcher: searcher.to_vec(),
            pending: serde_json::from_slice(pending).map_err(|error| error.to_string())?,
        })
    }

    /// What is pending, as architectures of the space.
    pub(crate) fn pending(&self, space: &dyn SearchSpace) -> Result<Vec<Proposal>, String> {
        let decode = |text: &String| {
            let arch = space.decode(text);
            arch.map(|arch| Proposal::new(space, arch))
                .map_err(|error| error.to_string())
        };
        self.pending.iter().map(decode).collect()
    }
}
