//! Tests of the whole space: its laws, its classes, its decisions, and its changes.

mod published_tables;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::*;
use crate::laws::{self, LawOptions};
use crate::{Action, OpId, Partial, registry};

#[test]
fn small_cells_obey_the_laws() {
    let space = NasBench101::up_to(Vertices::Four);
    let mut rng = SmallRng::seed_from_u64(1);
    for arch in space.enumeration().unwrap().archs() {
        laws::check_arch(&space, &arch, &mut rng).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn random_cells_obey_the_laws(seed: u64) {
        for vertices in Vertices::ALL {
            laws::check_episodes(&NasBench101::up_to(vertices), LawOptions { seed, rounds: 1 }).unwrap();
        }
    }
}

#[test]
fn published_hashes_and_parameters() {
    check_published(
        "01 00 | input,output",
        "043721b9c7fe8c5fad811d47d83132ec",
        882_570,
    );
    check_published(
        "0111010 0000001 0000001 0000100 0000001 0000001 0000000 | input,1x1,3x3,3x3,3x3,maxpool,output",
        "28cfc7874f6d200472e1a9dcd8650aa0",
        2_694_282,
    );
}

fn check_published(text: &str, key: &str, parameters: u64) {
    let space = NasBench101::new();
    let arch = space.decode(text).unwrap();
    assert_eq!(space.key(&arch).to_string(), key, "{text}");
    assert_eq!(space.cost(&arch).parameters, Some(parameters), "{text}");
}

#[test]
fn classes_are_counted() {
    for vertices in Vertices::ALL {
        let n = CODES
            .iter()
            .filter(|code| code.cell().n_vertices() <= vertices.count())
            .count();
        assert_eq!(n, vertices.n_classes());
    }
    assert_eq!(CODES.len(), Vertices::Seven.n_classes());
    let by_vertices = [1, 6, 84, 2_441, 62_010, 359_082];
    for (n_vertices, expected) in (2..).zip(by_vertices) {
        let cells = CODES.iter().map(|code| code.cell());
        assert_eq!(
            cells.filter(|cell| cell.n_vertices() == n_vertices).count(),
            expected
        );
    }
}

#[test]
fn hashes_are_distinct_and_order_the_index() {
    let space = NasBench101::up_to(Vertices::Five);
    space.prepare(NonZeroUsize::new(3).unwrap());
    let mut previous = None;
    for ((index, arch), key) in (0..)
        .zip(space.enumeration().unwrap().archs())
        .zip(space.enumeration().unwrap().keys())
    {
        assert_eq!(space.key(&arch), key);
        assert!(previous < Some(key));
        assert_eq!(space.index_of(&arch), Some(index));
        assert_eq!(space.arch_at(index).as_ref(), Some(&arch));
        assert_eq!(space.arch_of_key(key).as_ref(), Some(&arch));
        previous = Some(key);
    }
    for index in [2_532, u64::MAX] {
        assert_eq!(space.arch_at(index), None);
    }
    assert_eq!(space.arch_of_key(ArchKey(0)), None);
}

#[test]
fn spaces_are_found_by_name() {
    for vertices in Vertices::ALL {
        let space = registry::by_name(vertices.name()).unwrap();
        assert_eq!(space.name(), vertices.name());
        assert_eq!(space.max_vertices(), vertices.count());
        assert_eq!(space.size(), u64::try_from(vertices.n_classes()).ok());
        assert!(registry::names().contains(&vertices.name()));
    }
}

/// Every graph within the limits is built by exactly one sequence of decisions, if and only if it is valid.
#[test]
fn decisions_build_every_valid_architecture_once() {
    let space = NasBench101::up_to(Vertices::Four);
    let mut built = BTreeSet::new();
    for_each_episode(&space, &mut space.blueprint().start(), &mut |arch| {
        assert!(built.insert(arch));
    });
    let mut valid = BTreeSet::new();
    for adjacency in 0..1 << 6 {
        let predecessors = canonical::predecessors(4, adjacency).map(u64::from);
        for ops in 0..9 {
            let labels = [cell::INPUT, OpId(ops / 3), OpId(ops % 3), cell::OUTPUT];
            let arch = Arch::new(labels, &predecessors[..4]).unwrap();
            if Cell::of(&arch).is_ok() {
                valid.insert(arch);
            }
        }
    }
    assert_eq!(built, valid);
}

fn for_each_episode(space: &NasBench101, partial: &mut Partial, visit: &mut dyn FnMut(Arch)) {
    let Some(decision) = space.blueprint().decision(partial) else {
        return visit(space.blueprint().finish(partial).unwrap());
    };
    for action in (0..3).map(Action).filter(|a| decision.legal.contains(*a)) {
        let mut next = partial.clone();
        space.blueprint().apply(&mut next, action).unwrap();
        for_each_episode(space, &mut next, visit);
    }
}

/// The budget of edges binds at 7 vertices: whoever wants every edge gets 8 inner ones and one into the output.
#[test]
fn greedy_rollouts_stay_within_the_budget() {
    let space = NasBench101::new();
    let mut partial = space.blueprint().start();
    let mut n_decisions = 0;
    while let Some(decision) = space.blueprint().decision(&partial) {
        let highest = u8::try_from(decision.legal.0.ilog2()).unwrap();
        space
            .blueprint()
            .apply(&mut partial, Action(highest))
            .unwrap();
        n_decisions += 1;
    }
    let arch = space.blueprint().finish(&partial).unwrap();
    assert_eq!(n_decisions, 26);
    assert_eq!((arch.n_edges(), arch.predecessors()[6]), (9, 1));
}

/// Every class is a few changes from every other one.
#[test]
fn changes_connect_the_space() {
    let space = NasBench101::up_to(Vertices::Five);
    let mut seen = BTreeSet::new();
    let mut open: Vec<Arch> = space.classes().take(1).collect();
    while let Some(arch) = open.pop() {
        if seen.insert(arch.clone()) {
            open.extend(space.neighbours(&arch));
        }
    }
    assert_eq!(seen.len(), space.n_classes());
}

#[test]
fn changes_by_hand() {
    let space = NasBench101::up_to(Vertices::Four);
    let arch = space.decode("01 00 | input,output").unwrap();
    // A vertex between input and output, beside their edge or in its place.
    let texts: Vec<String> = space
        .neighbours(&arch)
        .iter()
        .map(|a| space.encode(a))
        .collect();
    assert_eq!(texts.len(), 6);
    assert_eq!(texts[0], "011 001 000|input,conv3x3-bn-relu,output");
    assert_eq!(texts[1], "010 001 000|input,conv3x3-bn-relu,output");
    assert_eq!(texts[5], "010 001 000|input,maxpool3x3,output");
}

#[test]
fn samples_are_uniform_over_classes() {
    let space = NasBench101::up_to(Vertices::Four);
    let mut rng = SmallRng::seed_from_u64(2);
    let mut counts = BTreeMap::<Arch, u32>::new();
    for _ in 0..91 * 100 {
        *counts.entry(space.sample(&mut rng)).or_default() += 1;
    }
    // Chi-squared with 90 degrees of freedom has mean 90 and standard deviation 13; the bounds are five of them.
    let expected = 100.0;
    let chi_squared: f64 = counts
        .values()
        .map(|&count| (f64::from(count) - expected).powi(2) / expected)
        .sum();
    assert_eq!(counts.len(), 91);
    assert!((25.0..155.0).contains(&chi_squared), "{chi_squared}");
}

/// One operation in one of two places; the other place has any of three operations.
#[test]
fn relabelling_reaches_every_member_equally_often() {
    let space = NasBench101::up_to(Vertices::Four);
    let mut rng = SmallRng::seed_from_u64(3);
    let arch = space.decode("010 001 000 | 2").unwrap();
    let mut counts = BTreeMap::<String, u32>::new();
    for _ in 0..6_000 {
        let relabelled = space.relabelled(&arch, &mut rng);
        *counts.entry(space.encode(&relabelled)).or_default() += 1;
    }
    assert_eq!(counts.len(), 6, "{counts:?}");
    assert!(
        counts.values().all(|n| (850..1_150).contains(n)),
        "{counts:?}"
    );
}

#[test]
fn short_architectures_are_filled_up_before_the_output() {
    let space = NasBench101::up_to(Vertices::Four);
    let arch = space.decode("010 001 000 | 2").unwrap();
    let actions = space.actions_of(&arch).unwrap();
    // Vertex 1 with its edge, vertex 2 without edges, and the edge from 1 to the output.
    assert_eq!(actions, [2, 1, 0, 0, 0, 0, 1, 0].map(Action));
}

#[test]
fn foreign_architectures_are_refused() {
    let check = |labels: &[u8], predecessors: &[u64]| {
        let labels: Vec<OpId> = labels.iter().copied().map(OpId).collect();
        let arch = Arch::new(labels, predecessors).unwrap();
        let space = NasBench101::up_to(Vertices::Four);
        let result = space.actions_of(&arch);
        assert!(
            matches!(result, Err(SpaceError::NotInSpace { .. })),
            "{result:?}"
        );
    };
    // The output cannot be reached; an unknown operation; no input; too many vertices.
    check(&[3, 0, 4], &[0, 1, 0]);
    check(&[3, 3, 4], &[0, 1, 2]);
    check(&[0, 0, 4], &[0, 1, 2]);
    check(&[3, 0, 0, 0, 4], &[0, 1, 2, 4, 8]);
}
