//! What restrictions leave of a space.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_core::{Rng, TryRng};

use super::{Restriction, conflict};
use crate::blueprint::{Blueprint, Completions, NamedChoice};
use crate::{
    Action, Arch, ArchKey, Constraints, Costs, Enumeration, KnownNetwork, SearchSpace, SpaceError,
    StatedBound, TextForm,
};

/// The architectures of a space that satisfy all restrictions; the [module](super) says what that means.
///
/// Texts, keys, canonical forms and costs are those of the space, and so is the order of the decisions, of which only
/// those actions are legal after which an architecture that satisfies the restrictions can be completed.
/// A canonical form may be another member of the class, which does not satisfy them.
#[derive(Debug)]
pub struct RestrictedSpace {
    inner: Arc<dyn SearchSpace>,
    restrictions: Vec<Restriction>,
    blueprint: Blueprint,
    completions: OnceLock<Option<Completions>>,
    /// One architecture of each class, where few are left.
    classes: OnceLock<Option<Vec<Arch>>>,
    /// Whether so little is left that draws of the whole space do not find it.
    scarce: OnceLock<bool>,
    /// The number of classes, of a space whose list is one of classes.
    n_classes: OnceLock<u64>,
}

impl RestrictedSpace {
    /// The most architectures of which the classes are listed for draws.
    const LISTABLE: u64 = 50_000;

    /// After so many draws of the whole space without one that satisfies the restrictions, one is built.
    const REJECTIONS: usize = 1_000;

    /// What restrictions leave of a space.
    ///
    /// # Errors
    ///
    /// [`SpaceError::UnknownChoice`] and [`SpaceError::UnknownOption`] for what the space has not, and
    /// [`SpaceError::NothingLeft`], with restrictions that contradict each other, or what the space needs.
    pub fn new(
        inner: Arc<dyn SearchSpace>,
        restrictions: impl IntoIterator<Item = Restriction>,
    ) -> Result<Self, SpaceError> {
        let mut restrictions: Vec<Restriction> = restrictions.into_iter().collect();
        restrictions.sort();
        restrictions.dedup();
        let blueprint = conflict::restricted(inner.blueprint(), &restrictions)?;
        Ok(Self {
            inner,
            restrictions,
            blueprint,
            completions: OnceLock::new(),
            classes: OnceLock::new(),
            scarce: OnceLock::new(),
            n_classes: OnceLock::new(),
        })
    }

    /// The restrictions, each once, in an order of their own.
    #[must_use]
    pub fn restrictions(&self) -> &[Restriction] {
        &self.restrictions
    }

    /// The first restriction that an architecture of the space violates, as it is written.
    ///
    /// # Errors
    ///
    /// [`SpaceError::NotInSpace`] when it is none of the space.
    pub fn violated(&self, arch: &Arch) -> Result<Option<&Restriction>, SpaceError> {
        let actions = self.inner.actions_of(arch)?;
        let whole = self.inner.blueprint();
        let mut violated = self.restrictions.iter().filter(|restriction| {
            let alone = conflict::restricted(whole, std::slice::from_ref(restriction));
            !alone.is_ok_and(|blueprint| blueprint.builds(&actions))
        });
        Ok(violated.next())
    }

    /// The names of the options of a choice that an architecture that is left can have.
    pub fn options_left<'a>(&'a self, choice: &'a NamedChoice) -> impl Iterator<Item = &'a str> {
        let options = choice.options().iter().enumerate();
        let left = options.filter(|(number, _)| {
            let only = choice.forbid_all_but(&[*number]);
            self.blueprint.without(only).is_some()
        });
        left.map(|(_, name)| name.as_str())
    }

    fn completions(&self) -> Option<&Completions> {
        let count = || Completions::new(&self.blueprint);
        self.completions.get_or_init(count).as_ref()
    }

    /// The number of architectures that are built.
    fn n_built(&self) -> Option<u64> {
        self.completions()?.n_archs()
    }

    /// One architecture of each class, when few are left.
    fn classes(&self) -> Option<&[Arch]> {
        let list = || {
            self.n_built().filter(|n| *n <= Self::LISTABLE)?;
            let mut seen = BTreeSet::new();
            let archs = self.blueprint.archs();
            Some(
                archs
                    .filter(|arch| seen.insert(self.inner.key(arch)))
                    .collect(),
            )
        };
        self.classes.get_or_init(list).as_deref()
    }

    /// A draw of the whole space, as a member of its class that satisfies the restrictions.
    fn drawn(&self, rng: &mut dyn Rng) -> Option<Arch> {
        let arch = self.inner.sample(rng);
        self.inner.member_in(&self.blueprint, &arch, rng)
    }

    fn is_scarce(&self) -> bool {
        *self.scarce.get_or_init(|| {
            // What is drawn here decides only how to sample.
            let mut rng = SmallRng::seed_from_u64(0);
            (0..Self::REJECTIONS).all(|_| self.drawn(&mut rng).is_none())
        })
    }

    fn satisfies(&self, arch: &Arch) -> bool {
        let actions = self.inner.actions_of(arch);
        actions.is_ok_and(|actions| self.blueprint.builds(&actions))
    }

    /// A member of the class that satisfies the restrictions, always the same one: the architecture itself, if it does.
    fn member(&self, arch: &Arch) -> Option<Arch> {
        if self.satisfies(arch) {
            return Some(arch.clone());
        }
        self.inner.member_in(&self.blueprint, arch, &mut Lowest)
    }

    /// The architecture with other decisions only where its own are not legal.
    fn nearest(&self, arch: &Arch) -> Option<Arch> {
        let actions = self.inner.actions_of(arch).ok()?;
        let mut partial = self.blueprint.start();
        for action in actions {
            let legal = self.blueprint.decision(&partial)?.legal;
            let first = legal.iter().next()?;
            let taken = if legal.contains(action) {
                action
            } else {
                first
            };
            self.blueprint.apply(&mut partial, taken).ok()?;
        }
        self.blueprint.finish(&partial).ok()
    }
}

impl SearchSpace for RestrictedSpace {
    /// With the actions only that lead to what is left.
    fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    fn encode(&self, arch: &Arch) -> String {
        self.inner.encode(arch)
    }

    /// Reads the texts of all architectures of the space.
    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        self.inner.decode(text)
    }

    fn text_forms(&self) -> &'static [TextForm] {
        self.inner.text_forms()
    }

    fn form_of(&self, text: &str) -> Option<&'static TextForm> {
        self.inner.form_of(text)
    }

    /// The number of what is left; of a space that counts its classes, that of the classes with a member that is left,
    /// which are listed when it is first asked for.
    fn size(&self) -> Option<u64> {
        match self.inner.enumeration() {
            Some(list) if list.is_of_classes() => Some(*self.n_classes.get_or_init(|| {
                let count = match self.classes() {
                    Some(classes) => classes.len(),
                    None => self.archs().count(),
                };
                count as u64
            })),
            _ => self.n_built(),
        }
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        self.inner.canonical(arch)
    }

    fn key(&self, arch: &Arch) -> ArchKey {
        self.inner.key(arch)
    }

    /// A member of the class that satisfies the restrictions, where there is one.
    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        let member = self.inner.member_in(&self.blueprint, arch, rng);
        member.unwrap_or_else(|| arch.clone())
    }

    fn member_in(&self, blueprint: &Blueprint, arch: &Arch, rng: &mut dyn Rng) -> Option<Arch> {
        self.inner.member_in(blueprint, arch, rng)
    }

    /// # Errors
    ///
    /// [`SpaceError::NotInSpace`], also when the architecture violates a restriction.
    fn actions_of(&self, arch: &Arch) -> Result<Vec<Action>, SpaceError> {
        let actions = self.inner.actions_of(arch)?;
        if self.blueprint.builds(&actions) {
            return Ok(actions);
        }
        let violated = self.violated(arch)?;
        Err(SpaceError::NotInSpace {
            space: self.inner.name().into(),
            reason: match violated {
                Some(restriction) => format!("it violates {restriction}"),
                None => "it violates the restrictions together".to_owned(),
            },
        })
    }

    /// Uniform over the classes that are left, where at most 50,000 architectures are.
    ///
    /// Elsewhere as the space draws, without the classes that have no member left; where that is almost all of them,
    /// uniform over the architectures that are left, as far as they can be counted, and else decision by decision.
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        if let Some(classes) = self.classes() {
            return classes[rng.random_range(0..classes.len())].clone();
        }
        if !self.is_scarce() {
            let drawn = (0..Self::REJECTIONS).find_map(|_| self.drawn(rng));
            if let Some(arch) = drawn {
                return arch;
            }
        }
        match self.completions() {
            Some(completions) => completions.sample(&self.blueprint, rng),
            None => self.blueprint.sample(rng),
        }
    }

    /// The neighbours in the whole space as members of their classes that satisfy the restrictions, as far as there are
    /// some; of an architecture that violates them, the nearest that does not comes first.
    fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        let mut seen = BTreeSet::from([arch.clone()]);
        let nearest = if self.satisfies(arch) {
            None
        } else {
            self.nearest(arch)
        };
        let others = self.inner.neighbours(arch).into_iter();
        let members = others.filter_map(|arch| self.member(&arch));
        (nearest.into_iter().chain(members))
            .filter(|arch| seen.insert(arch.clone()))
            .collect()
    }

    fn costs(&self) -> Option<&dyn Costs> {
        self.inner.costs()
    }

    fn constraints(&self) -> Option<&dyn Constraints> {
        Some(self)
    }

    fn enumeration(&self) -> Option<&dyn Enumeration> {
        self.inner.enumeration()?;
        Some(self)
    }

    fn known_networks(&self) -> Vec<KnownNetwork<'_>> {
        self.inner.known_networks()
    }

    fn stated_bounds(&self) -> &[StatedBound] {
        self.inner.stated_bounds()
    }
}

/// What satisfies the restrictions, and what the constraints of the space admit.
impl Constraints for RestrictedSpace {
    fn admits(&self, arch: &Arch) -> bool {
        self.satisfies(arch) && self.inner.admits(arch)
    }

    fn admitted_member(&self, arch: &Arch) -> Option<Arch> {
        self.member(arch).filter(|member| self.inner.admits(member))
    }
}

impl RestrictedSpace {
    fn list(&self) -> &dyn Enumeration {
        let list = self.inner.enumeration();
        list.expect("invariant: the space that is restricted can be listed")
    }
}

/// What is left of the list of the space; of a list of classes, a member of each that is left.
impl Enumeration for RestrictedSpace {
    fn is_of_classes(&self) -> bool {
        self.list().is_of_classes()
    }

    fn archs(&self) -> Box<dyn Iterator<Item = Arch> + '_> {
        let list = self.list();
        if list.is_of_classes() {
            return Box::new(list.archs().filter_map(|arch| self.member(&arch)));
        }
        Box::new(list.archs().filter(|arch| self.satisfies(arch)))
    }

    fn index_of(&self, arch: &Arch) -> Option<u64> {
        self.list().index_of(arch)
    }

    fn prepare(&self, threads: NonZeroUsize) {
        self.list().prepare(threads);
    }
}

/// Always the lowest number, so that the first of several is drawn.
struct Lowest;

impl TryRng for Lowest {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0);
        Ok(())
    }
}
