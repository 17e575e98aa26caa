//! The numbers that networks are made of.

use std::fmt::Debug;
use std::iter::Sum;

use num_traits::{Float, NumAssign};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::functions::{exp_f32, ln_1p_unit_f32, tanh_f32};

/// A floating-point number: `f32` for work, `f64` for gradient checks.
pub trait Element:
    Float + NumAssign + Sum + Default + Debug + Send + Sync + Serialize + DeserializeOwned + 'static
{
    /// The name of the type in records.
    const NAME: &'static str;

    /// Rounds from double precision.
    fn of(value: f64) -> Self;

    /// A count in this precision.
    fn of_count(count: usize) -> Self;

    /// Widens to double precision.
    fn wide(self) -> f64;

    /// The exponential function, in the form that loops are vectorised with.
    fn exponential(self) -> Self;

    /// The hyperbolic tangent, in the form that loops are vectorised with.
    fn hyperbolic_tangent(self) -> Self;

    /// `log(1 + t)` for `t` from 0 to 1, in the form that loops are vectorised with.
    fn ln_1p_unit(self) -> Self;

    /// The logistic function `1 / (1 + exp(-x))`; in single precision at least 3e-39.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::one() / (Self::one() + (-self).exponential())
    }

    /// `log(1 + exp x)`, without overflow.
    #[inline(always)]
    fn softplus(self) -> Self {
        self.max(Self::zero()) + (-self.abs()).exponential().ln_1p_unit()
    }
}

impl Element for f32 {
    const NAME: &'static str = "f32";

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding is what this is for"
    )]
    fn of(value: f64) -> Self {
        value as Self
    }

    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^24")]
    fn of_count(count: usize) -> Self {
        count as Self
    }

    #[inline]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn exponential(self) -> Self {
        exp_f32(self)
    }

    #[inline(always)]
    fn hyperbolic_tangent(self) -> Self {
        tanh_f32(self)
    }

    #[inline(always)]
    fn ln_1p_unit(self) -> Self {
        ln_1p_unit_f32(self)
    }
}

impl Element for f64 {
    const NAME: &'static str = "f64";

    #[inline]
    fn of(value: f64) -> Self {
        value
    }

    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^53")]
    fn of_count(count: usize) -> Self {
        count as Self
    }

    #[inline]
    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn exponential(self) -> Self {
        self.exp()
    }

    #[inline(always)]
    fn hyperbolic_tangent(self) -> Self {
        self.tanh()
    }

    #[inline(always)]
    fn ln_1p_unit(self) -> Self {
        self.ln_1p()
    }
}
