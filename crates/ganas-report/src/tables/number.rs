//! Numbers for people.

use crate::statistics::moments;

/// A measurement with 4 digits after the point: enough for percentages and for fractions.
#[must_use]
pub fn measurement(value: f64) -> String {
    format!("{value:.4}")
}

/// A measurement, or a dash where there is none.
#[must_use]
pub fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), measurement)
}

/// Mean and standard deviation with so many digits after the point; `None` for fewer than two values.
#[must_use]
pub fn mean_and_deviation(values: &[f64], digits: usize) -> Option<String> {
    let of = moments(values).filter(|_| values.len() > 1)?;
    Some(format!("{:.digits$} ± {:.digits$}", of.mean, of.sd))
}

/// The mean and the range of changes, each with its sign; `None` when there are no values.
#[must_use]
pub fn mean_and_range(values: &[f64], digits: usize, unit: &str) -> Option<String> {
    let lowest = values.iter().copied().min_by(f64::total_cmp)?;
    let highest = values.iter().copied().max_by(f64::total_cmp)?;
    let mean = moments(values)?.mean;
    Some(format!(
        "{mean:+.digits$}{unit} ({lowest:+.digits$} to {highest:+.digits$})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_of_a_sample() {
        assert_eq!(mean_and_deviation(&[1.0], 4), None);
        let text = mean_and_deviation(&[1.0, 2.0, 3.0], 4).unwrap();
        assert_eq!(text, "2.0000 ± 1.0000");
    }

    #[test]
    fn means_have_their_range() {
        let text = mean_and_range(&[1.0, -2.0, 4.0], 1, " %").unwrap();
        assert_eq!(text, "+1.0 % (-2.0 to +4.0)");
        assert_eq!(mean_and_range(&[], 1, ""), None);
    }
}
