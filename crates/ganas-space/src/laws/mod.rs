//! What must hold in every search space, as a test suite.
//!
//! A space of one's own runs [`check`] in a test; [`blueprint`](crate::blueprint) has an example.

mod bounds;
mod broken;
mod restricted;

use std::collections::BTreeSet;

use rand::rngs::SmallRng;
use rand::seq::{IndexedRandom, IteratorRandom};
use rand::{RngExt, SeedableRng};
use rand_core::Rng;

use crate::{Action, Arch, Decision, OpId, Partial, SearchSpace, SpaceError};

pub use self::bounds::{check_all_bounds, check_bounds};
pub use self::broken::{BrokenLaw, Law};
pub use self::restricted::check_restrictions;

use self::broken::Suspect;

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct LawOptions {
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// So many architectures are built and drawn, and so many episodes are compared with each bound.
    pub rounds: u64,
}

impl Default for LawOptions {
    /// Seed 0, 8 rounds.
    fn default() -> Self {
        Self { seed: 0, rounds: 8 }
    }
}

impl LawOptions {
    /// The random numbers of each round.
    fn streams(self) -> impl Iterator<Item = SmallRng> {
        (0..self.rounds).map(move |round| SmallRng::seed_from_u64(self.seed.wrapping_add(round)))
    }
}

/// Checks all laws at random architectures, those of bounds on costs where the space has them.
///
/// # Errors
///
/// The first law that does not hold, with the architecture.
pub fn check(space: &dyn SearchSpace, options: LawOptions) -> Result<(), BrokenLaw> {
    check_episodes(space, options)?;
    match space
        .costs()
        .and_then(|costs| costs.cost_state(&space.start()))
    {
        Some(_) => check_bounds(space, options),
        None => Ok(()),
    }
}

/// Checks the laws, but for those of costs, at architectures that are built decision by decision, and at samples.
///
/// # Errors
///
/// The first law that does not hold, with the architecture.
pub fn check_episodes(space: &dyn SearchSpace, options: LawOptions) -> Result<(), BrokenLaw> {
    for mut rng in options.streams() {
        let built = random_episode(space, &mut rng)?;
        check_arch(space, &built, &mut rng)?;
        check_arch(space, &space.sample(&mut rng), &mut rng)?;
    }
    Ok(())
}

/// Checks the laws, but for those of costs, at one architecture of the space.
///
/// # Errors
///
/// The first law that does not hold.
pub fn check_arch(
    space: &dyn SearchSpace,
    arch: &Arch,
    rng: &mut dyn Rng,
) -> Result<(), BrokenLaw> {
    let suspect = Suspect { space, arch };
    check_labels(suspect)?;
    check_rebuilt(suspect)?;
    check_class(suspect, rng)?;
    check_text(suspect)?;
    check_neighbours(suspect)
}

fn check_labels(suspect: Suspect<'_>) -> Result<(), BrokenLaw> {
    let Suspect { space, arch } = suspect;
    let labels = space.labels();
    let n_ops = labels.len() - 2;
    let [first, inner @ .., last] = arch.labels() else {
        return suspect.fail(Law::Labels, "there are no vertices");
    };
    let holds = arch.n_vertices() <= space.max_vertices()
        && labels
            .get(first.index())
            .is_some_and(|name| name == "input")
        && labels
            .get(last.index())
            .is_some_and(|name| name == "output")
        && inner.iter().all(|op| op.index() < n_ops);
    suspect.require(Law::Labels, holds)
}

/// An architecture with fewer vertices than a generator builds is rebuilt as another member of its class.
fn check_rebuilt(suspect: Suspect<'_>) -> Result<(), BrokenLaw> {
    let Suspect { space, arch } = suspect;
    let actions = suspect.succeeds(Law::Rebuilt, space.actions_of(arch))?;
    let built = space.blueprint().build(actions.iter().copied());
    let built = suspect.succeeds(Law::Rebuilt, built)?;
    if built.n_vertices() > arch.n_vertices() {
        suspect.require(Law::Rebuilt, space.key(&built) == space.key(arch))?;
        let again = suspect.succeeds(Law::Rebuilt, space.actions_of(&built))?;
        suspect.require(Law::Rebuilt, again == actions)?;
    } else {
        suspect.require(Law::Rebuilt, built == *arch)?;
    }
    let suspect = Suspect {
        space,
        arch: &built,
    };
    check_prefixes(suspect, &actions)
}

fn check_prefixes(suspect: Suspect<'_>, actions: &[Action]) -> Result<(), BrokenLaw> {
    let Suspect { space, arch } = suspect;
    let mut partial = space.start();
    for (n, &action) in actions.iter().enumerate() {
        let decision = space.decision(&partial);
        let legal = decision.is_some_and(|decision| decision.legal.contains(action));
        suspect.require(Law::Prefixes, legal && space.finish(&partial).is_err())?;
        suspect.succeeds(Law::Prefixes, space.apply(&mut partial, action))?;
        let n_complete = partial.labels().len();
        let shows = partial.actions() == &actions[..=n]
            && arch.labels().get(..n_complete) == Some(partial.labels())
            && arch.predecessors().get(..n_complete) == Some(partial.predecessors());
        suspect.require(Law::Prefixes, shows)?;
    }
    let ends = space.decision(&partial).is_none() && space.finish(&partial).as_ref() == Ok(arch);
    suspect.require(Law::Prefixes, ends)
}

/// Members have the same operations, unless there are vertices that the canonical form leaves out.
fn check_class(suspect: Suspect<'_>, rng: &mut dyn Rng) -> Result<(), BrokenLaw> {
    let Suspect { space, arch } = suspect;
    let key = space.key(arch);
    let canonical = space.canonical(arch);
    let one_form = space.key(&canonical) == key && space.canonical(&canonical) == canonical;
    suspect.require(Law::Classes, one_form)?;
    suspect.succeeds(Law::Classes, space.actions_of(&canonical))?;
    for _ in 0..4 {
        let relabelled = space.relabelled(arch, rng);
        suspect.succeeds(Law::Classes, space.actions_of(&relabelled))?;
        let same = space.key(&relabelled) == key && space.canonical(&relabelled) == canonical;
        suspect.require(Law::Classes, same)?;
        if canonical.n_vertices() == relabelled.n_vertices() {
            let same = sorted_labels(&relabelled) == sorted_labels(arch);
            suspect.require(Law::Classes, same)?;
        }
    }
    Ok(())
}

fn check_text(suspect: Suspect<'_>) -> Result<(), BrokenLaw> {
    let Suspect { space, arch } = suspect;
    let text = space.encode(arch);
    let read = suspect.succeeds(Law::Texts, space.decode(&text))?;
    suspect.require(Law::Texts, read == *arch)?;
    suspect.require(Law::Texts, space.decode(&format!("{text}?")).is_err())
}

fn check_neighbours(suspect: Suspect<'_>) -> Result<(), BrokenLaw> {
    let Suspect { space, arch } = suspect;
    let neighbours = space.neighbours(arch);
    let same_order = space.neighbours(arch) == neighbours;
    let distinct: BTreeSet<&Arch> = neighbours.iter().collect();
    let others =
        !neighbours.is_empty() && distinct.len() == neighbours.len() && !distinct.contains(arch);
    suspect.require(Law::Neighbours, same_order && others)?;
    let canonical = space.canonical(arch);
    for neighbour in &neighbours {
        suspect.succeeds(Law::Neighbours, space.actions_of(neighbour))?;
        let back = space.neighbours(neighbour);
        if !back.contains(arch) && !back.contains(&canonical) {
            let problem = format!("it is none of the neighbours of its neighbour {neighbour:?}");
            return suspect.fail(Law::Neighbours, problem);
        }
    }
    Ok(())
}

/// Legal actions at random; illegal ones are tried on the way.
fn random_episode(space: &dyn SearchSpace, rng: &mut dyn Rng) -> Result<Arch, BrokenLaw> {
    let mut partial = space.start();
    while let Some(decision) = space.decision(&partial) {
        check_refused(space, &partial, random_illegal(decision, rng))?;
        let Some(action) = decision.legal.iter().choose(rng) else {
            return Err(BrokenLaw::on_the_way(space, Law::Episodes, &partial));
        };
        if space.apply(&mut partial, action).is_err() {
            return Err(BrokenLaw::on_the_way(space, Law::Episodes, &partial));
        }
    }
    check_refused(space, &partial, Action(0))?;
    let arch = space.finish(&partial);
    let actions = arch.as_ref().ok().map(|arch| space.actions_of(arch));
    match (arch, actions) {
        (Ok(arch), Some(Ok(actions))) if actions == partial.actions() => Ok(arch),
        _ => Err(BrokenLaw::on_the_way(space, Law::Episodes, &partial)),
    }
}

fn random_illegal(decision: Decision, rng: &mut dyn Rng) -> Action {
    loop {
        let action = Action(rng.random());
        if !decision.legal.contains(action) {
            return action;
        }
    }
}

fn check_refused(
    space: &dyn SearchSpace,
    partial: &Partial,
    action: Action,
) -> Result<(), BrokenLaw> {
    let mut after = partial.clone();
    let result = space.apply(&mut after, action);
    if matches!(result, Err(SpaceError::IllegalAction { .. })) && after == *partial {
        return Ok(());
    }
    Err(BrokenLaw::on_the_way(space, Law::IllegalActions, partial))
}

fn sorted_labels(arch: &Arch) -> Vec<OpId> {
    let mut labels = arch.labels().to_vec();
    labels.sort_unstable();
    labels
}

/// The legal actions of the next decision; none at the end.
fn legal_actions(space: &dyn SearchSpace, partial: &Partial) -> Vec<Action> {
    let decision = space.decision(partial);
    decision.map_or(Vec::new(), |decision| decision.legal.iter().collect())
}

/// One of several.
fn any<T: Copy>(several: &[T], rng: &mut dyn Rng) -> Option<T> {
    several.choose(rng).copied()
}
