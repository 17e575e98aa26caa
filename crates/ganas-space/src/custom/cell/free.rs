//! Cells whose vertices read any earlier ones, with a limit on the edges, as in NAS-Bench-101.
//!
//! What the input does not reach, and what does not reach the output, is pruned; cells are of one class when what is left
//! is isomorphic.
//! The limit holds before pruning, since a generator has to know when to stop; no pruned cell is lost by that.

use rand::RngExt;
use rand::seq::index;
use rand_core::Rng;

use crate::blueprint::Blueprint;
use crate::cell_changes::{self, Limits};
use crate::full_cell::{FullCell, padded};
use crate::vertex_set::{bits, loose_ends};
use crate::{Arch, Part, SpaceError};

use super::order::Graph;
use super::parts;
use super::vertex_text::Words;
use super::wiring::{Frame, Wiring};

/// So many random cells may have too many edges before a smaller one is drawn.
const TRIES: usize = 100;

/// Cells with free edges.
#[derive(Debug)]
pub(super) struct Free {
    frame: Frame,
    max_edges: u32,
    blueprint: Blueprint,
}

impl Free {
    pub(super) fn new(frame: Frame, max_edges: u32) -> Self {
        let n = frame.nodes + 2;
        let blueprint = Blueprint::free_cell(&*frame.name, &frame.operations, n);
        Self {
            blueprint: blueprint.with_max_edges(max_edges),
            max_edges,
            frame,
        }
    }

    /// What pruning leaves of an architecture that must be one of the space.
    fn full(&self, arch: &Arch) -> FullCell {
        FullCell::of(arch).expect("invariant: a path leads from the input to the output")
    }

    /// A cell with so many inner vertices, or `None` when it has too many edges.
    fn random_full(&self, n_inner: usize, rng: &mut dyn Rng) -> Option<FullCell> {
        let mut predecessors: Vec<u64> = (0..n_inner + 2)
            .map(|v| match v {
                0 => 0,
                _ if v == n_inner + 1 => 0,
                _ => 1 << rng.random_range(0..v),
            })
            .collect();
        for v in bits(loose_ends(&predecessors[..=n_inner])) {
            predecessors[rng.random_range(v + 1..n_inner + 2)] |= 1 << v;
        }
        let n_edges: u32 = predecessors.iter().map(|set| set.count_ones()).sum();
        let room = self.max_edges.checked_sub(n_edges)?;
        let missing: Vec<(usize, usize)> = (1..n_inner + 2)
            .flat_map(|to| (0..to).map(move |from| (from, to)))
            .filter(|(from, to)| predecessors[*to] >> from & 1 == 0)
            .collect();
        let n_more = rng.random_range(0..=missing.len().min(room as usize));
        for more in index::sample(rng, missing.len(), n_more) {
            let (from, to) = missing[more];
            predecessors[to] |= 1 << from;
        }
        let n_ops = self.frame.n_ops();
        Some(FullCell {
            ops: (0..n_inner).map(|_| rng.random_range(0..n_ops)).collect(),
            predecessors,
        })
    }
}

impl Wiring for Free {
    fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    fn size(&self) -> Option<u64> {
        let n = self.frame.nodes + 2;
        let of_edges = n_wirings(n, self.max_edges)?;
        let of_ops = u64::from(self.frame.n_ops()).checked_pow(u32::try_from(n - 2).ok()?)?;
        of_edges.checked_mul(of_ops)
    }

    fn complete(&self, arch: &Arch) -> Result<Arch, SpaceError> {
        let n = self.frame.nodes + 2;
        if arch.n_vertices() > n {
            let reason = format!("{} vertices; expected at most {n}", arch.n_vertices());
            return Err(self.frame.not_in_space(reason));
        }
        self.frame.check_labels(arch)?;
        Ok(padded(arch, n))
    }

    /// Pruned.
    fn canonical(&self, arch: &Arch) -> Arch {
        canonical(&self.full(arch)).arch(self.frame.ends())
    }

    /// Vertices that pruning removes take random places, have random operations and no edges.
    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        let full = self.full(arch);
        let ordered = full.in_order(&graph_of(&full).random_order(rng));
        ordered.spread(
            self.frame.nodes + 2,
            self.frame.n_ops(),
            self.frame.ends(),
            rng,
        )
    }

    fn member_in(&self, blueprint: &Blueprint, arch: &Arch, rng: &mut dyn Rng) -> Option<Arch> {
        self.full(arch).member_in(blueprint, rng)
    }

    /// A cell in which every vertex reads a random earlier one, what is not read is read by a random later one, and random
    /// edges are added; it has all vertices in seven of eight cases, or one less, in seven of eight of these, and so on.
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        let mut n_inner = self.frame.nodes;
        loop {
            while n_inner > 0 && rng.random_range(0..8) == 0 {
                n_inner -= 1;
            }
            let full = (0..TRIES).find_map(|_| self.random_full(n_inner, rng));
            if let Some(full) = full {
                return canonical(&full).arch(self.frame.ends());
            }
            n_inner -= 1;
        }
    }

    fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        let limits = Limits {
            n_ops: self.frame.n_ops(),
            max_vertices: self.frame.nodes + 2,
            max_edges: self.max_edges,
        };
        cell_changes::neighbours(&self.full(arch), limits, canonical)
            .into_iter()
            .map(|full| full.arch(self.frame.ends()))
            .collect()
    }

    fn encode(&self, arch: &Arch) -> String {
        let inner = arch.inner_labels();
        let words = Words {
            ops: inner.iter().map(|label| label.0).collect(),
            predecessors: arch.predecessors().to_vec(),
        };
        words.write(&self.frame)
    }

    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        let Words { ops, predecessors } = Words::read(&self.frame, text)?;
        let arch = FullCell { ops, predecessors }.arch(self.frame.ends());
        if FullCell::of(&arch).is_none() {
            let reason = "no path leads from the input to the output";
            return Err(self.frame.not_in_space(reason));
        }
        if arch.n_edges() > self.max_edges {
            let reason = format!(
                "{} edges; expected at most {}",
                arch.n_edges(),
                self.max_edges
            );
            return Err(self.frame.not_in_space(reason));
        }
        Ok(arch)
    }

    fn parts(&self, canonical: &Arch) -> Vec<Part> {
        parts::of(canonical, self.frame.nodes)
    }
}

pub(super) fn canonical(full: &FullCell) -> FullCell {
    full.in_order(&graph_of(full).canonical_order())
}

pub(super) fn graph_of(full: &FullCell) -> Graph {
    let ends = std::iter::once(0);
    let mut graph = Graph::new(
        ends.clone()
            .chain(full.ops.iter().copied())
            .chain(ends)
            .collect(),
    );
    for (to, set) in full.predecessors.iter().enumerate() {
        bits(*set).for_each(|from| graph.connect(from, to, 1));
    }
    graph
}

/// The number of ways to connect `n` vertices in a fixed order with so many edges that a path leads from the first to the
/// last, when a `u64` holds it.
fn n_wirings(n: usize, max_edges: u32) -> Option<u64> {
    let n_edges = (n * (n - 1) / 2).min(max_edges as usize);
    // By the number of vertices that are reached and the number of edges, over the vertices so far.
    let mut ways = vec![vec![0_u64; n_edges + 1]; n + 1];
    ways[1][0] = 1;
    for v in 1..n {
        let mut next = vec![vec![0_u64; n_edges + 1]; n + 1];
        for (reached, of_edges) in ways.iter().enumerate() {
            for (edges, way) in of_edges.iter().enumerate().filter(|(_, way)| **way > 0) {
                for more in 0..=v.min(n_edges - edges) {
                    let unreached = binomial(v - reached, more);
                    let now_reached = binomial(v, more) - unreached;
                    let mut add = |reached: usize, count: u64| {
                        let sum: &mut u64 = &mut next[reached][edges + more];
                        *sum = sum.checked_add(count.checked_mul(*way)?)?;
                        Some(())
                    };
                    add(reached + 1, now_reached)?;
                    // When the last vertex is not reached, there is no path.
                    if v + 1 < n {
                        add(reached, unreached)?;
                    }
                }
            }
        }
        ways = next;
    }
    let mut counts = ways.iter().flatten();
    counts.try_fold(0_u64, |sum, count| sum.checked_add(*count))
}

/// The number of sets of `k` of `n` things.
pub(super) fn binomial(n: usize, k: usize) -> u64 {
    (0..k as u64).fold(1, |ways, i| ways * (n as u64).saturating_sub(i) / (i + 1))
}
