//! Friedman's test.
//!
//! Milton Friedman, "The Use of Ranks to Avoid the Assumption of Normality Implicit in the Analysis of Variance", JASA 32(200), 1937;
//! Janez Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7, 2006, on its use for algorithms over tables.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF as _};

use super::{float, ranks};

/// Whether algorithms differ, from their ranks on each of several tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Friedman {
    /// The mean rank of each algorithm over the tables: 1 is the best, equal values share their mean rank.
    pub mean_ranks: Vec<f64>,
    /// The number of tables.
    pub blocks: usize,
    /// Friedman's statistic, corrected for ties.
    pub statistic: f64,
    /// The probability of such a statistic or a larger one, when all algorithms are alike: by the chi-squared distribution with as
    /// many degrees of freedom as there are algorithms, less one.
    pub p: f64,
}

impl Friedman {
    /// The test of gains, of which larger are better: a row for each table, in it one for each algorithm.
    ///
    /// `None` of fewer than two algorithms or tables.
    ///
    /// # Panics
    ///
    /// When rows have different lengths.
    pub fn test<R: AsRef<[f64]>>(gains: &[R]) -> Option<Self> {
        let k = gains.first()?.as_ref().len();
        let n = gains.len();
        if k < 2 || n < 2 {
            return None;
        }
        let mut sums = vec![0.0; k];
        // The sum of t³ - t over groups of t equal values.
        let mut ties = 0.0;
        for row in gains {
            let row = row.as_ref();
            assert_eq!(row.len(), k, "invariant: each table has all algorithms");
            // Not the negative, which gives zeros signs.
            let negative: Vec<f64> = row.iter().map(|gain| 0.0 - gain).collect();
            for (sum, rank) in sums.iter_mut().zip(ranks(&negative)) {
                *sum += rank;
            }
            let mut sorted = negative;
            sorted.sort_by(f64::total_cmp);
            for tied in sorted.chunk_by(|a, b| a.total_cmp(b).is_eq()) {
                let t = float(tied.len());
                ties += t * t * t - t;
            }
        }
        let (k, n) = (float(k), float(n));
        let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
        let correction = 1.0 - ties / (n * k * (k * k - 1.0));
        // All values of each table are equal: nothing differs.
        let statistic = if correction > 1e-12 {
            (12.0 / (n * k * (k + 1.0)) * squares - 3.0 * n * (k + 1.0)) / correction
        } else {
            0.0
        };
        let chi_squared = ChiSquared::new(k - 1.0).expect("invariant: there are two algorithms");
        Some(Self {
            mean_ranks: sums.into_iter().map(|sum| sum / n).collect(),
            blocks: gains.len(),
            statistic,
            p: chi_squared.sf(statistic.max(0.0)),
        })
    }
}

#[cfg(test)]
mod tests {
    use ganas_testkit::Tolerance;
    use proptest::prelude::*;

    use super::super::golden;
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        let golden = golden();
        let tolerance = Tolerance::F64;
        for name in ["plain", "ties", "three"] {
            let matrix = golden.matrix(&format!("friedman.{name}.values"));
            let rows: Vec<Vec<f64>> = matrix.rows().into_iter().map(|row| row.to_vec()).collect();
            let found = Friedman::test(&rows).unwrap();
            let check = |part: &str, values: &[f64]| {
                golden.check(&format!("friedman.{name}.{part}"), values, tolerance);
            };
            check("ranks", &found.mean_ranks);
            check("statistic", &[found.statistic]);
            check("p", &[found.p]);
        }
    }

    #[test]
    fn what_is_equal_does_not_differ() {
        let found = Friedman::test(&[[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]).unwrap();
        assert_eq!(found.mean_ranks, [2.0, 2.0, 2.0]);
        assert_eq!((found.statistic, found.p), (0.0, 1.0));
        assert_eq!(Friedman::test(&[[1.0, 2.0]]), None);
        assert_eq!(Friedman::test(&[[1.0], [2.0]]), None);
    }

    proptest! {
        /// Mean ranks have the mean of all ranks, and only the order within a table counts.
        #[test]
        fn ranks_of_tables(rows in proptest::collection::vec(proptest::collection::vec(-3..3i32, 4), 2..12)) {
            let gains: Vec<Vec<f64>> = rows.iter().map(|r| r.iter().map(|&x| f64::from(x)).collect()).collect();
            let found = Friedman::test(&gains).unwrap();
            prop_assert!((found.mean_ranks.iter().sum::<f64>() - 10.0).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&found.p));
            let cubes: Vec<Vec<f64>> = gains.iter().map(|r| r.iter().map(|x| x.powi(3) + 7.0).collect()).collect();
            prop_assert_eq!(Friedman::test(&cubes), Some(found));
        }
    }
}
