//! Numbers for people.

/// A measurement with 4 digits after the point: enough for percentages and for fractions.
pub(crate) fn measurement(value: f64) -> String {
    format!("{value:.4}")
}

/// A measurement, or a dash where there is none.
pub(crate) fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), measurement)
}

/// Mean and standard deviation (of the sample); `None` for fewer than two values.
pub(crate) fn mean_and_sd(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    // Exact below 2^53 values.
    #[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^53 runs")]
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((mean, (squares / (n - 1.0)).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_sd_of_a_sample() {
        assert_eq!(mean_and_sd(&[1.0]), None);
        let (mean, sd) = mean_and_sd(&[1.0, 2.0, 3.0]).unwrap();
        assert!((mean - 2.0).abs() < 1e-12 && (sd - 1.0).abs() < 1e-12);
    }
}
