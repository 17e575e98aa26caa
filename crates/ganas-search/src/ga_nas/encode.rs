//! From architectures to the indices that networks see.

use std::ops::Range;

use ganas_gnn::nets::{EdgeChoice, Episodes};
use ganas_gnn::{Backend, Element, GraphBatch, KnownGraphs};
use ganas_space::{Action, Arch, Choice, OpId, Partial, SearchSpace, SpaceError};

use crate::SearchError;

/// The decisions of a space, in the form that the generator's policy needs: a step for each vertex that leaves something
/// open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    /// The steps in the order in which they are taken.
    pub(crate) steps: Vec<Step>,
    /// The number of decisions of an architecture.
    pub(crate) n_decisions: usize,
    /// The number of vertices of a finished architecture.
    pub(crate) n_vertices: usize,
    /// The number of labels.
    pub(crate) n_labels: usize,
}

/// The decisions about one vertex: its label, then its edges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The number of complete vertices before the step, which is the number of the vertex.
    pub(crate) prefix: usize,
    /// Its label.
    pub(crate) label: StepLabel,
    /// The numbers of the decisions about its edges, without those that are fixed.
    pub(crate) edges: Range<usize>,
    /// The source of each of these edges, ascending.
    pub(crate) sources: Vec<usize>,
}

/// The label of a step's vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepLabel {
    /// The decision with this number.
    Decided(usize),
    /// Always this one.
    Given(OpId),
}

impl Steps {
    /// Walks through the decisions of a space.
    ///
    /// # Errors
    ///
    /// [`SearchError::UnsupportedSpace`] when a decision is not about the next vertex, or a label comes after an edge.
    pub(crate) fn of(space: &dyn SearchSpace) -> Result<Self, SearchError> {
        let mut partial = space.start();
        let mut steps: Vec<Step> = Vec::new();
        let mut n_decisions = 0;
        while let Some(decision) = space.decision(&partial) {
            let prefix = partial.labels().len();
            let (vertex, source) = match decision.choice {
                Choice::Label { vertex } => (vertex, None),
                Choice::Edge { from, to } => (to, Some(from.index())),
            };
            let unsupported = |reason| SearchError::UnsupportedSpace {
                space: space.name().to_owned(),
                reason,
            };
            if vertex.index() != prefix {
                return Err(unsupported(
                    "it decides about another vertex than the next one",
                ));
            }
            let is_new = steps.last().is_none_or(|step| step.prefix < prefix);
            match (source, is_new) {
                (None, true) => steps.push(Step {
                    prefix,
                    label: StepLabel::Decided(n_decisions),
                    edges: n_decisions + 1..n_decisions + 1,
                    sources: Vec::new(),
                }),
                (None, false) => {
                    return Err(unsupported(
                        "it decides about a label after an edge, or twice",
                    ));
                }
                (Some(_), true) => steps.push(Step {
                    prefix,
                    // The finished architecture will tell.
                    label: StepLabel::Given(OpId(0)),
                    edges: n_decisions..n_decisions,
                    sources: Vec::new(),
                }),
                (Some(_), false) => {}
            }
            if let (Some(source), Some(step)) = (source, steps.last_mut()) {
                step.sources.push(source);
                step.edges.end += 1;
            }
            n_decisions += 1;
            let first = decision.legal.0.trailing_zeros();
            let first = u8::try_from(first).expect("invariant: a mask has 64 bits");
            space.apply(&mut partial, Action(first))?;
        }
        let finished = space.finish(&partial)?;
        for step in &mut steps {
            if let StepLabel::Given(label) = &mut step.label {
                *label = finished.labels()[step.prefix];
            }
        }
        Ok(Self {
            steps,
            n_decisions,
            n_vertices: finished.n_vertices(),
            n_labels: space.labels().len(),
        })
    }

    /// Whether edges are decided.
    pub(crate) fn edge_choice(&self) -> EdgeChoice {
        if self.steps.iter().all(|step| step.sources.is_empty()) {
            EdgeChoice::Fixed
        } else {
            EdgeChoice::Free
        }
    }

    /// The row of the table of last labels.
    pub(crate) fn last_label(&self, step: usize, label: OpId) -> u32 {
        narrow(step * self.n_labels + label.index())
    }
}

/// A finished architecture with the decisions that built it, and what was open at each of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rollout {
    /// The architecture as it was built.
    pub(crate) arch: Arch,
    /// The decisions.
    pub(crate) actions: Vec<Action>,
    /// What was open at each decision.
    pub(crate) open: Vec<Open>,
}

impl Rollout {
    /// The decisions that build an architecture, which is [admitted](ganas_space::Constraints::admits) where actions are masked.
    pub(crate) fn of(
        space: &dyn SearchSpace,
        which: OpenActions,
        arch: Arch,
    ) -> Result<Self, SpaceError> {
        let actions = space.actions_of(&arch)?;
        let mut partial = space.start();
        let mut open = Vec::with_capacity(actions.len());
        for &action in &actions {
            open.push(Open::next(space, which, &partial));
            space.apply(&mut partial, action)?;
        }
        Ok(Self {
            arch,
            actions,
            open,
        })
    }
}

/// Which actions are open at a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenActions {
    /// The legal ones.
    Legal,
    /// Those of them that constraints leave, as far as a partial architecture tells.
    Admissible,
}

/// What is open at a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Open {
    /// The open actions.
    pub(crate) actions: u64,
    /// The prior log-odds of an edge.
    pub(crate) prior: f64,
}

impl Open {
    /// What is open at the next decision.
    ///
    /// # Panics
    ///
    /// When there is none: the number of decisions is that of [`Steps`].
    pub(crate) fn next(space: &dyn SearchSpace, which: OpenActions, partial: &Partial) -> Self {
        let decision = space
            .decision(partial)
            .expect("invariant: a decision is left");
        let actions = match which {
            OpenActions::Legal => decision.legal,
            OpenActions::Admissible => space.admissible(partial, decision.legal),
        };
        Self {
            actions: actions.0,
            prior: decision.prior_log_odds,
        }
    }
}

/// The graph that a discriminator sees: that of the canonical form.
///
/// In a space of layers in a fixed order, every vertex has one more predecessor, which is labelled with its place and its
/// label together: sums over neighbours and the mean over all vertices lose the place of a vertex, but the same block
/// is good early in a network and bad late in it. Beside its own label, so that what holds in all places is learnt
/// in all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenGraph {
    labels: Vec<u32>,
    predecessors: Vec<u64>,
}

impl SeenGraph {
    pub(crate) fn of(space: &dyn SearchSpace, arch: &Arch) -> Self {
        let arch = space.canonical(arch);
        let own = arch.labels().iter().map(|label| u32::from(label.0));
        if !places_are_seen(space) {
            return Self {
                labels: own.collect(),
                predecessors: arch.predecessors().to_vec(),
            };
        }
        // The vertices of the places come first, since predecessors do.
        let n = arch.labels().len();
        let n_labels = narrow(space.labels().len());
        let places = own
            .clone()
            .zip(1..)
            .map(|(label, place)| n_labels * place + label);
        let of_own = arch.predecessors().iter().enumerate();
        Self {
            labels: places.chain(own).collect(),
            predecessors: std::iter::repeat_n(0, n)
                .chain(of_own.map(|(i, sources)| sources << n | 1 << i))
                .collect(),
        }
    }

    /// The number of labels of such graphs.
    pub(crate) fn n_labels(space: &dyn SearchSpace) -> usize {
        let n_labels = space.labels().len();
        if places_are_seen(space) {
            n_labels * (1 + space.max_vertices())
        } else {
            n_labels
        }
    }

    pub(crate) fn push<B: Backend>(&self, batch: &mut GraphBatch<B>) {
        batch.push(self.labels.iter().copied(), &self.predecessors);
    }

    pub(crate) fn learn(&self, known: &mut KnownGraphs) {
        known.push(self.labels.iter().copied(), &self.predecessors);
    }
}

/// Whether vertices have a place, and the graph of twice as many still has a bit for each.
fn places_are_seen(space: &dyn SearchSpace) -> bool {
    space.blueprint().is_chain() && 2 * space.max_vertices() <= Arch::MAX_VERTICES
}

/// Adds a graph to a batch.
pub(crate) fn push<B: Backend>(batch: &mut GraphBatch<B>, labels: &[OpId], predecessors: &[u64]) {
    batch.push(labels.iter().map(|label| u32::from(label.0)), predecessors);
}

/// An index as the networks see it.
pub(crate) fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("invariant: steps, labels and vertices are few")
}

/// Host-side memory of the decisions of a batch of episodes.
#[derive(Debug, Default)]
pub(crate) struct EpisodeBuffers<T> {
    masks: Vec<u64>,
    chosen: Vec<u32>,
    last_labels: Vec<u32>,
    edges: EdgeBuffers<T>,
}

/// Host-side memory of the decisions about edges.
#[derive(Debug, Default)]
struct EdgeBuffers<T> {
    masks: Vec<u64>,
    chosen: Vec<u32>,
    prior: Vec<T>,
    node_rows: Vec<u32>,
    state_rows: Vec<u32>,
}

impl<T: Element> EpisodeBuffers<T> {
    /// Fills a batch of episodes, steps as the slow index.
    pub(crate) fn fill<'a, B: Backend<Elem = T>>(
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
        self.clear();
        for (number, step) in steps.steps.iter().enumerate() {
            for rollout in rollouts.clone() {
                let label = rollout.arch.labels()[step.prefix];
                self.masks.push(match step.label {
                    StepLabel::Decided(decision) => rollout.open[decision].actions,
                    StepLabel::Given(label) => 1 << label.0,
                });
                self.chosen.push(u32::from(label.0));
                self.last_labels
                    .push(steps.last_label(number, rollout.arch.labels()[step.prefix - 1]));
            }
            self.edges.add(steps, number, rollouts.clone());
        }
        let decisions = &mut episodes.decisions;
        device.write_masks(&mut decisions.masks, &self.masks);
        device.write_ints(&mut decisions.chosen, &self.chosen);
        device.write_ints(&mut decisions.last_labels, &self.last_labels);
        let n_edges = self.edges.masks.len();
        let rows = &mut decisions.edges.rows;
        rows.n_edges = n_edges;
        device.write_ints(&mut rows.node_rows, &self.edges.node_rows);
        device.write_ints(&mut rows.state_rows, &self.edges.state_rows);
        device.write_ints(&mut rows.labels, &self.chosen);
        device.write_masks(&mut decisions.edges.masks, &self.edges.masks);
        device.write_ints(&mut decisions.edges.chosen, &self.edges.chosen);
        let prior = &mut decisions.edges.prior;
        prior.set_column(device, &self.edges.prior);
    }

    fn clear(&mut self) {
        self.masks.clear();
        self.chosen.clear();
        self.last_labels.clear();
        let edges = &mut self.edges;
        edges.masks.clear();
        edges.chosen.clear();
        edges.prior.clear();
        edges.node_rows.clear();
        edges.state_rows.clear();
    }
}

impl<T: Element> EdgeBuffers<T> {
    /// Adds the edge decisions of a step.
    fn add<'a>(
        &mut self,
        steps: &Steps,
        number: usize,
        rollouts: impl Iterator<Item = &'a Rollout> + Clone,
    ) {
        let step = &steps.steps[number];
        let n = rollouts.clone().count();
        for (decision, source) in step.edges.clone().zip(&step.sources) {
            for (episode, rollout) in rollouts.clone().enumerate() {
                let open = rollout.open[decision];
                self.masks.push(open.actions);
                self.prior.push(T::of(open.prior));
                self.chosen.push(u32::from(rollout.actions[decision].0));
                self.node_rows
                    .push(narrow(episode * steps.n_vertices + source));
                self.state_rows.push(narrow(number * n + episode));
            }
        }
    }
}
