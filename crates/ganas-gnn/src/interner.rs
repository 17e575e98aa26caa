//! Numbers for pairs of numbers: the links of chains that are compared by their links.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Gives each distinct pair a number, in the order of their first appearance.
///
/// A list is interned link by link, each link a pair of the number of the list so far and the next entry; equal lists
/// then end in equal numbers, and no list is stored or compared.
#[derive(Debug, Default)]
pub(crate) struct Interner(HashTable<([u32; 2], u32)>);

impl Interner {
    /// Forgets all pairs, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many pairs have a number.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The number of a pair.
    pub(crate) fn intern(&mut self, pair: [u32; 2]) -> u32 {
        let next = u32::try_from(self.0.len()).expect("invariant: fewer than 2^32 pairs");
        let known = self
            .0
            .entry(hash(pair), |known| known.0 == pair, |known| hash(known.0));
        match known {
            Entry::Occupied(known) => known.get().1,
            Entry::Vacant(place) => place.insert((pair, next)).into_mut().1,
        }
    }
}

/// Products with odd constants mix upwards, shifts mix downwards: the table takes bits from both ends.
fn hash([a, b]: [u32; 2]) -> u64 {
    let key = u64::from(a) << 32 | u64::from(b);
    let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = (hash ^ hash >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_first_appearance() {
        let mut interner = Interner::default();
        for round in 0..2 {
            for i in 0..1000_u32 {
                assert_eq!(interner.intern([i % 7, i]), i, "round {round}");
            }
            assert_eq!(interner.len(), 1000);
        }
        interner.clear();
        assert_eq!(interner.intern([3, 500]), 0);
        assert_eq!(interner.len(), 1);
    }
}
