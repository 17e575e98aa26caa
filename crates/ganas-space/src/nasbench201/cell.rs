//! A cell as six operations, and its two other forms: a base-5 code and a labelled graph.

use crate::{Arch, OpId, SpaceError};

/// The name of the space.
pub(super) const NAME: &str = "nasbench201";

/// The names of the vertex labels, in the order of their [`OpId`].
pub(super) const LABELS: [&str; 7] = [
    "none",
    "skip_connect",
    "nor_conv_1x1",
    "nor_conv_3x3",
    "avg_pool_3x3",
    "input",
    "output",
];

/// The number of operations: the first labels of [`LABELS`].
pub(super) const N_OPS: u8 = 5;

/// The label of the first vertex.
pub(super) const INPUT: OpId = OpId(5);

/// The label of the last vertex.
pub(super) const OUTPUT: OpId = OpId(6);

/// The edges of a cell, `(from node, to node)`, in text order.
///
/// Edge `e` is vertex `e + 1` of the architecture.
pub(super) const EDGES: [(usize, usize); N_EDGES] =
    [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)];

/// The number of nodes of a cell.
pub(super) const N_NODES: usize = 4;

/// The number of edges of a cell.
pub(super) const N_EDGES: usize = 6;

/// The number of vertices of an architecture: the edges of the cell, its input and its output.
pub(super) const N_VERTICES: usize = N_EDGES + 2;

/// The number of cells as text: five operations on six edges.
pub(super) const N_CELLS: u16 = 15_625;

/// The predecessors of each vertex when no operation is `none`.
///
/// The graph is the line graph of the cell: an operation reads what the edges into its start node produce.
pub(super) const TOPOLOGY: [u64; N_VERTICES] =
    [0, 1, 1, 1 << 1, 1, 1 << 1, 1 << 2 | 1 << 3, 0b111 << 4];

/// An operation on an edge of the cell; its number is its [`OpId`] and its base-5 digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Op {
    /// The edge is absent: it contributes zero.
    None,
    /// The identity.
    Skip,
    /// ReLU, 1x1 convolution, batch normalisation.
    Conv1x1,
    /// ReLU, 3x3 convolution, batch normalisation.
    Conv3x3,
    /// 3x3 average pooling with stride 1.
    AvgPool3x3,
}

impl Op {
    /// All operations, in the order of their numbers.
    pub(super) const ALL: [Self; N_OPS as usize] = [
        Self::None,
        Self::Skip,
        Self::Conv1x1,
        Self::Conv3x3,
        Self::AvgPool3x3,
    ];

    /// The operation with this number.
    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The label of a vertex with this operation.
    pub(super) fn label(self) -> OpId {
        OpId(self as u8)
    }

    /// The name in the text form.
    pub(super) fn name(self) -> &'static str {
        LABELS[self.label().index()]
    }
}

/// The operations on the six edges, in text order.
///
/// The order of cells is that of their codes: lexicographic, the last edge fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell(pub(super) [Op; N_EDGES]);

impl Cell {
    /// The cell with this code; the code is taken modulo 15,625.
    pub(super) fn from_code(mut code: u16) -> Self {
        let mut ops = [Op::None; N_EDGES];
        for op in ops.iter_mut().rev() {
            *op = Op::ALL[usize::from(code % u16::from(N_OPS))];
            code /= u16::from(N_OPS);
        }
        Self(ops)
    }

    /// The six operations as the digits of a number to base 5, the first edge being the highest: below 15,625.
    pub(super) fn code(self) -> u16 {
        self.0.iter().fold(0, |code, &op| {
            code * u16::from(N_OPS) + u16::from(op.label().0)
        })
    }

    /// The cell of an architecture of this space; `None` for any other architecture.
    pub(super) fn of(arch: &Arch) -> Option<Self> {
        let labels: &[OpId; N_VERTICES] = arch.labels().try_into().ok()?;
        let [first, inner @ .., last] = labels;
        let mut ops = [Op::None; N_EDGES];
        for (op, label) in ops.iter_mut().zip(inner) {
            *op = Op::from_number(label.0)?;
        }
        let cell = Self(ops);
        let same = *first == INPUT && *last == OUTPUT && arch.predecessors() == cell.predecessors();
        same.then_some(cell)
    }

    /// The cell of an architecture of this space, or what is wrong with the architecture.
    pub(super) fn checked(arch: &Arch) -> Result<Self, SpaceError> {
        Self::of(arch).ok_or_else(|| SpaceError::NotInSpace {
            space: NAME.to_owned(),
            reason: format!(
                "{arch:?}; expected 8 vertices, the first `input`, the last `output`, the six between labelled with \
                 operations in the order of the text and connected as the edges of the cell are, without the edges at \
                 vertices labelled `none`"
            ),
        })
    }

    /// The architecture: all six operations in place, edges at `none` removed.
    pub(super) fn arch(self) -> Arch {
        let mut labels = [INPUT; N_VERTICES];
        for (label, op) in labels[1..].iter_mut().zip(self.0) {
            *label = op.label();
        }
        labels[N_VERTICES - 1] = OUTPUT;
        Arch::new(labels, self.predecessors())
            .expect("invariant: the line graph of a cell is a DAG in topological order")
    }

    fn predecessors(self) -> [u64; N_VERTICES] {
        let mut live = 1;
        let mut predecessors = [0; N_VERTICES];
        for (edge, op) in self.0.into_iter().enumerate() {
            if op != Op::None {
                predecessors[edge + 1] = TOPOLOGY[edge + 1] & live;
                live |= 1 << (edge + 1);
            }
        }
        predecessors[N_VERTICES - 1] = TOPOLOGY[N_VERTICES - 1] & live;
        predecessors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topology_is_the_line_graph_of_the_cell() {
        assert_eq!(TOPOLOGY[0], 0);
        for (edge, (from, _)) in EDGES.into_iter().enumerate() {
            let expected = match from {
                0 => 1,
                _ => edges_into(from),
            };
            assert_eq!(TOPOLOGY[edge + 1], expected, "edge {edge}");
        }
        assert_eq!(TOPOLOGY[N_VERTICES - 1], edges_into(3));
    }

    fn edges_into(node: usize) -> u64 {
        EDGES
            .iter()
            .enumerate()
            .filter(|(_, (_, to))| *to == node)
            .fold(0, |set, (edge, _)| set | 1 << (edge + 1))
    }

    #[test]
    fn code_and_graph_round_trip_over_all_cells() {
        for code in 0..N_CELLS {
            let cell = Cell::from_code(code);
            assert_eq!(cell.code(), code);
            assert_eq!(Cell::of(&cell.arch()), Some(cell));
        }
    }

    #[test]
    fn edges_at_none_are_removed_and_dead_edges_stay() {
        let arch = Cell([
            Op::Skip,
            Op::None,
            Op::Conv1x1,
            Op::AvgPool3x3,
            Op::Conv3x3,
            Op::None,
        ])
        .arch();
        let labels: Vec<u8> = arch.labels().iter().map(|label| label.0).collect();
        assert_eq!(labels, [5, 1, 0, 2, 4, 3, 0, 6]);
        assert_eq!(
            arch.predecessors(),
            [0, 0b1, 0, 0b10, 0b1, 0b10, 0, 0b11_0000]
        );
    }

    #[test]
    fn other_architectures_are_refused() {
        let good = Cell::from_code(12_345).arch();
        let (labels, predecessors) = (good.labels().to_vec(), good.predecessors().to_vec());
        assert!(Cell::checked(&good).is_ok());
        for (vertex, label) in [(0, 6), (7, 5), (3, 5), (3, 7)] {
            let mut labels = labels.clone();
            labels[vertex] = OpId(label);
            check_refused(labels, predecessors.clone());
        }
        let mut more_edges = predecessors.clone();
        more_edges[7] |= 1;
        check_refused(labels.clone(), more_edges);
        check_refused(labels[..7].to_vec(), predecessors[..7].to_vec());
    }

    fn check_refused(labels: Vec<OpId>, predecessors: Vec<u64>) {
        let arch = Arch::new(labels, predecessors).unwrap();
        let result = Cell::checked(&arch);
        assert!(
            matches!(result, Err(SpaceError::NotInSpace { .. })),
            "{arch:?}"
        );
    }
}
