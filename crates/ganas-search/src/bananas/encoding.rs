//! What the networks see of an architecture: which paths it has, or which decisions build it.

use std::collections::BTreeMap;

use ganas_space::{Arch, SearchSpace};

use super::config::Encoding;
use crate::mutation::decisions;

/// The largest number of vertices of a cell whose paths are enumerated.
const MOST_VERTICES: usize = 10;

/// The largest number of paths that are told apart.
const MOST_PATHS: usize = 2_000;

/// How the architectures of a space are seen.
#[derive(Clone, Debug)]
pub(super) enum Features {
    /// One for each sequence of at most so many of so many operations.
    Paths { longest: usize, n_operations: usize },
    /// One for each action of each decision: where those of a decision begin.
    Decisions { first: Vec<usize>, len: usize },
}

impl Features {
    /// Those of a space.
    pub(super) fn of(space: &dyn SearchSpace, encoding: Encoding, longest: usize) -> Self {
        let n_operations = space.blueprint().operations().len();
        let is_cell = !space.blueprint().is_chain() && space.max_vertices() <= MOST_VERTICES;
        let paths = Self::Paths {
            longest,
            n_operations,
        };
        if encoding == Encoding::Path && is_cell && paths.len() <= MOST_PATHS {
            return paths;
        }
        let mut first = Vec::new();
        let mut len = 0;
        let mut partial = space.start();
        while let Some(decision) = space.decision(&partial) {
            first.push(len);
            // Whatever was decided before, an action of this decision is a label or whether there is an edge.
            len += match decision.choice {
                ganas_space::Choice::Label { .. } => space.labels().len(),
                ganas_space::Choice::Edge { .. } => 2,
            };
            let action = decision.legal.iter().next();
            let action = action.expect("invariant: some action is legal");
            space
                .apply(&mut partial, action)
                .expect("invariant: the action is legal");
        }
        Self::Decisions { first, len }
    }

    /// The number of features.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Paths {
                longest,
                n_operations,
            } => (0..=*longest).fold(0, |n, length| n + power(*n_operations, length)),
            Self::Decisions { len, .. } => *len,
        }
    }

    /// The features of an architecture that are 1, by those of the canonical one of its class; nothing when it cannot be built.
    pub(super) fn ones(&self, space: &dyn SearchSpace, arch: &Arch) -> Option<Vec<usize>> {
        let canonical = space.canonical(arch);
        match self {
            Self::Paths {
                longest,
                n_operations,
            } => {
                let mut found = BTreeMap::new();
                paths(&canonical, *longest, &mut |path| {
                    let offset =
                        (0..path.len()).fold(0, |n, length| n + power(*n_operations, length));
                    let number = path
                        .iter()
                        .fold(0, |n, op| n * n_operations + usize::from(*op));
                    found.insert(offset + number, ());
                });
                Some(found.into_keys().collect())
            }
            Self::Decisions { first, .. } => {
                let actions = decisions(space, &canonical).or_else(|| decisions(space, arch))?;
                let of_decision = first.iter().zip(actions);
                Some(
                    of_decision
                        .map(|(first, action)| first + usize::from(action.0))
                        .collect(),
                )
            }
        }
    }
}

/// Calls `visit` with the operations on each path from the input to the output, up to a length, not always once.
fn paths(arch: &Arch, longest: usize, visit: &mut impl FnMut(&[u8])) {
    let mut path = Vec::new();
    walk(arch, arch.n_vertices() - 1, longest, &mut path, visit);
}

/// Continues paths from a vertex back to the input; `path` has the operations behind it, the last one first.
fn walk(
    arch: &Arch,
    vertex: usize,
    longest: usize,
    path: &mut Vec<u8>,
    visit: &mut impl FnMut(&[u8]),
) {
    for from in 0..vertex {
        if arch.predecessors()[vertex] >> from & 1 == 0 {
            continue;
        }
        if from == 0 {
            let forward: Vec<u8> = path.iter().rev().copied().collect();
            visit(&forward);
        } else if path.len() < longest {
            path.push(arch.labels()[from].0);
            walk(arch, from, longest, path, visit);
            path.pop();
        }
    }
}

fn power(base: usize, exponent: usize) -> usize {
    (0..exponent).fold(1, |power, _| power.saturating_mul(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_a_cell_are_its_features() {
        let space = ganas_space::by_name("nasbench101").unwrap();
        let features = Features::of(&*space, Encoding::Path, 3);
        assert_eq!(features.len(), 40);
        // Operation 0 alone, operations 0 and 2 in a row, and the input itself.
        let arch = space
            .decode("0111 0011 0001 0000|input,conv3x3-bn-relu,maxpool3x3,output")
            .unwrap();
        let op = |name: &str| space.labels().iter().position(|l| l == name).unwrap();
        let (conv, pool) = (op("conv3x3-bn-relu"), op("maxpool3x3"));
        let mut expected = vec![0, 1 + conv, 1 + pool, 4 + 3 * conv + pool];
        expected.sort_unstable();
        assert_eq!(features.ones(&*space, &arch).unwrap(), expected);
    }

    #[test]
    fn chains_are_seen_by_their_decisions() {
        let space = ganas_space::by_name("mbconv").unwrap();
        let features = Features::of(&*space, Encoding::Path, 3);
        assert!(matches!(features, Features::Decisions { .. }));
        let given = space.decode("efficientnet-b0").unwrap();
        let ones = features.ones(&*space, &given).unwrap();
        assert_eq!(ones.len(), space.actions_of(&given).unwrap().len());
        assert!(ones.is_sorted() && ones.iter().all(|one| *one < features.len()));
    }
}
