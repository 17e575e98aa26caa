//! Classes that were not seen yet, drawn at random.

use std::collections::BTreeSet;

use ganas_random::Stream;
use ganas_space::{Arch, ArchKey, SearchSpace};
use rand::RngExt;

use crate::Proposal;

/// After so many draws of seen classes in a row, drawing is given up.
pub(crate) const REPEATS_IN_A_ROW: u32 = 10_000;

/// The largest space whose architectures are listed.
pub(crate) const LISTABLE: u64 = 1_000_000;

/// An admitted class that was not seen: drawn as the space draws, or, after [`REPEATS_IN_A_ROW`] draws in vain, one of those
/// that are left, where the space can be listed; nothing when none is found.
pub(crate) fn unseen(
    space: &dyn SearchSpace,
    seen: &BTreeSet<ArchKey>,
    stream: &mut Stream,
) -> Option<Proposal> {
    for _ in 0..REPEATS_IN_A_ROW {
        let proposal = Proposal::new(space, space.sample(stream));
        if space.admits(&proposal.arch) && !seen.contains(&proposal.key) {
            return Some(proposal);
        }
    }
    let mut left = remaining(space, seen);
    if left.is_empty() {
        return None;
    }
    Some(left.swap_remove(stream.random_range(0..left.len())))
}

/// The classes that were not seen, each represented by its first architecture, in the order of the space; nothing when the
/// space cannot be listed.
pub(crate) fn remaining(space: &dyn SearchSpace, seen: &BTreeSet<ArchKey>) -> Vec<Proposal> {
    if space.size().is_none_or(|n| n > LISTABLE) {
        return Vec::new();
    }
    let Some(enumeration) = space.enumeration() else {
        return Vec::new();
    };
    let mut listed = BTreeSet::new();
    let new = |arch: Arch| {
        let proposal = Proposal::new(space, arch);
        let is_new = !seen.contains(&proposal.key) && listed.insert(proposal.key);
        (is_new && space.admits(&proposal.arch)).then_some(proposal)
    };
    enumeration.archs().filter_map(new).collect()
}
