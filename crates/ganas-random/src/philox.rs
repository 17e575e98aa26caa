//! Philox4x32-10: a counter-based random function.
//!
//! Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
//! Any number of threads, and a GPU, draw the same numbers, since each draw is a function of its position only.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// The ten-round Philox function: 128 random bits from a 128-bit counter and a 64-bit key.
#[must_use]
pub fn philox4x32_10(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let mut c = counter;
    let mut k = key;
    for round in 0..ROUNDS {
        if round > 0 {
            k = [k[0].wrapping_add(WEYL[0]), k[1].wrapping_add(WEYL[1])];
        }
        let (low0, high0) = MULTIPLIERS[0].widening_product(c[0]);
        let (low1, high1) = MULTIPLIERS[1].widening_product(c[2]);
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0];
    }
    c
}

trait WideningProduct {
    fn widening_product(self, other: Self) -> (Self, Self)
    where
        Self: Sized;
}

impl WideningProduct for u32 {
    /// The low and the high half of the 64-bit product.
    fn widening_product(self, other: Self) -> (Self, Self) {
        let product = u64::from(self) * u64::from(other);
        let bytes = product.to_le_bytes();
        let half = |at: usize| {
            Self::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        (half(0), half(4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers published with Random123 (file `kat_vectors`, lines `philox4x32 10`).
    #[test]
    fn known_answers() {
        for (counter, key, expected) in [
            (
                [0; 4],
                [0; 2],
                [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
            ),
            (
                [u32::MAX; 4],
                [u32::MAX; 2],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
            ),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ] {
            assert_eq!(philox4x32_10(counter, key), expected);
        }
    }
}
