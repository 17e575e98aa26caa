//! What a policy says of episodes, and what its passes over them keep.

use super::edge_head::EdgeCache;
use super::prefix_tree::PrefixTree;
use crate::layers::{EncoderCache, GruCache};
use crate::ops::list_readout::NodeLists;
use crate::{Device, Mat};

/// What the policy says of each decision, and what a loss says of that; all `[T n, 1]`.
#[derive(Debug)]
pub struct PolicyOutput<D: Device> {
    /// Log-probability of the chosen label.
    pub log_prob: Mat<D>,
    /// Entropy of the decision.
    pub entropy: Mat<D>,
    /// Value of the state.
    pub value: Mat<D>,
    /// Derivative with respect to the log-probability, to be filled before the backward pass.
    pub d_log_prob: Mat<D>,
    /// Derivative with respect to the entropy, to be filled before the backward pass.
    pub d_entropy: Mat<D>,
    /// Derivative with respect to the value, to be filled before the backward pass, which overwrites it.
    pub d_value: Mat<D>,
}

/// What the episodes share, what the backward pass needs, and scratch memory.
#[derive(Debug)]
pub struct PolicyCache<D: Device> {
    /// The results.
    pub out: PolicyOutput<D>,
    pub(super) tree: PrefixTree<D>,
    pub(super) lists: NodeLists<D>,
    /// For each decision, its distinct state.
    pub(super) state_of: D::Ints,
    /// For each distinct state, the row of the table of last labels.
    pub(super) last_labels: D::Ints,
    pub(super) host_labels: Vec<u32>,
    pub(super) state_logits: Mat<D>,
    pub(super) state_values: Mat<D>,
    pub(super) d_state_logits: Mat<D>,
    pub(super) d_state_values: Mat<D>,
    pub(super) encoder: EncoderCache<D>,
    pub(super) gru: GruCache<D>,
    pub(super) z: Mat<D>,
    pub(super) hidden: Mat<D>,
    pub(super) logits: Mat<D>,
    pub(super) log_probs: Mat<D>,
    pub(super) d_logits: Mat<D>,
    pub(super) d_hidden: Mat<D>,
    pub(super) d_z: Mat<D>,
    pub(super) d_nodes: Mat<D>,
    pub(super) edges: EdgeCache<D>,
}

impl<D: Device> PolicyCache<D> {
    /// An empty cache; it grows at its first use.
    pub fn new(device: &D) -> Self {
        let mat = || Mat::empty(device);
        Self {
            out: PolicyOutput {
                log_prob: mat(),
                entropy: mat(),
                value: mat(),
                d_log_prob: mat(),
                d_entropy: mat(),
                d_value: mat(),
            },
            tree: PrefixTree::new(device),
            lists: NodeLists::new(device),
            state_of: device.ints(),
            last_labels: device.ints(),
            host_labels: Vec::new(),
            state_logits: mat(),
            state_values: mat(),
            d_state_logits: mat(),
            d_state_values: mat(),
            encoder: EncoderCache::new(device),
            gru: GruCache::new(device),
            z: mat(),
            hidden: mat(),
            logits: mat(),
            log_probs: mat(),
            d_logits: mat(),
            d_hidden: mat(),
            d_z: mat(),
            d_nodes: mat(),
            edges: EdgeCache::new(device),
        }
    }
}
