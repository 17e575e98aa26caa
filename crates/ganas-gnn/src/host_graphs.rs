//! Labelled directed acyclic graphs on the host, as indices.

use std::ops::Range;

use crate::index::{to_u32, to_usize};

/// The graphs as they were pushed.
#[derive(Debug)]
pub(crate) struct HostGraphs {
    pub(crate) graph_start: Vec<u32>,
    pub(crate) labels: Vec<u32>,
    pub(crate) predecessor_start: Vec<u32>,
    pub(crate) predecessors: Vec<u32>,
    pub(crate) successor_start: Vec<u32>,
    pub(crate) successors: Vec<u32>,
}

impl Default for HostGraphs {
    /// No graphs.
    fn default() -> Self {
        Self {
            graph_start: vec![0],
            labels: Vec::new(),
            predecessor_start: vec![0],
            predecessors: Vec::new(),
            successor_start: vec![0],
            successors: Vec::new(),
        }
    }
}

impl HostGraphs {
    pub(crate) fn clear(&mut self) {
        for starts in [
            &mut self.graph_start,
            &mut self.predecessor_start,
            &mut self.successor_start,
        ] {
            starts.truncate(1);
        }
        self.labels.clear();
        self.predecessors.clear();
        self.successors.clear();
    }

    pub(crate) fn push(
        &mut self,
        labels: impl ExactSizeIterator<Item = u32>,
        predecessors: &[u64],
    ) {
        let n = predecessors.len();
        assert_eq!(
            labels.len(),
            n,
            "one label and one predecessor set for each node"
        );
        assert!((1..=64).contains(&n), "a graph has 1 to 64 nodes, not {n}");
        let base = to_u32(self.labels.len());
        self.labels.extend(labels);
        let mut successors = [0_u64; 64];
        for (v, &mask) in predecessors.iter().enumerate() {
            assert!(
                mask >> v == 0,
                "node {v} has a predecessor that does not come before it"
            );
            for u in bits(mask) {
                self.predecessors.push(base + u);
                successors[to_usize(u)] |= 1 << v;
            }
            self.predecessor_start.push(to_u32(self.predecessors.len()));
        }
        for &mask in &successors[..n] {
            self.successors.extend(bits(mask).map(|v| base + v));
            self.successor_start.push(to_u32(self.successors.len()));
        }
        self.graph_start.push(to_u32(self.labels.len()));
    }

    /// The nodes of a graph.
    pub(crate) fn nodes(&self, graph: usize) -> Range<usize> {
        to_usize(self.graph_start[graph])..to_usize(self.graph_start[graph + 1])
    }

    /// The predecessors and successors of all nodes: where those of each node begin, and all of them, ascending for a node.
    pub(crate) fn adjacency(&self) -> [(&[u32], &[u32]); 2] {
        [
            (&self.predecessor_start, &self.predecessors),
            (&self.successor_start, &self.successors),
        ]
    }

    /// Adds a graph of others.
    pub(crate) fn copy(&mut self, from: &Self, graph: usize) {
        let nodes = from.nodes(graph);
        // Differences, which wrap around where they are negative.
        let moved = to_u32(self.labels.len()).wrapping_sub(to_u32(nodes.start));
        self.labels.extend_from_slice(&from.labels[nodes.clone()]);
        for (starts, edges, (from_starts, from_edges)) in [
            (
                &mut self.predecessor_start,
                &mut self.predecessors,
                from.adjacency()[0],
            ),
            (
                &mut self.successor_start,
                &mut self.successors,
                from.adjacency()[1],
            ),
        ] {
            let [first, last] = [nodes.start, nodes.end].map(|node| from_starts[node]);
            let edges_moved = to_u32(edges.len()).wrapping_sub(first);
            let copied = from_edges[to_usize(first)..to_usize(last)].iter();
            edges.extend(copied.map(|node| node.wrapping_add(moved)));
            let copied = from_starts[nodes.start + 1..=nodes.end].iter();
            starts.extend(copied.map(|start| start.wrapping_add(edges_moved)));
        }
        self.graph_start.push(to_u32(self.labels.len()));
    }
}

/// The numbers of the bits that are set, ascending.
fn bits(mut mask: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        (mask != 0).then(|| {
            let lowest = mask.trailing_zeros();
            mask &= mask - 1;
            lowest
        })
    })
}
