//! How many architectures a blueprint builds, and one of them drawn uniformly.
//!
//! As for bounds on costs, partial architectures with the same legal decisions before them are one node of a decision
//! diagram; the number of ways from a node to the end is the sum of those of the nodes after it.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_core::Rng;

use super::{Blueprint, Labels, Sources, Vertex};
use crate::arch::Arch;
use crate::decisions::{Action, Partial};
use crate::vertex_set::reachable;

/// The largest diagram.
const MAX_NODES: usize = 200_000;

/// The numbers of completions of all partial architectures.
#[derive(Clone, Debug)]
pub(crate) struct Completions {
    /// The nodes after each number of decisions.
    levels: Vec<Vec<Node>>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// The legal actions, each with the node of the next level that it leads to.
    arcs: Vec<(Action, usize)>,
    /// The number of completions, when a `u64` holds it.
    exact: Option<u64>,
    /// The same number, rounded.
    rounded: f64,
}

impl Completions {
    /// Counts what a blueprint builds; `None` when the diagram is too large.
    pub(crate) fn new(blueprint: &Blueprint) -> Option<Self> {
        let mut levels = Vec::new();
        let mut n_nodes = 1;
        let mut reached = vec![blueprint.start()];
        while !reached.is_empty() {
            let mut numbers = BTreeMap::new();
            let mut next = Vec::new();
            let mut level = Vec::with_capacity(reached.len());
            for partial in &reached {
                let mut node = Node::default();
                let legal = blueprint.decision(partial).map(|decision| decision.legal);
                for action in legal.iter().flat_map(|legal| legal.iter()) {
                    let mut after = partial.clone();
                    (blueprint.apply(&mut after, action)).expect("invariant: the action is legal");
                    let to =
                        *(numbers.entry(blueprint.legality_state(&after))).or_insert_with(|| {
                            next.push(after);
                            next.len() - 1
                        });
                    node.arcs.push((action, to));
                }
                level.push(node);
            }
            levels.push(level);
            n_nodes += next.len();
            if n_nodes > MAX_NODES {
                return None;
            }
            reached = next;
        }
        count(&mut levels);
        Some(Self { levels })
    }

    /// The number of architectures, when a `u64` holds it.
    pub(crate) fn n_archs(&self) -> Option<u64> {
        self.levels[0][0].exact
    }

    /// An architecture, all being equally likely.
    pub(crate) fn sample(&self, blueprint: &Blueprint, rng: &mut dyn Rng) -> Arch {
        let mut partial = blueprint.start();
        let mut node = &self.levels[0][0];
        for next in &self.levels[1..] {
            let mut left = rng.random::<f64>() * node.rounded;
            let chosen = node.arcs.iter().find(|(_, to)| {
                left -= next[*to].rounded;
                left < 0.0
            });
            // Rounding may leave a rest.
            let (action, to) =
                *(chosen.or(node.arcs.last())).expect("invariant: some action is legal");
            (blueprint.apply(&mut partial, action)).expect("invariant: the action is legal");
            node = &next[to];
        }
        (blueprint.finish(&partial)).expect("invariant: every decision is taken")
    }
}

/// Adds up the ways to the end, from the last level on.
fn count(levels: &mut [Vec<Node>]) {
    for l in (0..levels.len()).rev() {
        let (before, after) = levels.split_at_mut(l + 1);
        for node in &mut before[l] {
            if node.arcs.is_empty() {
                (node.exact, node.rounded) = (Some(1), 1.0);
                continue;
            }
            let ahead = || node.arcs.iter().map(|(_, to)| &after[0][*to]);
            node.exact = ahead().try_fold(0_u64, |sum, next| sum.checked_add(next.exact?));
            node.rounded = ahead().map(|next| next.rounded).sum();
        }
    }
}

impl Blueprint {
    /// All that legal actions from here on depend on.
    fn legality_state(&self, partial: &Partial) -> Vec<u64> {
        let complete = partial.labels().len();
        let mut state = Vec::new();
        let ahead = || self.vertices.iter().enumerate().skip(complete);
        for (v, vertex) in ahead() {
            if let Labels::Trailing { previous, .. } = vertex.labels {
                state.push(u64::from(self.is_absent(partial, previous)));
            }
            if let Sources::HigherOfTwo { lower, .. } = vertex.sources
                && lower < complete
            {
                state.push(partial.predecessors()[lower]);
            }
            match vertex.sources {
                Sources::LowerOfTwo { .. } | Sources::HigherOfTwo { .. } if v == complete => {
                    state.push(self.chosen_sources(partial, v));
                }
                Sources::Exactly { .. } if v == complete => {
                    state.push(self.chosen_sources(partial, v).count_ones().into());
                }
                _ => {}
            }
        }
        let is_free = |vertex: &Vertex| matches!(vertex.sources, Sources::AnyOf { .. });
        if ahead().any(|(_, vertex)| is_free(vertex)) {
            let reached = reachable(partial.predecessors());
            let complete = partial.predecessors().iter().map(|set| set.count_ones());
            let taken = self.open_edges(partial);
            let n_edges = complete.sum::<u32>() + taken.count_ones();
            state.extend([reached, n_edges.into(), u64::from(taken & reached != 0)]);
        }
        state
    }

    /// Whether a vertex is decided to be absent.
    fn is_absent(&self, partial: &Partial, vertex: usize) -> bool {
        let label = match partial.labels().get(vertex) {
            Some(label) => Some(label.0),
            None => {
                let step = self.label_step(vertex);
                step.and_then(|step| partial.actions().get(step))
                    .map(|action| action.0)
            }
        };
        label.is_some() && label == self.absent.map(|absent| absent.0)
    }

    /// The sources that were decided to be present of the vertex that is not complete, when there is one.
    fn open_edges(&self, partial: &Partial) -> u64 {
        let complete = partial.labels().len();
        if complete == self.n_vertices() {
            return 0;
        }
        self.chosen_sources(partial, complete)
    }
}
