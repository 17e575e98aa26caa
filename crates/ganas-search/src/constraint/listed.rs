//! What a list names of a space: a search among the rows of a table.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use ganas_space::blueprint::Blueprint;
use ganas_space::{
    Action, Arch, ArchKey, Constraints, Costs, Enumeration, KnownNetwork, LegalActions, Partial,
    SearchSpace, SpaceError, StatedBound,
};
use rand::RngExt;
use rand_core::Rng;

/// The classes of a space that a list names.
///
/// Texts, keys, canonical forms, decisions and costs are those of the space. A generator that takes
/// [admissible](Constraints::admissible) actions only builds what is listed; draws are uniform over the listed classes.
#[derive(Debug)]
pub struct ListedSpace {
    inner: Arc<dyn SearchSpace>,
    /// One architecture of each class, by ascending key.
    classes: Vec<(ArchKey, Arch)>,
    /// All that is listed and can be built, by key: what a class is imitated by.
    members: Vec<(ArchKey, Arch)>,
    /// The decisions that build the members, ascending.
    paths: Vec<Box<[Action]>>,
}

impl ListedSpace {
    /// What a list names of a space; what the constraints of the space rule out is not listed. In place of what restrictions
    /// rule out there is a member of the same class that they leave, where there is one.
    ///
    /// The first architecture of a class in the list is the one that is drawn.
    #[must_use]
    pub fn new(inner: Arc<dyn SearchSpace>, list: impl IntoIterator<Item = Arch>) -> Self {
        let mut listed: Vec<(ArchKey, Arch)> = (list.into_iter())
            .filter_map(|arch| inner.admitted_member(&arch))
            .map(|arch| (inner.key(&arch), arch))
            .collect();
        // Stable, so that the first of a class stays the first.
        listed.sort_by_key(|(key, _)| *key);
        let mut classes = listed.clone();
        classes.dedup_by_key(|(key, _)| *key);
        let (mut members, mut paths) = (Vec::new(), Vec::new());
        for (key, arch) in listed {
            if let Ok(actions) = inner.actions_of(&arch) {
                paths.push(actions.into_boxed_slice());
                members.push((key, arch));
            }
        }
        paths.sort_unstable();
        paths.dedup();
        Self {
            inner,
            classes,
            members,
            paths,
        }
    }

    /// The number of classes.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.classes.len()
    }

    fn contains(&self, key: ArchKey) -> bool {
        self.classes.binary_search_by_key(&key, |(k, _)| *k).is_ok()
    }

    /// The listed architectures of a class that can be built.
    fn members_of(&self, key: ArchKey) -> &[(ArchKey, Arch)] {
        let start = self.members.partition_point(|(k, _)| *k < key);
        let rest = &self.members[start..];
        let n = rest.iter().take_while(|(k, _)| *k == key).count();
        &rest[..n]
    }

    /// The paths that begin like this.
    fn paths_from(&self, prefix: &[Action]) -> Range<usize> {
        let head = |path: &[Action]| path[..path.len().min(prefix.len())].cmp(prefix);
        let start = self.paths.partition_point(|path| head(path).is_lt());
        let n = self.paths[start..].partition_point(|path| head(path).is_eq());
        start..start + n
    }
}

impl SearchSpace for ListedSpace {
    fn blueprint(&self) -> &Blueprint {
        self.inner.blueprint()
    }

    fn encode(&self, arch: &Arch) -> String {
        self.inner.encode(arch)
    }

    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        self.inner.decode(text)
    }

    /// The number of listed classes.
    fn size(&self) -> Option<u64> {
        Some(self.classes.len() as u64)
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        self.inner.canonical(arch)
    }

    fn key(&self, arch: &Arch) -> ArchKey {
        self.inner.key(arch)
    }

    /// A listed member of the class; a generator could not build another one.
    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        match self.members_of(self.key(arch)) {
            [] => self.inner.relabelled(arch, rng),
            members => members[rng.random_range(0..members.len())].1.clone(),
        }
    }

    fn actions_of(&self, arch: &Arch) -> Result<Vec<Action>, SpaceError> {
        self.inner.actions_of(arch)
    }

    /// Uniform over the listed classes.
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        match self.classes.len() {
            0 => self.inner.sample(rng),
            n => self.classes[rng.random_range(0..n)].1.clone(),
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
        Some(self)
    }

    fn known_networks(&self) -> Vec<KnownNetwork<'_>> {
        self.inner.known_networks()
    }

    fn stated_bounds(&self) -> &[StatedBound] {
        self.inner.stated_bounds()
    }
}

impl Constraints for ListedSpace {
    fn admits(&self, arch: &Arch) -> bool {
        self.inner.admits(arch) && self.contains(self.inner.key(arch))
    }

    fn admitted_member(&self, arch: &Arch) -> Option<Arch> {
        let member = self.inner.admitted_member(arch)?;
        self.contains(self.inner.key(&member)).then_some(member)
    }

    /// Those that lead to something that is listed; all legal ones, when nothing listed begins like this.
    fn admissible(&self, partial: &Partial, legal: LegalActions) -> LegalActions {
        let prefix = partial.actions();
        let mut paths = &self.paths[self.paths_from(prefix)];
        let mut possible = 0u64;
        while let Some(next) = paths.first().and_then(|path| path.get(prefix.len())) {
            if next.0 < 64 {
                possible |= 1 << next.0;
            }
            let n = paths.partition_point(|path| path.get(prefix.len()) <= Some(next));
            paths = &paths[n..];
        }
        match possible & legal.0 {
            0 => legal,
            possible => LegalActions(possible),
        }
    }
}

/// The list: one architecture of each class, by ascending key.
impl Enumeration for ListedSpace {
    fn archs(&self) -> Box<dyn Iterator<Item = Arch> + '_> {
        Box::new(self.classes.iter().map(|(_, arch)| arch.clone()))
    }

    fn keys(&self) -> Box<dyn Iterator<Item = ArchKey> + '_> {
        Box::new(self.classes.iter().map(|(key, _)| *key))
    }

    fn index_of(&self, arch: &Arch) -> Option<u64> {
        self.inner.enumeration()?.index_of(arch)
    }

    fn prepare(&self, threads: NonZeroUsize) {
        if let Some(list) = self.inner.enumeration() {
            list.prepare(threads);
        }
    }
}
