//! What is left of a space under constraints.

use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};

use ganas_space::{
    Action, Arch, ArchKey, Cost, Decision, Member, Partial, SearchSpace, SpaceError, StatedBound,
};
use rand::RngExt;
use rand_core::Rng;

use super::Constraint;
use crate::SearchError;
use crate::streams::{Purpose, Streams};

/// The architectures of a space that satisfy all constraints.
///
/// Texts, keys, canonical forms and costs are those of the space. Decisions are those of the space, too, so a generator
/// can still draw what violates a constraint: [`SearchSpace::admits`] tells.
#[derive(Debug)]
pub struct ConstrainedSpace {
    inner: Arc<dyn SearchSpace>,
    constraints: Vec<Constraint>,
    /// All that is left, where the space can be listed; made when drawing fails too often.
    listed: OnceLock<Option<Vec<Arch>>>,
}

impl ConstrainedSpace {
    /// After so many violating draws in a row, what is left is listed, if the space can be listed.
    const REJECTIONS: usize = 1_000;

    /// Draws that decide whether constraints can be satisfied in a space that cannot be listed.
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
        let space = Self {
            inner,
            constraints,
            listed: OnceLock::new(),
        };
        space.check_satisfiable()?;
        Ok(space)
    }

    /// The constraints.
    #[must_use]
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    fn check_satisfiable(&self) -> Result<(), SearchError> {
        // What is drawn here decides only whether there is an error.
        let mut stream = Streams { seed: 0 }.get(Purpose::Design, u32::MAX, 0, 0);
        if (0..Self::REJECTIONS).any(|_| self.admits(&self.inner.sample(&mut stream))) {
            return Ok(());
        }
        if let Some(listed) = self.listed() {
            return if listed.is_empty() {
                let all = self.inner.enumerate().into_iter().flatten();
                Err(self.unsatisfiable(all, "in the whole space"))
            } else {
                Ok(())
            };
        }
        let probes: Vec<Arch> = (0..Self::PROBES)
            .map(|_| self.inner.sample(&mut stream))
            .collect();
        if probes.iter().any(|arch| self.admits(arch)) {
            return Ok(());
        }
        Err(self.unsatisfiable(probes.into_iter(), "among 100000 random architectures"))
    }

    /// For each constraint the nearest value of an architecture that satisfies all others.
    fn unsatisfiable(&self, archs: impl Iterator<Item = Arch>, among: &'static str) -> SearchError {
        let mut nearest: Vec<Option<f64>> = vec![None; self.constraints.len()];
        for arch in archs {
            let holds: Vec<bool> = self.constraints.iter().map(|c| c.holds(&arch)).collect();
            for (i, constraint) in self.constraints.iter().enumerate() {
                let others = (0..holds.len()).all(|other| other == i || holds[other]);
                if let (true, Some(value)) = (others, constraint.property.value(&arch)) {
                    let best = nearest[i].map_or(value, |best| constraint.better(best, value));
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
            space: self.inner.name(),
            among,
            nearest: lines.collect::<Vec<_>>().join("; "),
        }
    }

    /// What is left, one architecture for each class; `None` when the space cannot be listed.
    fn listed(&self) -> Option<&[Arch]> {
        let list = || {
            if self.inner.size().is_none_or(|n| n > Self::LISTABLE) {
                return None;
            }
            let mut classes = std::collections::BTreeSet::new();
            let archs = self.inner.enumerate()?.filter(|arch| self.admits(arch));
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
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn labels(&self) -> &[&'static str] {
        self.inner.labels()
    }

    fn max_vertices(&self) -> usize {
        self.inner.max_vertices()
    }

    /// That of the space without constraints.
    fn size(&self) -> Option<u64> {
        self.inner.size()
    }

    fn prepare(&self, threads: NonZeroUsize) {
        self.inner.prepare(threads);
    }

    fn enumerate(&self) -> Option<Box<dyn Iterator<Item = Arch> + '_>> {
        let archs = self.inner.enumerate()?;
        Some(Box::new(archs.filter(|arch| self.admits(arch))))
    }

    fn admits(&self, arch: &Arch) -> bool {
        self.constraints
            .iter()
            .all(|constraint| constraint.holds(arch))
    }

    fn index_of(&self, arch: &Arch) -> Option<u64> {
        self.inner.index_of(arch)
    }

    fn has_places(&self) -> bool {
        self.inner.has_places()
    }

    fn start(&self) -> Partial {
        self.inner.start()
    }

    fn decision(&self, partial: &Partial) -> Option<Decision> {
        self.inner.decision(partial)
    }

    fn apply(&self, partial: &mut Partial, action: Action) -> Result<(), SpaceError> {
        self.inner.apply(partial, action)
    }

    fn finish(&self, partial: &Partial) -> Result<Arch, SpaceError> {
        self.inner.finish(partial)
    }

    fn actions_of(&self, arch: &Arch) -> Result<Vec<Action>, SpaceError> {
        self.inner.actions_of(arch)
    }

    fn key(&self, arch: &Arch) -> ArchKey {
        self.inner.key(arch)
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        self.inner.canonical(arch)
    }

    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        self.inner.relabelled(arch, rng)
    }

    fn encode(&self, arch: &Arch) -> String {
        self.inner.encode(arch)
    }

    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        self.inner.decode(text)
    }

    fn cost(&self, arch: &Arch) -> Cost {
        self.inner.cost(arch)
    }

    fn named_costs(&self) -> &[&'static str] {
        self.inner.named_costs()
    }

    fn named_cost(&self, name: &str, arch: &Arch) -> Option<f64> {
        self.inner.named_cost(name, arch)
    }

    fn stated_bounds(&self) -> &[StatedBound] {
        self.inner.stated_bounds()
    }

    fn members(&self) -> &'static [Member] {
        self.inner.members()
    }

    /// As the space draws, without what violates a constraint.
    ///
    /// Where almost everything does, one of what is left, uniformly. A space that cannot be listed then gives a violating
    /// architecture, which no searcher proposes.
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        let mut arch = self.inner.sample(rng);
        for _ in 0..Self::REJECTIONS {
            if self.admits(&arch) {
                return arch;
            }
            arch = self.inner.sample(rng);
        }
        match self.listed() {
            Some(listed) if !listed.is_empty() => listed[rng.random_range(0..listed.len())].clone(),
            _ => arch,
        }
    }

    fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        let mut neighbours = self.inner.neighbours(arch);
        neighbours.retain(|arch| self.admits(arch));
        neighbours
    }
}
