//! What is made of runs once they have ended: records, statistics and tables.
//!
//! [`records`] has the record of a search as the command line prints it with `--json`, which programs read back with the
//! same types. [`statistics`] has what is said about the numbers of many runs, and [`tables`] turns both into text,
//! Markdown and CSV. This crate prints nothing and reads no clock: it returns values and strings.

#![forbid(unsafe_code)]

mod error;
pub mod records;
pub mod statistics;
pub mod tables;

pub use error::ReportError;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
