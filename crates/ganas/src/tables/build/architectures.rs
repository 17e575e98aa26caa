//! Which architectures are evaluated: one of each class, of all or of a sample.

use std::collections::BTreeSet;

use ganas_random::{Stream, StreamKey};
use ganas_space::{Arch, ArchKey, SearchSpace};

use crate::Error;

/// Streams of this purpose are for tables that are built only; those of searches have low numbers.
const PURPOSE: u8 = 254;

/// So many draws in a row that bring no new class mean that there is hardly one left.
const DRAWS_IN_VAIN: u32 = 10_000;

/// All, or some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Every class of the space.
    All,
    /// So many, drawn with a seed.
    Sample {
        /// How many.
        n: u32,
        /// The seed; a larger sample with the same seed contains the smaller one.
        seed: u64,
    },
}

/// An architecture with the name of its class.
#[derive(Clone, Debug)]
pub(super) struct Architecture {
    pub(super) arch: Arch,
    pub(super) key: ArchKey,
}

/// The architectures, each of another class, in a fixed order.
pub(super) fn choose(space: &dyn SearchSpace, choice: Choice) -> Result<Vec<Architecture>, Error> {
    match choice {
        Choice::All => all(space),
        Choice::Sample { n, seed } => sample(space, n, seed),
    }
}

/// The first architecture of each class, in the official order.
fn all(space: &dyn SearchSpace) -> Result<Vec<Architecture>, Error> {
    let Some(list) = space.enumeration() else {
        return Err(Error::Usage(format!(
            "the space {} cannot be enumerated: name a number of architectures with --sample",
            space.name()
        )));
    };
    let mut seen = BTreeSet::new();
    let with_key = list.archs().map(|arch| Architecture {
        key: space.key(&arch),
        arch,
    });
    Ok(with_key.filter(|new| seen.insert(new.key)).collect())
}

/// Random classes in the order in which they were drawn.
fn sample(space: &dyn SearchSpace, n: u32, seed: u64) -> Result<Vec<Architecture>, Error> {
    let mut seen = BTreeSet::new();
    let mut chosen = Vec::new();
    let (mut item, mut in_vain) = (0, 0);
    while chosen.len() < n as usize {
        let mut stream = Stream::new(StreamKey {
            seed,
            purpose: PURPOSE,
            item,
            ..StreamKey::default()
        });
        item += 1;
        let arch = space.sample(&mut stream);
        let key = space.key(&arch);
        if seen.insert(key) {
            chosen.push(Architecture { arch, key });
            in_vain = 0;
            continue;
        }
        in_vain += 1;
        if in_vain == DRAWS_IN_VAIN {
            return Err(Error::Usage(format!(
                "found only {} classes of {} in {item} draws: expected {n}; take a smaller sample, or all",
                chosen.len(),
                space.name()
            )));
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(space: &str, choice: Choice) -> Vec<ArchKey> {
        let space = ganas_space::by_name(space).unwrap();
        let chosen = choose(&*space, choice).unwrap();
        assert!(chosen.iter().all(|a| space.key(&a.arch) == a.key));
        chosen.iter().map(|a| a.key).collect()
    }

    #[test]
    fn every_class_is_there_once() {
        for (space, n) in [("nasbench101-v4", 91), ("nasbench201", 8765)] {
            let keys = keys(space, Choice::All);
            assert_eq!(keys.len(), n);
            assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), n);
        }
    }

    #[test]
    fn a_larger_sample_contains_the_smaller_one() {
        let large = keys("nasbench201", Choice::Sample { n: 60, seed: 3 });
        let small = keys("nasbench201", Choice::Sample { n: 20, seed: 3 });
        assert_eq!(large[..20], small);
        assert_eq!(large.iter().collect::<BTreeSet<_>>().len(), 60);
        assert_ne!(
            keys("nasbench201", Choice::Sample { n: 20, seed: 4 }),
            small
        );
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        for (space, choice, expected) in [
            ("darts", Choice::All, "--sample"),
            (
                "nasbench101-v4",
                Choice::Sample { n: 92, seed: 0 },
                "found only 91 classes of nasbench101-v4",
            ),
        ] {
            let space = ganas_space::by_name(space).unwrap();
            let error = choose(&*space, choice).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
