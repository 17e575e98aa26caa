//! A batch of labelled directed acyclic graphs as indices.

use crate::Device;

/// Graphs that are encoded together. Nodes of all graphs are numbered in one sequence; the nodes of a graph are
/// consecutive and in topological order, and the last one is its output.
///
/// Filled on the host by [`push`](Self::push), then copied to the device by [`upload`](Self::upload).
#[derive(Debug)]
pub struct GraphBatch<D: Device> {
    host: Host,
    /// First node of each graph, and the number of nodes at the end; `n_graphs + 1` entries.
    pub(crate) graph_start: D::Ints,
    /// Label of each node.
    pub(crate) labels: D::Ints,
    /// Predecessors of each node.
    pub(crate) predecessors: Neighbours<D>,
    /// Successors of each node.
    pub(crate) successors: Neighbours<D>,
}

/// Adjacency in compressed form: the neighbours of node `i` are `nodes[start[i]..start[i + 1]]`, ascending.
#[derive(Debug)]
pub(crate) struct Neighbours<D: Device> {
    pub(crate) start: D::Ints,
    pub(crate) nodes: D::Ints,
}

#[derive(Debug, Default)]
struct Host {
    graph_start: Vec<u32>,
    labels: Vec<u32>,
    predecessor_start: Vec<u32>,
    predecessors: Vec<u32>,
    successor_start: Vec<u32>,
    successors: Vec<u32>,
}

impl<D: Device> GraphBatch<D> {
    /// A batch without graphs.
    pub fn new(device: &D) -> Self {
        let neighbours = || Neighbours {
            start: device.ints(),
            nodes: device.ints(),
        };
        let mut batch = Self {
            host: Host::default(),
            graph_start: device.ints(),
            labels: device.ints(),
            predecessors: neighbours(),
            successors: neighbours(),
        };
        batch.clear();
        batch
    }

    /// Removes all graphs, keeping the memory.
    pub fn clear(&mut self) {
        let host = &mut self.host;
        for starts in [
            &mut host.graph_start,
            &mut host.predecessor_start,
            &mut host.successor_start,
        ] {
            starts.clear();
            starts.push(0);
        }
        host.labels.clear();
        host.predecessors.clear();
        host.successors.clear();
    }

    /// Adds a graph: the label of each node, and the set of its predecessors (bit `u` of entry `v` is the edge from
    /// node `u` of this graph to node `v`).
    ///
    /// # Panics
    ///
    /// When the slices differ in length, an edge does not go forward, or the graph has no node or more than 64.
    pub fn push(&mut self, labels: impl ExactSizeIterator<Item = u32>, predecessors: &[u64]) {
        let n = predecessors.len();
        assert_eq!(
            labels.len(),
            n,
            "one label and one predecessor set for each node"
        );
        assert!((1..=64).contains(&n), "a graph has 1 to 64 nodes, not {n}");
        let host = &mut self.host;
        let base = count(host.labels.len());
        host.labels.extend(labels);
        let mut successors = [0_u64; 64];
        for (v, &mask) in predecessors.iter().enumerate() {
            assert!(
                mask >> v == 0,
                "node {v} has a predecessor that does not come before it"
            );
            for u in bits(mask) {
                host.predecessors.push(base + u);
                successors[u as usize] |= 1 << v;
            }
            host.predecessor_start.push(count(host.predecessors.len()));
        }
        for &mask in &successors[..n] {
            host.successors.extend(bits(mask).map(|v| base + v));
            host.successor_start.push(count(host.successors.len()));
        }
        host.graph_start.push(count(host.labels.len()));
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

fn count(n: usize) -> u32 {
    u32::try_from(n).expect("invariant: a batch has fewer than 2^32 nodes and edges")
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
    }
}
