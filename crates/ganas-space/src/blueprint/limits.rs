//! What is left of the decisions of a blueprint when some of their actions are forbidden.
//!
//! Forbidding is exact: what remains legal can always be completed, and everything that has no forbidden action can
//! still be built.
//! Of labels, of pairs of sources and of fixed numbers of sources, what can be completed is known beforehand; of free
//! edges with a limit on their number, [`FreeEdge`](super::free_edges::FreeEdge) looks ahead at each decision.

use super::{ABSENT, Blueprint, Labels, PRESENT, Sources, Vertex};
use crate::decisions::{Choice, Partial};
use crate::vertex_set::{below, bits};

/// What is left of each vertex.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// As far as it was said.
    said: Vec<Limit>,
    /// The same without what cannot be completed.
    settled: Vec<Limit>,
    /// Whether an edge into a vertex with [`Sources::AnyOf`] is forbidden or required.
    on_free_edges: bool,
}

/// What is left of a vertex.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    /// Its labels; of one that trails another, while that one is present.
    pub(super) labels: u64,
    /// Whether it may be absent because the vertex that it trails is.
    pub(super) may_follow: bool,
    /// The sources that it may have, of those that are asked for.
    pub(super) allowed: u64,
    /// The sources that it must have.
    pub(super) required: u64,
}

impl Limits {
    /// Everything is left.
    pub(super) fn none(vertices: &[Vertex]) -> Self {
        let limit = |vertex: &Vertex| Limit {
            labels: match vertex.labels {
                Labels::Fixed(label) => 1 << label.0,
                Labels::OneOf(set) | Labels::Trailing { set, .. } => set,
            },
            may_follow: true,
            allowed: vertex.sources.asked(),
            required: 0,
        };
        let said: Vec<Limit> = vertices.iter().map(limit).collect();
        Self {
            settled: said.clone(),
            said,
            on_free_edges: false,
        }
    }

    pub(super) fn of(&self, vertex: usize) -> Limit {
        self.settled[vertex]
    }

    /// Looks ahead to paths also where no free edge is forbidden or required.
    #[cfg(test)]
    pub(super) fn look_ahead(&mut self) {
        self.on_free_edges = true;
    }

    pub(super) fn are_on_free_edges(&self) -> bool {
        self.on_free_edges
    }
}

/// Actions that are forbidden at a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forbidden {
    /// The number of the decision.
    pub(crate) step: usize,
    /// The actions.
    pub(crate) actions: u64,
    /// Whether a vertex may still be absent where it has no choice, since the one that it trails is absent.
    pub(crate) may_follow: bool,
}

impl Blueprint {
    /// The same decisions without these actions; `None` when nothing is left.
    pub(crate) fn without(&self, forbidden: impl IntoIterator<Item = Forbidden>) -> Option<Self> {
        let mut less = self.clone();
        for forbidden in forbidden {
            less.forbid(forbidden);
        }
        less.settle().then_some(less)
    }

    /// Whether an edge must be there.
    pub(crate) fn requires_edge(&self, from: usize, to: usize) -> bool {
        self.limits.of(to).required >> from & 1 == 1
    }

    fn forbid(&mut self, forbidden: Forbidden) {
        let Forbidden { step, actions, .. } = forbidden;
        match self.steps[step] {
            Choice::Label { vertex } => {
                let limit = &mut self.limits.said[vertex.index()];
                limit.labels &= !actions;
                let absent = self.absent.map_or(0, |absent| 1 << absent.0);
                limit.may_follow &= forbidden.may_follow || actions & absent == 0;
            }
            Choice::Edge { from, to } => {
                let limit = &mut self.limits.said[to.index()];
                let source = 1 << from.index();
                if actions & PRESENT != 0 {
                    limit.allowed &= !source;
                }
                if actions & ABSENT != 0 {
                    limit.required |= source;
                }
                let is_free = matches!(self.vertices[to.index()].sources, Sources::AnyOf { .. });
                self.limits.on_free_edges |= is_free && actions & (ABSENT | PRESENT) != 0;
            }
        }
    }

    /// Takes out what cannot be completed; whether anything is left.
    fn settle(&mut self) -> bool {
        self.limits.settled = self.limits.said.clone();
        self.settle_labels() && self.settle_sources() && self.fits(&Partial::empty(), None)
    }

    /// A vertex that others trail may be absent only when they may follow it, and present only when they have a label then.
    fn settle_labels(&mut self) -> bool {
        let n = self.n_vertices();
        let absent = self.absent.map_or(0, |absent| 1_u64 << absent.0);
        let mut is_left = true;
        for v in (0..n).rev() {
            let trails_it = |w: &usize| matches!(self.vertices[*w].labels, Labels::Trailing { previous, .. } if previous == v);
            let behind = || (v + 1..n).filter(trails_it);
            let settled = &self.limits.settled;
            let can_be_followed = behind().all(|w| settled[w].may_follow);
            let can_go_on = behind().all(|w| settled[w].labels != 0);
            let limit = &mut self.limits.settled[v];
            if !can_be_followed {
                limit.labels &= !absent;
                limit.may_follow = false;
            }
            if !can_go_on {
                limit.labels &= absent;
            }
            is_left &=
                limit.labels != 0 || matches!(self.vertices[v].labels, Labels::Trailing { .. });
        }
        is_left
    }

    /// Pairs and fixed numbers of sources.
    fn settle_sources(&mut self) -> bool {
        // The higher of two comes after the lower, which needs to know what is left for it.
        (0..self.n_vertices()).rev().all(|v| {
            let higher = self.higher_of(v).map(|w| self.limits.settled[w].allowed);
            let limit = &mut self.limits.settled[v];
            let required = limit.required;
            if required & !limit.allowed != 0 {
                return false;
            }
            match self.vertices[v].sources {
                Sources::LowerOfTwo { .. } | Sources::HigherOfTwo { .. } => {
                    if required != 0 {
                        limit.allowed &= required;
                    }
                    if let Some(higher) = higher {
                        let lower = bits(limit.allowed).filter(|u| higher & !below(u + 1) != 0);
                        limit.allowed = lower.fold(0, |set, u| set | 1 << u);
                    }
                    required.count_ones() <= 1 && limit.allowed != 0
                }
                Sources::Exactly { count, candidates } if candidates.count_ones() > count => {
                    required.count_ones() <= count && count <= limit.allowed.count_ones()
                }
                _ => true,
            }
        })
    }

    /// The vertex that takes the higher of two sources, of which this one takes the lower.
    pub(super) fn higher_of(&self, vertex: usize) -> Option<usize> {
        let is_pair = |w: &usize| matches!(self.vertices[*w].sources, Sources::HigherOfTwo { lower, .. } if lower == vertex);
        (vertex + 1..self.n_vertices()).find(is_pair)
    }
}
