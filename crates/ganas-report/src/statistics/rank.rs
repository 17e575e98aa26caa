//! Ranks.

/// The rank of a value among values that descend: 1 for the best, and equal values share the mean of their ranks.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer than 2^53 values"
)]
pub fn rank(descending: &[f64], value: f64) -> f64 {
    let better = descending.partition_point(|v| *v > value);
    let as_good = descending.partition_point(|v| *v >= value);
    (better + 1 + as_good) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "halves are exact")]
    fn equal_values_share_a_rank() {
        let ranks = [5.0, 4.0, 1.0].map(|value| rank(&[5.0, 4.0, 4.0, 1.0], value));
        assert_eq!(ranks, [1.0, 2.5, 4.0]);
    }
}
