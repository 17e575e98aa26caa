//! What the tests of several crates share: reproducible inputs, tolerances, gradient checks, goldens,
//! and a worker that misbehaves on demand.

#![forbid(unsafe_code)]

mod data;
pub mod golden;
mod gradient;
mod inputs;
pub mod program;
pub mod scripted_worker;
mod tolerance;

pub use data::{check_message, data_file, data_folder};
pub use gradient::{check_gradient, weighted_sum};
pub use inputs::values;
pub use tolerance::Tolerance;
