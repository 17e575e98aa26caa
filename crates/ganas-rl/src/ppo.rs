//! PPO with a clipped surrogate, a value loss and an entropy bonus.

use num_traits::Float;
use serde::{Deserialize, Serialize};

use crate::advantage::{cast, count};

/// The weights of the PPO loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PpoConfig {
    /// The ratio of new to old probability is clipped to `[1 - clip, 1 + clip]`.
    pub clip: f64,
    /// Weight of the value loss.
    pub value_weight: f64,
    /// Weight of the entropy bonus.
    pub entropy_weight: f64,
}

impl Default for PpoConfig {
    fn default() -> Self {
        Self {
            clip: 0.2,
            value_weight: 0.5,
            entropy_weight: 0.01,
        }
    }
}

/// `n` decisions of a policy, each with one entry in every slice.
#[derive(Clone, Copy, Debug)]
pub struct PpoBatch<'a, T> {
    /// Log-probability of the action under the policy that is trained.
    pub log_probs: &'a [T],
    /// Log-probability of the action under the policy that drew it.
    pub old_log_probs: &'a [T],
    /// Advantage of the action, a constant.
    pub advantages: &'a [T],
    /// Value of the state as the critic sees it now.
    pub values: &'a [T],
    /// Return from the state, a constant.
    pub returns: &'a [T],
    /// Entropy of the decision.
    pub entropies: &'a [T],
}

/// Where the derivatives of the PPO loss are written, one entry for each decision.
#[derive(Debug)]
pub struct PpoDerivatives<'a, T> {
    /// Derivative with respect to `log_probs`.
    pub d_log_probs: &'a mut [T],
    /// Derivative with respect to `values`.
    pub d_values: &'a mut [T],
    /// Derivative with respect to `entropies`.
    pub d_entropies: &'a mut [T],
}

/// The PPO loss and its derivatives.
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
    batch: PpoBatch<'_, T>,
    out: PpoDerivatives<'_, T>,
) -> T {
    let n = batch.log_probs.len();
    let PpoBatch {
        log_probs,
        old_log_probs,
        advantages,
        values,
        returns,
        entropies,
    } = batch;
    let lengths = [
        old_log_probs.len(),
        advantages.len(),
        values.len(),
        returns.len(),
        entropies.len(),
    ];
    let out_lengths = [
        out.d_log_probs.len(),
        out.d_values.len(),
        out.d_entropies.len(),
    ];
    assert!(
        lengths == [n; 5] && out_lengths == [n; 3],
        "every slice has one entry for each decision"
    );
    if n == 0 {
        return T::zero();
    }
    let scale = T::one() / count(n);
    let (low, high) = (cast::<T>(1.0 - config.clip), cast::<T>(1.0 + config.clip));
    let (value_weight, entropy_weight) = (
        cast::<T>(config.value_weight),
        cast::<T>(config.entropy_weight),
    );
    let two = cast::<T>(2.0);
    let mut loss = T::zero();
    for i in 0..n {
        let ratio = (log_probs[i] - old_log_probs[i]).exp();
        let free = ratio * advantages[i];
        let clipped = ratio.max(low).min(high) * advantages[i];
        let (surrogate, slope) = if free <= clipped {
            (free, free)
        } else {
            (clipped, T::zero())
        };
        let error = values[i] - returns[i];
        loss = loss
            + scale * (-surrogate + value_weight * error * error - entropy_weight * entropies[i]);
        out.d_log_probs[i] = -scale * slope;
        out.d_values[i] = scale * value_weight * two * error;
        out.d_entropies[i] = -scale * entropy_weight;
    }
    loss
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: PpoConfig = PpoConfig {
        clip: 0.2,
        value_weight: 0.5,
        entropy_weight: 0.03,
    };

    fn loss(log_probs: &[f64], values: &[f64], entropies: &[f64], d: &mut [[f64; 6]; 3]) -> f64 {
        let [d_log_probs, d_values, d_entropies] = d;
        ppo_loss(
            CONFIG,
            PpoBatch {
                log_probs,
                old_log_probs: &[-1.0, -0.5, -2.0, -1.0, -1.0, -3.0],
                advantages: &[1.0, -1.0, 0.5, -2.0, 1.5, 0.0],
                values,
                returns: &[0.1, 0.2, -0.3, 0.0, 1.0, -1.0],
                entropies,
            },
            PpoDerivatives {
                d_log_probs,
                d_values,
                d_entropies,
            },
        )
    }

    /// Decisions inside the clip range, above and below it, with advantages of either sign.
    #[test]
    fn derivatives_equal_central_differences() {
        let log_probs = [-1.05, -0.45, -1.0, -0.2, -2.0, -3.0];
        let values = [0.0, 0.3, 0.5, -0.5, 0.7, 0.9];
        let entropies = [1.0, 0.5, 0.2, 1.1, 0.9, 0.3];
        let mut d = [[0.0; 6]; 3];
        loss(&log_probs, &values, &entropies, &mut d);
        let mut unused = [[0.0; 6]; 3];
        for i in 0..6 {
            for (input, analytic) in d.iter().enumerate() {
                let mut at = |step: f64| {
                    let mut inputs = [log_probs, values, entropies];
                    inputs[input][i] += step;
                    loss(&inputs[0], &inputs[1], &inputs[2], &mut unused)
                };
                let numeric = (at(1e-6) - at(-1e-6)) / 2e-6;
                assert!(
                    (numeric - analytic[i]).abs() < 1e-8,
                    "input {input}, decision {i}"
                );
            }
        }
    }

    #[test]
    fn clipped_decisions_do_not_push_the_policy() {
        let mut d = [[0.0; 6]; 3];
        // Decision 2: ratio e > 1.2 and advantage > 0; decision 1: ratio 0.6 < 0.8 and advantage < 0.
        loss(
            &[-1.0, -1.0, -1.0, -1.0, -1.0, -3.0],
            &[0.0; 6],
            &[0.0; 6],
            &mut d,
        );
        assert_eq!([d[0][1], d[0][2]], [0.0, 0.0]);
        assert_eq!(d[0][0], -1.0 / 6.0);
    }
}
