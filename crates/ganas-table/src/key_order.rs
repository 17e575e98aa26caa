//! The rows of a table by ascending key.

use ganas_space::ArchKey;
use rayon::prelude::*;

/// Parts of the range of the keys that are sorted apart.
const PART_BITS: u32 = 16;

/// The rows by ascending key, those with one key in ascending order.
///
/// Keys and rows are not copied: rows are put into parts of the range of the keys, and the parts are small where keys are
/// spread over their range, as hashes and numbers of architectures are.
pub(crate) fn key_order(n_rows: u32, key: impl Fn(u32) -> ArchKey + Sync) -> Vec<u32> {
    let keys = || (0..n_rows).map(|row| key(row).0);
    let (Some(least), Some(most)) = (keys().min(), keys().max()) else {
        return Vec::new();
    };
    let bits = u128::BITS - (most - least).leading_zeros();
    let shift = bits.saturating_sub(PART_BITS);
    let part = |key: u128| usize::try_from((key - least) >> shift).unwrap_or(usize::MAX);
    let mut ends = vec![0usize; part(most) + 1];
    keys().for_each(|key| ends[part(key)] += 1);
    let mut start = 0;
    for end in &mut ends {
        start += std::mem::replace(end, start);
    }
    // Each end is where its part begins so far, and moves as the part is filled.
    let mut order = vec![0; keys().len()];
    for (row, key) in (0..n_rows).zip(keys()) {
        let end = &mut ends[part(key)];
        order[*end] = row;
        *end += 1;
    }
    let mut parts = Vec::new();
    let (mut rest, mut start) = (&mut order[..], 0);
    for end in ends {
        let (part, after) = rest.split_at_mut(end - start);
        (rest, start) = (after, end);
        if part.len() > 1 {
            parts.push(part);
        }
    }
    parts
        .into_par_iter()
        .for_each(|part| part.sort_unstable_by_key(|&row| (key(row), row)));
    order
}

/// The number of different keys in this order.
pub(crate) fn n_classes(order: &[u32], key: impl Fn(u32) -> ArchKey) -> u32 {
    let (mut n, mut previous) = (0, None);
    for &row in order {
        let key = key(row);
        n += u32::from(previous != Some(key));
        previous = Some(key);
    }
    n
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(keys: &[u128]) {
        let n_rows = u32::try_from(keys.len()).unwrap();
        let key = |row: u32| ArchKey(keys[row as usize]);
        let mut expected: Vec<(u128, u32)> = keys.iter().copied().zip(0..n_rows).collect();
        expected.sort_unstable();
        let n_expected = expected.chunk_by(|a, b| a.0 == b.0).count();
        let expected: Vec<u32> = expected.into_iter().map(|(_, row)| row).collect();
        let order = key_order(n_rows, key);
        assert_eq!(order, expected);
        assert_eq!(n_classes(&order, key) as usize, n_expected);
    }

    #[test]
    fn edges_of_the_range_are_sorted() {
        check(&[]);
        check(&[7]);
        check(&[u128::MAX, 0, u128::MAX, 1, u128::MAX - 1, 0]);
        check(&[5; 100]);
        check(&[1 << 16, (1 << 16) - 1, (1 << 17) - 1, 0, 1 << 17]);
    }

    proptest! {
        #[test]
        fn rows_are_sorted_by_key_and_row(
            keys in prop::collection::vec(prop_oneof![any::<u128>(), 0u128..20, (1u128 << 90)..(1 << 91)], 0..300)
        ) {
            check(&keys);
        }
    }
}
