//! Random streams keyed by what they are for.

use std::convert::Infallible;

use rand_core::TryRng;

use crate::philox4x32_10;

/// What a random stream is for; streams with different keys are independent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StreamKey {
    /// The seed of the run.
    pub seed: u64,
    /// What is drawn: initial weights, rollouts, minibatches, and so on.
    pub purpose: u8,
    /// The iteration of the search.
    pub iteration: u32,
    /// The rollout, ensemble member or other item within the iteration.
    pub item: u32,
    /// The step within the item, below 2^24.
    pub step: u32,
}

/// A random stream: the Philox function applied to the counters (block, step and purpose, item, iteration).
///
/// Its state is a position, never shared between streams, so what a stream yields depends on its key only.
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    counter: [u32; 4],
    block: [u32; 4],
    used: usize,
}

impl Stream {
    /// The beginning of a stream.
    ///
    /// # Panics
    ///
    /// When `step` is 2^24 or more: it shares a word with `purpose`.
    #[must_use]
    pub fn new(key: StreamKey) -> Self {
        assert!(
            key.step < 1 << 24,
            "invariant: the step of a stream is below 2^24"
        );
        let seed = key.seed.to_le_bytes();
        let half =
            |at: usize| u32::from_le_bytes([seed[at], seed[at + 1], seed[at + 2], seed[at + 3]]);
        Self {
            key: [half(0), half(4)],
            counter: [
                0,
                u32::from(key.purpose) << 24 | key.step,
                key.item,
                key.iteration,
            ],
            block: [0; 4],
            used: 4,
        }
    }

    /// A number in `[0, 1)` with 24 random bits: exact in `f32` and the same on every device.
    #[expect(clippy::cast_precision_loss, reason = "24 bits are exact in an f32")]
    pub fn uniform(&mut self) -> f32 {
        (self.next_word() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    fn next_word(&mut self) -> u32 {
        if self.used == 4 {
            self.block = philox4x32_10(self.counter, self.key);
            self.counter[0] = self.counter[0]
                .checked_add(1)
                .expect("invariant: a stream yields fewer than 2^34 words");
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next_word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let low = u64::from(self.next_word());
        Ok(u64::from(self.next_word()) << 32 | low)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            chunk.copy_from_slice(&self.next_word().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand_core::Rng;

    use super::*;

    const KEY: StreamKey = StreamKey {
        seed: 7,
        purpose: 1,
        iteration: 2,
        item: 3,
        step: 4,
    };

    #[test]
    fn every_part_of_the_key_matters() {
        let keys = [
            KEY,
            StreamKey {
                seed: 7 + (1 << 32),
                ..KEY
            },
            StreamKey { seed: 8, ..KEY },
            StreamKey { purpose: 2, ..KEY },
            StreamKey {
                iteration: 3,
                ..KEY
            },
            StreamKey { item: 4, ..KEY },
            StreamKey { step: 5, ..KEY },
        ];
        let first: BTreeSet<u64> = keys
            .iter()
            .map(|&key| Stream::new(key).next_u64())
            .collect();
        assert_eq!(first.len(), keys.len());
    }

    #[test]
    fn words_are_the_blocks_of_the_counter() {
        let mut stream = Stream::new(KEY);
        for block in 0..3 {
            let expected = philox4x32_10([block, 1 << 24 | 4, 3, 2], [7, 0]);
            for word in expected {
                assert_eq!(stream.next_u32(), word);
            }
        }
    }

    #[test]
    fn uniform_stays_in_range_and_has_the_right_mean() {
        let mut stream = Stream::new(KEY);
        let draws: Vec<f32> = (0..40_000).map(|_| stream.uniform()).collect();
        assert!(draws.iter().all(|u| (0.0..1.0).contains(u)));
        let mean = draws.iter().map(|&u| f64::from(u)).sum::<f64>() / 40_000.0;
        // The standard error is 0.0014; five of them.
        assert!((mean - 0.5).abs() < 0.0072, "{mean}");
    }
}
