//! Bootstrap intervals.
//!
//! Bradley Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 7(1), 1979.

use ganas_random::{Stream, StreamKey};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};

use super::quantile;

/// What the random numbers are for, so that they are those of nothing else with the same seed.
const PURPOSE: u8 = 200;

/// An interval of confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// The interval of `scale · x + shift`; its ends change places when the scale is negative.
    #[must_use]
    pub fn transformed(self, scale: f64, shift: f64) -> Self {
        let (a, b) = (self.low * scale + shift, self.high * scale + shift);
        Self {
            low: a.min(b),
            high: a.max(b),
        }
    }
}

/// How intervals are drawn. The same seed gives the same intervals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// The number of samples that are drawn.
    pub draws: u32,
    /// The confidence, between 0 and 1.
    pub level: f64,
    /// The seed of the draws.
    pub seed: u64,
}

impl Default for Bootstrap {
    /// 2000 draws, as Agarwal et al. (NeurIPS 2021) use them, and a confidence of 95 %.
    fn default() -> Self {
        Self {
            draws: 2000,
            level: 0.95,
            seed: 0,
        }
    }
}

impl Bootstrap {
    /// Percentile intervals of several statistics of a stratified sample: each stratum is drawn from by itself, with replacement,
    /// as many values as it has, and the statistics of that are the draws whose quantiles are the ends of the intervals.
    ///
    /// Strata are tables, for example, of which each has its own runs. `None` when a stratum is empty or there is none.
    ///
    /// # Panics
    ///
    /// When the level is no share, or there are no draws.
    pub fn intervals<const N: usize>(
        &self,
        strata: &[&[f64]],
        mut statistics: impl FnMut(&mut [Vec<f64>]) -> [f64; N],
    ) -> Option<[Interval; N]> {
        assert!(
            (0.0..=1.0).contains(&self.level) && self.draws > 0,
            "invariant: {self:?} has draws, and a share as its level"
        );
        if strata.is_empty() || strata.iter().any(|stratum| stratum.is_empty()) {
            return None;
        }
        let mut drawn: Vec<Vec<f64>> = strata.iter().map(|s| Vec::with_capacity(s.len())).collect();
        let mut found: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
        for draw in 0..self.draws {
            for (item, (stratum, drawn)) in (0..).zip(strata.iter().zip(&mut drawn)) {
                self.resample(draw, item, stratum, drawn);
            }
            for (found, value) in found.iter_mut().zip(statistics(&mut drawn)) {
                found.push(value);
            }
        }
        let tail = (1.0 - self.level) / 2.0;
        Some(found.map(|values| {
            let at = |q| quantile(&values, q).expect("invariant: there are draws");
            Interval {
                low: at(tail),
                high: at(1.0 - tail),
            }
        }))
    }

    /// The interval of one statistic of one sample; `None` when it is empty.
    pub fn interval(
        &self,
        sample: &[f64],
        mut statistic: impl FnMut(&[f64]) -> f64,
    ) -> Option<Interval> {
        let found = self.intervals(&[sample], |drawn| [statistic(&drawn[0])]);
        found.map(|[interval]| interval)
    }

    /// Draws as many values as there are.
    fn resample(&self, draw: u32, item: u32, stratum: &[f64], drawn: &mut Vec<f64>) {
        let mut stream = Stream::new(StreamKey {
            seed: self.seed,
            purpose: PURPOSE,
            iteration: draw,
            item,
            step: 0,
        });
        let n = stratum.len() as u64;
        drawn.clear();
        drawn.extend((0..n).map(|_| {
            // The upper half of a product: each index is as likely as any other, up to n / 2^32.
            let at = (u64::from(stream.next_u32()) * n) >> 32;
            stratum[usize::try_from(at).expect("invariant: it is below the number of values")]
        }));
    }
}

#[cfg(test)]
mod tests {
    use ganas_testkit::golden::Golden;
    use proptest::prelude::*;

    use super::super::interquartile::interquartile_mean_of;
    use super::super::{golden, median, moments};
    use super::*;

    const MANY: Bootstrap = Bootstrap {
        draws: 100_000,
        level: 0.9,
        seed: 3,
    };

    fn mean(values: &[f64]) -> f64 {
        moments(values).unwrap().mean
    }

    /// Both ends agree with SciPy's, up to what chance leaves of them.
    fn check(golden: &Golden, name: &str, found: Interval) {
        let expected = golden.values(&format!("bootstrap.{name}"));
        let width = expected[1] - expected[0];
        for (found, expected) in [found.low, found.high].into_iter().zip(expected) {
            assert!(
                (found - expected).abs() < 0.02 * width,
                "{name}: {found} {expected}"
            );
        }
    }

    #[test]
    fn agrees_with_scipy() {
        let golden = golden();
        let stratum = |i: usize| golden.values(&format!("bootstrap.stratum{i}"));
        let found = MANY.interval(stratum(1), mean).unwrap();
        check(&golden, "mean", found);
        let found = MANY.intervals(&[stratum(2)], |drawn| {
            let median = median(&drawn[0]).unwrap();
            [median, interquartile_mean_of(&mut drawn[0]).unwrap()]
        });
        let [of_median, of_iqm] = found.unwrap();
        check(&golden, "median", of_median);
        check(&golden, "iqm", of_iqm);
        let strata = [stratum(0), stratum(1), stratum(2)];
        let found = MANY.intervals(&strata, |drawn| {
            let means: Vec<f64> = drawn.iter().map(|values| mean(values)).collect();
            [mean(&means)]
        });
        check(&golden, "stratified", found.unwrap()[0]);
    }

    /// Of two values, a quarter of the draws each has two of the one, and a half both: the exact distribution of the mean.
    #[test]
    fn the_exact_distribution_of_two_values() {
        let with = |level| {
            let bootstrap = Bootstrap { level, ..MANY };
            bootstrap.interval(&[0.0, 1.0], mean).unwrap()
        };
        assert_eq!(
            with(0.4),
            Interval {
                low: 0.5,
                high: 0.5
            }
        );
        assert_eq!(
            with(0.6),
            Interval {
                low: 0.0,
                high: 1.0
            }
        );
    }

    #[test]
    fn what_is_empty_has_no_interval() {
        assert_eq!(Bootstrap::default().interval(&[], mean), None);
        let found = Bootstrap::default().intervals(&[], |_| [0.0]);
        assert_eq!(found, None);
        let found = Bootstrap::default().intervals(&[&[1.0], &[]], |_| [0.0]);
        assert_eq!(found, None);
    }

    proptest! {
        /// The draws depend on the seed alone, lie within the sample, and follow what is done to all values.
        #[test]
        fn intervals_of_a_mean(
            values in proptest::collection::vec(-5.0..5.0f64, 1..20), seed: u64, scale in -3.0..3.0f64,
        ) {
            let bootstrap = Bootstrap { draws: 50, level: 0.8, seed };
            let found = bootstrap.interval(&values, mean).unwrap();
            prop_assert_eq!(Some(found), bootstrap.interval(&values, mean));
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(low - 1e-12 <= found.low && found.low <= found.high && found.high <= high + 1e-12);
            let scaled: Vec<f64> = values.iter().map(|x| scale * x + 1.0).collect();
            let of_scaled = bootstrap.interval(&scaled, mean).unwrap();
            let expected = found.transformed(scale, 1.0);
            prop_assert!((of_scaled.low - expected.low).abs() < 1e-9);
            prop_assert!((of_scaled.high - expected.high).abs() < 1e-9);
        }
    }
}
