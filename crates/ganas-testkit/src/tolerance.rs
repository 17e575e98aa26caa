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
    /// The same bits.
    pub const EXACT: Self = Self::of(0.0);
    /// A handful of operations in double precision.
    pub const ROUNDING: Self = Self::of(1e-13);
    /// Functions of single elements in single precision.
    pub const F32_POINTWISE: Self = Self::of(3e-6);
    /// Sums of some hundred terms in single precision.
    pub const F32_SUM: Self = Self::of(5e-5);
    /// Sums of some thousand terms in single precision.
    pub const F32_LONG_SUM: Self = Self::of(1e-4);
    /// The share of some thousand draws on a grid.
    pub const SHARE: Self = Self {
        absolute: 1e-3,
        relative: 0.0,
    };
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

    /// The same for small and large values.
    const fn of(error: f64) -> Self {
        Self {
            absolute: error,
            relative: error,
        }
    }

    /// A sum of so many terms, of size 1, in single precision: errors add up as a random walk.
    #[must_use]
    pub fn f32_sum_of(terms: u32) -> Self {
        Self::of(3e-6 * f64::from(terms.max(1)).sqrt())
    }

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
