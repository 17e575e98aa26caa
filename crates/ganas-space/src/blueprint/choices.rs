//! The decisions of a blueprint as people know them: choices with a name, each with named options.

use super::{ABSENT, Blueprint, Forbidden, Labels, PRESENT, Sources};
use crate::arch::{OpId, VertexId};
use crate::decisions::{Action, Choice};
use crate::vertex_set::bits;

/// A choice that an architecture makes, such as the kernel of a stage, with its options.
///
/// Several choices may be about one decision: the kernel and the expansion of a block are one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedChoice {
    name: String,
    options: Vec<String>,
    meaning: Meaning,
}

/// What the options of a choice are in the decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Meaning {
    /// Of each option the actions of one decision.
    Actions { step: usize, of_option: Vec<u64> },
    /// Of each option the decision about an edge that is there, which is one only.
    Source { steps: Vec<usize> },
    /// How many of the layers that can be left out are there; the decisions about them, first to last.
    Depth { steps: Vec<usize>, absent: OpId },
}

impl NamedChoice {
    /// The name, which no other choice of the space has.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the options.
    #[must_use]
    pub fn options(&self) -> &[String] {
        &self.options
    }

    /// The number of the option that an architecture with these decisions has; `None` where there is no such choice, as
    /// there is no kernel of a layer that is left out.
    #[must_use]
    pub fn option_of(&self, actions: &[Action]) -> Option<usize> {
        match &self.meaning {
            Meaning::Actions { step, of_option } => {
                let taken = 1_u64.checked_shl(actions.get(*step)?.0.into())?;
                of_option.iter().position(|set| set & taken != 0)
            }
            Meaning::Source { steps } => {
                let is_there = |step: &usize| actions.get(*step) == Some(&Action(1));
                steps.iter().position(is_there)
            }
            Meaning::Depth { steps, absent } => {
                let is_there = |step: &&usize| {
                    let action = actions.get(**step);
                    action.is_some_and(|action| action.0 != absent.0)
                };
                Some(steps.iter().filter(is_there).count())
            }
        }
    }

    /// A choice about a decision: of each option its name and its actions.
    pub(crate) fn of_actions(
        name: String,
        step: usize,
        options: impl IntoIterator<Item = (String, u64)>,
    ) -> Self {
        let (options, of_option) = options.into_iter().unzip();
        Self {
            name,
            options,
            meaning: Meaning::Actions { step, of_option },
        }
    }

    /// What must be forbidden so that of the options only those with these numbers are left.
    pub(crate) fn forbid_all_but(&self, kept: &[usize]) -> Vec<Forbidden> {
        let dropped = (0..self.options.len()).filter(|option| !kept.contains(option));
        match &self.meaning {
            Meaning::Actions { step, of_option } => {
                let actions = dropped.fold(0, |actions, option| actions | of_option[option]);
                vec![Forbidden {
                    step: *step,
                    actions,
                    may_follow: false,
                }]
            }
            Meaning::Source { steps } => dropped
                .map(|option| Forbidden {
                    step: steps[option],
                    actions: PRESENT,
                    may_follow: true,
                })
                .collect(),
            // A layer is the first that is absent, or the last one is present.
            Meaning::Depth { steps, absent } => dropped
                .map(|option| match steps.get(option) {
                    Some(step) => (*step, 1 << absent.0),
                    None => (steps[option - 1], !(1 << absent.0)),
                })
                .map(|(step, actions)| Forbidden {
                    step,
                    actions,
                    may_follow: true,
                })
                .collect(),
        }
    }
}

impl Blueprint {
    /// The decisions as people know them, in their order.
    ///
    /// By default the operation of vertex 3 is `node3`, and the edge to it from vertex 1 `edge(1->3)`, `absent` or
    /// `present`; of a vertex that reads one other, `node3.input` says which.
    #[must_use]
    pub fn choices(&self) -> &[NamedChoice] {
        &self.choices
    }

    /// The same blueprint with names of its own for the choices.
    pub(crate) fn with_choices(self, choices: Vec<NamedChoice>) -> Self {
        Self { choices, ..self }
    }

    /// The choices that the decisions are by themselves.
    pub(super) fn plain_choices(&self) -> Vec<NamedChoice> {
        let vertices = 1..self.n_vertices();
        let of_vertex = |v: usize| {
            let label = self.label_choice(v, format!("node{v}"));
            let sources = match self.vertices[v].sources {
                Sources::LowerOfTwo { .. } | Sources::HigherOfTwo { .. } => {
                    let name = format!("node{v}.input");
                    self.source_choice(v, name, |u| u.to_string())
                        .into_iter()
                        .collect()
                }
                _ => self.edge_choices(v),
            };
            label.into_iter().chain(sources)
        };
        vertices.flat_map(of_vertex).collect()
    }

    /// The choice of a label, when there is one: each is an option.
    pub(crate) fn label_choice(&self, vertex: usize, name: String) -> Option<NamedChoice> {
        let step = self.label_step(vertex)?;
        let options = bits(self.labels_of(vertex)).map(|l| (self.labels[l].clone(), 1 << l));
        Some(NamedChoice::of_actions(name, step, options))
    }

    /// The choices whether the edges into a vertex are there.
    fn edge_choices(&self, vertex: usize) -> Vec<NamedChoice> {
        let edges = self.steps_of_edges(vertex).map(|(step, from)| {
            let name = format!("edge({from}->{vertex})");
            let options = [("absent", ABSENT), ("present", PRESENT)];
            let options = options.map(|(name, actions)| (name.to_owned(), actions));
            NamedChoice::of_actions(name, step, options)
        });
        edges.collect()
    }

    /// The choice of the only source of a vertex, when there is one.
    pub(crate) fn source_choice(
        &self,
        vertex: usize,
        name: String,
        name_of_source: impl Fn(usize) -> String,
    ) -> Option<NamedChoice> {
        let (steps, options): (Vec<usize>, Vec<String>) = self
            .steps_of_edges(vertex)
            .map(|(step, from)| (step, name_of_source(from)))
            .unzip();
        (!steps.is_empty()).then_some(NamedChoice {
            name,
            options,
            meaning: Meaning::Source { steps },
        })
    }

    /// The choice how many of several vertices are there, the last of which can be left out, when some can.
    pub(crate) fn depth_choice(&self, vertices: &[usize], name: String) -> Option<NamedChoice> {
        let absent = self.absent?;
        let can_be_absent = |v: &&usize| self.labels_of(**v) >> absent.0 & 1 == 1;
        let steps: Vec<usize> = (vertices.iter().filter(can_be_absent))
            .filter_map(|v| self.label_step(*v))
            .collect();
        let least = vertices.len() - steps.len();
        let options = (least..=vertices.len()).map(|depth| depth.to_string());
        (!steps.is_empty()).then(|| NamedChoice {
            name,
            options: options.collect(),
            meaning: Meaning::Depth { steps, absent },
        })
    }

    /// The labels that a vertex can have.
    pub(crate) fn labels_of(&self, vertex: usize) -> u64 {
        match self.vertices[vertex].labels {
            Labels::Fixed(label) => 1 << label.0,
            Labels::OneOf(set) | Labels::Trailing { set, .. } => set,
        }
    }

    /// The decision about the label of a vertex, when there is one.
    pub(crate) fn label_step(&self, vertex: usize) -> Option<usize> {
        let vertex = VertexId(u8::try_from(vertex).ok()?);
        let of_label = Choice::Label { vertex };
        self.steps.iter().position(|choice| *choice == of_label)
    }

    /// The decisions about the edges into a vertex, with their sources.
    fn steps_of_edges(&self, vertex: usize) -> impl Iterator<Item = (usize, usize)> {
        let steps = self.steps.iter().enumerate();
        steps.filter_map(move |(step, choice)| match choice {
            Choice::Edge { from, to } if to.index() == vertex => Some((step, from.index())),
            _ => None,
        })
    }
}
