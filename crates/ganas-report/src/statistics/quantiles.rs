//! Median, quartiles and other quantiles.

use ndarray::ArrayView1;

/// The value below which the share `q` of the values lies, interpolated linearly between neighbours (definition 7 of
/// Hyndman and Fan, the default of NumPy and R); `None` when there are no values.
///
/// # Panics
///
/// When `q` is not between 0 and 1.
pub fn quantile<'a>(values: impl Into<ArrayView1<'a, f64>>, q: f64) -> Option<f64> {
    assert!((0.0..=1.0).contains(&q), "invariant: {q} is a share");
    let mut sorted = values.into().to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "there are fewer than 2^53 values"
    )]
    let position = q * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the position lies between 0 and the last index"
    )]
    let below = position as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    Some(low + position.fract() * (high - low))
}

/// The middle value, or the mean of the two middle ones; `None` when there are no values.
pub fn median<'a>(values: impl Into<ArrayView1<'a, f64>>) -> Option<f64> {
    quantile(values, 0.5)
}

/// The first quartile, the median and the third quartile; `None` when there are no values.
pub fn quartiles<'a>(values: impl Into<ArrayView1<'a, f64>>) -> Option<[f64; 3]> {
    let values = values.into();
    Some([
        quantile(values, 0.25)?,
        quantile(values, 0.5)?,
        quantile(values, 0.75)?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_even_and_odd_samples() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    /// Values of `numpy.quantile(x, [0.25, 0.5, 0.75])`.
    #[test]
    fn quartiles_of_numpy() {
        let values = [7.0, 15.0, 36.0, 39.0, 40.0, 41.0];
        assert_eq!(quartiles(&values), Some([20.25, 37.5, 39.75]));
        assert_eq!(quantile(&values, 1.0), Some(41.0));
    }
}
