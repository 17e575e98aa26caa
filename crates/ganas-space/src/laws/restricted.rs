//! What must hold of what restrictions leave of a space.

use std::collections::BTreeSet;
use std::sync::Arc;

use rand::RngExt;
use rand::seq::{IndexedRandom, IteratorRandom};
use rand_core::Rng;

use crate::{Arch, Completions, RestrictedSpace, Restriction, SearchSpace, SpaceError};

use super::broken::Suspect;
use super::{BrokenLaw, Law, LawOptions, check_prefixes, random_episode};

/// The most architectures that are compared one by one with what a restricted space builds.
const COMPARED: u64 = 20_000;

/// A choice and an option of it by their numbers, and whether it is that one or any other.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    choice: usize,
    option: usize,
    is_fixed: bool,
}

/// Checks what random restrictions leave of a space: everything that satisfies them can be built, and nothing else is built,
/// drawn, listed or a neighbour.
///
/// # Errors
///
/// The first thing that does not hold, with an architecture.
pub fn check_restrictions(
    space: &Arc<dyn SearchSpace>,
    options: LawOptions,
) -> Result<(), BrokenLaw> {
    for mut rng in options.streams() {
        // What satisfies them: so they do not contradict each other.
        let arch = space.blueprint().sample(&mut rng);
        let wanted = wanted_of(&**space, &arch, &mut rng)?;
        let restrictions = restrictions(&**space, &wanted);
        let examined = Suspect {
            space: &**space,
            arch: &arch,
        };
        let restricted = examined.succeeds(Law::Restrictions, restrictions)?;
        let restricted = RestrictedSpace::new(Arc::clone(space), restricted);
        let restricted = examined.succeeds(Law::Restrictions, restricted)?;
        let checked = Restricted {
            whole: &**space,
            restricted: &restricted,
            wanted: &wanted,
        };
        checked.check_left(&arch)?;
        checked.check_around(&arch, &mut rng)?;
        checked.check_all()?;
    }
    Ok(())
}

/// Random restrictions that an architecture satisfies; at most four, of different choices.
fn wanted_of(
    space: &dyn SearchSpace,
    arch: &Arch,
    rng: &mut dyn Rng,
) -> Result<Vec<Wanted>, BrokenLaw> {
    let suspect = Suspect { space, arch };
    let actions = suspect.succeeds(Law::Restrictions, space.actions_of(arch))?;
    let all = space.choices();
    let n = rng.random_range(1..=4);
    let chosen = (0..all.len()).sample(rng, n);
    let wanted = chosen.into_iter().filter_map(|choice| {
        let own = all[choice].option_of(&actions);
        let is_fixed = rng.random();
        let options = 0..all[choice].options().len();
        let other: Vec<usize> = options.filter(|option| Some(*option) != own).collect();
        let option = match (is_fixed, own) {
            (true, Some(own)) => own,
            _ => *other.choose(rng)?,
        };
        Some(Wanted {
            choice,
            option,
            is_fixed: is_fixed && own.is_some(),
        })
    });
    Ok(wanted.collect())
}

fn restrictions(
    space: &dyn SearchSpace,
    wanted: &[Wanted],
) -> Result<Vec<Restriction>, SpaceError> {
    let restriction = |wanted: &Wanted| {
        let choice = &space.choices()[wanted.choice];
        let text = format!("{}={}", choice.name(), choice.options()[wanted.option]);
        if wanted.is_fixed {
            Restriction::fix(&text)
        } else {
            Restriction::exclude(&text)
        }
    };
    wanted.iter().map(restriction).collect()
}

/// What is left of a space, and what should be.
struct Restricted<'a> {
    whole: &'a dyn SearchSpace,
    restricted: &'a RestrictedSpace,
    wanted: &'a [Wanted],
}

impl Restricted<'_> {
    fn suspect<'a>(&'a self, arch: &'a Arch) -> Suspect<'a> {
        Suspect {
            space: self.restricted,
            arch,
        }
    }

    /// Something that must hold of an architecture under the restrictions.
    fn require(&self, arch: &Arch, what: &str, holds: bool) -> Result<(), BrokenLaw> {
        if holds {
            return Ok(());
        }
        let all = self.restricted.restrictions().iter();
        let all: Vec<String> = all.map(ToString::to_string).collect();
        self.suspect(arch).fail(
            Law::Restrictions,
            format!("{what}, under {}", all.join(" ")),
        )
    }

    /// Whether an architecture should be left.
    fn is_wanted(&self, arch: &Arch) -> Result<bool, BrokenLaw> {
        let suspect = self.suspect(arch);
        let actions = suspect.succeeds(Law::Restrictions, self.whole.actions_of(arch))?;
        let holds = |wanted: &Wanted| {
            match self.whole.choices()[wanted.choice].option_of(&actions) {
                Some(own) => (own == wanted.option) == wanted.is_fixed,
                // A choice that is not made is not restricted.
                None => true,
            }
        };
        Ok(self.wanted.iter().all(holds))
    }

    /// An architecture that satisfies the restrictions is built by them.
    fn check_left(&self, arch: &Arch) -> Result<(), BrokenLaw> {
        let suspect = self.suspect(arch);
        self.require(arch, "it is admitted", suspect.space.admits(arch))?;
        let actions = suspect.succeeds(Law::Restrictions, suspect.space.actions_of(arch))?;
        let built = suspect.space.blueprint().build(actions.iter().copied());
        let built = suspect.succeeds(Law::Restrictions, built)?;
        check_prefixes(self.suspect(&built), &actions)
    }

    /// What is built, drawn, relabelled and around an architecture satisfies the restrictions.
    fn check_around(&self, arch: &Arch, rng: &mut dyn Rng) -> Result<(), BrokenLaw> {
        let space: &dyn SearchSpace = self.restricted;
        self.check_wanted(&random_episode(space, rng)?)?;
        self.check_wanted(&space.sample(rng))?;
        let relabelled = space.relabelled(arch, rng);
        self.check_wanted(&relabelled)?;
        let same = space.key(&relabelled) == space.key(arch);
        self.require(&relabelled, "its class is the same", same)?;
        let random = self.whole.sample(rng);
        for centre in [arch, &random] {
            for neighbour in space.neighbours(centre) {
                self.check_wanted(&neighbour)?;
                self.require(&neighbour, "it is another one", neighbour != *centre)?;
            }
        }
        // What the whole space draws is left, or violates a restriction.
        let is_left = space.admits(&random);
        let expected = self.is_wanted(&random)?;
        self.require(&random, "it is left or violates them", is_left == expected)?;
        let violated = self.restricted.violated(&random);
        let violated = self
            .suspect(&random)
            .succeeds(Law::Restrictions, violated)?;
        self.require(
            &random,
            "what it violates is known",
            violated.is_some() != expected,
        )
    }

    fn check_wanted(&self, arch: &Arch) -> Result<(), BrokenLaw> {
        let wanted = self.is_wanted(arch)?;
        self.require(arch, "it satisfies them", wanted)?;
        self.check_left(arch)
    }

    /// Of a small space all that should be left is, in its order, and counted.
    fn check_all(&self) -> Result<(), BrokenLaw> {
        let blueprint = self.whole.blueprint();
        let count = Completions::new(blueprint).and_then(|count| count.n_archs());
        if count.is_none_or(|count| count > COMPARED) {
            return Ok(());
        }
        let mut left = self.restricted.blueprint().archs();
        let mut n_left = 0;
        for arch in blueprint.archs() {
            if self.is_wanted(&arch)? {
                n_left += 1;
                let next = left.next();
                self.require(
                    &arch,
                    "it is built in its turn",
                    next.as_ref() == Some(&arch),
                )?;
            }
        }
        let Some(last) = self.restricted.blueprint().archs().last() else {
            return Ok(());
        };
        let counted = Completions::new(self.restricted.blueprint());
        let counted = counted.and_then(|counted| counted.n_archs());
        let ends = left.next().is_none() && counted == Some(n_left);
        self.require(&last, "it is the last one of those that are counted", ends)?;
        self.check_list()
    }

    /// The list has each class that has a member that is left.
    fn check_list(&self) -> Result<(), BrokenLaw> {
        let space: &dyn SearchSpace = self.restricted;
        let Some(list) = space.enumeration() else {
            return Ok(());
        };
        let built = self.restricted.blueprint().archs();
        let expected: BTreeSet<_> = built.map(|arch| space.key(&arch)).collect();
        let listed: BTreeSet<_> = list.keys().collect();
        for arch in list.archs() {
            self.check_wanted(&arch)?;
        }
        let size = if list.is_of_classes() {
            Some(listed.len() as u64)
        } else {
            space.size()
        };
        match space.blueprint().archs().next() {
            Some(first) => {
                self.require(&first, "the list has all classes", listed == expected)?;
                self.require(&first, "all are counted", space.size() == size)
            }
            None => Ok(()),
        }
    }
}
