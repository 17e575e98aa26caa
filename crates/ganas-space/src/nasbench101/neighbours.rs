//! The classes one change away.
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

use super::canonical::{Code, canonical_code};
use super::cell::{Cell, MAX_EDGES, MAX_INTERIOR, MAX_VERTICES, N_OPS};

/// The codes of the neighbours of a cell with up to `max_vertices` vertices, in the order of the list above.
///
/// All are different, and none is that of the cell itself.
pub(super) fn neighbours(cell: &Cell, max_vertices: usize) -> Vec<Code> {
    let graph = Graph::of(cell);
    let mut found = Found {
        codes: Vec::new(),
        seen: BTreeSet::from([canonical_code(cell)]),
    };
    found.change_ops(&graph);
    found.add_or_remove_edges(&graph);
    found.move_edges(&graph);
    if graph.n() < max_vertices {
        found.add_vertices(&graph);
    }
    found.remove_vertices(&graph);
    found.codes
}

/// A graph whose vertices are in any order, except that the input is the first and the output the last.
#[derive(Clone)]
struct Graph {
    ops: Vec<u8>,
    edges: BTreeSet<(usize, usize)>,
}

impl Graph {
    fn of(cell: &Cell) -> Self {
        let n = cell.n_vertices();
        let pairs = (0..n).flat_map(|from| (0..n).map(move |to| (from, to)));
        Self {
            ops: cell.ops().to_vec(),
            edges: pairs
                .filter(|(from, to)| cell.has_edge(*from, *to))
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
    fn cell(&self) -> Option<Cell> {
        let n = self.n();
        if self.edges.len() > MAX_EDGES as usize {
            return None;
        }
        let (mut sources, mut with_successor) = ([0_u8; MAX_VERTICES], 0_u8);
        for (from, to) in &self.edges {
            sources[*to] |= 1 << from;
            with_successor |= 1 << from;
        }
        let complete = sources[1..n].iter().all(|set| *set != 0)
            && (0..n - 1).all(|v| with_successor >> v & 1 == 1);
        if !complete {
            return None;
        }

        let mut order = vec![0];
        let mut placed = 1_u8;
        while order.len() < n {
            let next = (1..n).find(|v| placed >> v & 1 == 0 && sources[*v] & !placed == 0)?;
            order.push(next);
            placed |= 1 << next;
        }
        // Every other vertex has a successor, so the output comes last.
        let (mut ops, mut predecessors) = ([0; MAX_INTERIOR], [0; MAX_VERTICES]);
        for (at, v) in order.iter().enumerate() {
            for (position, u) in order[..at].iter().enumerate() {
                predecessors[at] |= (sources[*v] >> u & 1) << position;
            }
            if at > 0 && at + 1 < n {
                ops[at - 1] = self.ops[v - 1];
            }
        }
        Some(Cell::of_parts(n, ops, predecessors))
    }
}

/// The neighbours so far.
struct Found {
    codes: Vec<Code>,
    seen: BTreeSet<Code>,
}

impl Found {
    fn add(&mut self, graph: &Graph) {
        if let Some(cell) = graph.cell() {
            let code = canonical_code(&cell);
            if self.seen.insert(code) {
                self.codes.push(code);
            }
        }
    }

    fn change_ops(&mut self, graph: &Graph) {
        for (v, own) in graph.ops.iter().enumerate() {
            for op in (0..N_OPS).filter(|op| op != own) {
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
        for op in 0..N_OPS {
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
