//! Which edges a vertex can still take where any number of earlier vertices may be read, with a limit on all edges.
//!
//! An action is legal exactly when an architecture can still be reached in which a path leads from the input to the
//! output:
//!
//! - An edge between other vertices than the output needs one edge less than the limit with it, so that one is left for
//!   the output, which the input can always take.
//! - An edge into the output needs at most as many edges as the limit with it. As long as no edge into the output comes
//!   from a vertex that the input reaches, one more edge must be left for such a vertex that is still to come, or this
//!   must be one.
//! - Leaving out an edge into the output needs the same: an earlier one, or an edge and a vertex that are still to come.

use super::{ABSENT, PRESENT};
use crate::vertex_set::{bits, reachable};

/// Where a decision about an edge stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct FreeEdge<'a> {
    /// The predecessors of the vertices before.
    pub(super) predecessors: &'a [u64],
    /// The sources of the vertex that were taken before.
    pub(super) taken: u64,
    /// The source.
    pub(super) from: usize,
    /// The number of edges must not exceed this.
    pub(super) max_edges: u32,
}

impl FreeEdge<'_> {
    /// The legal actions of an edge into an inner vertex.
    pub(super) fn legal_inside(self) -> u64 {
        if self.n_edges() + 1 < self.max_edges {
            ABSENT | PRESENT
        } else {
            ABSENT
        }
    }

    /// The legal actions of an edge into the output.
    pub(super) fn legal_into_output(self) -> u64 {
        let n_edges = self.n_edges();
        let reached = reachable(self.predecessors);
        let connected = self.taken & reached != 0;
        let later = bits(reached).any(|v| v > self.from);
        let absent = connected || later && n_edges < self.max_edges;
        let present = n_edges < self.max_edges
            && (connected
                || reached >> self.from & 1 == 1
                || later && n_edges + 1 < self.max_edges);
        (u64::from(absent) * ABSENT) | (u64::from(present) * PRESENT)
    }

    fn n_edges(self) -> u32 {
        let complete = self.predecessors.iter().map(|set| set.count_ones());
        complete.sum::<u32>() + self.taken.count_ones()
    }
}
