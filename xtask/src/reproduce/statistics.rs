//! The statistics of a study: mean, standard deviation, and Wilcoxon's signed-rank test.

/// The mean and the sample standard deviation (0 for one value).
pub(super) fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (
        mean,
        if values.len() > 1 {
            (squares / (n - 1.0)).sqrt()
        } else {
            0.0
        },
    )
}

/// The middle value, or the mean of the two middle ones.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2])
}

/// The two-sided p-value of Wilcoxon's signed-rank test of paired differences, exact also with ties.
///
/// Zero differences are dropped (Wilcoxon's own rule), equal sizes share their mean rank, and the distribution of the sum
/// of the positive ranks is counted over all assignments of signs, not approximated.
pub(super) fn wilcoxon_p(differences: &[f64]) -> f64 {
    let mut nonzero: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    nonzero.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    // Twice the mean ranks, which are integers.
    let mut ranks = Vec::with_capacity(nonzero.len());
    let mut start = 0;
    while start < nonzero.len() {
        let size = nonzero[start].abs();
        let end = nonzero
            .iter()
            .rposition(|d| d.abs().total_cmp(&size).is_eq())
            .map_or(start + 1, |last| last + 1);
        ranks.extend(std::iter::repeat_n(start + 1 + end, end - start));
        start = end;
    }
    let total: usize = ranks.iter().sum();
    // The number of assignments of signs for each sum of positive ranks.
    let mut counts = vec![0.0; total + 1];
    counts[0] = 1.0;
    for &rank in &ranks {
        for sum in (rank..=total).rev() {
            counts[sum] += counts[sum - rank];
        }
    }
    let positive: usize = ranks
        .iter()
        .zip(&nonzero)
        .filter(|(_, d)| **d > 0.0)
        .map(|(r, _)| r)
        .sum();
    let tail: f64 = counts[..=positive.min(total - positive)].iter().sum();
    (2.0 * tail / 2.0_f64.powi(i32::try_from(ranks.len()).unwrap_or(i32::MAX))).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_sd_median() {
        assert_eq!(mean_and_sd(&[1.0, 2.0, 3.0]), (2.0, 1.0));
        assert_eq!(mean_and_sd(&[4.0]), (4.0, 0.0));
        assert_eq!(
            (median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0])),
            (2.0, 2.5)
        );
    }

    /// All of n differences positive: 2 / 2^n.
    #[test]
    fn all_positive() {
        let differences: Vec<f64> = (1..=20).map(f64::from).collect();
        assert!((wilcoxon_p(&differences) - 2.0 / 1_048_576.0).abs() < 1e-15);
    }

    /// Values of scipy.stats.wilcoxon(d, mode="exact"): the fourth case has ties, which were counted by hand.
    #[test]
    fn known_values() {
        for (differences, expected) in [
            (
                vec![
                    6.0, 8.0, 14.0, 16.0, 23.0, 24.0, 28.0, 29.0, 41.0, -48.0, 49.0, 56.0, 60.0,
                    -67.0, 75.0,
                ],
                0.041_259_765_625,
            ),
            (vec![1.0, -2.0, 3.0], 0.75),
            (vec![0.0, 0.0, 1.0], 1.0),
            (vec![1.0, 1.0, -1.0, 2.0], 0.5),
            (vec![], 1.0),
        ] {
            let p = wilcoxon_p(&differences);
            assert!(
                (p - expected).abs() < 1e-12,
                "{differences:?}: {p} {expected}"
            );
        }
    }
}
