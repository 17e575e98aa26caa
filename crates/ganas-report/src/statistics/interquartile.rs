//! The interquartile mean.

use ndarray::ArrayView1;

use super::float;

/// The mean of the middle half of the values: a quarter of them, rounded down, is left out at either end (a trimmed mean of 25 %).
/// `None` when there are no values.
///
/// It uses more of a sample than the median and is not moved by single runs as the mean is; Agarwal et al., "Deep Reinforcement
/// Learning at the Edge of the Statistical Precipice", NeurIPS 2021, recommend it for few seeds.
pub fn interquartile_mean<'a>(values: impl Into<ArrayView1<'a, f64>>) -> Option<f64> {
    let mut values = values.into().to_vec();
    interquartile_mean_of(&mut values)
}

/// The same of values whose order does not matter any more.
pub(super) fn interquartile_mean_of(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let cut = values.len() / 4;
    let middle = &values[cut..values.len() - cut];
    (!middle.is_empty()).then(|| middle.iter().sum::<f64>() / float(middle.len()))
}

#[cfg(test)]
mod tests {
    use ganas_testkit::Tolerance;
    use proptest::prelude::*;

    use super::super::{golden, moments};
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        let golden = golden();
        for n in [1, 2, 3, 4, 5, 8, 17, 50] {
            let mean = interquartile_mean(golden.values(&format!("iqm.{n}.sample"))).unwrap();
            let name = format!("iqm.{n}.value");
            golden.check(&name, &[mean], Tolerance::F64);
        }
        assert_eq!(interquartile_mean(&[]), None);
    }

    proptest! {
        /// A single value of four or more may be anything, within what the others allow.
        #[test]
        fn a_single_value_does_not_move_it_far(
            mut values in proptest::collection::vec(-5.0..5.0f64, 3..30), wild in -1e9..1e9f64,
        ) {
            values.push(wild);
            let mean = interquartile_mean(&values).unwrap();
            prop_assert!((-5.0..=5.0).contains(&mean), "{mean}");
        }

        /// Of fewer than four values it is the mean.
        #[test]
        fn a_mean_of_few(values in proptest::collection::vec(-5.0..5.0f64, 1..4)) {
            let difference = interquartile_mean(&values).unwrap() - moments(&values).unwrap().mean;
            prop_assert!(difference.abs() < 1e-12);
        }
    }
}
