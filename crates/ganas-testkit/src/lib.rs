//! What the tests of several crates share: reproducible inputs, tolerances, gradient checks, goldens.

#![forbid(unsafe_code)]

pub mod golden;
mod gradient;
mod inputs;
mod tolerance;

pub use gradient::{check_gradient, weighted_sum};
pub use inputs::values;
pub use tolerance::Tolerance;
