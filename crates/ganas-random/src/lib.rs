//! Random streams that are named by what they are for.
//!
#![doc = include_str!("../README.md")]
//!
//! # Contents
//!
//! [`Stream`] is the generator, [`StreamKey`] names a stream, and [`philox4x32_10`] is the function beneath.

#![forbid(unsafe_code)]

mod philox;
mod stream;

pub use philox::philox4x32_10;
pub use stream::{Stream, StreamKey};
