//! Layers: parameters, a forward pass that fills a cache, and a backward pass that reads it.

mod encoder;
mod gru;
mod linear;
mod refined_encoder;

#[cfg(test)]
mod golden_tests;

pub use encoder::{Encoder, EncoderCache, EncoderConfig, EncoderRows};
pub use gru::{Gru, GruCache, GruConfig, GruInput, GruInputDerivative, GruTree};
pub use linear::Linear;
pub use refined_encoder::RefinedCache;
