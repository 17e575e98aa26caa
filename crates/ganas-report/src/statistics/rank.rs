//! Ranks.

use super::float;

/// The rank of a value among values that descend: 1 for the best, and equal values share the mean of their ranks.
#[must_use]
pub fn rank(descending: &[f64], value: f64) -> f64 {
    let better = descending.partition_point(|v| *v > value);
    let as_good = descending.partition_point(|v| *v >= value);
    float(better + 1 + as_good) / 2.0
}

/// The rank of each value: 1 for the smallest, and equal values share the mean of their ranks.
#[must_use]
pub fn ranks(values: &[f64]) -> Vec<f64> {
    // Zeros are equal, whatever their sign.
    let values: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|&a, &b| values[a].total_cmp(&values[b]).is_eq()) {
        for &at in tied {
            ranks[at] = float(2 * before + 1 + tied.len()) / 2.0;
        }
        before += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `scipy.stats.rankdata`.
    #[test]
    fn ranks_of_scipy() {
        assert_eq!(ranks(&[0.0, 2.0, 3.0, 2.0]), [1.0, 2.5, 4.0, 2.5]);
        assert_eq!(ranks(&[7.0, 7.0, 7.0]), [2.0, 2.0, 2.0]);
        assert_eq!(ranks(&[0.0, -0.0, -1.0]), [2.5, 2.5, 1.0]);
        assert!(ranks(&[]).is_empty());
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "halves are exact")]
    fn equal_values_share_a_rank() {
        let ranks = [5.0, 4.0, 1.0].map(|value| rank(&[5.0, 4.0, 4.0, 1.0], value));
        assert_eq!(ranks, [1.0, 2.5, 4.0]);
    }
}
