//! PPO with a clipped surrogate, a value loss and an entropy bonus.

use num_traits::Float;
use serde::{Deserialize, Serialize};

use crate::number::{cast, count};
use crate::{Decisions, GaeConfig};

/// The configuration of PPO.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PpoConfig {
    /// Steps of the optimiser on the episodes of an update, 1 or more; 4, between the 3 and the 10 of Schulman et al.,
    /// 2017 (tables 5 and 3).
    pub epochs: usize,
    /// The ratio of new to old probability is clipped to `[1 - clip, 1 + clip]`, between 0 and 1; 0.2 was the best of
    /// Schulman et al., 2017 (table 1).
    pub clip: f64,
    /// Weight of the squared error of the values, 0 or more; 0.5 as in the implementation of OpenAI Baselines (`vf_coef`).
    pub value_weight: f64,
    /// How advantages and returns follow from rewards and values.
    pub gae: GaeConfig,
}

impl Default for PpoConfig {
    fn default() -> Self {
        Self {
            epochs: 4,
            clip: 0.2,
            value_weight: 0.5,
            gae: GaeConfig::default(),
        }
    }
}

/// `n` decisions of a policy, each with one entry in every slice.
#[derive(Clone, Copy, Debug)]
pub struct PpoBatch<'a, T> {
    /// What the policy that is trained says of them.
    pub decisions: &'a Decisions<T>,
    /// Log-probability of each action under the policy that drew it, a constant.
    pub old_log_probs: &'a [T],
    /// Advantage of each action, a constant.
    pub advantages: &'a [T],
    /// Return from each state, a constant.
    pub returns: &'a [T],
}

/// The PPO loss; writes its derivatives with respect to what the policy says.
///
/// `L = (1/n) sum_i [ -min(r_i A_i, clip(r_i, 1-c, 1+c) A_i) + w_v (V_i - R_i)^2 - w_e H_i ]`, `r_i = exp(log p_i - log
/// p_i^old)` (Schulman et al., "Proximal Policy Optimization Algorithms", 2017).
/// Where the clipped term is the smaller one, the derivative with respect to `log p_i` is 0.
///
/// # Panics
///
/// When the slices differ in length.
pub fn ppo_loss<T: Float>(
    config: PpoConfig,
    entropy_weight: f64,
    batch: PpoBatch<'_, T>,
    d_decisions: &mut Decisions<T>,
) -> T {
    let PpoBatch {
        decisions,
        old_log_probs,
        advantages,
        returns,
    } = batch;
    let n = old_log_probs.len();
    decisions.expect_len(n);
    assert_eq!(
        [advantages.len(), returns.len()],
        [n; 2],
        "every slice has one entry for each decision"
    );
    d_decisions.clear(n);
    if n == 0 {
        return T::zero();
    }
    let scale = T::one() / count(n);
    let (low, high) = (cast::<T>(1.0 - config.clip), cast::<T>(1.0 + config.clip));
    let (value_weight, entropy_weight) =
        (cast::<T>(config.value_weight), cast::<T>(entropy_weight));
    let two = cast::<T>(2.0);
    let mut loss = T::zero();
    for i in 0..n {
        let ratio = (decisions.log_probs[i] - old_log_probs[i]).exp();
        let free = ratio * advantages[i];
        let clipped = ratio.max(low).min(high) * advantages[i];
        let (surrogate, slope) = if free <= clipped {
            (free, free)
        } else {
            (clipped, T::zero())
        };
        let error = decisions.values[i] - returns[i];
        let bonus = entropy_weight * decisions.entropies[i];
        loss = loss + scale * (-surrogate + value_weight * error * error - bonus);
        d_decisions.log_probs[i] = -scale * slope;
        d_decisions.values[i] = scale * value_weight * two * error;
        d_decisions.entropies[i] = -scale * entropy_weight;
    }
    loss
}

#[cfg(test)]
mod tests {
    use ganas_testkit::check_gradient;

    use super::*;

    fn loss(x: &Decisions<f64>) -> (f64, Decisions<f64>) {
        let batch = PpoBatch {
            decisions: x,
            old_log_probs: &[-1.0, -0.5, -2.0, -1.0, -1.0, -3.0],
            advantages: &[1.0, -1.0, 0.5, -2.0, 1.5, 0.0],
            returns: &[0.1, 0.2, -0.3, 0.0, 1.0, -1.0],
        };
        let mut d = Decisions::default();
        let loss = ppo_loss(PpoConfig::default(), 0.03, batch, &mut d);
        (loss, d)
    }

    /// Decisions inside the clip range, above and below it, with advantages of either sign.
    #[test]
    fn derivatives_equal_central_differences() {
        let x = Decisions {
            log_probs: vec![-1.05, -0.45, -1.0, -0.2, -2.0, -3.0],
            values: vec![0.0, 0.3, 0.5, -0.5, 0.7, 0.9],
            entropies: vec![1.0, 0.5, 0.2, 1.1, 0.9, 0.3],
        };
        let (_, d) = loss(&x);
        check_gradient(
            "PPO by log-probabilities",
            &x.log_probs,
            &d.log_probs,
            |moved| {
                let log_probs = moved.to_vec();
                loss(&Decisions {
                    log_probs,
                    ..x.clone()
                })
                .0
            },
        );
        check_gradient("PPO by values", &x.values, &d.values, |moved| {
            let values = moved.to_vec();
            loss(&Decisions {
                values,
                ..x.clone()
            })
            .0
        });
        check_gradient("PPO by entropies", &x.entropies, &d.entropies, |moved| {
            let entropies = moved.to_vec();
            loss(&Decisions {
                entropies,
                ..x.clone()
            })
            .0
        });
    }

    #[test]
    fn clipped_decisions_do_not_push_the_policy() {
        // Decision 2: ratio e > 1.2 and advantage > 0; decision 1: ratio 0.6 < 0.8 and advantage < 0.
        let (_, d) = loss(&Decisions {
            log_probs: vec![-1.0, -1.0, -1.0, -1.0, -1.0, -3.0],
            values: vec![0.0; 6],
            entropies: vec![0.0; 6],
        });
        assert_eq!([d.log_probs[1], d.log_probs[2]], [0.0, 0.0]);
        assert_eq!(d.log_probs[0], -1.0 / 6.0);
    }
}
