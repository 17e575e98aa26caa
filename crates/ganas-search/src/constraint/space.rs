//! What is left of a space under constraints.

use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};

use ganas_space::blueprint::Blueprint;
use ganas_space::{
    Action, Arch, ArchKey, Constraints, Costs, Enumeration, KnownNetwork, LegalActions, Partial,
    SearchSpace, SpaceError, StatedBound, TextForm,
};
use rand::RngExt;
use rand::seq::IteratorRandom;
use rand_core::Rng;

use super::Constraint;
use super::masks::Masks;
use crate::SearchError;
use crate::streams::{Purpose, Streams};

/// The architectures of a space that satisfy all constraints.
///
/// Texts, keys, canonical forms, decisions and costs are those of the space, which may itself be what restrictions leave of
/// one.
///
/// A generator that takes [admissible](Constraints::admissible) actions only draws what satisfies a constraint on a
/// property that can be bounded ([`ganas_eval::Property::bounds`]): the bounds are exact, so each of these actions can be
/// completed. Where several constraints can be satisfied one by one but no longer together, all legal actions are
/// admissible again; what comes of that, as of constraints without bounds, [`Constraints::admits`] tells.
#[derive(Debug)]
pub struct ConstrainedSpace {
    inner: Arc<dyn SearchSpace>,
    constraints: Vec<Constraint>,
    masks: Masks,
    /// Whether so little is left that it is drawn decision by decision.
    scarce: bool,
    /// All that is left, where the space can be listed; made when drawing fails too often.
    listed: OnceLock<Option<Vec<Arch>>>,
}

impl ConstrainedSpace {
    /// After so many violating draws in a row, what is left is listed, if the space can be listed.
    const REJECTIONS: usize = 1_000;

    /// Draws, some of them under masks, that decide whether constraints can be satisfied in a space that cannot be listed.
    const PROBES: usize = 100_000;

    /// The largest space that is listed.
    const LISTABLE: u64 = 1_000_000;

    /// A space under constraints.
    ///
    /// # Errors
    ///
    /// [`SearchError::Unsatisfiable`] when nothing is left, with the nearest value for each constraint.
    pub fn new(
        inner: Arc<dyn SearchSpace>,
        constraints: Vec<Constraint>,
    ) -> Result<Self, SearchError> {
        let mut space = Self {
            masks: Masks::of(&constraints, &*inner),
            inner,
            constraints,
            scarce: false,
            listed: OnceLock::new(),
        };
        space.scarce = space.check_satisfiable()?;
        Ok(space)
    }

    /// Those of the constraints that mask actions, as text.
    #[must_use]
    pub fn masking(&self) -> Vec<String> {
        let numbered = self.constraints.iter().enumerate();
        numbered
            .filter(|(number, _)| self.masks.covers(*number))
            .map(|(_, constraint)| constraint.to_string())
            .collect()
    }

    /// Whether almost nothing is left, of a space that cannot be listed; an error when nothing is.
    fn check_satisfiable(&self) -> Result<bool, SearchError> {
        let out_of_reach = self.masks.out_of_reach(&*self.inner);
        if !out_of_reach.is_empty() {
            let lines = out_of_reach.iter().filter_map(|(number, arch)| {
                let constraint = &self.constraints[*number];
                let (property, nearest) =
                    (&constraint.bound.property, constraint.property.value(arch)?);
                Some(format!(
                    "`{constraint}`: the nearest {property} is {nearest}"
                ))
            });
            return Err(SearchError::Unsatisfiable {
                space: self.inner.name().to_owned(),
                among: self.whole(),
                nearest: lines.collect::<Vec<_>>().join("; "),
            });
        }
        // What is drawn here decides only whether there is an error, and how to sample.
        let mut stream = Streams { seed: 0 }.get(Purpose::Design, u32::MAX, 0, 0);
        if (0..Self::REJECTIONS).any(|_| self.admits(&self.inner.sample(&mut stream))) {
            return Ok(false);
        }
        if let Some(listed) = self.listed() {
            return if listed.is_empty() {
                let all = self.inner.enumeration().map(Enumeration::archs);
                Err(self.unsatisfiable(all.into_iter().flatten(), self.whole()))
            } else {
                Ok(false)
            };
        }
        let n_built = if self.masks.is_empty() {
            0
        } else {
            Self::REJECTIONS
        };
        let mut probes: Vec<Arch> = (0..n_built).map(|_| self.episode(&mut stream)).collect();
        if probes.iter().any(|arch| self.admits(arch)) {
            return Ok(true);
        }
        probes.extend((n_built..Self::PROBES).map(|_| self.inner.sample(&mut stream)));
        if probes.iter().any(|arch| self.admits(arch)) {
            return Ok(false);
        }
        Err(self.unsatisfiable(probes.into_iter(), "among 100000 random architectures"))
    }

    /// What the nearest values are the nearest of.
    fn whole(&self) -> &'static str {
        match self.inner.constraints() {
            Some(_) => "in what --fix and --exclude leave of the space",
            None => "in the whole space",
        }
    }

    /// For each constraint the nearest value of an architecture that satisfies all others.
    fn unsatisfiable(&self, archs: impl Iterator<Item = Arch>, among: &'static str) -> SearchError {
        let mut nearest: Vec<Option<f64>> = vec![None; self.constraints.len()];
        for arch in archs {
            let holds: Vec<bool> = self.constraints.iter().map(|c| c.holds(&arch)).collect();
            for (i, constraint) in self.constraints.iter().enumerate() {
                let others = (0..holds.len()).all(|other| other == i || holds[other]);
                if let (true, Some(value)) = (others, constraint.property.value(&arch)) {
                    let best = nearest[i]
                        .map_or(value, |best| constraint.bound.relation.better(best, value));
                    nearest[i] = Some(best);
                }
            }
        }
        let lines = self.constraints.iter().zip(nearest).map(|(constraint, value)| {
            let property = &constraint.bound.property;
            match value {
                Some(value) if self.constraints.len() == 1 => {
                    format!("`{constraint}`: the nearest {property} is {value}")
                }
                Some(value) => format!(
                    "`{constraint}`: the nearest {property} under the other constraints is {value}"
                ),
                None => format!("`{constraint}`: nothing satisfies the other constraints"),
            }
        });
        SearchError::Unsatisfiable {
            space: self.inner.name().to_owned(),
            among,
            nearest: lines.collect::<Vec<_>>().join("; "),
        }
    }

    /// An architecture that is built decision by decision, each uniform over the admissible actions.
    ///
    /// It is admitted unless a constraint has no mask, or constraints that can be satisfied one by one could not be
    /// together, in many attempts.
    fn drawn_by_decisions(&self, rng: &mut dyn Rng) -> Arch {
        let mut arch = self.episode(rng);
        for _ in 0..Self::REJECTIONS {
            if self.admits(&arch) {
                break;
            }
            arch = self.episode(rng);
        }
        arch
    }

    fn episode(&self, rng: &mut dyn Rng) -> Arch {
        let mut partial = self.inner.start();
        while let Some(decision) = self.inner.decision(&partial) {
            let admissible = self.admissible(&partial, decision.legal);
            let action = admissible
                .iter()
                .choose(rng)
                .expect("invariant: some action is admissible");
            self.inner
                .apply(&mut partial, action)
                .expect("invariant: an admissible action is legal");
        }
        self.inner
            .finish(&partial)
            .expect("invariant: every decision is taken")
    }

    /// What is left, one architecture for each class; `None` when the space cannot be listed.
    fn listed(&self) -> Option<&[Arch]> {
        let list = || {
            if self.inner.size().is_none_or(|n| n > Self::LISTABLE) {
                return None;
            }
            let mut classes = std::collections::BTreeSet::new();
            let archs = self
                .inner
                .enumeration()?
                .archs()
                .filter(|arch| self.admits(arch));
            Some(
                archs
                    .filter(|arch| classes.insert(self.inner.key(arch)))
                    .collect(),
            )
        };
        self.listed.get_or_init(list).as_deref()
    }
}

impl SearchSpace for ConstrainedSpace {
    fn blueprint(&self) -> &Blueprint {
        self.inner.blueprint()
    }

    fn encode(&self, arch: &Arch) -> String {
        self.inner.encode(arch)
    }

    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        self.inner.decode(text)
    }

    fn text_forms(&self) -> &'static [TextForm] {
        self.inner.text_forms()
    }

    fn form_of(&self, text: &str) -> Option<&'static TextForm> {
        self.inner.form_of(text)
    }

    /// That of the space without constraints.
    fn size(&self) -> Option<u64> {
        self.inner.size()
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        self.inner.canonical(arch)
    }

    fn key(&self, arch: &Arch) -> ArchKey {
        self.inner.key(arch)
    }

    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        self.inner.relabelled(arch, rng)
    }

    fn actions_of(&self, arch: &Arch) -> Result<Vec<Action>, SpaceError> {
        self.inner.actions_of(arch)
    }

    /// As the space draws, without what violates a constraint.
    ///
    /// Where almost everything does, one of what is left: uniformly when the space can be listed, and otherwise decision by
    /// decision, each uniform over those that the masks leave, which is not uniform over architectures.
    /// Where there are no masks, or they do not help, a violating architecture may come of it, which no searcher proposes.
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        if self.scarce {
            return self.drawn_by_decisions(rng);
        }
        let mut arch = self.inner.sample(rng);
        for _ in 0..Self::REJECTIONS {
            if self.admits(&arch) {
                return arch;
            }
            arch = self.inner.sample(rng);
        }
        match self.listed() {
            Some(listed) if !listed.is_empty() => listed[rng.random_range(0..listed.len())].clone(),
            _ if self.masks.is_empty() => arch,
            _ => self.drawn_by_decisions(rng),
        }
    }

    fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        let mut neighbours = self.inner.neighbours(arch);
        neighbours.retain(|arch| self.admits(arch));
        neighbours
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

impl Constraints for ConstrainedSpace {
    fn admits(&self, arch: &Arch) -> bool {
        let mut constraints = self.constraints.iter();
        constraints.all(|constraint| constraint.holds(arch)) && self.inner.admits(arch)
    }

    fn admitted_member(&self, arch: &Arch) -> Option<Arch> {
        let member = self.inner.admitted_member(arch);
        member.filter(|member| self.admits(member))
    }

    /// Those after which each constraint with a mask can still be satisfied; all when there is none of them.
    fn admissible(&self, partial: &Partial, legal: LegalActions) -> LegalActions {
        let possible = self.masks.possible(partial, legal);
        if possible.0 == 0 { legal } else { possible }
    }
}

impl ConstrainedSpace {
    fn list(&self) -> &dyn Enumeration {
        let list = self.inner.enumeration();
        list.expect("invariant: the space that is constrained can be listed")
    }
}

/// What is left of the list of the space.
impl Enumeration for ConstrainedSpace {
    fn archs(&self) -> Box<dyn Iterator<Item = Arch> + '_> {
        Box::new(self.list().archs().filter(|arch| self.admits(arch)))
    }

    fn index_of(&self, arch: &Arch) -> Option<u64> {
        self.list().index_of(arch)
    }

    fn prepare(&self, threads: NonZeroUsize) {
        self.list().prepare(threads);
    }
}
