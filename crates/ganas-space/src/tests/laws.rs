//! What must hold in every search space, as functions that each space's tests call.

use std::collections::BTreeSet;

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_core::Rng;

use crate::{Action, Arch, Decision, OpId, Partial, SearchSpace, SpaceError};

/// Checks every law at one architecture of the space.
pub(crate) fn check_laws(space: &dyn SearchSpace, arch: &Arch, rng: &mut dyn Rng) {
    check_labels(space, arch);
    check_actions_rebuild(space, arch);
    check_class(space, arch, rng);
    check_text(space, arch);
    check_neighbours(space, arch);
}

/// Checks the laws that start from no architecture: a random episode, and a sample.
pub(crate) fn check_random_laws(space: &dyn SearchSpace, rng: &mut dyn Rng) {
    let built = check_random_episode(space, rng);
    check_laws(space, &built, rng);
    let sampled = space.sample(rng);
    check_laws(space, &sampled, rng);
}

/// The graph is within the bounds that the space states, with one input first and one output last.
fn check_labels(space: &dyn SearchSpace, arch: &Arch) {
    let n_ops = space.labels().len() - 2;
    assert!(arch.n_vertices() <= space.max_vertices(), "{arch:?}");
    let [first, inner @ .., last] = arch.labels() else {
        panic!("an architecture has at least two vertices: {arch:?}");
    };
    assert_eq!(space.labels()[first.index()], "input", "{arch:?}");
    assert_eq!(space.labels()[last.index()], "output", "{arch:?}");
    assert!(inner.iter().all(|op| op.index() < n_ops), "{arch:?}");
}

/// The decisions of an architecture are legal one by one, and build it.
///
/// An architecture with fewer vertices than a generator builds is rebuilt as another member of its class.
fn check_actions_rebuild(space: &dyn SearchSpace, arch: &Arch) {
    let actions = space.actions_of(arch).unwrap();
    let built = rebuild(space, &actions);
    if built.n_vertices() != arch.n_vertices() {
        assert!(built.n_vertices() > arch.n_vertices(), "{arch:?}");
        assert_eq!(space.key(&built), space.key(arch), "{arch:?}");
        assert_eq!(space.actions_of(&built).unwrap(), actions, "{arch:?}");
        check_prefixes(space, &built, &actions);
        return;
    }
    assert_eq!(built, *arch);
    check_prefixes(space, arch, &actions);
}

fn rebuild(space: &dyn SearchSpace, actions: &[Action]) -> Arch {
    let mut partial = space.start();
    for &action in actions {
        space.apply(&mut partial, action).unwrap();
    }
    space.finish(&partial).unwrap()
}

/// Every prefix of the decisions is legal, and shows the vertices that it completes.
fn check_prefixes(space: &dyn SearchSpace, arch: &Arch, actions: &[Action]) {
    let mut partial = space.start();
    for (n, &action) in actions.iter().enumerate() {
        let decision = space.decision(&partial).unwrap();
        assert!(decision.legal.contains(action), "decision {n} of {arch:?}");
        assert!(space.finish(&partial).is_err(), "decision {n} of {arch:?}");
        space.apply(&mut partial, action).unwrap();
        assert_eq!(partial.actions(), &actions[..=n]);
        let n_complete = partial.labels().len();
        assert_eq!(partial.labels(), &arch.labels()[..n_complete]);
        assert_eq!(partial.predecessors(), &arch.predecessors()[..n_complete]);
    }
    assert_eq!(space.decision(&partial), None);
    assert_eq!(space.finish(&partial).as_ref(), Ok(arch));
}

/// The key names the class: canonical form and relabelled members share it.
///
/// Members have the same operations, unless there are vertices that the canonical form leaves out.
fn check_class(space: &dyn SearchSpace, arch: &Arch, rng: &mut dyn Rng) {
    let key = space.key(arch);
    let canonical = space.canonical(arch);
    assert_eq!(space.key(&canonical), key, "{arch:?}");
    assert_eq!(space.canonical(&canonical), canonical, "{arch:?}");
    check_in_space(space, &canonical);
    for _ in 0..4 {
        let relabelled = space.relabelled(arch, rng);
        check_in_space(space, &relabelled);
        assert_eq!(space.key(&relabelled), key, "{arch:?}");
        assert_eq!(space.canonical(&relabelled), canonical, "{arch:?}");
        if canonical.n_vertices() == relabelled.n_vertices() {
            assert_eq!(sorted_labels(&relabelled), sorted_labels(arch), "{arch:?}");
        }
    }
}

/// The text is read back as the same architecture, and nothing may follow it.
fn check_text(space: &dyn SearchSpace, arch: &Arch) {
    let text = space.encode(arch);
    assert_eq!(space.decode(&text).as_ref(), Ok(arch), "{text}");
    assert!(space.decode(&format!("{text}?")).is_err(), "{text}");
}

/// Neighbours are in the space, distinct, not the architecture itself, and have it, or its canonical form, as a
/// neighbour.
fn check_neighbours(space: &dyn SearchSpace, arch: &Arch) {
    let neighbours = space.neighbours(arch);
    assert_eq!(space.neighbours(arch), neighbours, "the order is fixed");
    assert!(!neighbours.is_empty(), "{arch:?}");
    let distinct: BTreeSet<&Arch> = neighbours.iter().collect();
    assert_eq!(distinct.len(), neighbours.len(), "{arch:?}");
    assert!(!distinct.contains(arch), "{arch:?}");
    let canonical = space.canonical(arch);
    for neighbour in &neighbours {
        check_in_space(space, neighbour);
        let back = space.neighbours(neighbour);
        assert!(
            back.contains(arch) || back.contains(&canonical),
            "{arch:?} {neighbour:?}"
        );
    }
}

/// Legal actions at random end in an architecture; illegal ones are refused and change nothing.
fn check_random_episode(space: &dyn SearchSpace, rng: &mut dyn Rng) -> Arch {
    let mut partial = space.start();
    while let Some(decision) = space.decision(&partial) {
        let legal: Vec<Action> = (0..=u8::MAX)
            .map(Action)
            .filter(|&action| decision.legal.contains(action))
            .collect();
        check_illegal_refused(space, &partial, random_illegal(decision, rng));
        let &action = legal.choose(rng).expect("law: some action is legal");
        space.apply(&mut partial, action).unwrap();
    }
    check_illegal_refused(space, &partial, Action(0));
    let arch = space.finish(&partial).unwrap();
    assert_eq!(space.actions_of(&arch).unwrap(), partial.actions());
    arch
}

fn random_illegal(decision: Decision, rng: &mut dyn Rng) -> Action {
    loop {
        let action = Action(rng.random());
        if !decision.legal.contains(action) {
            return action;
        }
    }
}

fn check_illegal_refused(space: &dyn SearchSpace, partial: &Partial, action: Action) {
    let mut after = partial.clone();
    let result = space.apply(&mut after, action);
    assert!(
        matches!(result, Err(SpaceError::IllegalAction { .. })),
        "{action:?}: {result:?}"
    );
    assert_eq!(after, *partial);
}

fn check_in_space(space: &dyn SearchSpace, arch: &Arch) {
    assert!(space.actions_of(arch).is_ok(), "{arch:?}");
}

fn sorted_labels(arch: &Arch) -> Vec<OpId> {
    let mut labels = arch.labels().to_vec();
    labels.sort_unstable();
    labels
}
