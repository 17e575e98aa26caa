//! How the architectures of a space are built, as data: the vertices in order, and what each of them leaves open.
//!
//! A vertex has a fixed label or leaves a choice of labels, and its incoming edges are fixed, chosen, or follow from
//! the vertices before. Cells and chains are both written this way, so that one set of decisions, and with it one
//! generator, serves all of them.
//!
//! Every sequence of legal actions ends in an architecture of the blueprint: rules look back only, and each of them
//! leaves a legal action whatever was decided before.

mod free_edges;

use crate::{Action, Arch, Choice, Decision, LegalActions, OpId, Partial, SpaceError, VertexId};

pub(crate) use self::free_edges::on_a_path;

use self::free_edges::FreeEdge;
use crate::vertex_set::{below, bits, highest, loose_ends};

/// Both actions of an edge.
const ABSENT: u64 = 0b01;
const PRESENT: u64 = 0b10;

/// The vertices of a space's architectures, in topological order: the first is the input, the last the output.
#[derive(Clone, Debug)]
pub(crate) struct Blueprint {
    space: &'static str,
    /// The label of a vertex that is left out: it has no edges, and [`Sources::LastPresent`] looks past it.
    absent: Option<OpId>,
    /// The largest number of edges, where [`Sources::AnyOf`] leaves it open.
    max_edges: u32,
    vertices: Vec<Vertex>,
    /// All decisions in order.
    steps: Vec<Choice>,
    /// The number of decisions before those of each vertex.
    first_step: Vec<usize>,
}

/// A vertex, with what it leaves open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vertex {
    /// Its label.
    pub(crate) labels: Labels,
    /// Its incoming edges.
    pub(crate) sources: Sources,
}

/// The label of a vertex.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Labels {
    /// Always this one.
    Fixed(OpId),
    /// One of a set of [`OpId`]s; never empty.
    OneOf(u64),
    /// One of a set, which holds the label of absent vertices: when vertex `previous` is absent, this one is, too.
    Trailing {
        /// The set.
        set: u64,
        /// The vertex that must be present for this one to be.
        previous: usize,
    },
}

/// The incoming edges of a vertex.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sources {
    /// Always from this set.
    Fixed(u64),
    /// From one of at least two candidates, but not the last of them, which is left to the other vertex of a pair.
    LowerOfTwo {
        /// The candidates of both vertices.
        candidates: u64,
    },
    /// From one of the candidates that come after the source of vertex `lower`.
    HigherOfTwo {
        /// The candidates of both vertices.
        candidates: u64,
        /// The vertex with [`Sources::LowerOfTwo`].
        lower: usize,
    },
    /// From the last vertex before it that is not absent; from none when it is absent itself.
    LastPresent,
    /// From those of a set that are not absent; from none when it is absent itself.
    PresentOf(u64),
    /// From so many of the candidates, or from all of them when there are fewer.
    Exactly {
        /// How many.
        count: u32,
        /// Which.
        candidates: u64,
    },
    /// From any of the candidates, so that a path leads from the input to the output at last.
    AnyOf {
        /// Which.
        candidates: u64,
    },
    /// From every vertex before it that no other one reads.
    LooseEnds,
}

impl Sources {
    /// The sources that are asked for, ascending.
    fn asked(self) -> u64 {
        match self {
            Self::Fixed(_) | Self::LastPresent | Self::PresentOf(_) | Self::LooseEnds => 0,
            Self::Exactly { count, candidates } if candidates.count_ones() <= count => 0,
            Self::Exactly { candidates, .. } | Self::AnyOf { candidates } => candidates,
            Self::LowerOfTwo { candidates } => candidates & !highest(candidates),
            Self::HigherOfTwo { candidates, .. } => candidates & (candidates - 1),
        }
    }
}

impl Blueprint {
    /// A blueprint of these vertices.
    pub(crate) fn new(space: &'static str, absent: Option<OpId>, vertices: Vec<Vertex>) -> Self {
        let (mut steps, mut first_step) = (Vec::new(), Vec::new());
        for (v, vertex) in vertices.iter().enumerate() {
            first_step.push(steps.len());
            if !matches!(vertex.labels, Labels::Fixed(_)) {
                steps.push(Choice::Label { vertex: id(v) });
            }
            steps.extend(bits(vertex.sources.asked()).map(|from| Choice::Edge {
                from: id(from),
                to: id(v),
            }));
        }
        Self {
            space,
            absent,
            max_edges: u32::MAX,
            vertices,
            steps,
            first_step,
        }
    }

    /// The blueprint of cells whose vertices have one of a set of labels each, and edges from any earlier ones.
    pub(crate) fn free_cell(
        space: &'static str,
        n_vertices: usize,
        operations: u64,
        [input, output]: [OpId; 2],
    ) -> Self {
        let vertex = |v: usize| Vertex {
            labels: match v {
                0 => Labels::Fixed(input),
                _ if v + 1 == n_vertices => Labels::Fixed(output),
                _ => Labels::OneOf(operations),
            },
            sources: match v {
                0 => Sources::Fixed(0),
                _ => Sources::AnyOf {
                    candidates: below(v),
                },
            },
        };
        Self::new(space, None, (0..n_vertices).map(vertex).collect())
    }

    /// The same blueprint with at most so many edges, at least one, in the vertices with [`Sources::AnyOf`].
    pub(crate) fn with_max_edges(self, max_edges: u32) -> Self {
        Self { max_edges, ..self }
    }

    /// The number of vertices of every architecture.
    pub(crate) fn n_vertices(&self) -> usize {
        self.vertices.len()
    }

    /// All architectures, in the order of their decisions.
    pub(crate) fn all(&self) -> impl Iterator<Item = Arch> + '_ {
        let mut open = vec![self.start()];
        std::iter::from_fn(move || {
            loop {
                let partial = open.pop()?;
                let Some(decision) = self.decision(&partial) else {
                    let arch = self.finish(&partial);
                    return Some(arch.expect("invariant: there is nothing left to decide"));
                };
                // The last one that is put there comes next.
                for action in (0..64).rev().map(Action) {
                    if decision.legal.contains(action) {
                        let mut next = partial.clone();
                        self.apply(&mut next, action)
                            .expect("invariant: the action is legal");
                        open.push(next);
                    }
                }
            }
        })
    }

    /// The state before the first decision.
    pub(crate) fn start(&self) -> Partial {
        let mut partial = Partial::empty();
        self.complete(&mut partial);
        partial
    }

    /// The next decision.
    pub(crate) fn decision(&self, partial: &Partial) -> Option<Decision> {
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

    /// The legal actions of an edge, and its prior.
    fn legal_edge(&self, partial: &Partial, from: usize, to: usize) -> (u64, f64) {
        match self.vertices[to].sources {
            Sources::AnyOf { .. } => {
                let edge = FreeEdge {
                    predecessors: partial.predecessors(),
                    taken: self.chosen_sources(partial, to),
                    from,
                    max_edges: self.max_edges,
                };
                (edge.legal(to + 1 == self.n_vertices()), 0.0)
            }
            Sources::Exactly { count, candidates } => {
                let needed = count - self.chosen_sources(partial, to).count_ones();
                let left = (candidates & !below(from)).count_ones();
                if needed == 0 {
                    (ABSENT, 0.0)
                } else if needed == left {
                    (PRESENT, 0.0)
                } else {
                    // Every set of sources is equally likely.
                    let odds = f64::from(needed) / f64::from(left - needed);
                    (ABSENT | PRESENT, odds.ln())
                }
            }
            sources => {
                let open = self.open_sources(partial, to);
                // The candidates before `from` were refused, or the set would be empty.
                let open = open & !below(from);
                let (legal, places) = if open >> from & 1 == 0 {
                    (ABSENT, 0)
                } else if open.count_ones() == 1 {
                    (PRESENT, 0)
                } else {
                    (ABSENT | PRESENT, open.count_ones())
                };
                let pair = matches!(sources, Sources::LowerOfTwo { .. });
                (legal, prior_log_odds(places, pair))
            }
        }
    }

    /// Takes a decision.
    pub(crate) fn apply(&self, partial: &mut Partial, action: Action) -> Result<(), SpaceError> {
        let illegal = |reason| SpaceError::IllegalAction {
            space: self.space,
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
    pub(crate) fn finish(&self, partial: &Partial) -> Result<Arch, SpaceError> {
        if partial.labels().len() != self.n_vertices() {
            return Err(self.not_in_space(format!(
                "{} complete vertices; expected {}",
                partial.labels().len(),
                self.n_vertices()
            )));
        }
        Arch::new(partial.labels(), partial.predecessors())
    }

    /// The decisions that build an architecture, or why none do.
    pub(crate) fn actions_of(&self, arch: &Arch) -> Result<Vec<Action>, SpaceError> {
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
    pub(crate) fn open_state(&self, partial: &Partial) -> Vec<u64> {
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

    fn legal_labels(&self, partial: &Partial, vertex: usize) -> u64 {
        match self.vertices[vertex].labels {
            Labels::Fixed(label) => 1 << label.0,
            Labels::OneOf(set) => set,
            Labels::Trailing { set, previous } => match self.absent {
                Some(absent) if partial.labels()[previous] == absent => 1 << absent.0,
                _ => set,
            },
        }
    }

    /// The sources that a vertex can still take; empty once it has one.
    fn open_sources(&self, partial: &Partial, vertex: usize) -> u64 {
        if self.chosen_sources(partial, vertex) != 0 {
            return 0;
        }
        let asked = self.vertices[vertex].sources.asked();
        match self.vertices[vertex].sources {
            Sources::HigherOfTwo { lower, .. } => {
                let taken = partial.predecessors()[lower];
                asked & !(taken | (taken - 1))
            }
            _ => asked,
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
            space: self.space,
            reason,
        }
    }
}

/// The log-odds that make every source, or every pair of sources, equally likely among `places` that are left.
fn prior_log_odds(places: u32, lower_of_pair: bool) -> f64 {
    if places < 2 {
        return 0.0;
    }
    let places = f64::from(places);
    if lower_of_pair {
        // The last candidate is not asked for: of the pairs of `places + 1`, so many have this one as the lower.
        (2.0 / (places - 1.0)).ln()
    } else {
        -(places - 1.0).ln()
    }
}

fn id(vertex: usize) -> VertexId {
    VertexId(u8::try_from(vertex).expect("invariant: a blueprint has at most 64 vertices"))
}
