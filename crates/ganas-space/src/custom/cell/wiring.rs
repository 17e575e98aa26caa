//! What cells of different kinds do differently.

use std::fmt::Debug;

use rand_core::Rng;

use crate::blueprint::Blueprint;
use crate::{Arch, OpId, Part, SpaceError};

/// What all kinds of cells have.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// The name of the space.
    pub(super) name: String,
    pub(super) operations: Vec<String>,
    /// The number of nodes, without input and output.
    pub(super) nodes: usize,
}

impl Frame {
    /// The number of operations, as the type of labels.
    pub(super) fn n_ops(&self) -> u8 {
        u8::try_from(self.operations.len()).expect("invariant: a cell has at most 61 operations")
    }

    /// The set of all operations.
    pub(super) fn all_operations(&self) -> u64 {
        (1 << self.n_ops()) - 1
    }

    /// The labels of input and output.
    pub(super) fn ends(&self) -> [OpId; 2] {
        Blueprint::ends(self.operations.len())
    }

    pub(super) fn not_in_space(&self, reason: impl Into<String>) -> SpaceError {
        SpaceError::NotInSpace {
            space: self.name.as_str().into(),
            reason: reason.into(),
        }
    }

    /// Checks that only the ends of an architecture are input and output.
    pub(super) fn check_labels(&self, arch: &Arch) -> Result<(), SpaceError> {
        let [input, output] = self.ends();
        let last = arch.n_vertices() - 1;
        let fits = |(v, label): (usize, &OpId)| match v {
            0 => *label == input,
            _ if v == last => *label == output,
            _ => *label < input,
        };
        if arch.labels().iter().enumerate().all(fits) {
            return Ok(());
        }
        Err(self
            .not_in_space("expected the input first, the output last, and operations between them"))
    }
}

/// How the nodes of a cell are connected, and where its operations are.
///
/// Methods that take an [`Arch`] and return no `Result` expect one of the space.
pub(super) trait Wiring: Debug + Send + Sync {
    /// How architectures are built.
    fn blueprint(&self) -> &Blueprint;

    /// The number of architectures that are built, when a `u64` holds it.
    fn size(&self) -> Option<u64>;

    /// The architecture with all vertices that a generator builds, in the same class.
    fn complete(&self, arch: &Arch) -> Result<Arch, SpaceError>;

    /// The form that all members of a class share.
    fn canonical(&self, arch: &Arch) -> Arch;

    /// A random member of the class.
    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch;

    /// A random member of the class that a blueprint builds which leaves less open, when one is found.
    fn member_in(&self, blueprint: &Blueprint, arch: &Arch, rng: &mut dyn Rng) -> Option<Arch>;

    /// A random architecture; of which distribution, each kind says.
    fn sample(&self, rng: &mut dyn Rng) -> Arch;

    /// The architectures one change away.
    fn neighbours(&self, arch: &Arch) -> Vec<Arch>;

    fn encode(&self, arch: &Arch) -> String;

    fn decode(&self, text: &str) -> Result<Arch, SpaceError>;

    /// What costs are added over, of a canonical form.
    fn parts(&self, canonical: &Arch) -> Vec<Part>;
}
