//! Networks: a policy that builds graphs step by step, and two discriminators of finished graphs.

mod edge_head;
mod episodes;
mod pair_discriminator;
mod policy;
mod policy_cache;
mod prefix_tree;
mod rank_discriminator;
mod sampler;

#[cfg(test)]
pub(crate) mod golden_tests;
#[cfg(test)]
mod tests;

pub use edge_head::{EdgeDecisions, EdgeRows};
pub use episodes::{Decisions, Episodes};
pub use pair_discriminator::{PairDiscriminator, PairDiscriminatorCache};
pub use policy::{EdgeChoice, Policy, PolicyConfig, PolicyInput};
pub use policy_cache::{PolicyCache, PolicyOutput};
pub use rank_discriminator::{RankDiscriminator, RankDiscriminatorCache};
pub use sampler::Sampler;

use crate::layers::EncoderConfig;

/// The shape of a discriminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiscriminatorConfig {
    /// The graph encoder.
    pub encoder: EncoderConfig,
    /// The width of the hidden layer of the head.
    pub head_width: usize,
}
