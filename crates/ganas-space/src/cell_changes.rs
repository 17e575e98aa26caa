//! The classes of cells with free edges and operations on vertices that are one change away.
//!
//! A change is one of the following, and is only made when the result is a valid cell in which every vertex lies on a
//! path from input to output, so that nothing has to be pruned:
//!
//! - another operation at a vertex;
//! - an edge more, or an edge less;
//! - one end of an edge moved to another vertex;
//! - a vertex more, with one edge into it and one out of it, or with both in place of an edge; or such a vertex less.
//!
//! The order of the vertices is no restriction: an edge may go between any two vertices as long as there is no cycle.
//! Each of these changes can be undone by one of them, so the relation between classes is symmetric.
//! Changes that leave useless vertices behind are left out, because to undo them would take several.

use std::collections::BTreeSet;

use crate::full_cell::{FullCell, reordered, topological_order};
use crate::vertex_set::bits;

/// What a cell can be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The number of operations.
    pub(crate) n_ops: u8,
    /// The largest number of vertices, input and output included.
    pub(crate) max_vertices: usize,
    /// The largest number of edges.
    pub(crate) max_edges: u32,
}

/// The classes of the neighbours of a cell, as `class` names them, in the order of the list above.
///
/// All are different, and none is that of the cell itself.
pub(crate) fn neighbours<C: Ord + Clone>(
    cell: &FullCell,
    limits: Limits,
    class: impl Fn(&FullCell) -> C,
) -> Vec<C> {
    let graph = Graph::of(cell);
    let mut found = Found {
        limits,
        seen: BTreeSet::from([class(cell)]),
        class,
        classes: Vec::new(),
    };
    found.change_ops(&graph);
    found.add_or_remove_edges(&graph);
    found.move_edges(&graph);
    if graph.n() < limits.max_vertices {
        found.add_vertices(&graph);
    }
    found.remove_vertices(&graph);
    found.classes
}

/// A graph whose vertices are in any order, except that the input is the first and the output the last.
#[derive(Clone)]
struct Graph {
    ops: Vec<u8>,
    edges: BTreeSet<(usize, usize)>,
}

impl Graph {
    fn of(cell: &FullCell) -> Self {
        let sets = cell.predecessors.iter().enumerate();
        Self {
            ops: cell.ops.clone(),
            edges: sets
                .flat_map(|(to, set)| bits(*set).map(move |from| (from, to)))
                .collect(),
        }
    }

    /// The number of vertices.
    fn n(&self) -> usize {
        self.ops.len() + 2
    }

    /// The pairs that an edge may connect, cycles not considered.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let last = self.n() - 1;
        (0..last)
            .flat_map(move |from| (1..=last).map(move |to| (from, to)))
            .filter(|(from, to)| from != to)
    }

    fn with_edge(&self, edge: (usize, usize)) -> Self {
        let mut graph = self.clone();
        graph.edges.insert(edge);
        graph
    }

    fn without_edge(&self, edge: (usize, usize)) -> Self {
        let mut graph = self.clone();
        graph.edges.remove(&edge);
        graph
    }

    /// The same graph with a vertex more, between the inner ones and the output.
    fn with_vertex(&self, op: u8) -> Self {
        let last = self.n() - 1;
        let mut graph = self.clone();
        graph.ops.push(op);
        graph.edges = self
            .edges
            .iter()
            .map(|(from, to)| (*from, if *to == last { last + 1 } else { *to }))
            .collect();
        graph
    }

    /// The same graph without an inner vertex and its edges.
    fn without_vertex(&self, v: usize) -> Self {
        let moved = |u: usize| if u > v { u - 1 } else { u };
        let mut graph = self.clone();
        graph.ops.remove(v - 1);
        graph.edges = self
            .edges
            .iter()
            .filter(|(from, to)| *from != v && *to != v)
            .map(|(from, to)| (moved(*from), moved(*to)))
            .collect();
        graph
    }

    /// The cell in a topological order, when it is one without pruning.
    fn cell(&self, limits: Limits) -> Option<FullCell> {
        let n = self.n();
        if self.edges.len() > limits.max_edges as usize {
            return None;
        }
        let (mut sources, mut with_successor) = (vec![0_u64; n], 0_u64);
        for (from, to) in &self.edges {
            sources[*to] |= 1 << from;
            with_successor |= 1 << from;
        }
        let complete = sources[1..].iter().all(|set| *set != 0)
            && (0..n - 1).all(|v| with_successor >> v & 1 == 1);
        if !complete {
            return None;
        }
        // Every other vertex has a successor, so the output comes last.
        let order = topological_order(&sources)?;
        Some(FullCell {
            ops: order[1..n - 1].iter().map(|v| self.ops[v - 1]).collect(),
            predecessors: reordered(&sources, &order),
        })
    }
}

/// The neighbours so far.
struct Found<C, F> {
    limits: Limits,
    class: F,
    classes: Vec<C>,
    seen: BTreeSet<C>,
}

impl<C: Ord + Clone, F: Fn(&FullCell) -> C> Found<C, F> {
    fn add(&mut self, graph: &Graph) {
        if let Some(cell) = graph.cell(self.limits) {
            let class = (self.class)(&cell);
            if self.seen.insert(class.clone()) {
                self.classes.push(class);
            }
        }
    }

    fn change_ops(&mut self, graph: &Graph) {
        for (v, own) in graph.ops.iter().enumerate() {
            for op in (0..self.limits.n_ops).filter(|op| op != own) {
                let mut changed = graph.clone();
                changed.ops[v] = op;
                self.add(&changed);
            }
        }
    }

    fn add_or_remove_edges(&mut self, graph: &Graph) {
        for edge in graph.pairs() {
            if graph.edges.contains(&edge) {
                self.add(&graph.without_edge(edge));
            } else {
                self.add(&graph.with_edge(edge));
            }
        }
    }

    fn move_edges(&mut self, graph: &Graph) {
        for &edge in &graph.edges {
            let rest = graph.without_edge(edge);
            for other in graph.pairs() {
                let shares_an_end = (other.0 == edge.0) != (other.1 == edge.1);
                if shares_an_end && !graph.edges.contains(&other) {
                    self.add(&rest.with_edge(other));
                }
            }
        }
    }

    fn add_vertices(&mut self, graph: &Graph) {
        let last = graph.n() - 1;
        for op in 0..self.limits.n_ops {
            let grown = graph.with_vertex(op);
            for (from, to) in graph.pairs() {
                let to = if to == last { last + 1 } else { to };
                let between = grown.with_edge((from, last)).with_edge((last, to));
                self.add(&between);
                if grown.edges.contains(&(from, to)) {
                    self.add(&between.without_edge((from, to)));
                }
            }
        }
    }

    fn remove_vertices(&mut self, graph: &Graph) {
        for v in 1..graph.n() - 1 {
            let sources = graph.edges.iter().filter(|edge| edge.1 == v);
            let targets = graph.edges.iter().filter(|edge| edge.0 == v);
            let (Some(source), 1) = (sources.clone().next(), sources.count()) else {
                continue;
            };
            let (Some(target), 1) = (targets.clone().next(), targets.count()) else {
                continue;
            };
            self.add(&graph.without_vertex(v));
            let joined = (source.0, target.1);
            if !graph.edges.contains(&joined) {
                self.add(&graph.with_edge(joined).without_vertex(v));
            }
        }
    }
}
