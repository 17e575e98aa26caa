//! Architectures with all vertices that stand for the same cell.

use rand::RngExt;
use rand_core::Rng;

use crate::Arch;

use super::canonical::for_each_order;
use super::cell::{Cell, INPUT, N_OPS, OUTPUT};

/// A random architecture with `n` vertices of the cell's class.
///
/// Uniform over the topological orders of the cell, over the places of the vertices that it lacks, and over their
/// operations; these vertices have no edges.
pub(super) fn relabelled(cell: &Cell, n: usize, rng: &mut dyn Rng) -> Arch {
    let order = random_order(cell, rng);
    let ordered = cell.full().in_order(&order);
    ordered.spread(n, N_OPS, [INPUT, OUTPUT], rng)
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
