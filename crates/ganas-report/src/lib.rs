//! What is made of runs: while they go on, and once they have ended.
//!
//! [`live`] has what is shown of a search that goes on. [`records`] has the record of a search as the command line prints it
//! with `--json`, which programs read back with the same types. [`statistics`] has what is said about the numbers of many
//! runs, [`comparison`] compares searchers with it, and [`tables`] turns both into text, Markdown and CSV. [`escape`] keeps a terminal from obeying what others wrote.
//! This crate prints nothing and reads no clock: times are arguments, and it returns values and strings.

#![forbid(unsafe_code)]

pub mod comparison;
mod error;
pub mod escape;
pub mod live;
pub mod records;
pub mod statistics;
pub mod tables;

pub use error::ReportError;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
