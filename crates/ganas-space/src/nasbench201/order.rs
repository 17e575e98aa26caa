//! The official index order of the 15,625 cells.
//!
//! The authors' script (AutoDL-Projects, `exps/NAS-Bench-201`, the generation of the meta file) lists all cells as
//! the product over the six edges in text order, the last edge fastest and the operations in the order of their
//! numbers, and then calls Python's `random.seed(88); random.shuffle(cells)`.
//! This module repeats that shuffle: CPython 3 seeds an MT19937 generator by array with the key `[88]`, and both
//! `random.shuffle` and the way it draws a bounded integer are fixed by their documentation and source
//! (`Lib/random.py`), so the order can be computed instead of stored.
//! A test compares all of it with the published table.

use rand_mt::Mt;

use super::cell::N_CELLS;

/// The seed of the authors' shuffle.
const SEED: u32 = 88;

/// The code of the cell at each official index; 15,625 entries.
pub(super) fn official_codes() -> Vec<u16> {
    let mut codes: Vec<u16> = (0..N_CELLS).collect();
    PythonRandom::seeded(SEED).shuffle(&mut codes);
    codes
}

/// The part of CPython's `random.Random` that the shuffle needs.
struct PythonRandom(Mt);

impl PythonRandom {
    /// `random.seed(seed)`: the key of the generator is the list of the seed's 32-bit digits, here one.
    fn seeded(seed: u32) -> Self {
        Self(Mt::new_with_key([seed]))
    }

    /// `random.getrandbits(n_bits)` for 1 to 32 bits: the highest bits of one output.
    fn bits(&mut self, n_bits: u32) -> u32 {
        self.0.next_u32() >> (32 - n_bits)
    }

    /// `random._randbelow_with_getrandbits(n)` for `n` of at least 1: draws as many bits as `n` has until they are below `n`.
    fn below(&mut self, n: u32) -> u32 {
        let n_bits = 32 - n.leading_zeros();
        loop {
            let draw = self.bits(n_bits);
            if draw < n {
                return draw;
            }
        }
    }

    /// `random.shuffle(items)`: from the last item down to the second, a swap with one at or before it.
    fn shuffle<T>(&mut self, items: &mut [T]) {
        let n = u32::try_from(items.len()).expect("invariant: at most 15,625 items are shuffled");
        for last in (1..n).rev() {
            let other = self.below(last + 1);
            items.swap(last as usize, other as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nasbench201::cell::Cell;
    use crate::nasbench201::codec;

    /// `random.seed(88); [random.getrandbits(32) for _ in range(4)]` in CPython 3.11.
    #[test]
    fn the_generator_is_cpythons() {
        let mut random = PythonRandom::seeded(88);
        let draws = [32; 4].map(|n_bits| random.bits(n_bits));
        assert_eq!(
            draws,
            [1_707_201_716, 4_182_107_318, 813_946_014, 1_429_399_738]
        );
    }

    /// `r = random.Random(88); [r._randbelow(n) for n in (…)]` in CPython 3.11; the second draw rejects one value.
    #[test]
    fn bounded_draws_are_cpythons() {
        let mut random = PythonRandom::seeded(88);
        let draws = [15_625, 15_624, 9, 2, 1, 1_024].map(|n| random.below(n));
        assert_eq!(draws, [6_512, 3_104, 5, 0, 0, 16]);
    }

    /// `random.seed(88); x = list(range(10)); random.shuffle(x)` in CPython 3.11.
    #[test]
    fn the_shuffle_is_cpythons() {
        let mut items: Vec<u8> = (0..10).collect();
        PythonRandom::seeded(88).shuffle(&mut items);
        assert_eq!(items, [8, 2, 9, 4, 0, 7, 1, 5, 3, 6]);
    }

    #[test]
    fn published_indices() {
        let codes = official_codes();
        let check = |index: usize, expected: &str| {
            assert_eq!(codec::encode(Cell::from_code(codes[index])), expected);
        };
        check(
            0,
            "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
        );
        for (index, op) in [
            (1_462, "nor_conv_3x3"),
            (1_835, "skip_connect"),
            (1_651, "none"),
        ] {
            check(
                index,
                &format!("|{op}~0|+|{op}~0|{op}~1|+|{op}~0|{op}~1|{op}~2|"),
            );
        }
    }

    #[test]
    fn the_order_is_a_permutation() {
        let mut codes = official_codes();
        codes.sort_unstable();
        assert!(codes.into_iter().eq(0..N_CELLS));
    }
}
