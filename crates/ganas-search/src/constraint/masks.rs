//! Masks: actions after which no completion satisfies a constraint.

use ganas_space::{CostBounds, LegalActions, Partial};

use super::{Constraint, Relation};

/// The constraints on properties of which the range over all completions of a partial architecture is known.
#[derive(Debug, Default)]
pub(super) struct Masks(Vec<Mask>);

#[derive(Debug)]
struct Mask {
    /// The number of the constraint.
    constraint: usize,
    relation: Relation,
    bound: f64,
    bounds: CostBounds,
}

/// Of a constraint that nothing satisfies: its number, and the value that is nearest to its bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutOfReach {
    pub(super) constraint: usize,
    pub(super) nearest: f64,
}

impl Masks {
    pub(super) fn of(constraints: &[Constraint]) -> Self {
        let masks = constraints.iter().enumerate().filter_map(|(number, c)| {
            Some(Mask {
                constraint: number,
                relation: c.bound.relation,
                bound: c.bound.bound,
                bounds: c.property.bounds()?,
            })
        });
        Self(masks.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is one of the constraint with this number.
    pub(super) fn covers(&self, constraint: usize) -> bool {
        self.0.iter().any(|mask| mask.constraint == constraint)
    }

    /// The constraints that no architecture of the space satisfies, each on its own.
    pub(super) fn out_of_reach(&self) -> Vec<OutOfReach> {
        let out = self.0.iter().filter_map(|mask| {
            let range = mask.bounds.of_space();
            let possible = mask.relation.can_hold(range, mask.bound);
            (!possible).then(|| OutOfReach {
                constraint: mask.constraint,
                nearest: mask.relation.best_of(range),
            })
        });
        out.collect()
    }

    /// The legal actions after which each constraint can still be satisfied, though perhaps not all of them together;
    /// empty when there is none.
    pub(super) fn possible(&self, partial: &Partial, legal: LegalActions) -> LegalActions {
        let mut possible = legal;
        for mask in &self.0 {
            for (action, range) in mask.bounds.after(partial) {
                if !mask.relation.can_hold(range, mask.bound) {
                    possible.0 &= !(1 << action.0);
                }
            }
        }
        possible
    }
}
