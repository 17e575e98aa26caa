//! REINFORCE with a baseline and an entropy bonus, and the imitation term.

use num_traits::Float;
use serde::{Deserialize, Serialize};

use crate::advantage::{cast, count};

/// The weights of the REINFORCE loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReinforceConfig {
    /// Weight of the policy-gradient term.
    pub policy_weight: f64,
    /// Weight of the entropy bonus.
    pub entropy_weight: f64,
}

/// The REINFORCE loss of `n` episodes and its derivatives.
///
/// `L = -(w_p / n) sum_i A_i log p_i - (w_e / n) sum_i H_i` (Williams, "Simple statistical gradient-following
/// algorithms for connectionist reinforcement learning", 1992).
/// `log_probs`, `entropies` and `advantages` have one entry for each episode; advantages are constants.
///
/// # Panics
///
/// When the slices differ in length.
pub fn reinforce_loss<T: Float>(
    config: ReinforceConfig,
    log_probs: &[T],
    entropies: &[T],
    advantages: &[T],
    d_log_probs: &mut [T],
    d_entropies: &mut [T],
) -> T {
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
    let entropy = cast::<T>(config.entropy_weight) / count(n);
    let mut loss = T::zero();
    for i in 0..n {
        d_log_probs[i] = -policy * advantages[i];
        d_entropies[i] = -entropy;
        loss = loss + d_log_probs[i] * log_probs[i] + d_entropies[i] * entropies[i];
    }
    loss
}

/// The imitation loss `L = -(weight / n) sum_i log p_i` of `n` episodes to be imitated: the cross-entropy of the policy
/// relative to their empirical distribution, up to a constant.
///
/// # Panics
///
/// When the slices differ in length.
pub fn imitation_loss<T: Float>(weight: f64, log_probs: &[T], d_log_probs: &mut [T]) -> T {
    let n = log_probs.len();
    assert_eq!(d_log_probs.len(), n, "one derivative for each episode");
    if n == 0 {
        return T::zero();
    }
    let slope = -cast::<T>(weight) / count(n);
    d_log_probs.fill(slope);
    log_probs
        .iter()
        .fold(T::zero(), |loss, &log_prob| loss + slope * log_prob)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Stream, StreamKey};

    #[test]
    fn loss_and_derivatives() {
        let config = ReinforceConfig {
            policy_weight: 2.0,
            entropy_weight: 0.5,
        };
        let (mut d_log_probs, mut d_entropies) = ([0.0; 2], [0.0; 2]);
        let loss = reinforce_loss(
            config,
            &[-1.0, -3.0],
            &[0.5, 1.5],
            &[1.0, -1.0],
            &mut d_log_probs,
            &mut d_entropies,
        );
        // -(2/2)(1·-1 + -1·-3) - (0.5/2)(0.5 + 1.5)
        assert_eq!(loss, -2.5);
        assert_eq!(d_log_probs, [-1.0, 1.0]);
        assert_eq!(d_entropies, [-0.25, -0.25]);
    }

    #[test]
    fn imitation_is_the_weighted_mean() {
        let mut d_log_probs = [0.0; 2];
        assert_eq!(imitation_loss(0.5, &[-1.0, -3.0], &mut d_log_probs), 1.0);
        assert_eq!(d_log_probs, [-0.25, -0.25]);
    }

    /// On a two-armed bandit with a softmax policy, descending the loss of sampled pulls finds the better arm.
    #[test]
    fn learns_a_bandit() {
        let config = ReinforceConfig {
            policy_weight: 1.0,
            entropy_weight: 0.0,
        };
        let mut stream = Stream::new(StreamKey {
            seed: 1,
            purpose: 0,
            iteration: 0,
            item: 0,
            step: 0,
        });
        let mut logit = 0.0_f64;
        for _ in 0..300 {
            let p = 1.0 / (1.0 + (-logit).exp());
            // Arm 1 pays 1 and arm 0 nothing; the baseline is 1/2.
            let (log_p, advantage, d_log_p_d_logit) = if f64::from(stream.uniform()) < p {
                (p.ln(), 0.5, 1.0 - p)
            } else {
                ((1.0 - p).ln(), -0.5, -p)
            };
            let mut d_log_p = [0.0];
            reinforce_loss(
                config,
                &[log_p],
                &[0.0],
                &[advantage],
                &mut d_log_p,
                &mut [0.0],
            );
            logit -= 0.5 * d_log_p[0] * d_log_p_d_logit;
        }
        assert!(logit > 2.0, "{logit}");
    }
}
