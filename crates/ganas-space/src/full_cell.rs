//! Cells with operations on vertices of which every vertex lies on a path from the input to the output.

use rand::RngExt;
use rand::seq::index;
use rand_core::Rng;

use crate::blueprint::{Blueprint, DrawnOrder, drawn_order};
use crate::vertex_set::{bits, on_a_path};
use crate::{Arch, OpId};

/// The operations of the inner vertices, and the predecessor set of each vertex, in topological order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FullCell {
    pub(crate) ops: Vec<u8>,
    pub(crate) predecessors: Vec<u64>,
}

impl FullCell {
    /// What is left of an architecture without the vertices off all paths, or `None` when there is no path.
    pub(crate) fn of(arch: &Arch) -> Option<Self> {
        let keep: Vec<usize> = bits(on_a_path(arch.predecessors())?).collect();
        let inner = &keep[1..keep.len() - 1];
        Some(Self {
            ops: inner.iter().map(|v| arch.labels()[*v].0).collect(),
            predecessors: reordered(arch.predecessors(), &keep),
        })
    }

    /// The number of vertices.
    pub(crate) fn n_vertices(&self) -> usize {
        self.predecessors.len()
    }

    /// The cell with its vertices in another topological order, which lists their old numbers.
    pub(crate) fn in_order(&self, order: &[usize]) -> Self {
        let inner = &order[1..order.len() - 1];
        Self {
            ops: inner.iter().map(|v| self.ops[v - 1]).collect(),
            predecessors: reordered(&self.predecessors, order),
        }
    }

    /// The cell as an architecture of as many vertices as it has.
    pub(crate) fn arch(&self, [input, output]: [OpId; 2]) -> Arch {
        let mut labels = vec![input];
        labels.extend(self.ops.iter().copied().map(OpId));
        labels.push(output);
        Arch::new(labels, self.predecessors.clone())
            .expect("invariant: a cell is in topological order")
    }

    /// The cell in this order as an architecture with `n` vertices: those that it lacks take random places, have random
    /// operations, of which there are `n_ops`, and no edges.
    pub(crate) fn spread(
        &self,
        n: usize,
        n_ops: u8,
        [input, output]: [OpId; 2],
        rng: &mut dyn Rng,
    ) -> Arch {
        let absent = index::sample(rng, n - 2, n - self.n_vertices()).into_vec();
        let (mut labels, mut predecessors) = (vec![input], vec![0]);
        // By vertex of the cell: where it is now.
        let mut position = vec![0];
        for at in 1..n {
            if absent.contains(&(at - 1)) {
                labels.push(OpId(rng.random_range(0..n_ops)));
                predecessors.push(0);
                continue;
            }
            let v = position.len();
            labels.push(self.ops.get(v - 1).map_or(output, |op| OpId(*op)));
            let sources = bits(self.predecessors[v]);
            predecessors.push(sources.fold(0, |set, u| set | 1_u64 << position[u]));
            position.push(at);
        }
        Arch::new(labels, predecessors).expect("invariant: the order is topological")
    }

    /// The cell in another order, with vertices that pruning removes in any places, as a blueprint of more vertices builds
    /// it; `None` when none of these is legal.
    ///
    /// Such vertices have any operations, and no edges but those that the blueprint requires.
    pub(crate) fn member_in(&self, blueprint: &Blueprint, rng: &mut dyn Rng) -> Option<Arch> {
        let (own, n) = (self.n_vertices(), blueprint.n_vertices());
        let [first, inner @ .., last] = &*self.predecessors else {
            return None;
        };
        // The vertices that it lacks come after its own.
        let lacking = n.checked_sub(own)?;
        let mut before = vec![*first];
        before.extend(inner);
        before.extend(std::iter::repeat_n(0, lacking));
        before.push(*last);
        let is_own = |v: usize| v + 1 < own || v + 1 == n;
        let kinds: Vec<usize> = (0..n)
            .map(|v| if is_own(v) { v } else { own - 1 })
            .collect();
        let order = DrawnOrder {
            before: &before,
            kinds: &kinds,
            with_last: &|partial, order, rng| {
                let v = *order.last()?;
                let label = if v + 1 < own {
                    self.ops.get(v - 1)
                } else {
                    None
                };
                let reads = |u: usize| {
                    if is_own(v) && is_own(order[u]) {
                        before[v] >> order[u] & 1 == 1
                    } else {
                        blueprint.requires_edge(u, order.len() - 1)
                    }
                };
                let partial = blueprint.with_vertex(partial, label.copied(), &reads, rng)?;
                let is_whole = order.len() == n;
                let removed = || {
                    n - on_a_path(partial.predecessors()).map_or(0, |set| set.count_ones() as usize)
                };
                (!is_whole || removed() == lacking).then_some(partial)
            },
        };
        let partial = drawn_order(blueprint, &order, rng)?;
        blueprint.finish(&partial).ok()
    }
}

/// Adds vertices without edges before the output until there are `n`; their operation is the first one.
pub(crate) fn padded(arch: &Arch, n: usize) -> Arch {
    let last = arch.n_vertices() - 1;
    let mut labels = arch.labels()[..last].to_vec();
    let mut predecessors = arch.predecessors()[..last].to_vec();
    labels.resize(n - 1, OpId(0));
    predecessors.resize(n - 1, 0);
    labels.push(arch.labels()[last]);
    predecessors.push(arch.predecessors()[last]);
    Arch::new(labels, predecessors).expect("invariant: vertices without edges keep the order")
}

/// The order that takes the first vertex that can come next, or `None` when there is a cycle; the first vertex is first.
pub(crate) fn topological_order(sources: &[u64]) -> Option<Vec<usize>> {
    let n = sources.len();
    let (mut order, mut placed) = (vec![0], 1_u64);
    while order.len() < n {
        let next = (1..n).find(|v| placed >> v & 1 == 0 && sources[*v] & !placed == 0)?;
        order.push(next);
        placed |= 1 << next;
    }
    Some(order)
}

/// The predecessor sets of vertices in another order, which lists their old numbers; what it lacks is left out.
pub(crate) fn reordered(sources: &[u64], order: &[usize]) -> Vec<u64> {
    let set = |(at, v): (usize, &usize)| {
        let before = order[..at].iter().enumerate();
        before.fold(0, |set, (position, u)| {
            set | (sources[*v] >> u & 1) << position
        })
    };
    order.iter().enumerate().map(set).collect()
}
