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
//!
//! Where edges are forbidden or required, what an architecture still needs is a shortest path: edges that are there or
//! required cost nothing, and each that can still be chosen costs one of those that the limit leaves.

use super::{ABSENT, Blueprint, PRESENT, Sources};
use crate::decisions::Partial;
use crate::vertex_set::{below, bits, reachable};

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

/// A vertex that no path reaches.
const UNREACHED: u32 = u32::MAX;

impl Blueprint {
    /// Whether the limit on edges leaves an architecture with a path to the output, in which the next decision, if one is
    /// given, about the edge from a vertex, has this answer, which is not forbidden.
    pub(super) fn fits(&self, partial: &Partial, decided: Option<(usize, bool)>) -> bool {
        if !self.limits.are_on_free_edges() {
            return true;
        }
        let (mut n_edges, mut needed) = (0, [UNREACHED; 64]);
        needed[0] = 0;
        for v in 1..self.n_vertices() {
            let (sure, possible) = self.edges_into(v, partial, decided);
            n_edges += sure.count_ones();
            let nearest = |set| bits(set).map(|u| needed[u]).min().unwrap_or(UNREACHED);
            needed[v] = nearest(sure).min(nearest(possible).saturating_add(1));
        }
        let output = self.n_vertices() - 1;
        let more = match self.vertices[output].sources {
            Sources::AnyOf { .. } => needed[output],
            _ => 0,
        };
        n_edges.saturating_add(more) <= self.max_edges && more != UNREACHED
    }

    /// The sources that a vertex has for sure, and those that it may have beside them.
    fn edges_into(&self, v: usize, partial: &Partial, next: Option<(usize, bool)>) -> (u64, u64) {
        if let Some(complete) = partial.predecessors().get(v) {
            return (*complete, 0);
        }
        let limit = self.limits.of(v);
        match (self.vertices[v].sources, next) {
            (Sources::Fixed(sources), _) => (sources, 0),
            (Sources::AnyOf { .. }, Some((from, present))) if v == partial.labels().len() => {
                let taken = self.chosen_sources(partial, v) | u64::from(present) << from;
                let ahead = !below(from) & !(1 << from);
                let required = limit.required & ahead;
                (taken | required, limit.allowed & ahead & !required)
            }
            (Sources::AnyOf { .. }, _) => (limit.required, limit.allowed & !limit.required),
            _ => (0, 0),
        }
    }
}
