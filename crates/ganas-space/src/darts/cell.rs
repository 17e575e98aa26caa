//! A genotype as two cells, and its form as a labelled graph.

use std::sync::LazyLock;

use crate::blueprint::{Blueprint, Labels, NamedChoice, Sources, Vertex};
use crate::vertex_set::bits;
use crate::{Arch, OpId};

/// The name of the space.
pub(super) const NAME: &str = "darts";

/// The number of operations.
pub(super) const N_OPS: u8 = 7;

/// The number of nodes of a cell that have operations.
pub(super) const N_NODES: usize = 4;

/// The names of the labels: the operations of the normal cell, those of the reduction cell, the fixed vertices, input
/// and output.
pub(super) const LABELS: [&str; 23] = [
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
    "reduce/max_pool_3x3",
    "reduce/avg_pool_3x3",
    "reduce/skip_connect",
    "reduce/sep_conv_3x3",
    "reduce/sep_conv_5x5",
    "reduce/dil_conv_3x3",
    "reduce/dil_conv_5x5",
    "c_k-2",
    "c_k-1",
    "sum",
    "concat",
    "reduce/c_k-2",
    "reduce/c_k-1",
    "reduce/sum",
    "input",
    "output",
];

const CONCAT: OpId = OpId(17);
const INPUT: OpId = OpId(21);
const OUTPUT: OpId = OpId(22);

/// The vertices of a cell: two inputs, three for each node, and the concatenation.
const CELL_VERTICES: usize = 2 + 3 * N_NODES + 1;

/// The first vertex of each cell; vertex 0 is the input.
const FIRST_VERTEX: [usize; 2] = [1, 1 + CELL_VERTICES];

/// An operation; its number is that of the `compact` form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Op {
    /// 3x3 max pooling.
    MaxPool3x3,
    /// 3x3 average pooling.
    AvgPool3x3,
    /// The identity; with stride 2 a factorised reduction.
    Skip,
    /// Two depthwise-separable 3x3 convolutions.
    SepConv3x3,
    /// Two depthwise-separable 5x5 convolutions.
    SepConv5x5,
    /// A depthwise-separable 3x3 convolution with dilation 2.
    DilConv3x3,
    /// A depthwise-separable 5x5 convolution with dilation 2.
    DilConv5x5,
}

impl Op {
    /// All operations, in the order of their numbers.
    pub(super) const ALL: [Self; N_OPS as usize] = [
        Self::MaxPool3x3,
        Self::AvgPool3x3,
        Self::Skip,
        Self::SepConv3x3,
        Self::SepConv5x5,
        Self::DilConv3x3,
        Self::DilConv5x5,
    ];

    /// The number in the `compact` form.
    pub(super) fn number(self) -> u8 {
        self as u8
    }

    /// The name in a genotype.
    pub(super) fn name(self) -> &'static str {
        LABELS[usize::from(self.number())]
    }
}

/// A node: the sum of two operations on two different earlier results.
///
/// Results 0 and 1 are those of the two cells before, result `n + 2` is that of node `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node {
    /// What is read; ascending.
    pub(super) sources: [usize; 2],
    /// What is done with each.
    pub(super) ops: [Op; 2],
}

impl Node {
    /// A node of two operations in any order; `None` when both read the same result.
    pub(super) fn of_pairs(pairs: [(Op, usize); 2]) -> Option<Self> {
        let [a, b] = pairs;
        match a.1.cmp(&b.1) {
            std::cmp::Ordering::Less => Some(Self {
                sources: [a.1, b.1],
                ops: [a.0, b.0],
            }),
            std::cmp::Ordering::Greater => Some(Self {
                sources: [b.1, a.1],
                ops: [b.0, a.0],
            }),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// The operations with what they read, lower first.
    pub(super) fn pairs(&self) -> [(Op, usize); 2] {
        [
            (self.ops[0], self.sources[0]),
            (self.ops[1], self.sources[1]),
        ]
    }
}

/// The four nodes of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell(pub(super) [Node; N_NODES]);

impl Cell {
    /// The number of cells: for each node a pair of earlier results, and two operations.
    pub(super) const COUNT: u64 = 1_037_664_180;

    /// The cell with this number, which is taken modulo [`Self::COUNT`].
    pub(super) fn from_code(mut code: u64) -> Self {
        let mut digit = |radix: u64| {
            let digit = code % radix;
            code /= radix;
            usize::try_from(digit).expect("invariant: digits are small")
        };
        let mut nodes = [Node {
            sources: [0, 1],
            ops: [Op::Skip; 2],
        }; N_NODES];
        for (n, node) in nodes.iter_mut().enumerate().rev() {
            let ops = [digit(N_OPS.into()), digit(N_OPS.into())];
            node.ops = [Op::ALL[ops[1]], Op::ALL[ops[0]]];
            let mut pair = digit(n_pairs(n + 2));
            let mut lower = 0;
            // The pairs in ascending order: those of result 0, of result 1, and so on.
            while pair > n - lower {
                pair -= n + 1 - lower;
                lower += 1;
            }
            node.sources = [lower, lower + 1 + pair];
        }
        Self(nodes)
    }

    /// The number of the cell; numbers ascend as the cells do, node by node, sources before operations.
    pub(super) fn code(&self) -> u64 {
        let mut code = 0;
        for (n, node) in self.0.iter().enumerate() {
            let [lower, higher] = node.sources;
            let before: usize = (0..lower).map(|l| n + 1 - l).sum();
            let pair = u64::try_from(before + higher - lower - 1).expect("invariant: few pairs");
            code = code * n_pairs(n + 2) + pair;
            for op in node.ops {
                code = code * u64::from(N_OPS) + u64::from(op.number());
            }
        }
        code
    }
}

/// The number of pairs of different results among so many.
fn n_pairs(results: usize) -> u64 {
    let n = u64::try_from(results).expect("invariant: few results");
    n * (n - 1) / 2
}

/// The normal cell and the reduction cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Genotype(pub(super) [Cell; 2]);

impl Genotype {
    /// The genotype of an architecture; the caller vouches that it is one of the space.
    pub(super) fn of(arch: &Arch) -> Self {
        let cell = |c: usize| {
            let mut nodes = [Node {
                sources: [0, 1],
                ops: [Op::Skip; 2],
            }; N_NODES];
            for (n, node) in nodes.iter_mut().enumerate() {
                for slot in 0..2 {
                    let v = op_vertex(c, n, slot);
                    let label = arch.labels()[v].index() - c * usize::from(N_OPS);
                    let source = bits(arch.predecessors()[v])
                        .next()
                        .expect("invariant: an operation has one predecessor");
                    node.ops[slot] = Op::ALL[label];
                    node.sources[slot] = result_of_vertex(c, source);
                }
            }
            Cell(nodes)
        };
        Self([cell(0), cell(1)])
    }

    /// The genotype as a graph.
    pub(super) fn arch(&self) -> Arch {
        let mut labels = Vec::with_capacity(BLUEPRINT.n_vertices());
        let mut predecessors = Vec::with_capacity(BLUEPRINT.n_vertices());
        for (v, vertex) in vertices().into_iter().enumerate() {
            let (cell, place) = match v.checked_sub(FIRST_VERTEX[1]) {
                Some(place) => (1, place),
                None => (0, v.saturating_sub(FIRST_VERTEX[0])),
            };
            match (vertex.labels, vertex.sources) {
                (Labels::Fixed(label), Sources::Fixed(sources)) => {
                    labels.push(label);
                    predecessors.push(sources);
                }
                _ => {
                    let node = &self.0[cell].0[(place - 2) / 3];
                    let slot = (place - 2) % 3;
                    labels.push(label(cell, node.ops[slot]));
                    predecessors.push(1 << vertex_of_result(cell, node.sources[slot]));
                }
            }
        }
        Arch::new(labels, predecessors).expect("invariant: a node reads earlier results only")
    }
}

/// The graph of the space.
///
/// The input; the normal cell; the reduction cell, both of whose inputs are what the normal cell makes; and of each cell
/// its two inputs, for each node two operations and their sum, and the concatenation of the sums, which is the output
/// for the reduction cell.
pub(super) static BLUEPRINT: LazyLock<Blueprint> = LazyLock::new(|| {
    let operations = &LABELS[..LABELS.len() - 2];
    // The output is the last vertex of the reduction cell.
    let mut inner = vertices();
    let output = inner.pop().expect("invariant: there are vertices");
    let inner = inner.into_iter().skip(1);
    let blueprint = Blueprint::new(NAME, operations.iter().copied(), inner, output.sources);
    let choices = choices(&blueprint);
    blueprint.with_choices(choices)
});

/// The choices by name: `normal.node2.op1` is the first operation of the first node of the normal cell, which reads result
/// `normal.node2.input1`; nodes are numbered as their results are.
fn choices(blueprint: &Blueprint) -> Vec<NamedChoice> {
    let mut choices = Vec::new();
    for (c, cell) in ["normal", "reduce"].into_iter().enumerate() {
        for (node, slot) in (0..N_NODES).flat_map(|node| [(node, 0), (node, 1)]) {
            let v = op_vertex(c, node, slot);
            let name = |what| format!("{cell}.node{}.{what}{}", node + 2, slot + 1);
            let options = Op::ALL.map(|op| (op.name().to_owned(), 1 << label(c, op).0));
            let step = blueprint.label_step(v);
            choices.extend(step.map(|step| NamedChoice::of_actions(name("op"), step, options)));
            let result = |vertex| result_of_vertex(c, vertex).to_string();
            choices.extend(blueprint.source_choice(v, name("input"), result));
        }
    }
    choices
}

fn vertices() -> Vec<Vertex> {
    let mut vertices = vec![Vertex::fixed(INPUT, 0)];
    for (c, first) in FIRST_VERTEX.into_iter().enumerate() {
        let ([k2, k1, sum], concat) = [
            ([OpId(14), OpId(15), OpId(16)], CONCAT),
            ([OpId(18), OpId(19), OpId(20)], OUTPUT),
        ][c];
        vertices.extend([
            Vertex::fixed(k2, 1 << (first - 1)),
            Vertex::fixed(k1, 1 << (first - 1)),
        ]);
        let mut sums = 0;
        for n in 0..N_NODES {
            let candidates = (0..n + 2).fold(0, |set, r| set | 1_u64 << vertex_of_result(c, r));
            let labels = Labels::OneOf(((1 << N_OPS) - 1) << (c * usize::from(N_OPS)));
            let [lower, higher] = [0, 1].map(|slot| op_vertex(c, n, slot));
            vertices.push(Vertex {
                labels,
                sources: Sources::LowerOfTwo { candidates },
            });
            vertices.push(Vertex {
                labels,
                sources: Sources::HigherOfTwo { candidates, lower },
            });
            vertices.push(Vertex::fixed(sum, 1 << lower | 1 << higher));
            sums |= 1 << vertex_of_result(c, n + 2);
        }
        vertices.push(Vertex::fixed(concat, sums));
    }
    vertices
}

/// The label of an operation in a cell.
fn label(cell: usize, op: Op) -> OpId {
    let reduce = if cell == 0 { 0 } else { N_OPS };
    OpId(op.number() + reduce)
}

/// The vertex of one of the two operations of a node.
fn op_vertex(cell: usize, node: usize, slot: usize) -> usize {
    FIRST_VERTEX[cell] + 2 + 3 * node + slot
}

/// The vertex that holds a result: an input of the cell, or the sum of a node.
fn vertex_of_result(cell: usize, result: usize) -> usize {
    match result.checked_sub(2) {
        None => FIRST_VERTEX[cell] + result,
        Some(node) => op_vertex(cell, node, 2),
    }
}

fn result_of_vertex(cell: usize, vertex: usize) -> usize {
    let place = vertex - FIRST_VERTEX[cell];
    if place < 2 {
        place
    } else {
        (place - 2) / 3 + 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_number_the_cells_in_their_order() {
        let mut previous = None;
        for code in (0..Cell::COUNT).step_by(10_007).chain([Cell::COUNT - 1]) {
            let cell = Cell::from_code(code);
            assert_eq!(cell.code(), code);
            assert!(previous < Some(cell), "{code}");
            previous = Some(cell);
        }
        let first = Cell::from_code(0);
        assert_eq!(first.0[3].sources, [0, 1]);
        assert_eq!(
            previous.unwrap().0.map(|node| node.sources),
            [[0, 1], [1, 2], [2, 3], [3, 4]]
        );
        assert_eq!(
            Cell::COUNT,
            (0..N_NODES).map(|n| n_pairs(n + 2) * 49).product::<u64>()
        );
    }
}
