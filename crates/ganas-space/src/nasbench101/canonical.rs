//! The representative of an isomorphism class: the member that the official enumeration meets first.
//!
//! The official script goes through the adjacency matrices by increasing bits (entry (x, y) is bit x + y(y-1)/2), for
//! each through the operations in lexicographic order, and keeps a cell when no isomorphic one came before.
//! So the representative is the topological order of the vertices with the lowest bits, and then the lowest
//! operations.
//! At most 5! = 120 orders have to be tried.

use super::cell::{Cell, MAX_INTERIOR, MAX_VERTICES, N_OPS};

/// A cell as one number, in the order of the official enumeration: vertices, adjacency bits, operations.
///
/// The number of vertices in the highest three bits, then the 21 adjacency bits, then the operations as a number in
/// base 3, the first vertex being its highest digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Code(u32);

const OPS_BITS: u32 = 8;
const ADJACENCY_BITS: u32 = 21;

impl Code {
    pub(super) fn new(n_vertices: usize, adjacency: u32, ops: u32) -> Self {
        let n = u32::try_from(n_vertices).expect("invariant: a cell has at most 7 vertices");
        Self(n << (ADJACENCY_BITS + OPS_BITS) | adjacency << OPS_BITS | ops)
    }

    /// The cell with this code.
    pub(super) fn cell(self) -> Cell {
        let n = (self.0 >> (ADJACENCY_BITS + OPS_BITS)) as usize;
        let mut number = self.0 & ((1 << OPS_BITS) - 1);
        let mut ops = [0; MAX_INTERIOR];
        for op in ops[..n - 2].iter_mut().rev() {
            *op = low_byte(number % u32::from(N_OPS));
            number /= u32::from(N_OPS);
        }
        let adjacency = self.0 >> OPS_BITS & ((1 << ADJACENCY_BITS) - 1);
        Cell::of_parts(n, ops, predecessors(n, adjacency))
    }
}

/// The predecessor sets of adjacency bits.
pub(super) fn predecessors(n_vertices: usize, adjacency: u32) -> [u8; MAX_VERTICES] {
    let mut predecessors = [0; MAX_VERTICES];
    for (v, set) in predecessors[..n_vertices].iter_mut().enumerate() {
        *set = low_byte(adjacency >> column(v) & ((1 << v) - 1));
    }
    predecessors
}

/// Operations as a number in base 3.
pub(super) fn ops_number(ops: &[u8]) -> u32 {
    ops.iter()
        .fold(0, |number, op| number * u32::from(N_OPS) + u32::from(*op))
}

/// The code of the representative of a cell's class.
pub(super) fn canonical_code(cell: &Cell) -> Code {
    let mut best = Code(u32::MAX);
    for_each_order(cell.predecessors(), |order, adjacency| {
        let ops = order[1..order.len() - 1].iter().fold(0, |number, v| {
            number * u32::from(N_OPS) + u32::from(cell.ops()[*v - 1])
        });
        best = best.min(Code::new(order.len(), adjacency, ops));
    });
    best
}

/// Calls `visit` with every topological order of the vertices of a cell, and the adjacency bits in that order.
///
/// Input and output keep their places. The order lists old positions.
pub(super) fn for_each_order(predecessors: &[u8], mut visit: impl FnMut(&[usize], u32)) {
    let n = predecessors.len();
    let mut walk = Walk {
        predecessors,
        order: [0; MAX_VERTICES],
        position: [0; MAX_VERTICES],
    };
    walk.place(1, 1, 0, &mut |order, adjacency| {
        visit(&order[..n], adjacency)
    });
}

/// An order that is being extended.
struct Walk<'a> {
    predecessors: &'a [u8],
    order: [usize; MAX_VERTICES],
    position: [usize; MAX_VERTICES],
}

impl Walk<'_> {
    /// Tries every vertex at position `at`; `placed` is the set of those before it, with these adjacency bits.
    fn place(
        &mut self,
        at: usize,
        placed: u8,
        adjacency: u32,
        visit: &mut dyn FnMut(&[usize; MAX_VERTICES], u32),
    ) {
        let last = self.predecessors.len() - 1;
        let candidates = if at == last {
            last..=last
        } else {
            1..=last - 1
        };
        for v in candidates {
            let sources = self.predecessors[v];
            if placed >> v & 1 == 1 || sources & !placed != 0 {
                continue;
            }
            self.order[at] = v;
            self.position[v] = at;
            let mut adjacency = adjacency;
            for (u, position) in self.position[..=last].iter().enumerate() {
                adjacency |= u32::from(sources >> u & 1) << (column(at) + position);
            }
            if at == last {
                visit(&self.order, adjacency);
            } else {
                self.place(at + 1, placed | 1 << v, adjacency, visit);
            }
        }
    }
}

/// The first adjacency bit of the edges into `vertex`.
fn column(vertex: usize) -> usize {
    vertex * vertex.saturating_sub(1) / 2
}

fn low_byte(value: u32) -> u8 {
    value.to_le_bytes()[0]
}
