//! What an architecture costs before anything is trained.

use serde::{Deserialize, Serialize};

use crate::arch::Arch;
use crate::decisions::Partial;

/// Costs in closed form of the network that an architecture stands for, as far as they are known.
///
/// What is known of one architecture of a space is known of all of them; what is not known is `None`, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Trainable parameters.
    pub parameters: Option<u64>,
    /// Floating-point operations of one forward pass, counted as the space's official interface counts them.
    pub flops: Option<u64>,
}

impl Cost {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        parameters: None,
        flops: None,
    };

    /// Both are known.
    #[must_use]
    pub fn new(parameters: u64, flops: u64) -> Self {
        Self {
            parameters: Some(parameters),
            flops: Some(flops),
        }
    }
}

/// What is still open in a partial architecture, as far as costs are concerned; see [`Costs::cost_state`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CostState(pub Vec<u64>);

/// The costs of the architectures of a space; the same for all members of a class, unless the space says otherwise.
pub trait Costs {
    /// Parameters and FLOPs in closed form, as far as they are known.
    fn cost(&self, arch: &Arch) -> Cost;

    /// The names of further costs in closed form, such as a latency that is summed up from a table.
    fn named_costs(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The further cost with this name, when there is one, and it is a finite number.
    fn named_cost(&self, name: &str, arch: &Arch) -> Option<f64> {
        let _ = (name, arch);
        None
    }

    /// What is still open in a partial architecture, as far as costs are concerned.
    ///
    /// Two partial architectures with equally many decisions and equal states have the same legal sequences of actions
    /// before them, and each of these adds as much to the costs of the one as of the other.
    /// `None` where costs are no sums of this kind, so that they cannot be bounded before the end.
    fn cost_state(&self, partial: &Partial) -> Option<CostState> {
        let _ = partial;
        None
    }
}
