//! From architectures to the indices that networks see.

use ganas_gnn::nets::Episodes;
use ganas_gnn::{Backend, GraphBatch};
use ganas_space::{Action, Arch, Choice, OpId, Partial, SearchSpace, SpaceError};

use crate::SearchError;

/// The decisions of a space, in the form that the generator's policy needs: one label for each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    /// The number of complete vertices before each step.
    pub(super) prefixes: Vec<usize>,
    /// The number of vertices of a finished architecture.
    pub(super) n_vertices: usize,
    /// The number of labels.
    pub(super) n_labels: usize,
}

impl Steps {
    /// Walks through the decisions of a space.
    ///
    /// # Errors
    ///
    /// [`SearchError::UnsupportedSpace`] when a decision is not the label of a vertex.
    pub(super) fn of(space: &dyn SearchSpace) -> Result<Self, SearchError> {
        let mut partial = space.start();
        let mut prefixes = Vec::new();
        while let Some(decision) = space.decision(&partial) {
            if !matches!(decision.choice, Choice::Label { .. }) {
                return Err(SearchError::UnsupportedSpace {
                    space: space.name(),
                    reason: "its architectures differ in their edges, and the generator chooses labels only",
                });
            }
            prefixes.push(partial.labels().len());
            let first = decision.legal.0.trailing_zeros();
            let first = u8::try_from(first).expect("invariant: a mask has 64 bits");
            space.apply(&mut partial, Action(first))?;
        }
        let n_vertices = space.finish(&partial)?.n_vertices();
        Ok(Self {
            prefixes,
            n_vertices,
            n_labels: space.labels().len(),
        })
    }
}

/// A finished architecture with the decisions that built it, and what was legal at each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rollout {
    /// The architecture as it was built.
    pub(super) arch: Arch,
    /// The decisions.
    pub(super) actions: Vec<Action>,
    /// The legal actions at each decision.
    pub(super) masks: Vec<u64>,
}

impl Rollout {
    /// The decisions that build an architecture.
    pub(super) fn of(space: &dyn SearchSpace, arch: Arch) -> Result<Self, SpaceError> {
        let actions = space.actions_of(&arch)?;
        let mut partial = space.start();
        let mut masks = Vec::with_capacity(actions.len());
        for &action in &actions {
            masks.push(legal(space, &partial));
            space.apply(&mut partial, action)?;
        }
        Ok(Self {
            arch,
            actions,
            masks,
        })
    }
}

/// The legal actions of the next decision.
///
/// # Panics
///
/// When there is none: the number of decisions is that of [`Steps`].
pub(super) fn legal(space: &dyn SearchSpace, partial: &Partial) -> u64 {
    space
        .decision(partial)
        .expect("invariant: a decision is left")
        .legal
        .0
}

/// The graph that a discriminator sees: that of the canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeenGraph(Arch);

impl SeenGraph {
    pub(super) fn of(space: &dyn SearchSpace, arch: &Arch) -> Self {
        Self(space.canonical(arch))
    }

    pub(super) fn push<B: Backend>(&self, batch: &mut GraphBatch<B>) {
        push(batch, self.0.labels(), self.0.predecessors());
    }
}

/// Adds a graph to a batch.
pub(super) fn push<B: Backend>(batch: &mut GraphBatch<B>, labels: &[OpId], predecessors: &[u64]) {
    batch.push(labels.iter().map(|label| u32::from(label.0)), predecessors);
}

/// Host-side memory of the decisions of a batch of episodes.
#[derive(Debug, Default)]
pub(super) struct EpisodeBuffers {
    masks: Vec<u64>,
    chosen: Vec<u32>,
    last_labels: Vec<u32>,
}

impl EpisodeBuffers {
    /// Fills a batch of episodes, steps as the slow index.
    pub(super) fn fill<'a, B: Backend>(
        &mut self,
        device: &B,
        episodes: &mut Episodes<B>,
        steps: &Steps,
        rollouts: impl Iterator<Item = &'a Rollout> + Clone,
    ) {
        episodes.graphs.clear();
        for rollout in rollouts.clone() {
            push(
                &mut episodes.graphs,
                rollout.arch.labels(),
                rollout.arch.predecessors(),
            );
        }
        episodes.graphs.upload(device);
        self.masks.clear();
        self.chosen.clear();
        self.last_labels.clear();
        for (step, &prefix) in steps.prefixes.iter().enumerate() {
            for rollout in rollouts.clone() {
                self.masks.push(rollout.masks[step]);
                self.chosen.push(u32::from(rollout.actions[step].0));
                self.last_labels
                    .push(steps.last_label(step, rollout.arch.labels()[prefix - 1]));
            }
        }
        device.write_masks(&mut episodes.decisions.masks, &self.masks);
        device.write_ints(&mut episodes.decisions.chosen, &self.chosen);
        device.write_ints(&mut episodes.decisions.last_labels, &self.last_labels);
    }
}

impl Steps {
    /// The row of the table of last labels.
    pub(super) fn last_label(&self, step: usize, label: OpId) -> u32 {
        u32::try_from(step * self.n_labels + label.index())
            .expect("invariant: few steps and labels")
    }
}
