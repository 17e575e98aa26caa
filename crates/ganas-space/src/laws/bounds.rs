//! What must hold of the bounds on costs in every space that has them.

use rand_core::Rng;

use crate::{Action, Arch, CostBounds, CostRange, Partial, SearchSpace};

use super::{BrokenLaw, Law, LawOptions, any, legal_actions};

/// A cost of an architecture, as bounds take it.
type CostOf<'a> = &'a dyn Fn(&Arch) -> f64;

/// What is done with each cost of a space.
type Check<'a> = &'a mut dyn FnMut(&Bounded<'_>) -> Result<(), BrokenLaw>;

/// A space, one of its costs, and the bounds on it.
struct Bounded<'a> {
    space: &'a dyn SearchSpace,
    cost: CostOf<'a>,
    bounds: &'a CostBounds,
}

/// Checks the bounds on parameters, FLOPs and further costs, as far as they are known, along random episodes.
///
/// # Errors
///
/// When the costs of the space have no bounds, or when one of them is wrong.
pub fn check_bounds(space: &dyn SearchSpace, options: LawOptions) -> Result<(), BrokenLaw> {
    for_all_costs(space, &mut |bounded| {
        options
            .streams()
            .try_for_each(|mut rng| bounded.check_episode(&mut rng))
    })
}

/// Compares the range of each partial architecture of a small space with the costs of all its completions.
///
/// # Errors
///
/// When the costs of the space have no bounds, or when one of them is wrong.
pub fn check_all_bounds(space: &dyn SearchSpace) -> Result<(), BrokenLaw> {
    for_all_costs(space, &mut |bounded| {
        bounded.check_below(&space.start()).map(|_| ())
    })
}

fn for_all_costs(space: &dyn SearchSpace, check: Check<'_>) -> Result<(), BrokenLaw> {
    let no_bounds = || BrokenLaw::on_the_way(space, Law::Bounds, &space.start());
    let costs = space.costs().ok_or_else(no_bounds)?;
    let mut check = |cost: CostOf<'_>| {
        let bounds = CostBounds::new(space, &|arch| Some(cost(arch)));
        let bounds = bounds.ok_or_else(no_bounds)?;
        check(&Bounded {
            space,
            cost,
            bounds: &bounds,
        })
    };
    let known = space.known_costs();
    if known.parameters.is_some() {
        check(&|arch| count(costs.cost(arch).parameters))?;
    }
    if known.flops.is_some() {
        check(&|arch| count(costs.cost(arch).flops))?;
    }
    for name in costs.named_costs() {
        check(&|arch| costs.named_cost(name, arch).unwrap_or(f64::NAN))?;
    }
    Ok(())
}

impl Bounded<'_> {
    /// Ranges shrink to the cost, hold that of random completions, and both ends are reached.
    fn check_episode(&self, rng: &mut dyn Rng) -> Result<(), BrokenLaw> {
        let Self {
            space,
            cost,
            bounds,
        } = *self;
        let mut partial = space.start();
        self.same(&partial, bounds.range(&partial), bounds.of_space())?;
        loop {
            let range = bounds.range(&partial);
            let random = cost(&self.completed(&partial, &mut |_, legal| any(legal, rng))?);
            self.require(&partial, range.least <= random && random <= range.most)?;
            let reached = CostRange {
                least: cost(&self.extreme(&partial, |range| range.least)?),
                most: cost(&self.extreme(&partial, |range| -range.most)?),
            };
            self.same(&partial, range, reached)?;
            let legal = legal_actions(space, &partial);
            let after: Vec<(Action, CostRange)> = bounds.after(&partial).collect();
            let same_actions = legal.iter().eq(after.iter().map(|(action, _)| action));
            self.require(&partial, same_actions)?;
            let Some((action, next)) = any(&after, rng) else {
                break;
            };
            self.require(
                &partial,
                range.least <= next.least && next.most <= range.most,
            )?;
            self.apply(&mut partial, action)?;
            self.same(&partial, bounds.range(&partial), next)?;
        }
        let exact = cost(&self.finish(&partial)?);
        self.same(&partial, bounds.range(&partial), only(exact))
    }

    /// The costs of all completions, lowest and highest, which must be the range of the partial architecture.
    fn check_below(&self, partial: &Partial) -> Result<CostRange, BrokenLaw> {
        let mut widest: Option<CostRange> = None;
        for action in legal_actions(self.space, partial) {
            let mut after = partial.clone();
            self.apply(&mut after, action)?;
            let range = self.check_below(&after)?;
            widest = Some(widest.map_or(range, |widest| CostRange {
                least: widest.least.min(range.least),
                most: widest.most.max(range.most),
            }));
        }
        let exact = match widest {
            Some(widest) => widest,
            None => only((self.cost)(&self.finish(partial)?)),
        };
        self.same(partial, self.bounds.range(partial), exact)?;
        Ok(exact)
    }

    /// The completion whose actions have the lowest values of the range after them.
    fn extreme(&self, partial: &Partial, value: fn(CostRange) -> f64) -> Result<Arch, BrokenLaw> {
        self.completed(partial, &mut |partial, _| {
            let after = self.bounds.after(partial);
            let lowest = after.min_by(|a, b| value(a.1).total_cmp(&value(b.1)));
            lowest.map(|(action, _)| action)
        })
    }

    fn completed(
        &self,
        partial: &Partial,
        choose: &mut dyn FnMut(&Partial, &[Action]) -> Option<Action>,
    ) -> Result<Arch, BrokenLaw> {
        let mut partial = partial.clone();
        loop {
            let legal = legal_actions(self.space, &partial);
            match choose(&partial, &legal) {
                Some(action) => self.apply(&mut partial, action)?,
                None => return self.finish(&partial),
            }
        }
    }

    fn apply(&self, partial: &mut Partial, action: Action) -> Result<(), BrokenLaw> {
        let applied = self.space.apply(partial, action);
        applied.or_else(|_| self.require(partial, false))
    }

    fn finish(&self, partial: &Partial) -> Result<Arch, BrokenLaw> {
        let finished = self.space.finish(partial);
        finished.map_err(|_| BrokenLaw::on_the_way(self.space, Law::Bounds, partial))
    }

    /// Whether two ranges are the same but for what rounding may change.
    fn same(&self, partial: &Partial, a: CostRange, b: CostRange) -> Result<(), BrokenLaw> {
        let close = |a: f64, b: f64| (a - b).abs() <= 2.0 * self.bounds.rounding();
        self.require(partial, close(a.least, b.least) && close(a.most, b.most))
    }

    fn require(&self, partial: &Partial, holds: bool) -> Result<(), BrokenLaw> {
        if holds {
            return Ok(());
        }
        Err(BrokenLaw::on_the_way(self.space, Law::Bounds, partial))
    }
}

/// The range of one value.
fn only(cost: f64) -> CostRange {
    CostRange {
        least: cost,
        most: cost,
    }
}

/// A cost as bounds see it; costs are far below 2^53. What is known of one architecture only is no number.
fn count(cost: Option<u64>) -> f64 {
    cost.map_or(f64::NAN, |cost| cost as f64)
}
