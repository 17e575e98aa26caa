//! Random labelled graphs in the shape of NAS-Bench-101 cells.

use rand::RngExt as _;

use crate::stream;

/// Vertices of a graph.
pub const N_NODES: usize = 7;

/// Labels: input, three operations, output.
pub const N_LABELS: usize = 5;

/// The label of the first vertex.
pub(crate) const INPUT: u32 = 0;

/// The label of the last vertex.
pub(crate) const OUTPUT: u32 = 4;

/// A labelled graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// The label of each vertex.
    pub labels: Vec<u32>,
    /// The predecessors of each vertex as a set of bits.
    pub predecessors: Vec<u64>,
}

/// Graphs with random operations, each forward edge present with probability 0.45, or 0.78 between neighbours in order.
#[must_use]
pub fn random_graphs(n: usize, purpose: u8) -> Vec<Graph> {
    (0_u32..)
        .take(n)
        .map(|item| {
            let mut rng = stream(purpose, item, 0);
            let mut labels = vec![INPUT; N_NODES];
            labels[1..].fill_with(|| rng.random_range(1..OUTPUT));
            labels[N_NODES - 1] = OUTPUT;
            let mut predecessors = vec![0; N_NODES];
            for (to, set) in predecessors.iter_mut().enumerate() {
                for from in 0..to {
                    let p = if from + 1 == to { 0.78 } else { 0.45 };
                    *set |= u64::from(rng.random_bool(p)) << from;
                }
            }
            Graph {
                labels,
                predecessors,
            }
        })
        .collect()
}
