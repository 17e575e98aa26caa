//! The logistic function and its integral.

use crate::Element;

/// The logistic function `1 / (1 + exp(-x))`; 0 or 1 where `exp` overflows.
#[inline(always)]
pub(crate) fn sigmoid<T: Element>(x: T) -> T {
    T::one() / (T::one() + (-x).exp())
}

/// `log(1 + exp x)`, without overflow.
#[inline(always)]
pub(crate) fn softplus<T: Element>(x: T) -> T {
    x.max(T::zero()) + (-x.abs()).exp().ln_1p()
}
