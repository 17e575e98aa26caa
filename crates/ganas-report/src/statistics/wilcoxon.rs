//! Wilcoxon's signed-rank test.
//!
//! Frank Wilcoxon, "Individual PairedDifferences by Ranking Methods", Biometrics Bulletin 1(6), 1945.

use ndarray::ArrayView1;
use statrs::distribution::{ContinuousCDF as _, Normal};

use super::float;

/// Up to so many differences that are not zero the distribution is computed as it is, in time that grows with the cube.
const EXACT: usize = 400;

/// What the runs of two searchers with the same seeds say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedDifference {
    /// The mean of the differences, first minus second.
    pub mean_difference: f64,
    /// The two-sided p-value of [`wilcoxon`].
    pub p: f64,
}

/// Compares values that are paired by position.
///
/// # Panics
///
/// When there are not as many of the one as of the other, or none.
pub fn compare<'a, 'b>(
    first: impl Into<ArrayView1<'a, f64>>,
    second: impl Into<ArrayView1<'b, f64>>,
) -> PairedDifference {
    let (first, second) = (first.into(), second.into());
    assert_eq!(first.len(), second.len(), "invariant: values are paired");
    let differences = &first - &second;
    PairedDifference {
        mean_difference: differences.mean().expect("invariant: there are pairs"),
        p: wilcoxon(&differences),
    }
}

/// The two-sided p-value of Wilcoxon's signed-rank test of paired differences, exact also with ties.
///
/// Zero differences are dropped (Wilcoxon's own rule), equal sizes share their mean rank, and the distribution of the sum
/// of the positive ranks is that of all assignments of signs, not an approximation. Without differences it is 1.
/// Of more than 400 differences it is the normal approximation, corrected for ties and continuity.
pub fn wilcoxon<'a>(differences: impl Into<ArrayView1<'a, f64>>) -> f64 {
    let mut nonzero = differences.into().to_vec();
    nonzero.retain(|d| *d != 0.0);
    nonzero.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    // Twice the mean ranks, which are integers.
    let mut ranks = Vec::with_capacity(nonzero.len());
    for tied in nonzero.chunk_by(|a, b| a.abs().total_cmp(&b.abs()).is_eq()) {
        let before = ranks.len();
        ranks.extend(std::iter::repeat_n(2 * before + 1 + tied.len(), tied.len()));
    }
    let signed = ranks.iter().zip(&nonzero);
    let positive: usize = signed.filter(|(_, d)| **d > 0.0).map(|(r, _)| r).sum();
    let total: usize = ranks.iter().sum();
    if ranks.len() > EXACT {
        return normal_approximation(&ranks, float(positive));
    }
    // The probability of each sum of positive ranks.
    let mut probability = vec![0.0; total + 1];
    probability[0] = 1.0;
    for &rank in &ranks {
        for sum in (0..=total).rev() {
            let with = sum.checked_sub(rank).map_or(0.0, |s| probability[s]);
            probability[sum] = f64::midpoint(probability[sum], with);
        }
    }
    let tail: f64 = probability[..=positive.min(total - positive)].iter().sum();
    (2.0 * tail).min(1.0)
}

/// The p-value of a sum of positive ranks, as a normal variable with the variance of the ranks; all are given twice.
fn normal_approximation(ranks: &[usize], positive: f64) -> f64 {
    let squares: f64 = ranks.iter().map(|&rank| float(rank) * float(rank)).sum();
    let mean = float(ranks.iter().sum::<usize>()) / 2.0;
    // Half a rank is one of those that are given.
    let distance = ((positive - mean).abs() - 1.0).max(0.0);
    let z = distance / (squares / 4.0).sqrt();
    (2.0 * Normal::standard().sf(z)).min(1.0)
}

#[cfg(test)]
mod tests {
    use ganas_testkit::Tolerance;
    use proptest::prelude::*;

    use super::super::golden;
    use super::*;

    #[test]
    fn many_differences_agree_with_scipy() {
        let golden = golden();
        for name in ["plain", "ties"] {
            let p = wilcoxon(golden.values(&format!("wilcoxon.{name}.differences")));
            let name = format!("wilcoxon.{name}.p");
            golden.check(&name, &[p], Tolerance::F64);
        }
    }

    proptest! {
        /// The other direction has the same p-value, and so has what is twice as far apart.
        #[test]
        fn two_sided(differences in proptest::collection::vec(-9..9i32, 0..30)) {
            let of = |scale: f64| {
                let scaled: Vec<f64> = differences.iter().map(|&d| f64::from(d) * scale).collect();
                wilcoxon(&scaled)
            };
            let p = of(1.0);
            prop_assert!((0.0..=1.0).contains(&p));
            prop_assert!((of(-1.0) - p).abs() < 1e-12 && (of(2.0) - p).abs() < 1e-12);
        }
    }

    /// All of n differences positive: 2 / 2^n.
    #[test]
    fn all_positive() {
        let differences: Vec<f64> = (1..=20).map(f64::from).collect();
        assert!((wilcoxon(&differences) - 2.0 / 1_048_576.0).abs() < 1e-18);
    }

    /// Values of SciPy 1.17.1: `wilcoxon(d, method="exact")`, and with ties or zeros
    /// `wilcoxon(d, method=PermutationMethod(n_resamples=np.inf))`.
    #[test]
    fn values_of_scipy() {
        for (differences, expected) in [
            (
                &[
                    6., 8., 14., 16., 23., 24., 28., 29., 41., -48., 49., 56., 60., -67., 75.,
                ][..],
                0.041_259_765_625,
            ),
            (&[1., -2., 3.], 0.75),
            (
                &[
                    -0.402, -0.924, 0.152, 0.82, 1.536, 0.51, -0.153, -0.385, 1.149, 2.035, 0.673,
                    -0.833, -0.558, 2.0, 0.603, -1.332, 0.316, -0.763, -0.229, -0.088,
                ],
                0.545_875_549_316_406_2,
            ),
            (
                &[
                    -0.5133, 0.7534, 0.1369, -0.3894, 0.6096, 1.0299, -1.443, -0.0567, -0.7807,
                    0.0268, -1.0894, 0.2207, 0.1621, -0.1043, -0.8479, -0.1962, -0.8913, -1.1552,
                    0.4248, -0.9093, 1.3703, 0.9166, -1.7978, 0.4721, -0.9017, 0.2331, 0.2436,
                    -1.7884, -0.0334, -0.0558, 1.162, -0.9814, 0.938, -0.899, -0.1313, -0.6405,
                    1.6487, 0.7682, 2.6317, 0.8419,
                ],
                0.795_447_916_561_897_7,
            ),
            (&[1., 1., -1., 2.], 0.5),
            (&[0., 0., 1.], 1.0),
            (
                &[0., 1., 1., 1., -1., 2., 2., -3., 3., 0., 4.],
                0.144_531_25,
            ),
            (
                &[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, -0.5, -0.5, 1.5, 1.5, 1.5],
                0.022_460_937_5,
            ),
            (&[], 1.0),
        ] {
            let p = wilcoxon(differences);
            assert!(
                (p - expected).abs() < 1e-12,
                "{differences:?}: {p} {expected}"
            );
        }
    }

    #[test]
    fn pairs_are_compared() {
        let compared = compare(&[3.0, 5.0, 9.0], &[1.0, 6.0, 2.0]);
        assert_eq!(
            compared,
            PairedDifference {
                mean_difference: 8.0 / 3.0,
                p: 0.5
            }
        );
    }
}
