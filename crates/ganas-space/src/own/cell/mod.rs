//! Cells of the user's.

mod description;
mod edges;
mod free;
mod order;
mod parts;
mod reading;
#[cfg(test)]
mod tests;
mod vertex_text;
mod wiring;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::OnceLock;

use md5::{Digest as _, Md5};
use rand::RngExt;
use rand_core::Rng;

use crate::{Action, Arch, ArchKey, Cost, Decision, Partial, SearchSpace, SpaceError, StatedBound};

use self::wiring::Wiring;
use super::OwnCosts;

/// A space of cells.
///
/// Methods that take an [`Arch`] and return no `Result` expect one of this space, and panic on any other.
pub(super) struct Cell {
    name: &'static str,
    labels: Vec<&'static str>,
    wiring: Box<dyn Wiring>,
    costs: OwnCosts,
    bounds: Vec<StatedBound>,
    /// The canonical form of each class, where there are few architectures.
    classes: OnceLock<Vec<Arch>>,
}

impl Cell {
    /// The largest space that is enumerated.
    const ENUMERABLE: u64 = 1_000_000;

    /// The largest space whose classes are listed for draws.
    const LISTABLE: u64 = 200_000;

    /// The classes, when there are few architectures.
    fn classes(&self) -> Option<&[Arch]> {
        self.size().filter(|size| *size <= Self::LISTABLE)?;
        let list = || {
            let all = self.wiring.blueprint().all();
            let classes: BTreeSet<Arch> = all.map(|arch| self.canonical(&arch)).collect();
            classes.into_iter().collect()
        };
        Some(self.classes.get_or_init(list))
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl SearchSpace for Cell {
    fn name(&self) -> &'static str {
        self.name
    }

    fn labels(&self) -> &[&'static str] {
        &self.labels
    }

    fn max_vertices(&self) -> usize {
        self.wiring.blueprint().n_vertices()
    }

    /// The number of architectures that a generator builds.
    fn size(&self) -> Option<u64> {
        self.wiring.size()
    }

    /// All that a generator builds, in the order of the decisions.
    fn enumerate(&self) -> Option<Box<dyn Iterator<Item = Arch> + '_>> {
        self.size().filter(|size| *size <= Self::ENUMERABLE)?;
        Some(Box::new(self.wiring.blueprint().all()))
    }

    /// There is no official order.
    fn index_of(&self, _: &Arch) -> Option<u64> {
        None
    }

    fn start(&self) -> Partial {
        self.wiring.blueprint().start()
    }

    fn decision(&self, partial: &Partial) -> Option<Decision> {
        self.wiring.blueprint().decision(partial)
    }

    fn apply(&self, partial: &mut Partial, action: Action) -> Result<(), SpaceError> {
        self.wiring.blueprint().apply(partial, action)
    }

    fn finish(&self, partial: &Partial) -> Result<Arch, SpaceError> {
        self.wiring.blueprint().finish(partial)
    }

    fn actions_of(&self, arch: &Arch) -> Result<Vec<Action>, SpaceError> {
        let complete = self.wiring.complete(arch)?;
        self.wiring.blueprint().actions_of(&complete)
    }

    /// The MD5 of the text of the canonical form.
    fn key(&self, arch: &Arch) -> ArchKey {
        let text = self.encode(&self.canonical(arch));
        ArchKey(u128::from_be_bytes(Md5::digest(text).into()))
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        self.wiring.canonical(arch)
    }

    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        self.wiring.relabelled(arch, rng)
    }

    fn encode(&self, arch: &Arch) -> String {
        self.wiring.encode(arch)
    }

    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        self.wiring.decode(text)
    }

    /// Of the canonical form.
    fn cost(&self, arch: &Arch) -> Cost {
        let parts = self.wiring.parts(&self.canonical(arch));
        self.costs.cost(parts.into_iter())
    }

    fn named_costs(&self) -> &[&'static str] {
        self.costs.names()
    }

    /// Of the canonical form, so that sums have one order.
    fn named_cost(&self, name: &str, arch: &Arch) -> Option<f64> {
        let parts = self.wiring.parts(&self.canonical(arch));
        self.costs.named(name, parts.into_iter())
    }

    fn stated_bounds(&self) -> &[StatedBound] {
        &self.bounds
    }

    /// Uniform over classes, in canonical form, where there are at most 200,000 architectures.
    ///
    /// In larger spaces cells with operations on edges, and those with a fixed number of inputs, are uniform over texts;
    /// those with free edges have most often all vertices, and random edges.
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        match self.classes() {
            Some(classes) => classes[rng.random_range(0..classes.len())].clone(),
            None => self.wiring.sample(rng),
        }
    }

    fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        self.wiring.neighbours(arch)
    }
}
