//! A batch of labelled directed acyclic graphs as indices.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Device;
use crate::host_graphs::HostGraphs;
use crate::index::{to_u32, to_usize};
use crate::known_graphs::{KnownColours, KnownGraphs};
use crate::lists::{Lists, Neighbours};

/// Graphs that are encoded together. Nodes of all graphs are numbered in one sequence; the nodes of a graph are
/// consecutive and in topological order, and the last one is its output.
///
/// Filled on the host by [`push`](Self::push).
#[derive(Debug)]
pub struct GraphBatch<D: Device> {
    host: HostGraphs,
    contents: Contents,
    /// The successors of nodes that were added by themselves.
    of_nodes: Lists,
    /// The colours of the nodes, where all graphs are known.
    colours: KnownColours,
    /// First node of each graph, and the number of nodes at the end; `n_graphs + 1` entries.
    pub(crate) graph_start: D::Ints,
    /// Label of each node.
    pub(crate) labels: D::Ints,
    /// Predecessors of each node.
    pub(crate) predecessors: Neighbours<D>,
    /// Successors of each node.
    pub(crate) successors: Neighbours<D>,
}

/// What a batch holds at one time: another number after each change, and in each batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contents(u64);

impl Contents {
    /// Contents that were not there before.
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl<D: Device> GraphBatch<D> {
    /// A batch without graphs.
    pub fn new(device: &D) -> Self {
        let neighbours = || Neighbours::new(device);
        Self {
            host: HostGraphs::default(),
            contents: Contents::new(),
            of_nodes: Lists::default(),
            colours: KnownColours::default(),
            graph_start: device.ints(),
            labels: device.ints(),
            predecessors: neighbours(),
            successors: neighbours(),
        }
    }

    /// What it holds; the same as before only where nothing has changed.
    pub(crate) fn contents(&self) -> Contents {
        self.contents
    }

    /// Removes all graphs, keeping the memory.
    pub fn clear(&mut self) {
        self.contents = Contents::new();
        self.host.clear();
        self.colours.clear();
    }

    /// Adds a graph: the label of each node, and the set of its predecessors (bit `u` of entry `v` is the edge from
    /// node `u` of this graph to node `v`).
    ///
    /// # Panics
    ///
    /// When the slices differ in length, an edge does not go forward, or the graph has no node or more than 64.
    pub fn push(&mut self, labels: impl ExactSizeIterator<Item = u32>, predecessors: &[u64]) {
        self.contents = Contents::new();
        self.host.push(labels, predecessors);
        self.colours.clear();
    }

    /// Replaces all graphs by some that are known, by their numbers. Which of their embeddings are equal is then looked up,
    /// not searched for; nothing else differs.
    ///
    /// # Panics
    ///
    /// When there is no graph with such a number.
    pub fn fill(&mut self, known: &KnownGraphs, numbers: &[usize]) {
        self.contents = Contents::new();
        self.host.clear();
        for &number in numbers {
            self.host.copy(known.graphs(), number);
        }
        self.colours.fill(known, numbers);
    }

    /// The colour of each node after a layer, where it is known, and the number of colours.
    pub(crate) fn known_colours(&self, level: usize) -> Option<(&[u32], usize)> {
        self.colours.after(level)
    }

    /// Adds a node by itself, whose predecessors stand in the batch already, by their numbers there; a number may occur
    /// more than once. Such a batch has no graphs, only nodes, and [`upload_nodes`](Self::upload_nodes) is its upload.
    pub(crate) fn push_node(&mut self, label: u32, predecessors: &[u32]) {
        self.contents = Contents::new();
        let host = &mut self.host;
        host.labels.push(label);
        host.predecessors.extend_from_slice(predecessors);
        host.predecessor_start.push(to_u32(host.predecessors.len()));
    }

    /// Copies nodes that were added by themselves to the device, without their successors.
    pub(crate) fn upload_nodes(&mut self, device: &D) {
        let host = &self.host;
        device.write_ints(&mut self.labels, &host.labels);
        device.write_ints(&mut self.predecessors.start, &host.predecessor_start);
        device.write_ints(&mut self.predecessors.nodes, &host.predecessors);
    }

    /// Copies the successors of nodes that were added by themselves, as a backward pass needs them.
    pub(crate) fn upload_successors(&mut self, device: &D) {
        let (host, successors) = (&self.host, &mut self.of_nodes);
        successors.transpose(
            &host.predecessor_start,
            &host.predecessors,
            host.labels.len(),
        );
        successors.write(device, &mut self.successors);
    }

    /// The label of a node of a graph, and its predecessors, numbered within the graph.
    pub(crate) fn node(&self, graph: usize, v: usize) -> (u32, impl Iterator<Item = usize> + '_) {
        let host = &self.host;
        let base = to_usize(host.graph_start[graph]);
        let node = base + v;
        let edges =
            to_usize(host.predecessor_start[node])..to_usize(host.predecessor_start[node + 1]);
        let predecessors = &host.predecessors[edges];
        (
            host.labels[node],
            predecessors.iter().map(move |&u| to_usize(u) - base),
        )
    }

    /// The predecessors and successors of all nodes: where those of each node begin, and all of them, ascending for a node.
    pub(crate) fn adjacency(&self) -> [(&[u32], &[u32]); 2] {
        self.host.adjacency()
    }

    /// Where the nodes of each graph begin, and where those of the last one end.
    pub(crate) fn starts(&self) -> &[u32] {
        &self.host.graph_start
    }

    /// The labels of the nodes from number `first` on.
    pub(crate) fn labels_from(&self, first: usize) -> &[u32] {
        &self.host.labels[first..]
    }

    /// Copies to the device what networks that encode whole graphs need there.
    ///
    /// That is nothing where [embeddings are shared](Device::shares_embeddings): the network then finds out on the host what
    /// distinct work the graphs hold, and copies that.
    pub fn prepare(&mut self, device: &D) {
        if !device.shares_embeddings() {
            self.upload(device);
        }
    }

    /// Copies the graphs to the device.
    pub fn upload(&mut self, device: &D) {
        let host = &self.host;
        device.write_ints(&mut self.graph_start, &host.graph_start);
        device.write_ints(&mut self.labels, &host.labels);
        device.write_ints(&mut self.predecessors.start, &host.predecessor_start);
        device.write_ints(&mut self.predecessors.nodes, &host.predecessors);
        device.write_ints(&mut self.successors.start, &host.successor_start);
        device.write_ints(&mut self.successors.nodes, &host.successors);
    }

    /// The number of graphs.
    pub fn n_graphs(&self) -> usize {
        self.host.graph_start.len() - 1
    }

    /// The number of nodes of all graphs together.
    pub fn n_nodes(&self) -> usize {
        self.host.labels.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cpu;

    #[test]
    fn adjacency_of_two_graphs() {
        let device = Cpu::<f64>::new();
        let mut batch = GraphBatch::new(&device);
        batch.push([4, 5].into_iter(), &[0, 1]);
        batch.push([0, 1, 2].into_iter(), &[0, 0b1, 0b11]);
        batch.upload(&device);
        assert_eq!((batch.n_graphs(), batch.n_nodes()), (2, 5));
        assert_eq!(batch.graph_start, [0, 2, 5]);
        assert_eq!(batch.labels, [4, 5, 0, 1, 2]);
        assert_eq!(batch.predecessors.start, [0, 0, 1, 1, 2, 4]);
        assert_eq!(batch.predecessors.nodes, [0, 2, 2, 3]);
        assert_eq!(batch.successors.start, [0, 1, 1, 3, 4, 4]);
        assert_eq!(batch.successors.nodes, [1, 3, 4, 4]);
        let (label, predecessors) = batch.node(1, 2);
        assert_eq!((label, predecessors.collect::<Vec<_>>()), (2, vec![0, 1]));
    }

    #[test]
    fn nodes_by_themselves() {
        let device = Cpu::<f64>::new();
        let mut batch = GraphBatch::new(&device);
        batch.push_node(4, &[]);
        batch.push_node(5, &[0, 0]);
        batch.push_node(5, &[0, 1]);
        batch.upload_nodes(&device);
        batch.upload_successors(&device);
        assert_eq!(batch.n_nodes(), 3);
        assert_eq!(batch.labels_from(1), [5, 5]);
        assert_eq!(batch.predecessors.start, [0, 0, 2, 4]);
        assert_eq!(batch.predecessors.nodes, [0, 0, 0, 1]);
        assert_eq!(batch.successors.start, [0, 3, 4, 4]);
        assert_eq!(batch.successors.nodes, [1, 1, 2, 2]);
    }
}
