//! What the two discriminators have in common.

use crate::layers::EncoderConfig;

/// The shape of a discriminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiscriminatorConfig {
    /// The graph encoder.
    pub encoder: EncoderConfig,
    /// The width of the hidden layer of the head.
    pub head_width: usize,
}
