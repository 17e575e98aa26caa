//! Finished episodes of a policy: the graphs, and the decisions that led to them.

use super::edge_head::EdgeDecisions;
use crate::ops::categorical::Choices;
use crate::{Device, GraphBatch};

/// Finished episodes, of which the log-probabilities are wanted.
#[derive(Debug)]
pub struct Episodes<D: Device> {
    /// The finished graphs, all with the same number of nodes.
    pub graphs: GraphBatch<D>,
    /// The decisions, `T n` of them.
    pub decisions: Decisions<D>,
}

/// Decisions in the order `t n + i`.
#[derive(Debug)]
pub struct Decisions<D: Device> {
    /// The legal labels of each decision.
    pub masks: D::Masks,
    /// The label that was chosen.
    pub chosen: D::Ints,
    /// `t n_labels + label` of the last node before the decision.
    pub last_labels: D::Ints,
    /// The edges, where they are free: for each step, each earlier node and each graph, in this order.
    pub edges: EdgeDecisions<D>,
}

impl<D: Device> Decisions<D> {
    pub(super) fn choices(&self) -> Choices<'_, D> {
        Choices {
            masks: &self.masks,
            chosen: &self.chosen,
        }
    }
}

impl<D: Device> Episodes<D> {
    /// No episodes.
    pub fn new(device: &D) -> Self {
        Self {
            graphs: GraphBatch::new(device),
            decisions: Decisions {
                masks: device.masks(),
                chosen: device.ints(),
                last_labels: device.ints(),
                edges: EdgeDecisions::new(device),
            },
        }
    }
}
