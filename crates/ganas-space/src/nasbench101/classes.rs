//! All isomorphism classes of the space, listed by orderly generation instead of by comparing hashes.
//!
//! A matrix is kept when no topological order of its vertices has lower adjacency bits; operations are kept when none
//! of the symmetries of that matrix makes them lexicographically smaller.
//! What is kept is one representative of each class, in increasing order of the code, and nothing has to be looked up.

use std::num::NonZeroUsize;
use std::sync::{LazyLock, OnceLock};

use crate::ArchKey;

use super::canonical::{Code, for_each_order, ops_number, predecessors};
use super::cell::{MAX_EDGES, MAX_INTERIOR, MAX_VERTICES, N_OPS};
use super::module_hash::module_hash;
use super::vertices::Vertices;

/// The representatives of all classes, ascending; those of a sub-space are a prefix.
pub(super) static CODES: LazyLock<Box<[Code]>> =
    LazyLock::new(|| (2..=MAX_VERTICES).flat_map(codes_with_vertices).collect());

/// The classes of a space, ordered by their official hashes.
pub(super) struct HashOrder {
    /// The hashes, ascending.
    pub(super) hashes: Box<[ArchKey]>,
    /// By position in that order: the position in [`CODES`].
    pub(super) class_at: Box<[u32]>,
    /// By position in [`CODES`]: the position in that order.
    pub(super) index_of: Box<[u32]>,
}

impl HashOrder {
    /// The order of a space; hashing all cells takes a few seconds, once a process, divided among so many threads.
    pub(super) fn of(vertices: Vertices, threads: NonZeroUsize) -> &'static Self {
        static ORDERS: [OnceLock<HashOrder>; Vertices::ALL.len()] =
            [const { OnceLock::new() }; Vertices::ALL.len()];
        ORDERS[vertices as usize]
            .get_or_init(|| Self::compute(&CODES[..vertices.n_classes()], threads))
    }

    fn compute(codes: &[Code], threads: NonZeroUsize) -> Self {
        let mut order: Vec<(ArchKey, u32)> = codes.iter().map(|_| ArchKey(0)).zip(0..).collect();
        let n_each = codes.len().div_ceil(threads.get());
        std::thread::scope(|scope| {
            for (codes, entries) in codes.chunks(n_each).zip(order.chunks_mut(n_each)) {
                scope.spawn(move || {
                    for (code, (hash, _)) in codes.iter().zip(entries) {
                        *hash = module_hash(&code.cell());
                    }
                });
            }
        });
        order.sort_unstable();
        let mut index_of = vec![0; order.len()];
        for ((_, class), index) in order.iter().zip(0..) {
            index_of[*class as usize] = index;
        }
        Self {
            hashes: order.iter().map(|(hash, _)| *hash).collect(),
            class_at: order.iter().map(|(_, class)| *class).collect(),
            index_of: index_of.into(),
        }
    }
}

/// The codes of the representatives with this number of vertices, ascending.
fn codes_with_vertices(n: usize) -> Vec<Code> {
    let mut codes = Vec::new();
    for adjacency in 0..1 << (n * (n - 1) / 2) {
        if !is_full(n, adjacency) {
            continue;
        }
        let Some(symmetries) = symmetries_if_lowest(n, adjacency) else {
            continue;
        };
        let mut ops = [0; MAX_INTERIOR];
        loop {
            let number = ops_number(&ops[..n - 2]);
            let lowest = symmetries
                .iter()
                .all(|symmetry| number <= ops_number(&permuted(&ops, symmetry)[..n - 2]));
            if lowest {
                codes.push(Code::new(n, adjacency, number));
            }
            if !increment(&mut ops[..n - 2]) {
                break;
            }
        }
    }
    codes
}

/// Whether every vertex lies on a path from the first to the last, with few enough edges.
fn is_full(n: usize, adjacency: u32) -> bool {
    if adjacency.count_ones() > MAX_EDGES {
        return false;
    }
    let sets = predecessors(n, adjacency);
    let sources = sets.iter().fold(0, |all, set| all | set);
    sets[1..n].iter().all(|set| *set != 0) && u32::from(sources) == (1 << (n - 1)) - 1
}

/// The orders that leave the adjacency bits as they are, or `None` when one makes them lower.
fn symmetries_if_lowest(n: usize, adjacency: u32) -> Option<Vec<[usize; MAX_INTERIOR]>> {
    let mut lowest = true;
    let mut symmetries = Vec::new();
    for_each_order(&predecessors(n, adjacency)[..n], |order, other| {
        lowest &= other >= adjacency;
        if other == adjacency {
            let mut symmetry = [0; MAX_INTERIOR];
            for (to, from) in symmetry.iter_mut().zip(&order[1..n - 1]) {
                *to = from - 1;
            }
            symmetries.push(symmetry);
        }
    });
    lowest.then_some(symmetries)
}

fn permuted(ops: &[u8; MAX_INTERIOR], symmetry: &[usize; MAX_INTERIOR]) -> [u8; MAX_INTERIOR] {
    symmetry.map(|from| ops[from])
}

/// The next operations in lexicographic order; `false` after the last.
fn increment(ops: &mut [u8]) -> bool {
    for op in ops.iter_mut().rev() {
        *op += 1;
        if *op < N_OPS {
            return true;
        }
        *op = 0;
    }
    false
}
