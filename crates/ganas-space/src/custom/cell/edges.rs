//! Cells with an operation on each pair of nodes, as in NAS-Bench-201.
//!
//! The graph has a vertex for each pair of nodes, in the order of the text; one with the operation that stands for no
//! edge has no edges, but keeps its place.
//! Cells are of one class when they differ only in pairs off all paths from input to output, and in the order of their
//! nodes.
//! Without an operation that stands for no edge, all pairs are connected, and every cell is a class of its own.

use rand::RngExt;
use rand_core::Rng;

use crate::blueprint::{Blueprint, DrawnOrder, Labels, Sources, Vertex, drawn_order};
use crate::vertex_set::on_a_path;
use crate::{Action, Arch, OpId, Part, SpaceError, edge_cell_text};

use super::order::Graph;
use super::wiring::{Frame, Wiring};

/// Cells with operations on edges.
#[derive(Debug)]
pub(super) struct Edges {
    frame: Frame,
    /// The operation that stands for no edge.
    none: Option<OpId>,
    blueprint: Blueprint,
}

impl Edges {
    pub(super) fn new(frame: Frame, none: Option<OpId>) -> Self {
        let n_nodes = frame.nodes + 2;
        let inner = edge_cell_text::edges(n_nodes).map(|(from, _)| Vertex {
            labels: Labels::OneOf(frame.all_operations()),
            sources: match from {
                0 => Sources::PresentOf(1),
                _ => Sources::PresentOf(into(from)),
            },
        });
        let of_output = Sources::PresentOf(into(n_nodes - 1));
        let blueprint = Blueprint::new(&*frame.name, &frame.operations, inner, of_output);
        let blueprint = match none {
            Some(none) => blueprint.with_absent(none),
            None => blueprint,
        };
        let choices = edge_cell_text::choices(&blueprint, n_nodes);
        Self {
            blueprint: blueprint.with_choices(choices),
            none,
            frame,
        }
    }

    fn n_nodes(&self) -> usize {
        self.frame.nodes + 2
    }

    fn arch(&self, ops: &[OpId]) -> Arch {
        let arch = self.blueprint.build(ops.iter().map(|op| Action(op.0)));
        arch.expect("invariant: every pair has an operation, and all are legal")
    }

    /// The pairs with an operation on a path from input to output, with the numbers of these operations.
    fn live(&self, ops: &[OpId]) -> Vec<((usize, usize), OpId)> {
        let present = || {
            let pairs = edge_cell_text::edges(self.n_nodes()).zip(ops.iter().copied());
            pairs.filter(|(_, op)| Some(*op) != self.none)
        };
        let mut sources = vec![0_u64; self.n_nodes()];
        present().for_each(|((from, to), _)| sources[to] |= 1 << from);
        let nodes = on_a_path(&sources).unwrap_or(0);
        present()
            .filter(|((from, to), _)| nodes >> from & 1 == 1 && nodes >> to & 1 == 1)
            .collect()
    }

    fn graph(&self, live: &[((usize, usize), OpId)]) -> Graph {
        let mut graph = Graph::new(vec![0; self.n_nodes()]);
        for ((from, to), op) in live {
            graph.connect(*from, *to, op.0 + 1);
        }
        graph
    }

    /// The architecture with these operations and its nodes in this order.
    fn in_order(&self, none: OpId, live: &[((usize, usize), OpId)], order: &[usize]) -> Arch {
        let ops: Vec<OpId> = edge_cell_text::edges(self.n_nodes())
            .map(|(from, to)| {
                let old = (order[from], order[to]);
                let found = live.iter().find(|(pair, _)| *pair == old);
                found.map_or(none, |(_, op)| *op)
            })
            .collect();
        self.arch(&ops)
    }
}

impl Wiring for Edges {
    fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    fn size(&self) -> Option<u64> {
        let n_pairs = self.blueprint.n_vertices() - 2;
        u64::from(self.frame.n_ops()).checked_pow(u32::try_from(n_pairs).ok()?)
    }

    fn complete(&self, arch: &Arch) -> Result<Arch, SpaceError> {
        Ok(arch.clone())
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        let Some(none) = self.none else {
            return arch.clone();
        };
        let live = self.live(arch.inner_labels());
        self.in_order(none, &live, &self.graph(&live).canonical_order())
    }

    /// The nodes take another order; what is off all paths is moved with them.
    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        let Some(none) = self.none else {
            return arch.clone();
        };
        let pairs = edge_cell_text::edges(self.n_nodes()).zip(arch.inner_labels().iter().copied());
        let present: Vec<_> = pairs.filter(|(_, op)| *op != none).collect();
        self.in_order(none, &present, &self.graph(&present).random_order(rng))
    }

    /// The nodes take another order; pairs off all paths have the operation that stands for no edge, as far as it is legal.
    fn member_in(&self, blueprint: &Blueprint, arch: &Arch, rng: &mut dyn Rng) -> Option<Arch> {
        let n_nodes = self.n_nodes();
        let live = self.live(arch.inner_labels());
        let op_of = |from: usize, to: usize| {
            let found = live.iter().find(|(pair, _)| *pair == (from, to));
            found.map(|(_, op)| Action(op.0))
        };
        let before: Vec<u64> = (0..n_nodes)
            .map(|to| {
                let read = (0..to).filter(|from| op_of(*from, to).is_some());
                read.fold(0, |set, from| set | 1 << from)
            })
            .collect();
        let kinds: Vec<usize> = (0..n_nodes).collect();
        let none = self.none.map(|none| Action(none.0));
        let order = DrawnOrder {
            before: &before,
            kinds: &kinds,
            with_last: &|partial, order, _| {
                let mut partial = partial.clone();
                let (to, earlier) = order.split_last()?;
                for from in earlier {
                    let legal = blueprint.decision(&partial)?.legal;
                    let none = none.filter(|none| legal.contains(*none));
                    let action = op_of(*from, *to).or(none).or(legal.iter().next())?;
                    blueprint.apply(&mut partial, action).ok()?;
                }
                let is_whole = order.len() == n_nodes;
                let ops = partial
                    .labels()
                    .get(1..partial.labels().len().checked_sub(1)?);
                let same = || ops.is_some_and(|ops| self.live(ops).len() == live.len());
                (!is_whole || same()).then_some(partial)
            },
        };
        let partial = drawn_order(blueprint, &order, rng)?;
        blueprint.finish(&partial).ok()
    }

    /// Uniform over texts.
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        let n_pairs = self.blueprint.n_vertices() - 2;
        let ops: Vec<OpId> = (0..n_pairs)
            .map(|_| OpId(rng.random_range(0..self.frame.n_ops())))
            .collect();
        self.canonical(&self.arch(&ops))
    }

    /// The cells that differ on one pair of nodes; some may be of the architecture's own class.
    fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        let own = arch.inner_labels();
        let mut neighbours = Vec::new();
        for (pair, own_op) in own.iter().enumerate() {
            for op in (0..self.frame.n_ops()).map(OpId).filter(|op| op != own_op) {
                let mut changed = own.to_vec();
                changed[pair] = op;
                neighbours.push(self.arch(&changed));
            }
        }
        neighbours
    }

    fn encode(&self, arch: &Arch) -> String {
        let ops = arch.inner_labels().iter().map(|op| op.index());
        edge_cell_text::encode(&self.frame.operations, self.n_nodes(), ops)
    }

    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        let frame = &self.frame;
        let ops = edge_cell_text::decode(&frame.name, &frame.operations, self.n_nodes(), text)?;
        let ops: Vec<OpId> = (ops.into_iter())
            .map(|op| OpId(u8::try_from(op).expect("invariant: there are few operations")))
            .collect();
        Ok(self.arch(&ops))
    }

    fn parts(&self, canonical: &Arch) -> Vec<Part> {
        let live = self.live(canonical.inner_labels());
        live.iter().map(|(_, op)| (0, op.index())).collect()
    }
}

/// The vertices of the pairs that end in this node.
fn into(node: usize) -> u64 {
    let before = node * (node - 1) / 2;
    ((1 << node) - 1) << (before + 1)
}
