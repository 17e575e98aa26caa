//! Mean and standard deviation.

use ndarray::ArrayView1;

/// The mean and the standard deviation of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// The mean.
    pub mean: f64,
    /// The standard deviation with n - 1 in the denominator; 0 for one value.
    pub sd: f64,
}

/// The mean and the standard deviation of the values; `None` when there are none.
pub fn moments<'a>(values: impl Into<ArrayView1<'a, f64>>) -> Option<Moments> {
    let values = values.into();
    let mean = values.mean()?;
    let sd = if values.len() > 1 {
        values.std(1.0)
    } else {
        0.0
    };
    Some(Moments { mean, sd })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_sample() {
        let of = |values: &[f64]| moments(values).map(|m| (m.mean, m.sd));
        assert_eq!(of(&[1.0, 2.0, 3.0]), Some((2.0, 1.0)));
        assert_eq!(of(&[4.0]), Some((4.0, 0.0)));
        assert_eq!(of(&[]), None);
    }
}
