//! Named tolerances for comparing floating-point results.

/// `|found - expected| <= absolute + relative |expected|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Independent of the size of the value.
    pub absolute: f64,
    /// Share of the size of the expected value.
    pub relative: f64,
}

impl Tolerance {
    /// Results in double precision that differ in the order of sums only.
    pub const F64: Self = Self {
        absolute: 1e-11,
        relative: 1e-10,
    };
    /// Results in single precision of a few layers.
    pub const F32: Self = Self {
        absolute: 2e-5,
        relative: 2e-4,
    };
    /// Central differences in double precision with a step of 1e-6.
    pub const GRADIENT: Self = Self {
        absolute: 2e-8,
        relative: 2e-6,
    };

    /// Panics when the values differ in number or by more than the tolerance; the message names the worst one.
    #[track_caller]
    pub fn check(self, what: &str, found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "{what}: number of values");
        let excess =
            |(&f, &e): (&f64, &f64)| (f - e).abs() - self.absolute - self.relative * e.abs();
        let worst = found
            .iter()
            .zip(expected)
            .map(excess)
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((i, excess)) = worst {
            // A NaN is ordered above all numbers, so it is the worst one, and no comparison holds for it.
            assert!(
                excess <= 0.0,
                "{what}[{i}]: found {}, expected {} ({self:?})",
                found[i],
                expected[i]
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_within_and_refuses_beyond() {
        Tolerance::F64.check("close", &[1.0, 0.0], &[1.0 + 1e-11, 1e-12]);
        for found in [1.0 + 1e-9, f64::NAN, f64::INFINITY] {
            let result = std::panic::catch_unwind(|| {
                Tolerance::F64.check("far", &[0.0, found], &[0.0, 1.0])
            });
            assert!(result.is_err(), "{found}");
        }
    }
}
