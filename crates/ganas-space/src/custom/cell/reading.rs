//! Cells whose vertices read a fixed number of earlier ones, and whose output reads what no other vertex does.
//!
//! The first vertex can read the input only, so it reads that once.
//! Every vertex lies on a path from the input to the output; cells are of one class when they are isomorphic.

use std::collections::BTreeSet;

use rand::RngExt;
use rand::seq::index;
use rand_core::Rng;

use crate::blueprint::{Blueprint, Labels, Sources, Vertex};
use crate::full_cell::{FullCell, reordered, topological_order};
use crate::vertex_set::{below, bits, loose_ends};
use crate::{Arch, Part, SpaceError};

use super::free::{binomial, canonical, graph_of};
use super::parts;
use super::vertex_text::Words;
use super::wiring::{Frame, Wiring};

/// Cells with a fixed number of inputs of each vertex.
#[derive(Debug)]
pub(super) struct Reading {
    frame: Frame,
    /// How many earlier results a vertex reads, as far as there are so many.
    inputs: usize,
    blueprint: Blueprint,
}

impl Reading {
    pub(super) fn new(frame: Frame, inputs: usize) -> Self {
        let count = u32::try_from(inputs).expect("invariant: a cell has few nodes");
        let inner = (1..=frame.nodes).map(|v| Vertex {
            labels: Labels::OneOf(frame.all_operations()),
            sources: Sources::Exactly {
                count,
                candidates: below(v),
            },
        });
        let operations = &frame.operations;
        Self {
            blueprint: Blueprint::new(&*frame.name, operations, inner, Sources::LooseEnds),
            inputs,
            frame,
        }
    }

    fn full(&self, arch: &Arch) -> FullCell {
        FullCell::of(arch).expect("invariant: every vertex lies on a path")
    }

    /// The cell of these operations and inner predecessor sets, in topological order.
    fn closed(ops: Vec<u8>, mut predecessors: Vec<u64>) -> FullCell {
        predecessors.push(loose_ends(&predecessors));
        FullCell { ops, predecessors }
    }
}

impl Wiring for Reading {
    fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    fn size(&self) -> Option<u64> {
        let n_ops = u64::from(self.frame.n_ops());
        (1..=self.frame.nodes).try_fold(1_u64, |size, v| {
            let of_sources = binomial(v, self.inputs.min(v));
            size.checked_mul(of_sources)?.checked_mul(n_ops)
        })
    }

    fn complete(&self, arch: &Arch) -> Result<Arch, SpaceError> {
        Ok(arch.clone())
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        canonical(&self.full(arch)).arch(self.frame.ends())
    }

    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        let full = self.full(arch);
        let order = graph_of(&full).random_order(rng);
        full.in_order(&order).arch(self.frame.ends())
    }

    fn member_in(&self, blueprint: &Blueprint, arch: &Arch, rng: &mut dyn Rng) -> Option<Arch> {
        self.full(arch).member_in(blueprint, rng)
    }

    /// Uniform over texts.
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        let (mut ops, mut predecessors) = (Vec::new(), vec![0]);
        for v in 1..=self.frame.nodes {
            ops.push(rng.random_range(0..self.frame.n_ops()));
            let sources = index::sample(rng, v, self.inputs.min(v));
            predecessors.push(sources.into_iter().fold(0, |set, u| set | 1 << u));
        }
        canonical(&Self::closed(ops, predecessors)).arch(self.frame.ends())
    }

    /// The classes with another operation of a vertex, or with another source in place of one.
    ///
    /// A source may be any vertex as long as there is no cycle, so that the relation between classes is symmetric.
    fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        let own = canonical(&self.full(arch));
        let n_inner = own.ops.len();
        let mut found = Vec::new();
        for (v, own_op) in own.ops.iter().enumerate() {
            for op in (0..self.frame.n_ops()).filter(|op| op != own_op) {
                let mut changed = own.clone();
                changed.ops[v] = op;
                found.push(changed);
            }
        }
        let sources = &own.predecessors[..=n_inner];
        for (v, read) in sources.iter().enumerate().skip(1) {
            for old in bits(*read) {
                for new in (0..=n_inner).filter(|new| *new != v && read >> new & 1 == 0) {
                    let mut changed = sources.to_vec();
                    changed[v] ^= 1 << old | 1 << new;
                    // Only the first vertex reads fewer, and it must be able to come first.
                    if let Some(order) = topological_order(&changed) {
                        let ops = order[1..].iter().map(|v| own.ops[v - 1]).collect();
                        let ordered = reordered(&changed, &order);
                        found.push(Self::closed(ops, ordered));
                    }
                }
            }
        }
        let mut seen = BTreeSet::from([own]);
        found
            .iter()
            .map(canonical)
            .filter(|new| seen.insert(new.clone()))
            .map(|new| new.arch(self.frame.ends()))
            .collect()
    }

    fn encode(&self, arch: &Arch) -> String {
        let n = arch.n_vertices();
        let words = Words {
            ops: arch.inner_labels().iter().map(|label| label.0).collect(),
            predecessors: arch.predecessors()[..n - 1].to_vec(),
        };
        words.write(&self.frame)
    }

    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        let Words { ops, predecessors } = Words::read_inner(&self.frame, text)?;
        for (v, sources) in predecessors.iter().enumerate().skip(1) {
            let expected = self.inputs.min(v);
            let read = sources.count_ones() as usize;
            if read != expected {
                let reason = format!("vertex {v} reads {read} vertices; expected {expected}");
                return Err(self.frame.not_in_space(reason));
            }
        }
        Ok(Self::closed(ops, predecessors).arch(self.frame.ends()))
    }

    fn parts(&self, canonical: &Arch) -> Vec<Part> {
        parts::of(canonical, self.frame.nodes)
    }
}
