//! The files in which benchmarks are published, and their import into tables.
//!
//! Each benchmark has a folder with its reader, what its columns are called, and its tests. Nothing is executed, and
//! none of the readers holds a whole file.

#![forbid(unsafe_code)]

mod error;
mod fingerprint;
mod format;
#[doc(hidden)]
pub mod fuzzing;
mod import;
pub mod nasbench101;
pub mod nasbench301;
pub mod nats;
#[cfg(test)]
mod tests;

pub use error::BenchmarkError;
pub use format::PublishedFormat;
pub use import::{ImportReport, ImportRequest, import};
