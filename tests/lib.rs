//! The examples of the README, which are tested as documentation; the tests of the command line stand beside.
//!
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
