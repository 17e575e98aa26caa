//! Exports for other programs: what statistical packages and viewers of experiments read.
//!
//! The record of a study, field by field, is written by [`Study::export`](ganas_store::Study::export). docs/EXPORT.md describes all of them.

mod long;
mod optuna;
mod parameters;
mod theory;

pub use long::write_long;
pub use optuna::optuna_file;
pub use theory::write_theory;
