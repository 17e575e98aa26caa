//! The cell that is left of an architecture once everything without effect is removed.

use crate::full_cell::FullCell;
use crate::vertex_set::{bits, on_a_path};
use crate::{Arch, OpId};

/// The names of the labels: operations in the order of the official label numbers, then input and output.
pub(super) const LABELS: [&str; 5] = [
    "conv3x3-bn-relu",
    "conv1x1-bn-relu",
    "maxpool3x3",
    "input",
    "output",
];

/// The number of operations.
pub(super) const N_OPS: u8 = 3;

/// The label of the first vertex.
pub(super) const INPUT: OpId = OpId(3);

/// The label of the last vertex.
pub(super) const OUTPUT: OpId = OpId(4);

/// The largest number of vertices, input and output included.
pub(super) const MAX_VERTICES: usize = 7;

/// The largest number of edges.
pub(super) const MAX_EDGES: u32 = 9;

/// Vertices that have an operation, of the largest cell.
pub(super) const MAX_INTERIOR: usize = MAX_VERTICES - 2;

/// A pruned cell: every vertex lies on a path from the input, the first, to the output, the last.
///
/// At most 7 vertices in topological order, and at most 9 edges. Entries of absent vertices are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    n_vertices: usize,
    /// The operation of vertex `v` at `v - 1`, below [`N_OPS`].
    ops: [u8; MAX_INTERIOR],
    /// Bit `u` of entry `v` is the edge from `u` to `v`.
    predecessors: [u8; MAX_VERTICES],
}

impl Cell {
    /// A cell from parts that are known to be one; operations of the first `n_vertices - 2` entries count.
    pub(super) fn of_parts(
        n_vertices: usize,
        ops: [u8; MAX_INTERIOR],
        predecessors: [u8; MAX_VERTICES],
    ) -> Self {
        let cell = Self {
            n_vertices,
            ops,
            predecessors,
        };
        debug_assert!(cell.is_full(), "{cell:?}");
        cell
    }

    /// What is left of an architecture when the vertices off all paths from input to output are removed.
    ///
    /// The error says why nothing valid is left.
    pub(super) fn of(arch: &Arch) -> Result<Self, String> {
        let [first, interior @ .., last] = arch.labels() else {
            return Err("fewer than two vertices".to_owned());
        };
        if *first != INPUT || *last != OUTPUT {
            return Err(
                "the first vertex must be the input, and the last one the output".to_owned(),
            );
        }
        if let Some(label) = interior.iter().find(|label| label.0 >= N_OPS) {
            return Err(format!(
                "label {} of an inner vertex is no operation",
                label.0
            ));
        }
        let keep = on_a_path(arch.predecessors())
            .ok_or_else(|| "no path leads from the input to the output".to_owned())?;
        if keep.count_ones() as usize > MAX_VERTICES {
            return Err(format!(
                "{} vertices after pruning; expected at most {MAX_VERTICES}",
                keep.count_ones()
            ));
        }
        let mut cell = Self {
            n_vertices: 0,
            ops: [0; MAX_INTERIOR],
            predecessors: [0; MAX_VERTICES],
        };
        for v in bits(keep) {
            let at = cell.n_vertices;
            for u in bits(arch.predecessors()[v] & keep) {
                cell.predecessors[at] |= 1 << (keep & below(u)).count_ones();
            }
            if arch.labels()[v].0 < N_OPS {
                cell.ops[at - 1] = arch.labels()[v].0;
            }
            cell.n_vertices += 1;
        }
        if cell.n_edges() > MAX_EDGES {
            return Err(format!(
                "{} edges after pruning; expected at most {MAX_EDGES}",
                cell.n_edges()
            ));
        }
        Ok(cell)
    }

    /// The cell as an architecture of as many vertices as it has.
    pub(super) fn arch(&self) -> Arch {
        let mut labels = vec![INPUT];
        labels.extend(self.ops().iter().copied().map(OpId));
        labels.push(OUTPUT);
        let predecessors: Vec<u64> = self.predecessors().iter().copied().map(u64::from).collect();
        Arch::new(labels, predecessors).expect("invariant: a cell is in topological order")
    }

    /// A cell from one that is known to be within the limits.
    pub(super) fn of_full(cell: &FullCell) -> Self {
        let (mut ops, mut predecessors) = ([0; MAX_INTERIOR], [0; MAX_VERTICES]);
        ops[..cell.ops.len()].copy_from_slice(&cell.ops);
        for (set, full) in predecessors.iter_mut().zip(&cell.predecessors) {
            *set = u8::try_from(*full).expect("invariant: a cell has at most 7 vertices");
        }
        Self::of_parts(cell.predecessors.len(), ops, predecessors)
    }

    /// The cell without the limits of this space.
    pub(super) fn full(&self) -> FullCell {
        FullCell {
            ops: self.ops().to_vec(),
            predecessors: self.predecessors().iter().copied().map(u64::from).collect(),
        }
    }

    /// The number of vertices, 2 to 7.
    pub(super) fn n_vertices(&self) -> usize {
        self.n_vertices
    }

    /// The operations of the inner vertices, as official label numbers.
    pub(super) fn ops(&self) -> &[u8] {
        &self.ops[..self.n_vertices - 2]
    }

    /// The predecessor set of each vertex.
    pub(super) fn predecessors(&self) -> &[u8] {
        &self.predecessors[..self.n_vertices]
    }

    /// The number of edges.
    pub(super) fn n_edges(&self) -> u32 {
        self.predecessors.iter().map(|set| set.count_ones()).sum()
    }

    /// Whether there is an edge.
    pub(super) fn has_edge(&self, from: usize, to: usize) -> bool {
        self.predecessors[to] >> from & 1 == 1
    }

    /// Whether the parts are those of a pruned cell.
    fn is_full(&self) -> bool {
        let n = self.n_vertices;
        let sources = self.predecessors().iter().fold(0, |all, set| all | set);
        (2..=MAX_VERTICES).contains(&n)
            && self.n_edges() <= MAX_EDGES
            && self.predecessors[1..n].iter().all(|set| *set != 0)
            && (0..n).all(|v| self.predecessors[v] >> v == 0)
            && u64::from(sources) == below(n - 1)
            && self.ops().iter().all(|op| *op < N_OPS)
    }
}

/// The set of the numbers below `n`, which is below 64.
fn below(n: usize) -> u64 {
    (1 << n) - 1
}
