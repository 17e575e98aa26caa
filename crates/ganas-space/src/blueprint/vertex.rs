//! What a vertex of a blueprint leaves open: its label, and its incoming edges.

use crate::arch::OpId;
use crate::vertex_set::highest;

/// A vertex, with what it leaves open.
#[derive(Clone, Copy, Debug)]
pub struct Vertex {
    /// Its label.
    pub labels: Labels,
    /// Its incoming edges.
    pub sources: Sources,
}

/// The label of a vertex.
#[derive(Clone, Copy, Debug)]
pub enum Labels {
    /// Always this one.
    Fixed(OpId),
    /// One of a set of [`OpId`]s; never empty.
    OneOf(u64),
    /// One of a set, which holds the label of absent vertices: when vertex `previous` is absent, this one is, too.
    Trailing {
        /// The set.
        set: u64,
        /// The vertex that must be present for this one to be.
        previous: usize,
    },
}

/// The incoming edges of a vertex.
#[derive(Clone, Copy, Debug)]
pub enum Sources {
    /// Always from this set.
    Fixed(u64),
    /// From one of at least two candidates, but not the last of them, which is left to the other vertex of a pair.
    LowerOfTwo {
        /// The candidates of both vertices.
        candidates: u64,
    },
    /// From one of the candidates that come after the source of vertex `lower`.
    HigherOfTwo {
        /// The candidates of both vertices.
        candidates: u64,
        /// The vertex with [`Sources::LowerOfTwo`].
        lower: usize,
    },
    /// From the last vertex before it that is not absent; from none when it is absent itself.
    LastPresent,
    /// From those of a set that are not absent; from none when it is absent itself.
    PresentOf(u64),
    /// From so many of the candidates, or from all of them when there are fewer.
    Exactly {
        /// How many.
        count: u32,
        /// Which.
        candidates: u64,
    },
    /// From any of the candidates, so that a path leads from the input to the output at last.
    AnyOf {
        /// Which.
        candidates: u64,
    },
    /// From every vertex before it that no other one reads.
    LooseEnds,
}

impl Vertex {
    /// A vertex that leaves nothing open.
    #[must_use]
    pub fn fixed(label: OpId, sources: u64) -> Self {
        Self {
            labels: Labels::Fixed(label),
            sources: Sources::Fixed(sources),
        }
    }
}

impl Sources {
    /// All vertices that are named as possible sources.
    pub(super) fn candidates(self) -> u64 {
        match self {
            Self::LastPresent | Self::LooseEnds => 0,
            Self::Fixed(sources) | Self::PresentOf(sources) => sources,
            Self::LowerOfTwo { candidates }
            | Self::HigherOfTwo { candidates, .. }
            | Self::Exactly { candidates, .. }
            | Self::AnyOf { candidates } => candidates,
        }
    }

    /// The sources that are asked for, ascending.
    pub(super) fn asked(self) -> u64 {
        match self {
            Self::Fixed(_) | Self::LastPresent | Self::PresentOf(_) | Self::LooseEnds => 0,
            Self::Exactly { count, candidates } if candidates.count_ones() <= count => 0,
            Self::Exactly { candidates, .. } | Self::AnyOf { candidates } => candidates,
            Self::LowerOfTwo { candidates } => candidates & !highest(candidates),
            Self::HigherOfTwo { candidates, .. } => candidates & (candidates - 1),
        }
    }
}
