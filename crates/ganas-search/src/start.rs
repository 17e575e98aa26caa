//! Where a search for a better network than a given one starts: that network and its neighbourhood.

use std::collections::{BTreeSet, VecDeque};

use ganas_random::Stream;
use ganas_space::{Arch, SearchSpace};
use rand::seq::SliceRandom;

/// Architectures whose neighbours are looked at before a neighbourhood is given up.
const LOOKED_AT: usize = 1_000;

/// The given architecture, when it is admitted, then neighbours of it in random order, then neighbours of those: at most
/// `n` classes, all of them admitted.
///
/// Fewer are found where constraints leave no way from one to the next.
pub(crate) fn neighbourhood(
    space: &dyn SearchSpace,
    given: &Arch,
    n: usize,
    mut stream: Stream,
) -> Vec<Arch> {
    let mut classes = BTreeSet::from([space.key(given)]);
    let mut found = Vec::new();
    if space.admits(given) {
        found.push(given.clone());
    }
    let mut from = VecDeque::from([given.clone()]);
    for _ in 0..LOOKED_AT {
        let Some(arch) = from.pop_front().filter(|_| found.len() < n) else {
            break;
        };
        let mut neighbours = space.neighbours(&arch);
        neighbours.shuffle(&mut stream);
        for neighbour in neighbours {
            if found.len() < n && space.admits(&neighbour) && classes.insert(space.key(&neighbour))
            {
                found.push(neighbour.clone());
                from.push_back(neighbour);
            }
        }
    }
    found.truncate(n);
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ganas_eval::{ClosedForm, CostProperty};

    use super::*;
    use crate::streams::{Purpose, Streams};
    use crate::{ConstrainedSpace, Constraint};

    fn stream(seed: u64) -> Stream {
        Streams { seed }.get(Purpose::Start, 0, 0, 0)
    }

    #[test]
    fn the_given_network_comes_first_then_the_nearest() {
        let space = ganas_space::by_name("mbconv").unwrap();
        let given = space.decode("efficientnet-b0").unwrap();
        let neighbours = space.neighbours(&given);
        let found = neighbourhood(&*space, &given, neighbours.len() + 30, stream(1));
        assert_eq!(found.len(), neighbours.len() + 30);
        assert_eq!(found[0], given);
        let keys: BTreeSet<_> = found.iter().map(|arch| space.key(arch)).collect();
        assert_eq!(keys.len(), found.len(), "a class is there once");
        assert!(
            found[1..=neighbours.len()]
                .iter()
                .all(|arch| neighbours.contains(arch))
        );
        let again = neighbourhood(&*space, &given, 20, stream(1));
        assert_eq!(again, found[..20]);
        assert_ne!(neighbourhood(&*space, &given, 20, stream(2)), again);
    }

    #[test]
    fn what_violates_a_constraint_is_left_out_also_when_it_was_given() {
        let whole = ganas_space::by_name("mbconv").unwrap();
        let given = whole.decode("efficientnet-b0").unwrap();
        let property = CostProperty::new(Arc::clone(&whole), ClosedForm::Parameters);
        let bound = "params < 5288548".parse().unwrap();
        let constraints = vec![Constraint::new(bound, Arc::new(property))];
        let space = ConstrainedSpace::new(Arc::clone(&whole), constraints).unwrap();
        let found = neighbourhood(&space, &given, 60, stream(1));
        assert_eq!(found.len(), 60);
        assert!(
            found
                .iter()
                .all(|arch| space.costs().unwrap().cost(arch).parameters.unwrap() < 5_288_548)
        );
    }
}
