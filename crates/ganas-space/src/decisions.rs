//! How an architecture is built: the decisions of a generator, one by one.

use crate::arch::{OpId, VertexId};

/// One choice of a generator: the number of a label, or 0 (absent) and 1 (present) for an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Action(pub u8);

impl Action {
    /// The action as an index into the logits of its decision.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What is being decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The label of `vertex`; the action is the number of an [`OpId`].
    Label {
        /// The vertex that is being labelled.
        vertex: VertexId,
    },
    /// Whether the edge from `from` to `to` exists; the actions are 0 (absent) and 1 (present).
    Edge {
        /// The earlier vertex.
        from: VertexId,
        /// The vertex that is being connected.
        to: VertexId,
    },
}

/// The set of legal actions: bit `a` is set when action `a` is legal.
///
/// Invariant of every space: at least one action is legal, and every legal action can be completed to an
/// architecture of the space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegalActions(pub u64);

impl LegalActions {
    /// Whether the action is legal.
    #[must_use]
    pub fn contains(self, action: Action) -> bool {
        action.0 < 64 && self.0 >> action.0 & 1 == 1
    }

    /// The number of legal actions.
    #[must_use]
    pub fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// The legal actions, ascending.
    pub fn iter(self) -> impl Iterator<Item = Action> {
        (0..64)
            .map(Action)
            .filter(move |action| self.contains(*action))
    }
}

/// The next decision of a partial architecture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// What is being decided.
    pub choice: Choice,
    /// The legal actions.
    pub legal: LegalActions,
    /// For an edge: the log-odds of its presence before anything was learnt; 0 says that both are as likely.
    ///
    /// A generator starts from these odds, so that its first draws have a sensible number of edges.
    /// 0 for a label.
    pub prior_log_odds: f64,
}

/// A partially built architecture: the complete vertices so far, and the decisions that led to them.
///
/// A vertex appears in [`labels`](Self::labels) as soon as its label and all of its incoming edges are decided, so the
/// embedding of a vertex by a predecessor-only encoder is final once it is here.
/// Spaces build it through [`push_vertex`](Self::push_vertex) and [`push_action`](Self::push_action).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    labels: Vec<OpId>,
    predecessors: Vec<u64>,
    actions: Vec<Action>,
}

impl Partial {
    /// A partial architecture without vertices.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            labels: Vec::new(),
            predecessors: Vec::new(),
            actions: Vec::new(),
        }
    }

    /// The labels of the complete vertices.
    #[must_use]
    pub fn labels(&self) -> &[OpId] {
        &self.labels
    }

    /// The predecessor sets of the complete vertices.
    #[must_use]
    pub fn predecessors(&self) -> &[u64] {
        &self.predecessors
    }

    /// The decisions taken so far.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Adds a complete vertex.
    pub fn push_vertex(&mut self, label: OpId, predecessors: u64) {
        self.labels.push(label);
        self.predecessors.push(predecessors);
    }

    /// Records a decision.
    pub fn push_action(&mut self, action: Action) {
        self.actions.push(action);
    }
}
