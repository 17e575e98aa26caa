//! Nemenyi's critical difference of mean ranks.
//!
//! Peter Nemenyi, "Distribution-free Multiple Comparisons", thesis, Princeton 1963; as in Demšar, JMLR 7, 2006.

use statrs::distribution::{Continuous as _, ContinuousCDF as _, Normal};

use super::float;

/// By how much the mean ranks of two of `algorithms` over `blocks` tables must differ to be significant at `alpha`:
/// q √(k (k + 1) / (6 n)), where q is the quantile of the studentized range with infinitely many degrees of freedom, over √2.
///
/// # Panics
///
/// When there are fewer than two algorithms, no blocks, or `alpha` does not lie between 0 and 1.
#[must_use]
pub fn critical_difference(algorithms: usize, blocks: usize, alpha: f64) -> f64 {
    assert!(blocks > 0, "invariant: there are tables");
    let (k, n) = (float(algorithms), float(blocks));
    critical_value(algorithms, alpha) * (k * (k + 1.0) / (6.0 * n)).sqrt()
}

/// The groups of algorithms that do not differ significantly, as large as they can be: indices of the ranks, best first. What is in
/// a larger group is not repeated, and one algorithm alone is no group.
#[must_use]
pub fn indistinguishable(mean_ranks: &[f64], critical_difference: f64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..mean_ranks.len()).collect();
    order.sort_by(|&a, &b| mean_ranks[a].total_cmp(&mean_ranks[b]));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut end = 0;
    for (first, &best) in order.iter().enumerate() {
        let reach = mean_ranks[best] + critical_difference;
        let beyond = order.partition_point(|&at| mean_ranks[at] <= reach);
        if beyond > end && beyond - first > 1 {
            groups.push(order[first..beyond].to_vec());
        }
        end = end.max(beyond);
    }
    groups
}

/// The quantile 1 - α of the studentized range of k normal values with known variance, over √2.
fn critical_value(k: usize, alpha: f64) -> f64 {
    assert!(
        k >= 2 && alpha > 0.0 && alpha < 1.0,
        "invariant: {k} algorithms can be compared, and {alpha} is between 0 and 1"
    );
    // The range of some values is rarely above twenty: 10⁻⁴⁰.
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if range_distribution(middle, k) < 1.0 - alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high) / std::f64::consts::SQRT_2
}

/// P(range ≤ q) = k ∫ φ(z) (Φ(z) - Φ(z - q))^(k-1) dz, by the trapezoidal rule, whose error falls exponentially for such integrands.
fn range_distribution(q: f64, k: usize) -> f64 {
    const STEP: f64 = 1.0 / 32.0;
    let normal = Normal::standard();
    let exponent = i32::try_from(k - 1).expect("invariant: there are few algorithms");
    let sum: f64 = (-320..=320)
        .map(|i| {
            let z = f64::from(i) * STEP;
            let below = normal.cdf(z) - normal.cdf(z - q);
            normal.pdf(z) * below.powi(exponent)
        })
        .sum();
    float(k) * sum * STEP
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
        let cases = golden.matrix("nemenyi.cases");
        let q: Vec<f64> = (cases.rows().into_iter())
            .map(|case| critical_value(case[0] as usize, case[1]))
            .collect();
        // The integral of SciPy is exact to some 3e-10.
        let tolerance = Tolerance {
            absolute: 0.0,
            relative: 2e-9,
        };
        golden.check("nemenyi.q", &q, tolerance);
    }

    #[test]
    fn groups_overlap_and_are_not_repeated() {
        let groups = |ranks: &[f64], difference| indistinguishable(ranks, difference);
        assert_eq!(
            groups(&[3.0, 1.0, 2.0], 1.0),
            [vec![1, 2], vec![2, 0]],
            "two pairs"
        );
        assert_eq!(groups(&[3.0, 1.0, 2.0], 2.0), [vec![1, 2, 0]]);
        assert!(groups(&[3.0, 1.0, 2.0], 0.5).is_empty());
        assert!(groups(&[], 1.0).is_empty());
    }

    proptest! {
        /// Two algorithms share a group if, and only if, their ranks differ by no more than the critical difference.
        #[test]
        fn groups_are_of_near_ranks(ranks in proptest::collection::vec(1.0..9.0f64, 2..10), difference in 0.1..5.0f64) {
            let groups = indistinguishable(&ranks, difference);
            for a in 0..ranks.len() {
                for b in 0..a {
                    let together = groups.iter().any(|g| g.contains(&a) && g.contains(&b));
                    let near = ranks[a].max(ranks[b]) <= ranks[a].min(ranks[b]) + difference;
                    prop_assert_eq!(together, near);
                }
            }
        }

        /// More tables tell more apart, more algorithms less.
        #[test]
        fn more_tables_tell_more_apart(k in 2..12usize, n in 2..40usize) {
            prop_assert!(critical_difference(k, n + 1, 0.05) < critical_difference(k, n, 0.05));
            prop_assert!(critical_difference(k + 1, n, 0.05) > critical_difference(k, n, 0.05));
        }
    }
}
