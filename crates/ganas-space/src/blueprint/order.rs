//! Cells in another order of their nodes: one that a blueprint builds, of which some decisions are forbidden.

use rand::seq::{IteratorRandom, SliceRandom};
use rand_core::Rng;

use super::Blueprint;
use crate::decisions::{Action, Choice, Partial};

/// So many orders that begin differently are tried.
const MAX_TRIED: usize = 20_000;

/// Takes the decisions about the last of some nodes in an order.
type WithLast<'a> = dyn Fn(&Partial, &[usize], &mut dyn Rng) -> Option<Partial> + 'a;

/// A cell of which an order is looked for.
pub(crate) struct DrawnOrder<'a> {
    /// Of each node those that must come before it; the first node comes first, and the last one last.
    pub(crate) before: &'a [u64],
    /// Of nodes with the same number here only one is tried at a place.
    pub(crate) kinds: &'a [usize],
    /// The partial architecture with the decisions about the last of these nodes, when all of them are legal.
    pub(crate) with_last: &'a WithLast<'a>,
}

/// An order of the nodes in which all decisions are legal, drawn at random, with these decisions.
///
/// `None` when there is none, or when none was found among those that were tried.
pub(crate) fn drawn_order(
    blueprint: &Blueprint,
    drawn: &DrawnOrder<'_>,
    rng: &mut dyn Rng,
) -> Option<Partial> {
    let mut tried = 0;
    drawn.longer(&blueprint.start(), &mut vec![0], &mut tried, rng)
}

impl DrawnOrder<'_> {
    fn longer(
        &self,
        partial: &Partial,
        order: &mut Vec<usize>,
        tried: &mut usize,
        rng: &mut dyn Rng,
    ) -> Option<Partial> {
        let n = self.before.len();
        if order.len() == n {
            return Some(partial.clone());
        }
        let placed = order.iter().fold(0, |set, v| set | 1_u64 << v);
        let in_turn = |v: &usize| *v + 1 < n || order.len() + 1 == n;
        let mut next: Vec<usize> = (1..n)
            .filter(|v| placed >> v & 1 == 0 && self.before[*v] & !placed == 0)
            .filter(in_turn)
            .collect();
        next.shuffle(rng);
        let mut kinds = Vec::new();
        for v in next {
            if kinds.contains(&self.kinds[v]) {
                continue;
            }
            kinds.push(self.kinds[v]);
            *tried += 1;
            if *tried > MAX_TRIED {
                return None;
            }
            order.push(v);
            let found = (self.with_last)(partial, order, rng)
                .and_then(|partial| self.longer(&partial, order, tried, rng));
            if found.is_some() {
                return found;
            }
            order.pop();
        }
        None
    }
}

impl Blueprint {
    /// A partial architecture with the decisions about its next vertex, which reads those that the test says, and has the
    /// label that is given, or any legal one; `None` when one of them is not legal.
    pub(crate) fn with_vertex(
        &self,
        partial: &Partial,
        label: Option<u8>,
        reads: &dyn Fn(usize) -> bool,
        rng: &mut dyn Rng,
    ) -> Option<Partial> {
        let mut partial = partial.clone();
        let next = partial.labels().len();
        while let Some(decision) = self.decision(&partial) {
            let action = match decision.choice {
                Choice::Label { vertex } if vertex.index() == next => match label {
                    Some(label) => Action(label),
                    None => decision.legal.iter().choose(rng)?,
                },
                Choice::Edge { from, to } if to.index() == next => {
                    Action(u8::from(reads(from.index())))
                }
                _ => break,
            };
            self.apply(&mut partial, action).ok()?;
        }
        Some(partial)
    }
}
