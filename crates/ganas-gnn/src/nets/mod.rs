//! Networks: a policy that builds graphs step by step, and two discriminators of finished graphs.

mod pair_discriminator;
mod policy;
mod rank_discriminator;

#[cfg(test)]
pub(crate) mod golden_tests;
#[cfg(test)]
mod tests;

pub use pair_discriminator::{PairDiscriminator, PairDiscriminatorCache};
pub use policy::{
    Decisions, Episodes, Policy, PolicyCache, PolicyConfig, PolicyInput, PolicyOutput, Sampler,
};
pub use rank_discriminator::{RankDiscriminator, RankDiscriminatorCache};

use crate::layers::EncoderConfig;

/// The shape of a discriminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiscriminatorConfig {
    /// The graph encoder.
    pub encoder: EncoderConfig,
    /// The width of the hidden layer of the head.
    pub head_width: usize,
}
