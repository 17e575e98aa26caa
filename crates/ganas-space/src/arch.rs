//! The architecture: a validated, labelled, directed acyclic graph with one source and one sink.

use serde::{Deserialize, Serialize};

use crate::SpaceError;

/// A label of a vertex: an operation of the space, or its input or output marker.
///
/// Ids are dense, without gaps, so that a network can index a table by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpId(pub u8);

impl OpId {
    /// The id as an index into tables of labels.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The position of a vertex in the topological order of its architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VertexId(pub u8);

impl VertexId {
    /// The id as an index into the vertices of an architecture.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A labelled directed acyclic graph: vertices in topological order, the first is the input, the last the output.
///
/// Invariant, checked by [`Arch::new`]: at least 2 and at most [`Arch::MAX_VERTICES`] vertices, and every edge goes
/// from a lower to a higher vertex. Vertices without edges are allowed: a dropped operation keeps its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arch {
    labels: Box<[OpId]>,
    predecessors: Box<[u64]>,
}

impl Arch {
    /// The largest number of vertices: the predecessors of a vertex are the bits of one 64-bit word.
    pub const MAX_VERTICES: usize = 64;

    /// Builds an architecture from the label and the predecessor set of each vertex.
    ///
    /// Bit `u` of `predecessors[v]` is set when there is an edge from `u` to `v`.
    ///
    /// # Errors
    ///
    /// [`SpaceError::NotADag`] when the lengths differ, the number of vertices is out of range, or an edge does not
    /// go from a lower to a higher vertex.
    pub fn new(
        labels: impl Into<Box<[OpId]>>,
        predecessors: impl Into<Box<[u64]>>,
    ) -> Result<Self, SpaceError> {
        let (labels, predecessors) = (labels.into(), predecessors.into());
        let n = labels.len();
        if !(2..=Self::MAX_VERTICES).contains(&n) || predecessors.len() != n {
            return Err(SpaceError::NotADag {
                reason: format!(
                    "{n} labels and {} predecessor sets; expected 2 to {} of each, equally many",
                    predecessors.len(),
                    Self::MAX_VERTICES
                ),
            });
        }
        for (v, &mask) in predecessors.iter().enumerate() {
            if mask >> v != 0 {
                return Err(SpaceError::NotADag {
                    reason: format!(
                        "vertex {v} has the predecessor set {mask:#b}; every predecessor must come before it"
                    ),
                });
            }
        }
        Ok(Self {
            labels,
            predecessors,
        })
    }

    /// The number of vertices, input and output included.
    #[must_use]
    pub fn n_vertices(&self) -> usize {
        self.labels.len()
    }

    /// The label of each vertex, in topological order.
    #[must_use]
    pub fn labels(&self) -> &[OpId] {
        &self.labels
    }

    /// The labels of the vertices between input and output.
    #[must_use]
    pub fn inner_labels(&self) -> &[OpId] {
        &self.labels[1..self.labels.len() - 1]
    }

    /// The predecessor set of each vertex: bit `u` of entry `v` is the edge from `u` to `v`.
    #[must_use]
    pub fn predecessors(&self) -> &[u64] {
        &self.predecessors
    }

    /// The number of edges.
    #[must_use]
    pub fn n_edges(&self) -> u32 {
        self.predecessors.iter().map(|m| m.count_ones()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_must_go_forward() {
        assert!(Arch::new([OpId(0), OpId(1)], [0, 0b01]).is_ok());
        for (labels, predecessors) in [
            (vec![OpId(0), OpId(1)], vec![0, 0b10]),
            (vec![OpId(0), OpId(1)], vec![0b10, 0]),
            (vec![OpId(0)], vec![0]),
            (vec![OpId(0), OpId(1)], vec![0]),
        ] {
            let result = Arch::new(labels, predecessors);
            assert!(
                matches!(result, Err(SpaceError::NotADag { .. })),
                "{result:?}"
            );
        }
    }
}
