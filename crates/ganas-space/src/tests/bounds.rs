//! What must hold of the bounds on costs in every space that has them.

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand_core::Rng;

use crate::{Action, Arch, CostBounds, CostRange, Partial, SearchSpace};

/// A cost of an architecture, as bounds take it.
type CostOf<'a> = &'a dyn Fn(&Arch) -> f64;

/// Checks the bounds on parameters, FLOPs and further costs, which are whole numbers, along random episodes.
pub(crate) fn check_random_bounds(space: &dyn SearchSpace) {
    for_all_costs(space, &mut |cost, bounds| {
        proptest!(ProptestConfig::with_cases(8), |(seed: u64)| {
            check_episode(space, cost, bounds, &mut SmallRng::seed_from_u64(seed));
        });
    });
}

/// Compares the range of each partial architecture of a small space with the costs of all its completions.
pub(crate) fn check_all_bounds(space: &dyn SearchSpace) {
    for_all_costs(space, &mut |cost, bounds| {
        check_below(space, cost, bounds, &space.start());
    });
}

fn for_all_costs(space: &dyn SearchSpace, check: &mut dyn FnMut(CostOf<'_>, &CostBounds)) {
    let costs: [CostOf<'_>; 2] = [&|arch| count(space.cost(arch).parameters), &|arch| {
        count(space.cost(arch).flops)
    }];
    let mut check = |cost: CostOf<'_>| {
        let bounds = CostBounds::new(space, &|arch| Some(cost(arch)));
        check(cost, &bounds.expect("the space has bounds"));
    };
    costs.into_iter().for_each(&mut check);
    for name in space.named_costs() {
        check(&|arch| space.named_cost(name, arch).expect("a cost that is named"));
    }
}

/// Ranges shrink to the cost, hold that of random completions, and both ends are reached.
fn check_episode(
    space: &dyn SearchSpace,
    cost: CostOf<'_>,
    bounds: &CostBounds,
    rng: &mut dyn Rng,
) {
    let mut partial = space.start();
    assert_eq!(bounds.range(&partial), bounds.of_space());
    loop {
        let range = bounds.range(&partial);
        let random = cost(&completed(space, &partial, &mut |_, legal| {
            *legal.choose(rng).expect("law: some action is legal")
        }));
        assert!(
            range.least <= random && random <= range.most,
            "{range:?} {random}"
        );
        let lowest = completed(space, &partial, &mut |partial, _| {
            extreme(bounds, partial, |range| range.least)
        });
        let highest = completed(space, &partial, &mut |partial, _| {
            extreme(bounds, partial, |range| -range.most)
        });
        let reached = CostRange {
            least: cost(&lowest),
            most: cost(&highest),
        };
        assert_eq!(reached, range);
        let legal = legal_actions(space, &partial);
        let after: Vec<(Action, CostRange)> = bounds.after(&partial).collect();
        assert!(legal.iter().eq(after.iter().map(|(action, _)| action)));
        let Some((action, next)) = after.choose(rng) else {
            break;
        };
        assert!(range.least <= next.least && next.most <= range.most);
        space.apply(&mut partial, *action).unwrap();
        assert_eq!(bounds.range(&partial), *next);
    }
    let exact = cost(&space.finish(&partial).unwrap());
    assert_eq!(bounds.range(&partial), only(exact));
}

/// The range of one value.
fn only(cost: f64) -> CostRange {
    CostRange {
        least: cost,
        most: cost,
    }
}

/// The costs of all completions, lowest and highest, which must be the range of the partial architecture.
fn check_below(
    space: &dyn SearchSpace,
    cost: CostOf<'_>,
    bounds: &CostBounds,
    partial: &Partial,
) -> CostRange {
    let ranges = legal_actions(space, partial).into_iter().map(|action| {
        let mut after = partial.clone();
        space.apply(&mut after, action).unwrap();
        check_below(space, cost, bounds, &after)
    });
    let widest = ranges.reduce(|a, b| CostRange {
        least: a.least.min(b.least),
        most: a.most.max(b.most),
    });
    let exact = widest.unwrap_or_else(|| only(cost(&space.finish(partial).unwrap())));
    assert_eq!(bounds.range(partial), exact, "{:?}", partial.actions());
    exact
}

fn completed(
    space: &dyn SearchSpace,
    partial: &Partial,
    choose: &mut dyn FnMut(&Partial, &[Action]) -> Action,
) -> Arch {
    let mut partial = partial.clone();
    loop {
        let legal = legal_actions(space, &partial);
        if legal.is_empty() {
            return space.finish(&partial).unwrap();
        }
        let action = choose(&partial, &legal);
        space.apply(&mut partial, action).unwrap();
    }
}

/// The action with the lowest value.
fn extreme(bounds: &CostBounds, partial: &Partial, value: fn(CostRange) -> f64) -> Action {
    let after = bounds.after(partial);
    let lowest = after.min_by(|a, b| value(a.1).total_cmp(&value(b.1)));
    lowest.expect("a decision is left").0
}

fn legal_actions(space: &dyn SearchSpace, partial: &Partial) -> Vec<Action> {
    let decision = space.decision(partial);
    decision.map_or(Vec::new(), |decision| decision.legal.iter().collect())
}

/// A cost as bounds see it; costs of tests are far below 2^53.
fn count(cost: u64) -> f64 {
    cost as f64
}
