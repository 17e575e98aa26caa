//! Architectures with all vertices that stand for the same cell.

use rand::RngExt;
use rand::seq::index;
use rand_core::Rng;

use crate::{Arch, OpId};

use super::canonical::for_each_order;
use super::cell::{Cell, INPUT, N_OPS, OUTPUT};

/// Adds vertices without edges before the output until there are `n`; their operation is the first one.
pub(super) fn padded(arch: &Arch, n: usize) -> Arch {
    let has = arch.n_vertices();
    let mut labels = arch.labels()[..has - 1].to_vec();
    let mut predecessors = arch.predecessors()[..has - 1].to_vec();
    labels.resize(n - 1, OpId(0));
    predecessors.resize(n - 1, 0);
    labels.push(OUTPUT);
    predecessors.push(arch.predecessors()[has - 1]);
    Arch::new(labels, predecessors).expect("invariant: vertices without edges keep the order")
}

/// A random architecture with `n` vertices of the cell's class.
///
/// Uniform over the topological orders of the cell, over the places of the vertices that it lacks, and over their
/// operations; these vertices have no edges.
pub(super) fn relabelled(cell: &Cell, n: usize, rng: &mut dyn Rng) -> Arch {
    let order = random_order(cell, rng);
    let n_absent = n - cell.n_vertices();
    let absent = index::sample(rng, n - 2, n_absent).into_vec();

    let mut labels = vec![INPUT];
    let mut predecessors = vec![0];
    // By vertex of the cell: where it is now.
    let mut position = vec![0; cell.n_vertices()];
    let mut used = order[1..].iter();
    for at in 1..n {
        if absent.contains(&(at - 1)) {
            labels.push(OpId(rng.random_range(0..N_OPS)));
            predecessors.push(0);
            continue;
        }
        let v = *used.next().expect("invariant: every place has a vertex");
        position[v] = at;
        labels.push(cell.ops().get(v - 1).map_or(OUTPUT, |op| OpId(*op)));
        let sources = (0..cell.n_vertices()).filter(|u| cell.has_edge(*u, v));
        predecessors.push(sources.fold(0, |set, u| set | 1_u64 << position[u]));
    }
    Arch::new(labels, predecessors).expect("invariant: the order is topological")
}

/// A topological order of the vertices, all equally likely.
fn random_order(cell: &Cell, rng: &mut dyn Rng) -> Vec<usize> {
    let mut n_orders: usize = 0;
    for_each_order(cell.predecessors(), |_, _| n_orders += 1);
    let mut left = rng.random_range(0..n_orders);
    let mut chosen = Vec::new();
    for_each_order(cell.predecessors(), |order, _| {
        if left == 0 {
            chosen = order.to_vec();
        }
        left = left.wrapping_sub(1);
    });
    chosen
}
