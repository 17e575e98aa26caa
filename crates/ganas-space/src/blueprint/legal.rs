//! What is legal at each decision, and how likely an edge is before anything was learnt.

use super::free_edges::FreeEdge;
use super::{ABSENT, Blueprint, Labels, PRESENT, Sources};
use crate::decisions::Partial;
use crate::vertex_set::{below, bits};

impl Blueprint {
    /// The legal labels of a vertex.
    pub(super) fn legal_labels(&self, partial: &Partial, vertex: usize) -> u64 {
        match (self.vertices[vertex].labels, self.absent) {
            (Labels::Trailing { previous, .. }, Some(absent))
                if partial.labels()[previous] == absent =>
            {
                1 << absent.0
            }
            _ => self.limits.of(vertex).labels,
        }
    }

    /// The legal actions of an edge, and its prior.
    pub(super) fn legal_edge(&self, partial: &Partial, from: usize, to: usize) -> (u64, f64) {
        match self.vertices[to].sources {
            Sources::AnyOf { .. } => (self.legal_free_edge(partial, from, to), 0.0),
            Sources::Exactly { count, .. } => {
                let needed = count - self.chosen_sources(partial, to).count_ones();
                self.legal_of_exactly(needed, from, to)
            }
            sources => {
                // The candidates before `from` were refused, or the set would be empty.
                let open = self.open_sources(partial, to) & !below(from);
                if open >> from & 1 == 0 {
                    return (ABSENT, 0.0);
                }
                if open.count_ones() == 1 {
                    return (PRESENT, 0.0);
                }
                let prior_log_odds = match sources {
                    Sources::LowerOfTwo { .. } => self.prior_of_lower(open, from, to),
                    _ => -f64::from(open.count_ones() - 1).ln(),
                };
                (ABSENT | PRESENT, prior_log_odds)
            }
        }
    }

    fn legal_free_edge(&self, partial: &Partial, from: usize, to: usize) -> u64 {
        if self.limits.are_on_free_edges() {
            let limit = self.limits.of(to);
            let fits = |present: bool| self.fits(partial, Some((from, present)));
            let absent = limit.required >> from & 1 == 0 && fits(false);
            let present = limit.allowed >> from & 1 == 1 && fits(true);
            return (u64::from(absent) * ABSENT) | (u64::from(present) * PRESENT);
        }
        let edge = FreeEdge {
            predecessors: partial.predecessors(),
            taken: self.chosen_sources(partial, to),
            from,
            max_edges: self.max_edges,
        };
        if to + 1 == self.n_vertices() {
            edge.legal_into_output()
        } else {
            edge.legal_inside()
        }
    }

    /// The legal actions of an edge into a vertex that needs so many more sources.
    fn legal_of_exactly(&self, needed: u32, from: usize, to: usize) -> (u64, f64) {
        let (limit, here, ahead) = (self.limits.of(to), 1 << from, !below(from));
        let (allowed, required) = (limit.allowed & ahead, limit.required & ahead);
        // What may be chosen freely, and of how many.
        let optional = (allowed & !required).count_ones();
        let wanted = needed - required.count_ones();
        if required & here != 0 {
            (PRESENT, 0.0)
        } else if allowed & here == 0 || wanted == 0 {
            (ABSENT, 0.0)
        } else if wanted == optional {
            (PRESENT, 0.0)
        } else {
            // Every set of sources is equally likely.
            let odds = f64::from(wanted) / f64::from(optional - wanted);
            (ABSENT | PRESENT, odds.ln())
        }
    }

    /// The log-odds that `from` is the lower of two sources, all pairs being equally likely, of which the lower is `open`.
    fn prior_of_lower(&self, open: u64, from: usize, to: usize) -> f64 {
        let higher = match self.higher_of(to) {
            Some(pair) => self.limits.of(pair).allowed,
            None => self.vertices[to].sources.candidates(),
        };
        let pairs = |lower: usize| (higher & !below(lower + 1)).count_ones();
        let others: u32 = bits(open & !(1 << from)).map(pairs).sum();
        (f64::from(pairs(from)) / f64::from(others)).ln()
    }

    /// The sources that a vertex can still take; empty once it has one.
    fn open_sources(&self, partial: &Partial, vertex: usize) -> u64 {
        if self.chosen_sources(partial, vertex) != 0 {
            return 0;
        }
        let allowed = self.limits.of(vertex).allowed;
        match self.vertices[vertex].sources {
            Sources::HigherOfTwo { lower, .. } => {
                let taken = partial.predecessors()[lower];
                allowed & !(taken | (taken - 1))
            }
            _ => allowed,
        }
    }
}
