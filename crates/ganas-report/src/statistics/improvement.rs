//! The probability of improvement.

use super::float;

/// The probability that a value of the first sample is larger than one of the second; equal ones count half.
///
/// It is the statistic of Mann and Whitney divided by the number of pairs; Agarwal et al. (NeurIPS 2021) take its mean over tables.
/// `None` when a sample is empty.
#[must_use]
pub fn probability_of_improvement(first: &[f64], second: &[f64]) -> Option<f64> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let mut sorted = second.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let halves: usize = (first.iter())
        .map(|x| sorted.partition_point(|y| y < x) + sorted.partition_point(|y| y <= x))
        .sum();
    Some(float(halves) / 2.0 / float(first.len() * second.len()))
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
        for name in ["plain", "ties"] {
            let of = |part: &str| golden.values(&format!("improvement.{name}.{part}"));
            let p = probability_of_improvement(of("x"), of("y")).unwrap();
            let name = format!("improvement.{name}.value");
            golden.check(&name, &[p], Tolerance::F64);
        }
        assert_eq!(probability_of_improvement(&[], &[1.0]), None);
    }

    proptest! {
        /// What one gains the other loses.
        #[test]
        fn two_directions_add_up(
            x in proptest::collection::vec(-3..3i32, 1..20), y in proptest::collection::vec(-3..3i32, 1..20),
        ) {
            let [x, y] = [x, y].map(|v| v.into_iter().map(f64::from).collect::<Vec<_>>());
            let forth = probability_of_improvement(&x, &y).unwrap();
            let back = probability_of_improvement(&y, &x).unwrap();
            prop_assert!((forth + back - 1.0).abs() < 1e-12 && (0.0..=1.0).contains(&forth));
        }
    }
}
