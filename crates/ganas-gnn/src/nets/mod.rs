//! Networks: a policy that builds graphs step by step, and two discriminators of finished graphs.

mod discriminator;
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

pub use discriminator::DiscriminatorConfig;
pub use edge_head::{EdgeDecisions, EdgeRows};
pub use episodes::{Decisions, Episodes};
pub use pair_discriminator::{PairDiscriminator, PairDiscriminatorCache};
pub use policy::{EdgeChoice, Policy, PolicyConfig, PolicyInput};
pub use policy_cache::{PolicyCache, PolicyOutput};
pub use rank_discriminator::{RankDiscriminator, RankDiscriminatorCache};
pub use sampler::Sampler;
