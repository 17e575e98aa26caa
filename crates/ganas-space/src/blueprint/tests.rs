//! What is legal, and how many architectures there are, in blueprints of each kind.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::*;

/// Whether the next decision is about an edge: its ends.
fn edge(decision: Decision) -> Option<(usize, usize)> {
    match decision.choice {
        Choice::Edge { from, to } => Some((from.index(), to.index())),
        Choice::Label { .. } => None,
    }
}

/// Without forbidden edges a shortest path says what the rules of free edges say.
#[test]
fn looking_ahead_agrees_with_the_rules_of_free_edges() {
    for max_edges in [1, 2, 3, 5, 20] {
        let cell = Blueprint::free_cell("cell", ["conv"], 5).with_max_edges(max_edges);
        let mut looking = cell.clone();
        looking.limits.look_ahead();
        let mut open = vec![cell.start()];
        while let Some(partial) = open.pop() {
            let Some(decision) = cell.decision(&partial) else {
                continue;
            };
            let looked = looking.decision(&partial).unwrap();
            assert_eq!(
                looked.legal,
                decision.legal,
                "{max_edges} {:?}",
                edge(decision)
            );
            for action in decision.legal.iter() {
                let mut next = partial.clone();
                cell.apply(&mut next, action).unwrap();
                open.push(next);
            }
        }
    }
}

/// Where no action is forbidden, counting gives the sizes that spaces state.
#[test]
fn completions_are_as_many_as_spaces_say() {
    for name in ["nasbench201", "darts", "mbconv", "nasbench-macro"] {
        let space = crate::by_name(name).unwrap();
        let counted = Completions::new(space.blueprint()).unwrap();
        assert_eq!(counted.n_archs(), space.size(), "{name}");
    }
    // More than a `u64` holds.
    let space = crate::by_name("ofa-mbv3").unwrap();
    assert_eq!(Completions::new(space.blueprint()).unwrap().n_archs(), None);
    let cell = Blueprint::free_cell("cell", ["conv", "pool"], 5).with_max_edges(6);
    let counted = Completions::new(&cell).unwrap();
    assert_eq!(counted.n_archs(), Some(cell.archs().count() as u64));
    // Twelve inner vertices leave more open than a diagram holds.
    let large = Blueprint::free_cell("cell", ["conv"], 14);
    assert!(Completions::new(&large).is_none());
}

#[test]
fn completions_are_drawn_uniformly() {
    let cell = Blueprint::free_cell("cell", ["conv"], 4).with_max_edges(4);
    let completions = Completions::new(&cell).unwrap();
    let mut rng = SmallRng::seed_from_u64(1);
    let mut counts: BTreeMap<Arch, u32> = cell.archs().map(|arch| (arch, 0)).collect();
    let n_draws = 1_000 * u32::try_from(counts.len()).unwrap();
    for _ in 0..n_draws {
        *counts
            .get_mut(&completions.sample(&cell, &mut rng))
            .unwrap() += 1;
    }
    // Six standard deviations.
    assert!(
        counts.values().all(|n| n.abs_diff(1_000) < 6 * 32),
        "{counts:?}"
    );
}

/// Pairs of sources are equally likely, also when some are forbidden.
#[test]
fn priors_are_those_of_the_pairs_that_are_left() {
    let space = crate::by_name("darts").unwrap();
    let names = ["normal.node5.input1=1", "normal.node5.input2=4"];
    let choices = space.choices().iter();
    let forbidden = names.iter().flat_map(|name| {
        let (name, option) = name.split_once('=').unwrap();
        let choice = choices
            .clone()
            .find(|choice| choice.name() == name)
            .unwrap();
        let kept: Vec<usize> = (0..choice.options().len())
            .filter(|o| choice.options()[*o] != option)
            .collect();
        choice.forbid_all_but(&kept)
    });
    let blueprint = space.blueprint().without(forbidden).unwrap();
    // Of the results 0 to 4, the lower is 0 or 2, and the higher one of 1, 2 and 3: three pairs with 0, and one with 2.
    let mut rng = SmallRng::seed_from_u64(1);
    let of_pair = |choice: &str, arch: &Arch| {
        let options = space.choices_of(arch).unwrap();
        let option = options.iter().find(|(named, _)| named.name() == choice);
        option.unwrap().1.unwrap().to_owned()
    };
    let mut counts = BTreeMap::new();
    for _ in 0..4_000 {
        let arch = blueprint.sample(&mut rng);
        let pair = ["normal.node5.input1", "normal.node5.input2"].map(|name| of_pair(name, &arch));
        *counts.entry(pair).or_insert(0_u32) += 1;
    }
    assert_eq!(counts.len(), 4, "{counts:?}");
    assert!(
        counts.values().all(|n| n.abs_diff(1_000) < 6 * 28),
        "{counts:?}"
    );
}
