//! The search space as seen by searchers, evaluators and generators.

use std::fmt::Debug;
use std::num::NonZeroUsize;

use rand_core::Rng;

use crate::{Arch, ArchKey, Cost, CostState, Member, OpId, SpaceError, StatedBound, VertexId};

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

/// A set of architectures, with their text, their classes, and the decisions that build them.
pub trait SearchSpace: Debug + Send + Sync {
    /// The name on the command line and in records.
    fn name(&self) -> &'static str;

    /// The names of all vertex labels, in the order of their [`OpId`]; operations first, then input and output.
    fn labels(&self) -> &[&'static str];

    /// The largest number of vertices of an architecture, input and output included.
    fn max_vertices(&self) -> usize;

    /// The number of architectures as text (not of classes), when it is known.
    fn size(&self) -> Option<u64>;

    /// Computes what [`enumerate`](Self::enumerate), [`keys`](Self::keys) and [`index_of`](Self::index_of) need, on so
    /// many threads; otherwise the first call of one of them does it on one.
    ///
    /// Does nothing in spaces where that takes no time, and changes no result.
    fn prepare(&self, threads: NonZeroUsize) {
        let _ = threads;
    }

    /// All architectures in the official index order, when they can be enumerated.
    fn enumerate(&self) -> Option<Box<dyn Iterator<Item = Arch> + '_>>;

    /// The key of each architecture that [`enumerate`](Self::enumerate) yields, in its order.
    ///
    /// Spaces that hold their keys in a table return those.
    fn keys(&self) -> Option<Box<dyn Iterator<Item = ArchKey> + '_>> {
        let archs = self.enumerate()?;
        Some(Box::new(archs.map(move |arch| self.key(&arch))))
    }

    /// Whether an architecture may be evaluated: always, unless the space is one under constraints.
    ///
    /// Searchers propose only what is admitted.
    fn admits(&self, arch: &Arch) -> bool {
        let _ = arch;
        true
    }

    /// Whether some architectures are not admitted, because the space is one under constraints.
    fn is_constrained(&self) -> bool {
        false
    }

    /// Of the legal actions those after which an architecture that is [admitted](Self::admits) can still be reached, as far
    /// as that is known: all of them, unless the space is one under constraints.
    ///
    /// At least one is left. An action that is taken out leads to nothing that is admitted; one that is left may do so,
    /// too, so what was built is admitted only when [`admits`](Self::admits) says so.
    fn admissible(&self, partial: &Partial, legal: LegalActions) -> LegalActions {
        let _ = partial;
        legal
    }

    /// The official index of an architecture, when the space has one.
    fn index_of(&self, arch: &Arch) -> Option<u64>;

    /// Whether the number of a vertex says where it stands: layers in a fixed order, as in a chain. A discriminator then
    /// sees the places.
    fn has_places(&self) -> bool {
        false
    }

    /// The state before the first decision.
    fn start(&self) -> Partial;

    /// The next decision, or `None` when the architecture is complete.
    ///
    /// The choices are the same ones in the same order in every architecture of the space: for each vertex that leaves
    /// something open its label (if that is open), then its edges (if they are), lowest source first.
    /// What is legal, and the prior, depend on the decisions before.
    fn decision(&self, partial: &Partial) -> Option<Decision>;

    /// Takes a decision.
    ///
    /// # Errors
    ///
    /// [`SpaceError::IllegalAction`] when the action is not legal; the partial architecture is then unchanged.
    fn apply(&self, partial: &mut Partial, action: Action) -> Result<(), SpaceError>;

    /// The architecture of a complete sequence of decisions.
    ///
    /// # Errors
    ///
    /// [`SpaceError::NotInSpace`] when decisions are missing.
    fn finish(&self, partial: &Partial) -> Result<Arch, SpaceError>;

    /// The decisions that build an architecture of this space: the inverse of [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// [`SpaceError::NotInSpace`] when the architecture is not one of this space.
    fn actions_of(&self, arch: &Arch) -> Result<Vec<Action>, SpaceError>;

    /// The key of the class of architectures that compute the same function.
    fn key(&self, arch: &Arch) -> ArchKey;

    /// The form of an architecture that all members of its class share: what a discriminator is shown.
    fn canonical(&self, arch: &Arch) -> Arch;

    /// A random member of the architecture's class with the same operations: another order of interchangeable
    /// vertices. What a generator is taught to imitate.
    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch;

    /// The text form.
    fn encode(&self, arch: &Arch) -> String;

    /// Reads the text form.
    ///
    /// # Errors
    ///
    /// [`SpaceError::BadText`] or [`SpaceError::UnknownOp`], with the place of the problem.
    fn decode(&self, text: &str) -> Result<Arch, SpaceError>;

    /// Parameters and FLOPs in closed form.
    fn cost(&self, arch: &Arch) -> Cost;

    /// The names of further costs in closed form, such as a latency that is summed up from a table.
    fn named_costs(&self) -> &[&'static str] {
        &[]
    }

    /// The further cost with this name, when there is one; the same for all members of a class.
    fn named_cost(&self, name: &str, arch: &Arch) -> Option<f64> {
        let _ = (name, arch);
        None
    }

    /// Bounds that hold in every search in this space; a search reads them, [`admits`](Self::admits) does not.
    fn stated_bounds(&self) -> &[StatedBound] {
        &[]
    }

    /// Known architectures, whose names [`decode`](Self::decode) reads in place of their texts.
    fn members(&self) -> &'static [Member] {
        &[]
    }

    /// What is still open in a partial architecture, as far as costs are concerned.
    ///
    /// Two partial architectures with equally many decisions and equal states have the same legal sequences of actions
    /// before them, and each of these adds as much to the costs of the one as of the other.
    /// `None` where costs are no sums of this kind, so that they cannot be bounded before the end.
    fn cost_state(&self, partial: &Partial) -> Option<CostState> {
        let _ = partial;
        None
    }

    /// An architecture drawn uniformly over classes (or as documented by a space too large for that).
    fn sample(&self, rng: &mut dyn Rng) -> Arch;

    /// The architectures one change away, in a fixed order; the architecture itself is not among them.
    fn neighbours(&self, arch: &Arch) -> Vec<Arch>;
}
