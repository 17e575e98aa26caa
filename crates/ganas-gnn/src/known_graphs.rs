//! Graphs that occur in many batches, with colours that are found once.

use std::collections::BTreeMap;

use crate::host_graphs::HostGraphs;
use crate::index::{to_u32, to_usize};

/// Graphs that batches are filled with again and again, as a training set is, and the colours of their nodes after each layer.
///
/// Colours of known graphs are compared with each other by their numbers, so a batch of them is refined by look-ups.
#[derive(Debug)]
pub struct KnownGraphs {
    graphs: HostGraphs,
    levels: Vec<KnownLevel>,
    key: Vec<u32>,
}

/// The colours after a layer.
#[derive(Debug, Default)]
struct KnownLevel {
    /// That of each node.
    of_nodes: Vec<u32>,
    /// That of each list of own colour, number of predecessors, and the colours of predecessors and of successors, ascending.
    numbers: BTreeMap<Box<[u32]>, u32>,
}

impl KnownGraphs {
    /// No graphs, for encoders of at most so many layers.
    #[must_use]
    pub fn new(layers: usize) -> Self {
        Self {
            graphs: HostGraphs::default(),
            levels: (0..layers).map(|_| KnownLevel::default()).collect(),
            key: Vec::new(),
        }
    }

    /// The number of graphs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.graphs.graph_start.len() - 1
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a graph, as [`GraphBatch::push`](crate::GraphBatch::push) does; its number is the number of graphs before it.
    ///
    /// # Panics
    ///
    /// As there.
    pub fn push(&mut self, labels: impl ExactSizeIterator<Item = u32>, predecessors: &[u64]) {
        self.graphs.push(labels, predecessors);
        let nodes = self.graphs.nodes(self.len() - 1);
        for level in 0..self.levels.len() {
            let (before, rest) = self.levels.split_at_mut(level);
            let own = before
                .last()
                .map_or(&self.graphs.labels, |level| &level.of_nodes);
            for node in nodes.clone() {
                write_key(&mut self.key, &self.graphs, own, node);
                rest[0].add(&self.key);
            }
        }
    }

    pub(crate) fn graphs(&self) -> &HostGraphs {
        &self.graphs
    }
}

impl KnownLevel {
    /// Adds the colour of the next node.
    fn add(&mut self, key: &[u32]) {
        let number = match self.numbers.get(key) {
            Some(&number) => number,
            None => {
                let number = to_u32(self.numbers.len());
                self.numbers.insert(key.into(), number);
                number
            }
        };
        self.of_nodes.push(number);
    }
}

/// What a node sees of the colours before a layer.
fn write_key(key: &mut Vec<u32>, graphs: &HostGraphs, own: &[u32], node: usize) {
    let around = graphs
        .adjacency()
        .map(|(starts, nodes)| &nodes[to_usize(starts[node])..to_usize(starts[node + 1])]);
    key.clear();
    key.extend([own[node], to_u32(around[0].len())]);
    for neighbours in around {
        let start = key.len();
        key.extend(neighbours.iter().map(|&node| own[to_usize(node)]));
        key[start..].sort_unstable();
    }
}

/// The colours of a batch of known graphs after each layer; none where its graphs are not known.
#[derive(Debug, Default)]
pub(crate) struct KnownColours {
    levels: Vec<(Vec<u32>, usize)>,
    n_levels: usize,
}

impl KnownColours {
    pub(crate) fn clear(&mut self) {
        self.n_levels = 0;
    }

    pub(crate) fn fill(&mut self, known: &KnownGraphs, numbers: &[usize]) {
        self.n_levels = known.levels.len();
        if self.levels.len() < self.n_levels {
            self.levels.resize_with(self.n_levels, Default::default);
        }
        for ((colours, n), level) in self.levels.iter_mut().zip(&known.levels) {
            colours.clear();
            for &number in numbers {
                colours.extend_from_slice(&level.of_nodes[known.graphs.nodes(number)]);
            }
            *n = level.numbers.len();
        }
    }

    /// The colour of each node after a layer, and how many colours there are.
    pub(crate) fn after(&self, level: usize) -> Option<(&[u32], usize)> {
        let levels = &self.levels[..self.n_levels];
        levels
            .get(level)
            .map(|(colours, n)| (colours.as_slice(), *n))
    }
}
