//! Mutations: random changes of an architecture, decision by decision.

use ganas_space::{Action, Arch, Choice, SearchSpace};
use rand::seq::IteratorRandom;
use rand::{Rng, RngExt};

/// How many labels and edges of an architecture change, in expectation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rates {
    /// Labels that are drawn anew, each from the other legal ones.
    pub(crate) labels: f64,
    /// Edges that are turned.
    pub(crate) edges: f64,
}

/// An architecture of which each decision is changed on its own, so that the expected numbers of changes are those of the
/// rates; nothing when the architecture is not one of the space.
///
/// A change that is not legal after the decisions before it is left out, and a decision that has become illegal by changes
/// before it is drawn anew; so it is an architecture of the space, and may be the same one.
pub(crate) fn mutated(
    space: &dyn SearchSpace,
    arch: &Arch,
    rates: Rates,
    rng: &mut impl Rng,
) -> Option<Arch> {
    let actions = decisions(space, arch)?;
    let [labels, edges] = chances(space, &actions, rates)?;
    let mut partial = space.start();
    for taken in actions {
        let decision = space.decision(&partial)?;
        let chance = match decision.choice {
            Choice::Label { .. } => labels,
            Choice::Edge { .. } => edges,
        };
        let changes = rng.random_bool(chance);
        let others = decision.legal.iter().filter(|other| *other != taken);
        let action = if changes || !decision.legal.contains(taken) {
            others.choose(rng).unwrap_or(taken)
        } else {
            taken
        };
        space.apply(&mut partial, action).ok()?;
    }
    space.finish(&partial).ok()
}

/// The decisions that build an architecture, or the canonical one of its class where it cannot be built itself.
pub(crate) fn decisions(space: &dyn SearchSpace, arch: &Arch) -> Option<Vec<Action>> {
    let own = space.actions_of(arch);
    own.or_else(|_| space.actions_of(&space.canonical(arch)))
        .ok()
}

/// The chances that a label and an edge change, in a space in which these actions build an architecture.
fn chances(space: &dyn SearchSpace, actions: &[Action], rates: Rates) -> Option<[f64; 2]> {
    let [mut labels, mut edges] = [0.0_f64; 2];
    let mut partial = space.start();
    for action in actions {
        match space.decision(&partial)?.choice {
            Choice::Label { .. } => labels += 1.0,
            Choice::Edge { .. } => edges += 1.0,
        }
        space.apply(&mut partial, *action).ok()?;
    }
    let chance = |(rate, n): (f64, f64)| if n > 0.0 { (rate / n).min(1.0) } else { 0.0 };
    Some([(rates.labels, labels), (rates.edges, edges)].map(chance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::{Purpose, Streams};

    /// On average as many changes as asked for, where all of them are legal.
    #[test]
    fn as_many_decisions_change_as_the_rates_say() {
        let space = ganas_space::by_name("nasbench201").unwrap();
        let mut rng = Streams { seed: 1 }.get(Purpose::Evolution, 0, 0, 0);
        let rates = Rates {
            labels: 1.5,
            edges: 1.0,
        };
        let arch = space.sample(&mut rng);
        let before = space.actions_of(&arch).unwrap();
        let mut changes = 0_u32;
        for _ in 0..2000 {
            let mutated = mutated(&*space, &arch, rates, &mut rng).unwrap();
            let after = space.actions_of(&mutated).unwrap();
            let changed = before.iter().zip(&after).filter(|(a, b)| a != b).count();
            changes += u32::try_from(changed).unwrap();
        }
        // 3000 are expected, with a standard deviation of 47.
        assert!((2765..=3235).contains(&changes), "{changes}");
    }

    #[test]
    fn cells_with_free_edges_stay_cells() {
        let space = ganas_space::by_name("nasbench101").unwrap();
        let mut rng = Streams { seed: 2 }.get(Purpose::Evolution, 0, 0, 0);
        let rates = Rates {
            labels: 1.0,
            edges: 3.0,
        };
        let mut arch = space.sample(&mut rng);
        let mut classes = std::collections::BTreeSet::new();
        for _ in 0..300 {
            arch = mutated(&*space, &arch, rates, &mut rng).unwrap();
            assert!(space.actions_of(&arch).is_ok());
            classes.insert(space.key(&arch));
        }
        // Much of what changes is pruned.
        assert!(classes.len() > 50, "{}", classes.len());
    }
}
