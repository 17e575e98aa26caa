//! Conversions between double precision and the numbers that a policy computes in.

use num_traits::Float;

/// A value as f64; exact for f32 and f64.
pub(crate) fn wide<T: Float>(value: T) -> f64 {
    value.to_f64().expect("invariant: floats convert to f64")
}

/// An f64 in the working precision.
pub(crate) fn cast<T: Float>(value: f64) -> T {
    T::from(value).expect("invariant: f64 converts to floats")
}

/// A count in the working precision.
pub(crate) fn count<T: Float>(n: usize) -> T {
    T::from(n).expect("invariant: counts convert to floats")
}
