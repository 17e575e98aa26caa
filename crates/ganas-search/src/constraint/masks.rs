//! Masks: actions after which no completion satisfies a constraint.

use ganas_space::{Arch, CostBounds, LegalActions, Partial, SearchSpace};

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

impl Masks {
    pub(super) fn of(constraints: &[Constraint], space: &dyn SearchSpace) -> Self {
        let masks = constraints.iter().enumerate().filter_map(|(number, c)| {
            Some(Mask {
                constraint: number,
                relation: c.bound.relation,
                bound: c.bound.bound,
                bounds: c.property.bounds(space)?,
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

    /// The numbers of the constraints that no architecture of the space satisfies, each on its own, with an architecture that
    /// comes as near as can be.
    pub(super) fn out_of_reach(&self, space: &dyn SearchSpace) -> Vec<(usize, Arch)> {
        let impossible = self.0.iter().filter(|mask| {
            let range = mask.bounds.of_space();
            !mask.relation.can_hold(range, mask.bound)
        });
        impossible
            .map(|mask| (mask.constraint, mask.nearest(space)))
            .collect()
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

impl Mask {
    /// The architecture at the end of the range that is closest to satisfying the constraint.
    fn nearest(&self, space: &dyn SearchSpace) -> Arch {
        let mut partial = space.start();
        while space.decision(&partial).is_some() {
            let (nearest, _) = self
                .bounds
                .after(&partial)
                .map(|(action, range)| (action, self.relation.best_of(range)))
                .reduce(|a, b| {
                    if self.relation.better(a.1, b.1).total_cmp(&a.1).is_eq() {
                        a
                    } else {
                        b
                    }
                })
                .expect("invariant: some action is legal");
            space
                .apply(&mut partial, nearest)
                .expect("invariant: the action is legal");
        }
        space
            .finish(&partial)
            .expect("invariant: every decision is taken")
    }
}
