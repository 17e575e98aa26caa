//! Custom cells.

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

use rand::RngExt;
use rand_core::Rng;
use toml::Spanned;

use crate::blueprint::Blueprint;
use crate::limits::MAX_ENUMERATED;
use crate::{
    Action, Arch, Cost, CostTable, Costs, Enumeration, SearchSpace, SpaceError, StatedBound,
};

use self::description::Description;
use self::wiring::Wiring;
use super::file::CellTable;
use super::opening::Open;

/// A space of cells.
///
/// Methods that take an [`Arch`] and return no `Result` expect one of this space, and panic on any other.
pub(super) struct Cell {
    wiring: Box<dyn Wiring>,
    costs: CostTable,
    bounds: Vec<StatedBound>,
    /// The canonical form of each class, where there are few architectures.
    classes: OnceLock<Vec<Arch>>,
}

impl Cell {
    /// The largest space whose classes are listed for draws.
    const LISTABLE: u64 = 200_000;

    /// The space of a description.
    pub(super) fn new(open: &Open<'_>, table: &Spanned<CellTable>) -> Result<Self, SpaceError> {
        let Description {
            wiring,
            costs,
            bounds,
        } = Description::new(open, table)?;
        Ok(Self {
            wiring,
            costs,
            bounds,
            classes: OnceLock::new(),
        })
    }

    /// The classes, when there are few architectures.
    fn classes(&self) -> Option<&[Arch]> {
        self.size().filter(|size| *size <= Self::LISTABLE)?;
        let list = || {
            let all = self.wiring.blueprint().archs();
            let classes: BTreeSet<Arch> = all.map(|arch| self.canonical(&arch)).collect();
            classes.into_iter().collect()
        };
        Some(self.classes.get_or_init(list))
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell")
            .field("name", &self.wiring.blueprint().name())
            .finish_non_exhaustive()
    }
}

impl SearchSpace for Cell {
    fn blueprint(&self) -> &Blueprint {
        self.wiring.blueprint()
    }

    /// The number of architectures that a generator builds.
    fn size(&self) -> Option<u64> {
        self.wiring.size()
    }

    fn actions_of(&self, arch: &Arch) -> Result<Vec<Action>, SpaceError> {
        let complete = self.wiring.complete(arch)?;
        self.wiring.blueprint().actions_of(&complete)
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        self.wiring.canonical(arch)
    }

    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        self.wiring.relabelled(arch, rng)
    }

    fn member_in(&self, blueprint: &Blueprint, arch: &Arch, rng: &mut dyn Rng) -> Option<Arch> {
        self.wiring.member_in(blueprint, arch, rng)
    }

    fn encode(&self, arch: &Arch) -> String {
        self.wiring.encode(arch)
    }

    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        self.wiring.decode(text)
    }

    fn costs(&self) -> Option<&dyn Costs> {
        Some(self)
    }

    fn enumeration(&self) -> Option<&dyn Enumeration> {
        self.size().filter(|size| *size <= MAX_ENUMERATED)?;
        Some(self)
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

/// Of the canonical form, so that sums have one order.
impl Costs for Cell {
    fn cost(&self, arch: &Arch) -> Cost {
        let parts = self.wiring.parts(&self.canonical(arch));
        self.costs.cost(parts.into_iter())
    }

    fn named_costs(&self) -> Vec<&str> {
        self.costs.names()
    }

    fn named_cost(&self, name: &str, arch: &Arch) -> Option<f64> {
        let parts = self.wiring.parts(&self.canonical(arch));
        self.costs.named(name, parts.into_iter())
    }
}

/// All that a generator builds, in the order of the decisions; there is no official one.
impl Enumeration for Cell {
    fn archs(&self) -> Box<dyn Iterator<Item = Arch> + '_> {
        Box::new(self.wiring.blueprint().archs())
    }
}
