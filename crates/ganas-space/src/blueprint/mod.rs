//! How the architectures of a space are built, as data: the vertices in order, and what each of them leaves open.
//!
//! A vertex has a fixed label or leaves a choice of labels, and its incoming edges are fixed, chosen, or follow from
//! the vertices before. Cells and chains are both written this way, so that one set of decisions, and with it one
//! generator, serves all of them.
//!
//! Every sequence of legal actions ends in an architecture of the blueprint: rules look back only, and each of them
//! leaves a legal action whatever was decided before.
//!
//! # Example
//!
//! A complete space of one's own: four layers, one after the other, each with one of three operations.
//!
//! ```
//! use ganas_space::blueprint::{Blueprint, Labels, Sources, Vertex};
//! use ganas_space::laws::{self, LawOptions};
//! use ganas_space::{Action, Arch, Cost, CostState, CostTable, Costs, Partial, Reader};
//! use ganas_space::{SearchSpace, SpaceError};
//!
//! const OPERATIONS: [&str; 3] = ["conv3", "conv5", "pool"];
//!
//! #[derive(Debug)]
//! struct Stack {
//!     blueprint: Blueprint,
//!     costs: CostTable,
//! }
//!
//! impl Stack {
//!     fn new() -> Self {
//!         let layer = Vertex { labels: Labels::OneOf(0b111), sources: Sources::LastPresent };
//!         let mut costs = CostTable::new(1, OPERATIONS.len());
//!         for (operation, parameters) in [9, 25, 0].into_iter().enumerate() {
//!             costs.set((0, operation), Cost::new(parameters, 64 * parameters));
//!         }
//!         let blueprint = Blueprint::new("stack", OPERATIONS, [layer; 4], Sources::LastPresent);
//!         Self { blueprint, costs }
//!     }
//! }
//!
//! impl SearchSpace for Stack {
//!     fn blueprint(&self) -> &Blueprint {
//!         &self.blueprint
//!     }
//!
//!     /// `conv3 pool conv5 conv3`
//!     fn encode(&self, arch: &Arch) -> String {
//!         let words = arch.inner_labels().iter().map(|label| OPERATIONS[label.index()]);
//!         words.collect::<Vec<_>>().join(" ")
//!     }
//!
//!     fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
//!         let mut reader = Reader::new("stack", text);
//!         let mut actions = Vec::new();
//!         for layer in 0..4 {
//!             if layer > 0 {
//!                 reader.expect(' ')?;
//!             }
//!             let word = reader.take_while(char::is_alphanumeric);
//!             let known = (0..).zip(OPERATIONS).find(|(_, name)| *name == word);
//!             let (action, _) = known.ok_or_else(|| reader.unknown_op(word, &OPERATIONS))?;
//!             actions.push(Action(action));
//!         }
//!         reader.expect_end()?;
//!         self.blueprint.build(actions)
//!     }
//!
//!     fn costs(&self) -> Option<&dyn Costs> {
//!         Some(self)
//!     }
//! }
//!
//! impl Costs for Stack {
//!     fn cost(&self, arch: &Arch) -> Cost {
//!         let parts = arch.inner_labels().iter().map(|label| (0, label.index()));
//!         self.costs.cost(parts)
//!     }
//!
//!     /// Costs are sums over layers, so that they are bounded while an architecture is built.
//!     fn cost_state(&self, partial: &Partial) -> Option<CostState> {
//!         Some(CostState(self.blueprint.open_state(partial)))
//!     }
//! }
//!
//! let space = Stack::new();
//! laws::check(&space, LawOptions::default())?;
//! let arch = space.decode("conv3 pool conv5 conv3")?;
//! assert_eq!(space.cost(&arch).parameters, Some(43));
//! assert_eq!(space.neighbours(&arch).len(), 4 * 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod choices;
mod completions;
mod free_edges;
mod legal;
mod limits;
mod order;
mod space;
#[cfg(test)]
mod tests;
mod vertex;
mod walks;

use crate::arch::{Arch, OpId, VertexId};
use crate::decisions::{Action, Choice, Decision, LegalActions, Partial};
use crate::error::SpaceError;
use crate::vertex_set::{below, bits, loose_ends};

pub use self::choices::NamedChoice;
pub use self::space::BlueprintSpace;
pub use self::vertex::{Labels, Sources, Vertex};

pub(crate) use self::completions::Completions;
pub(crate) use self::limits::Forbidden;
pub(crate) use self::order::{DrawnOrder, drawn_order};

use self::limits::Limits;

/// Both actions of an edge.
const ABSENT: u64 = 0b01;
const PRESENT: u64 = 0b10;

/// The vertices of a space's architectures, in topological order: the first is the input, the last the output.
#[derive(Clone, Debug)]
pub struct Blueprint {
    name: String,
    /// Of all labels: the operations, then `input` and `output`.
    labels: Vec<String>,
    /// The label of a vertex that is left out: it has no edges, and [`Sources::LastPresent`] looks past it.
    absent: Option<OpId>,
    /// The largest number of edges, where [`Sources::AnyOf`] leaves it open.
    max_edges: u32,
    vertices: Vec<Vertex>,
    /// All decisions in order.
    steps: Vec<Choice>,
    /// The number of decisions before those of each vertex.
    first_step: Vec<usize>,
    /// What is left of the decisions where some of their actions are forbidden.
    limits: Limits,
    /// The decisions as people know them.
    choices: Vec<NamedChoice>,
}

impl Blueprint {
    /// A space with this name and these operations.
    ///
    /// The input is vertex 0; then come the `inner` vertices, and then the output, which reads `of_output`.
    /// The labels of input and output follow those of the operations, which number from 0.
    ///
    /// # Panics
    ///
    /// When there are more than 64 labels or vertices, or when a vertex reads one that does not come before it.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        operations: impl IntoIterator<Item = impl Into<String>>,
        inner: impl IntoIterator<Item = Vertex>,
        of_output: Sources,
    ) -> Self {
        let mut labels: Vec<String> = operations.into_iter().map(Into::into).collect();
        let [input, output] = Self::ends(labels.len());
        labels.extend(["input".to_owned(), "output".to_owned()]);
        let mut vertices = vec![Vertex::fixed(input, 0)];
        vertices.extend(inner);
        vertices.push(Vertex {
            labels: Labels::Fixed(output),
            sources: of_output,
        });
        assert!(vertices.len() <= Arch::MAX_VERTICES, "too many vertices");
        let (mut steps, mut first_step) = (Vec::new(), Vec::new());
        for (v, vertex) in vertices.iter().enumerate() {
            assert!(
                vertex.sources.candidates() >> v == 0,
                "vertex {v} reads a later one"
            );
            first_step.push(steps.len());
            if !matches!(vertex.labels, Labels::Fixed(_)) {
                steps.push(Choice::Label { vertex: id(v) });
            }
            steps.extend(bits(vertex.sources.asked()).map(|from| Choice::Edge {
                from: id(from),
                to: id(v),
            }));
        }
        let mut blueprint = Self {
            name: name.into(),
            labels,
            absent: None,
            max_edges: u32::MAX,
            limits: Limits::none(&vertices),
            vertices,
            steps,
            first_step,
            choices: Vec::new(),
        };
        blueprint.choices = blueprint.plain_choices();
        blueprint
    }

    /// Cells with so many vertices, input and output included, each of which has any operation and reads any earlier ones.
    ///
    /// # Panics
    ///
    /// When there are fewer than 2 or more than 64 vertices, or more than 62 operations.
    #[must_use]
    pub fn free_cell<S: Into<String>>(
        name: impl Into<String>,
        operations: impl IntoIterator<Item = S, IntoIter: ExactSizeIterator>,
        n_vertices: usize,
    ) -> Self {
        let operations = operations.into_iter();
        assert!(
            (2..=Arch::MAX_VERTICES).contains(&n_vertices),
            "{n_vertices} vertices; expected 2 to {}",
            Arch::MAX_VERTICES
        );
        let _ = Self::ends(operations.len());
        let labels = Labels::OneOf(below(operations.len()));
        let any_before = |v| Sources::AnyOf {
            candidates: below(v),
        };
        let inner = (1..n_vertices - 1).map(|v| Vertex {
            labels,
            sources: any_before(v),
        });
        Self::new(name, operations, inner, any_before(n_vertices - 1))
    }

    /// The labels of input and output in a space with so many operations.
    ///
    /// # Panics
    ///
    /// When there are more than 62 operations, since all labels are a set of 64 bits.
    #[must_use]
    pub fn ends(n_operations: usize) -> [OpId; 2] {
        assert!(
            n_operations <= 62,
            "{n_operations} operations; expected at most 62"
        );
        let id = |label| OpId(u8::try_from(label).expect("invariant: there are at most 64 labels"));
        [id(n_operations), id(n_operations + 1)]
    }

    /// The same blueprint with an operation that stands for a vertex that is left out: it has no edges, and
    /// [`Sources::LastPresent`] and [`Sources::PresentOf`] look past it.
    #[must_use]
    pub fn with_absent(self, absent: OpId) -> Self {
        Self {
            absent: Some(absent),
            ..self
        }
    }

    /// The same blueprint with at most so many edges, at least one, in the vertices with [`Sources::AnyOf`].
    #[must_use]
    pub fn with_max_edges(self, max_edges: u32) -> Self {
        Self { max_edges, ..self }
    }

    /// The name of the space.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of all labels, in the order of their [`OpId`]: the operations, then input and output.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The names of the operations, in the order of their [`OpId`].
    #[must_use]
    pub fn operations(&self) -> &[String] {
        &self.labels[..self.labels.len() - 2]
    }

    /// The number of vertices of every architecture that is built, input and output included.
    #[must_use]
    pub fn n_vertices(&self) -> usize {
        self.vertices.len()
    }

    /// Whether the number of a vertex says where it stands: layers in a fixed order, each of which reads the one before.
    #[must_use]
    pub fn is_chain(&self) -> bool {
        let mut inner = self.vertices.iter().enumerate().skip(1);
        inner.all(|(v, vertex)| match vertex.sources {
            Sources::LastPresent => true,
            Sources::Fixed(sources) => sources == 1 << (v - 1),
            _ => false,
        })
    }

    /// The architecture that these decisions build.
    ///
    /// # Errors
    ///
    /// As those of [`apply`](Self::apply) and [`finish`](Self::finish).
    pub fn build(&self, actions: impl IntoIterator<Item = Action>) -> Result<Arch, SpaceError> {
        let mut partial = self.start();
        for action in actions {
            self.apply(&mut partial, action)?;
        }
        self.finish(&partial)
    }

    /// Whether these are the decisions of an architecture, all of which are legal.
    pub(crate) fn builds(&self, actions: &[Action]) -> bool {
        let mut partial = self.start();
        let mut applied = actions
            .iter()
            .map(|action| self.apply(&mut partial, *action));
        applied.all(|applied| applied.is_ok()) && partial.actions().len() == self.steps.len()
    }

    /// The state before the first decision.
    #[must_use]
    pub fn start(&self) -> Partial {
        let mut partial = Partial::empty();
        self.complete(&mut partial);
        partial
    }

    /// The next decision, or `None` when the architecture is complete.
    ///
    /// The choices are the same ones in the same order in every architecture of the space: for each vertex that leaves
    /// something open its label (if that is open), then its edges (if they are), lowest source first.
    /// What is legal, and the prior, depend on the decisions before.
    #[must_use]
    pub fn decision(&self, partial: &Partial) -> Option<Decision> {
        let choice = *self.steps.get(partial.actions().len())?;
        Some(match choice {
            Choice::Label { vertex } => Decision {
                choice,
                legal: LegalActions(self.legal_labels(partial, vertex.index())),
                prior_log_odds: 0.0,
            },
            Choice::Edge { from, to } => {
                let (legal, prior_log_odds) = self.legal_edge(partial, from.index(), to.index());
                Decision {
                    choice,
                    legal: LegalActions(legal),
                    prior_log_odds,
                }
            }
        })
    }

    /// Takes a decision.
    ///
    /// # Errors
    ///
    /// [`SpaceError::IllegalAction`] when the action is not legal; the partial architecture is then unchanged.
    pub fn apply(&self, partial: &mut Partial, action: Action) -> Result<(), SpaceError> {
        let illegal = |reason| SpaceError::IllegalAction {
            space: self.name.as_str().into(),
            decision: partial.actions().len(),
            action: action.0,
            reason,
        };
        let Some(decision) = self.decision(partial) else {
            return Err(illegal("the architecture is complete".to_owned()));
        };
        if !decision.legal.contains(action) {
            let legal: Vec<String> = bits(decision.legal.0).map(|a| a.to_string()).collect();
            return Err(illegal(format!("expected {}", legal.join(" or "))));
        }
        partial.push_action(action);
        self.complete(partial);
        Ok(())
    }

    /// The architecture of a complete sequence of decisions.
    ///
    /// # Errors
    ///
    /// [`SpaceError::NotInSpace`] when decisions are missing.
    pub fn finish(&self, partial: &Partial) -> Result<Arch, SpaceError> {
        if partial.labels().len() != self.n_vertices() {
            return Err(self.not_in_space(format!(
                "{} complete vertices; expected {}",
                partial.labels().len(),
                self.n_vertices()
            )));
        }
        Arch::new(partial.labels(), partial.predecessors())
    }

    /// The decisions that build an architecture.
    ///
    /// # Errors
    ///
    /// [`SpaceError::NotInSpace`] when none do.
    pub fn actions_of(&self, arch: &Arch) -> Result<Vec<Action>, SpaceError> {
        if arch.n_vertices() != self.n_vertices() {
            return Err(self.not_in_space(format!(
                "{} vertices; expected {}",
                arch.n_vertices(),
                self.n_vertices()
            )));
        }
        let mut partial = self.start();
        for choice in &self.steps {
            let action = match *choice {
                Choice::Label { vertex } => Action(arch.labels()[vertex.index()].0),
                Choice::Edge { from, to } => {
                    let set = arch.predecessors()[to.index()];
                    Action(u8::from(set >> from.index() & 1 == 1))
                }
            };
            if self.apply(&mut partial, action).is_err() {
                return Err(self.not_in_space(match *choice {
                    Choice::Label { vertex } => {
                        format!("vertex {} has the label {}", vertex.0, action.0)
                    }
                    Choice::Edge { to, .. } => format!(
                        "vertex {} has the predecessors {:?}",
                        to.0,
                        bits(arch.predecessors()[to.index()]).collect::<Vec<_>>()
                    ),
                }));
            }
        }
        let built = self.finish(&partial)?;
        let differs = (0..arch.n_vertices()).find(|&v| {
            built.labels()[v] != arch.labels()[v]
                || built.predecessors()[v] != arch.predecessors()[v]
        });
        match differs {
            None => Ok(partial.actions().to_vec()),
            Some(v) => Err(self.not_in_space(format!(
                "vertex {v} has the label {} and the predecessors {:?}; expected {} and {:?}",
                arch.labels()[v].0,
                bits(arch.predecessors()[v]).collect::<Vec<_>>(),
                built.labels()[v].0,
                bits(built.predecessors()[v]).collect::<Vec<_>>(),
            ))),
        }
    }

    /// All that legal actions from here on depend on, and the decisions about the vertex that is not complete.
    ///
    /// Rules look back to complete vertices in two ways: to an absent one before, and to the source of the lower of two.
    #[must_use]
    pub fn open_state(&self, partial: &Partial) -> Vec<u64> {
        let complete = partial.labels().len();
        let mut state = Vec::new();
        for (v, vertex) in self.vertices.iter().enumerate().skip(complete) {
            if let Labels::Trailing { previous, .. } = vertex.labels
                && previous < complete
            {
                state.push(u64::from(Some(partial.labels()[previous]) == self.absent));
            }
            if let Sources::HigherOfTwo { lower, .. } = vertex.sources
                && lower < complete
            {
                state.push(partial.predecessors()[lower]);
            }
            if v == complete {
                let decided = &partial.actions()[self.first_step[v]..];
                state.extend(decided.iter().map(|action| u64::from(action.0)));
            }
        }
        state
    }

    /// Adds all vertices that are decided by now.
    fn complete(&self, partial: &mut Partial) {
        let taken = partial.actions().len();
        loop {
            let v = partial.labels().len();
            let last = self.first_step.get(v + 1).copied();
            if v == self.n_vertices() || taken < last.unwrap_or(self.steps.len()) {
                return;
            }
            let label = match self.vertices[v].labels {
                Labels::Fixed(label) => label,
                Labels::OneOf(_) | Labels::Trailing { .. } => {
                    OpId(partial.actions()[self.first_step[v]].0)
                }
            };
            let sources = match self.vertices[v].sources {
                Sources::Fixed(sources) => sources,
                Sources::LastPresent => self.last_present(partial, label),
                Sources::PresentOf(set) => self.present_of(partial, label, set),
                Sources::LooseEnds => loose_ends(partial.predecessors()),
                Sources::Exactly { count, candidates } if candidates.count_ones() <= count => {
                    candidates
                }
                Sources::LowerOfTwo { .. }
                | Sources::HigherOfTwo { .. }
                | Sources::Exactly { .. }
                | Sources::AnyOf { .. } => self.chosen_sources(partial, v),
            };
            partial.push_vertex(label, sources);
        }
    }

    /// The sources that were decided to be present, of a vertex that may be under decision.
    fn chosen_sources(&self, partial: &Partial, vertex: usize) -> u64 {
        let end = self.first_step.get(vertex + 1).copied();
        let steps = self.first_step[vertex]..end.unwrap_or(self.steps.len());
        self.steps[steps.clone()]
            .iter()
            .zip(partial.actions().get(steps.start..).unwrap_or_default())
            .fold(0, |set, (choice, action)| match choice {
                Choice::Edge { from, .. } if action.0 == 1 => set | 1 << from.index(),
                _ => set,
            })
    }

    fn last_present(&self, partial: &Partial, label: OpId) -> u64 {
        if Some(label) == self.absent {
            return 0;
        }
        partial
            .labels()
            .iter()
            .rposition(|label| Some(*label) != self.absent)
            .map_or(0, |v| 1 << v)
    }

    fn present_of(&self, partial: &Partial, label: OpId, set: u64) -> u64 {
        if Some(label) == self.absent {
            return 0;
        }
        bits(set)
            .filter(|v| Some(partial.labels()[*v]) != self.absent)
            .fold(0, |present, v| present | 1 << v)
    }

    fn not_in_space(&self, reason: String) -> SpaceError {
        SpaceError::NotInSpace {
            space: self.name.as_str().into(),
            reason,
        }
    }
}

fn id(vertex: usize) -> VertexId {
    VertexId(u8::try_from(vertex).expect("invariant: a blueprint has at most 64 vertices"))
}
