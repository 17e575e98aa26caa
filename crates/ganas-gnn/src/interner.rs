//! Numbers for pairs of numbers: the links of chains that are compared by their links.

/// Gives each distinct pair a number, in the order of their first appearance.
///
/// A list is interned link by link, each link a pair of the number of the list so far and the next entry; equal lists
/// then end in equal numbers, and no list is stored or compared. Open addressing with linear probing; at most half full.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    pairs: Vec<[u32; 2]>,
    /// One more than the number of the pair in each slot, or 0.
    slots: Vec<u32>,
}

impl Interner {
    /// Forgets all pairs, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.pairs.clear();
        self.slots.fill(0);
    }

    /// How many pairs have a number.
    pub(crate) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// The number of a pair.
    pub(crate) fn intern(&mut self, pair: [u32; 2]) -> u32 {
        if self.slots.len() < 2 * (self.pairs.len() + 1) {
            self.grow();
        }
        let mut slot = self.slot(pair);
        loop {
            match self.slots[slot] {
                0 => break,
                number if self.pairs[number as usize - 1] == pair => return number - 1,
                _ => slot = (slot + 1) & (self.slots.len() - 1),
            }
        }
        self.pairs.push(pair);
        let number = u32::try_from(self.pairs.len()).expect("invariant: fewer than 2^32 pairs");
        self.slots[slot] = number;
        number - 1
    }

    /// Where the search for a pair begins: the upper bits of a product with an odd constant (Fibonacci hashing).
    fn slot(&self, [a, b]: [u32; 2]) -> usize {
        let key = u64::from(a) << 32 | u64::from(b);
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash = (hash ^ hash >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (hash >> 32) as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        let size = (4 * (self.pairs.len() + 1)).next_power_of_two().max(64);
        self.slots.clear();
        self.slots.resize(size, 0);
        for at in 0..self.pairs.len() {
            let mut slot = self.slot(self.pairs[at]);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = u32::try_from(at + 1).expect("invariant: fewer than 2^32 pairs");
        }
    }
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
