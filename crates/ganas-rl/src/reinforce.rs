//! REINFORCE with a baseline and an entropy bonus.

use num_traits::Float;
use serde::{Deserialize, Serialize};

use crate::BaselineConfig;
use crate::number::{cast, count};

/// The configuration of REINFORCE: one step of the optimiser an update.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReinforceConfig {
    /// Weight of the policy-gradient term, 0 or more; 1 by definition, 0 leaves only imitation and the entropy bonus.
    pub policy_weight: f64,
    /// What is subtracted from the rewards; by default they are standardised over the episodes of an update.
    pub baseline: BaselineConfig,
}

impl Default for ReinforceConfig {
    fn default() -> Self {
        Self {
            policy_weight: 1.0,
            baseline: BaselineConfig::default(),
        }
    }
}

/// `n` episodes of a policy, each with one entry in every slice.
#[derive(Clone, Copy, Debug)]
pub struct ReinforceBatch<'a, T> {
    /// Log-probability of the episode: the sum over its decisions.
    pub log_probs: &'a [T],
    /// Sum of the entropies of its decisions.
    pub entropies: &'a [T],
    /// Advantage of the episode, a constant.
    pub advantages: &'a [T],
}

/// The REINFORCE loss of `n` episodes and its derivatives.
///
/// `L = -(w_p / n) sum_i A_i log p_i - (w_e / n) sum_i H_i` (Williams, "Simple statistical gradient-following
/// algorithms for connectionist reinforcement learning", 1992).
///
/// # Panics
///
/// When the slices differ in length.
pub fn reinforce_loss<T: Float>(
    config: ReinforceConfig,
    entropy_weight: f64,
    batch: ReinforceBatch<'_, T>,
    d_log_probs: &mut [T],
    d_entropies: &mut [T],
) -> T {
    let ReinforceBatch {
        log_probs,
        entropies,
        advantages,
    } = batch;
    let n = log_probs.len();
    assert!(
        [
            entropies.len(),
            advantages.len(),
            d_log_probs.len(),
            d_entropies.len()
        ] == [n; 4],
        "log-probabilities, entropies, advantages and derivatives have one entry for each episode"
    );
    if n == 0 {
        return T::zero();
    }
    let policy = cast::<T>(config.policy_weight) / count(n);
    let entropy = cast::<T>(entropy_weight) / count(n);
    let mut loss = T::zero();
    for i in 0..n {
        d_log_probs[i] = -policy * advantages[i];
        d_entropies[i] = -entropy;
        loss = loss + d_log_probs[i] * log_probs[i] + d_entropies[i] * entropies[i];
    }
    loss
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_and_derivatives() {
        let config = ReinforceConfig {
            policy_weight: 2.0,
            ..ReinforceConfig::default()
        };
        let batch = ReinforceBatch {
            log_probs: &[-1.0, -3.0],
            entropies: &[0.5, 1.5],
            advantages: &[1.0, -1.0],
        };
        let (mut d_log_probs, mut d_entropies) = ([0.0; 2], [0.0; 2]);
        let loss = reinforce_loss(config, 0.5, batch, &mut d_log_probs, &mut d_entropies);
        // -(2/2)(1·-1 + -1·-3) - (0.5/2)(0.5 + 1.5)
        assert_eq!(loss, -2.5);
        assert_eq!(d_log_probs, [-1.0, 1.0]);
        assert_eq!(d_entropies, [-0.25, -0.25]);
    }
}
