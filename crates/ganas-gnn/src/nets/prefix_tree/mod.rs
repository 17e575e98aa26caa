//! What episodes share: each distinct node and each distinct beginning of an episode is computed once.
//!
//! The encoder of a policy looks at predecessors only, so two nodes have one embedding when they have the same label and
//! their predecessors have the same embeddings, whatever graph they are in. And a state of the GRU depends on the nodes so
//! far, so two episodes share their states up to where they first differ. Nothing is approximated: what is equal by
//! construction is computed once, and its derivative is the sum over those who read it.

#[cfg(test)]
mod tests;

use crate::index::{to_u32, to_usize};
use crate::interner::Interner;
use crate::layers::GruTree;
use crate::ops::list_readout::NodeLists;
use crate::{Device, GraphBatch};

/// The distinct nodes and states of a batch of episodes, built step by step.
#[derive(Debug)]
pub(super) struct PrefixTree<D: Device> {
    /// The distinct nodes.
    pub(super) nodes: GraphBatch<D>,
    /// The distinct states.
    pub(super) states: GruTree<D>,
    /// For each decision, its state.
    pub(super) state_of: Vec<u32>,
    /// For each state, a value that is the same for all its episodes: the last label of each.
    pub(super) last_labels: Vec<u32>,
    /// For each state, the nodes that exist: `list_nodes[list_start[s]..list_start[s + 1]]`.
    list_start: Vec<u32>,
    list_nodes: Vec<u32>,
    /// The distinct node of each node of each episode, `stride` for each.
    members: Vec<u32>,
    stride: usize,
    /// How many nodes of each episode are known.
    known: usize,
    node_chains: Interner,
    /// The node of each chain that ends in one.
    node_of_chain: Vec<u32>,
    state_chains: Interner,
    /// The last state of each chain that ends in one.
    state_of_chain: Vec<u32>,
    /// The chain of each episode.
    chains: Vec<u32>,
    parents: Vec<u32>,
    predecessors: Vec<u32>,
    scratch: Vec<u32>,
}

/// No node, state or chain.
const NONE: u32 = u32::MAX;

/// By what episodes are told apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Distinction<'a> {
    /// By their nodes.
    Nodes,
    /// By the last label of each, since the policy sees nothing else.
    LastLabels(&'a [u32]),
}

impl<D: Device> PrefixTree<D> {
    pub(super) fn new(device: &D) -> Self {
        Self {
            nodes: GraphBatch::new(device),
            states: GruTree::new(),
            state_of: Vec::new(),
            last_labels: Vec::new(),
            list_start: vec![0],
            list_nodes: Vec::new(),
            members: Vec::new(),
            stride: 0,
            known: 0,
            node_chains: Interner::default(),
            node_of_chain: Vec::new(),
            state_chains: Interner::default(),
            state_of_chain: Vec::new(),
            chains: Vec::new(),
            parents: Vec::new(),
            predecessors: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Starts anew with `n` episodes of at most `stride` nodes.
    pub(super) fn start(&mut self, n: usize, stride: usize) {
        self.nodes.clear();
        self.states.clear();
        self.state_of.clear();
        self.last_labels.clear();
        self.list_start.truncate(1);
        self.list_nodes.clear();
        self.members.clear();
        self.members.resize(n * stride, NONE);
        (self.stride, self.known) = (stride, 0);
        self.node_chains.clear();
        self.node_of_chain.clear();
        self.state_chains.clear();
        self.state_of_chain.clear();
        self.chains.clear();
        self.chains.resize(n, NONE);
    }

    /// Adds a step before which the first `prefix` nodes of each graph exist.
    pub(super) fn step(
        &mut self,
        device: &D,
        graphs: &GraphBatch<D>,
        prefix: usize,
        distinction: Distinction<'_>,
    ) {
        let n = self.chains.len();
        assert_eq!(graphs.n_graphs(), n, "one graph for each episode");
        assert!(
            self.known <= prefix && prefix <= self.stride,
            "a prefix of {prefix} of {} nodes after one of {}",
            self.stride,
            self.known
        );
        let before = self.state_of.len().checked_sub(n);
        let first = self.states.n_states();
        self.parents.clear();
        for episode in 0..n {
            for v in self.known..prefix {
                let node = self.node(graphs, episode, v);
                self.members[episode * self.stride + v] = node;
                if let Distinction::Nodes = distinction {
                    self.extend(episode, node);
                }
            }
            if let Distinction::LastLabels(labels) = distinction {
                self.extend(episode, labels[episode]);
            }
            let chain = to_usize(self.chains[episode]);
            let mut state = self.state_of_chain[chain];
            if state == NONE || to_usize(state) < first {
                state = to_u32(first + self.parents.len());
                self.state_of_chain[chain] = state;
                self.parents.push(match before {
                    // The root is number 0 of the tree.
                    None => 0,
                    Some(before) => self.state_of[before + episode] + 1,
                });
                let nodes = episode * self.stride;
                self.list_nodes
                    .extend_from_slice(&self.members[nodes..nodes + prefix]);
                self.list_start.push(to_u32(self.list_nodes.len()));
                if let Distinction::LastLabels(labels) = distinction {
                    self.last_labels.push(labels[episode]);
                }
            }
            self.state_of.push(state);
        }
        self.known = prefix;
        self.states.push(device, &self.parents);
    }

    /// The states of the decisions of the last step, counted from the first state of the step.
    pub(super) fn last_step_states(&self) -> impl Iterator<Item = u32> + '_ {
        let (first, _) = self.states.step(self.states.steps() - 1);
        let decisions = &self.state_of[self.state_of.len() - self.chains.len()..];
        decisions.iter().map(move |state| state - to_u32(first))
    }

    /// The distinct nodes of rows of the nodes of all graphs, of which each has `n_nodes`.
    pub(super) fn distinct(&self, rows: &mut [u32], n_nodes: usize) {
        for row in rows {
            let (episode, v) = (to_usize(*row) / n_nodes, to_usize(*row) % n_nodes);
            *row = self.members[episode * self.stride + v];
            assert!(*row != NONE, "node {v} does not exist yet");
        }
    }

    /// Copies the nodes of some states, from number `first` on.
    pub(super) fn write_lists(&mut self, device: &D, first: usize, lists: &mut NodeLists<D>) {
        let offset = self.list_start[first];
        self.scratch.clear();
        self.scratch
            .extend(self.list_start[first..].iter().map(|s| s - offset));
        lists.write(
            device,
            [&self.scratch, &self.list_nodes[to_usize(offset)..]],
        );
    }

    /// Tells the lists of all states which of them read each node.
    pub(super) fn write_readers(&self, device: &D, lists: &mut NodeLists<D>) {
        let of = [&self.list_start[..], &self.list_nodes];
        lists.write_readers(device, of, self.nodes.n_nodes());
    }

    /// Adds a link to the chain of an episode.
    fn extend(&mut self, episode: usize, link: u32) {
        let chain = self.state_chains.intern([self.chains[episode], link]);
        self.chains[episode] = chain;
        self.state_of_chain.resize(self.state_chains.len(), NONE);
    }

    /// The distinct node of a node whose predecessors are known.
    fn node(&mut self, graphs: &GraphBatch<D>, episode: usize, v: usize) -> u32 {
        let members = &self.members[episode * self.stride..][..self.stride];
        let (label, predecessors) = graphs.node(episode, v);
        self.predecessors.clear();
        self.predecessors.extend(predecessors.map(|u| members[u]));
        // The sum over predecessors does not know their order.
        self.predecessors.sort_unstable();
        let mut chain = self.node_chains.intern([NONE, label]);
        for &predecessor in &self.predecessors {
            chain = self.node_chains.intern([chain, predecessor]);
        }
        self.node_of_chain.resize(self.node_chains.len(), NONE);
        let node = &mut self.node_of_chain[to_usize(chain)];
        if *node == NONE {
            *node = to_u32(self.nodes.n_nodes());
            self.nodes.push_node(label, &self.predecessors);
        }
        *node
    }
}
