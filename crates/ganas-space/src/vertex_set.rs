//! Sets of vertices as numbers: bit `v` is set when vertex `v` is in the set.

/// The vertices that none of those with these predecessors reads.
pub(crate) fn loose_ends(predecessors: &[u64]) -> u64 {
    let read = predecessors.iter().fold(0, |read, set| read | set);
    below(predecessors.len()) & !read
}

/// The vertices of a set, ascending.
pub(crate) fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (set != 0).then(|| {
            let lowest = set.trailing_zeros() as usize;
            set &= set - 1;
            lowest
        })
    })
}

/// The vertices before number `n`, which is at most 63.
pub(crate) fn below(n: usize) -> u64 {
    (1 << n) - 1
}

/// The last vertex of a set that is not empty, as a set.
pub(crate) fn highest(set: u64) -> u64 {
    1 << set.ilog2()
}

/// The vertices that a path from the first one reaches.
pub(crate) fn reachable(predecessors: &[u64]) -> u64 {
    (1..predecessors.len()).fold(1, |reached, v| {
        reached | u64::from(predecessors[v] & reached != 0) << v
    })
}

/// The vertices on a path from the first to the last one, or `None` when there is no such path.
pub(crate) fn on_a_path(predecessors: &[u64]) -> Option<u64> {
    let last = predecessors.len() - 1;
    let reached = reachable(predecessors);
    let mut useful = 1 << last;
    for v in (1..=last).rev() {
        if useful >> v & 1 == 1 {
            useful |= predecessors[v];
        }
    }
    (reached >> last & 1 == 1).then_some(reached & useful)
}
