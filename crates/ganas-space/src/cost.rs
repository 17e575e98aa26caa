//! What a network costs before anything is trained.

use serde::{Deserialize, Serialize};

/// Costs in closed form of the network that an architecture stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Trainable parameters.
    pub parameters: u64,
    /// Floating-point operations of one forward pass, counted as the space's official interface counts them.
    pub flops: u64,
}
