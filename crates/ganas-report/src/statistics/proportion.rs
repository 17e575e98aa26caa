//! A share of runs.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF as _, Normal};

use super::{Interval, float};

/// How many of so many runs did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proportion {
    /// Those that did.
    pub count: usize,
    /// All of them.
    pub of: usize,
}

impl Proportion {
    /// The share; `None` of no runs.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| float(self.count) / float(self.of))
    }

    /// Wilson's score interval, which is sensible for few runs and at 0 and 1; `None` of no runs.
    ///
    /// Edwin Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22(158), 1927.
    ///
    /// # Panics
    ///
    /// When the level does not lie between 0 and 1.
    #[must_use]
    pub fn interval(self, level: f64) -> Option<Interval> {
        let p = self.share()?;
        let n = float(self.of);
        let z = two_sided_z(level);
        let middle = p + z * z / (2.0 * n);
        let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z * z / n;
        Some(Interval {
            low: ((middle - half) / scale).max(0.0),
            high: ((middle + half) / scale).min(1.0),
        })
    }
}

/// The quantile of the standard normal distribution that leaves half of what is missing from `level` above it.
pub(super) fn two_sided_z(level: f64) -> f64 {
    assert!(
        level > 0.0 && level < 1.0,
        "invariant: {level} lies between 0 and 1"
    );
    Normal::standard().inverse_cdf(f64::midpoint(level, 1.0))
}

#[cfg(test)]
mod tests {
    use ganas_testkit::Tolerance;
    use proptest::prelude::*;

    use super::super::golden;
    use super::*;

    #[test]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the golden values are counts"
    )]
    fn agrees_with_scipy() {
        let golden = golden();
        let cases = golden.matrix("wilson.cases");
        let found: Vec<f64> = (cases.rows().into_iter())
            .flat_map(|case| {
                let proportion = Proportion {
                    count: case[0] as usize,
                    of: case[1] as usize,
                };
                let interval = proportion.interval(0.95).unwrap();
                [interval.low, interval.high]
            })
            .collect();
        golden.check("wilson.intervals", &found, Tolerance::F64);
    }

    proptest! {
        /// The share lies within the interval, and that of the others is its mirror image.
        #[test]
        fn an_interval_around_the_share(of in 1..200usize, count in 0..200usize) {
            let count = count.min(of);
            let proportion = Proportion { count, of };
            let Interval { low, high } = proportion.interval(0.9).unwrap();
            let share = proportion.share().unwrap();
            prop_assert!(0.0 <= low && low <= share + 1e-12 && share <= high + 1e-12 && high <= 1.0);
            let others = Proportion { count: of - count, of }.interval(0.9).unwrap();
            prop_assert!((others.low - (1.0 - high)).abs() < 1e-12 && (others.high - (1.0 - low)).abs() < 1e-12);
        }
    }

    #[test]
    fn of_nothing_there_is_no_share() {
        let nothing = Proportion { count: 0, of: 0 };
        assert_eq!(
            (nothing.share(), nothing.interval(0.5).is_some()),
            (None, false)
        );
    }
}
