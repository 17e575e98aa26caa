//! Reproducible test inputs.

/// `n` numbers in `[-1, 1)` by SplitMix64, the same on every machine.
#[must_use]
pub fn values(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (0..n)
        .map(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            let mantissa = u32::try_from(z >> 32).expect("invariant: 32 bits");
            f64::from(mantissa) / 2_147_483_648.0 - 1.0
        })
        .collect()
}
