//! Generalised advantage estimation.

use num_traits::Float;
use serde::{Deserialize, Serialize};

use crate::advantage::cast;

/// The two parameters of generalised advantage estimation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaeConfig {
    /// Discount, in `[0, 1]`; 1 for episodes that are rewarded at their end.
    pub gamma: f64,
    /// Weight of longer returns, in `[0, 1]`: 0 is the one-step error, 1 the Monte Carlo return.
    pub lambda: f64,
}

impl Default for GaeConfig {
    fn default() -> Self {
        Self {
            gamma: 1.0,
            lambda: 0.95,
        }
    }
}

/// Advantages and returns of one episode that ends after its last step.
///
/// `delta_t = r_t + gamma V_{t+1} - V_t`, `A_t = delta_t + gamma lambda A_{t+1}`, `R_t = A_t + V_t`, with `V = A = 0`
/// after the end (Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage Estimation", 2016).
/// All slices have one entry for each step.
///
/// # Panics
///
/// When the slices differ in length.
pub fn gae<T: Float>(
    config: GaeConfig,
    rewards: &[T],
    values: &[T],
    advantages: &mut [T],
    returns: &mut [T],
) {
    let n = rewards.len();
    assert!(
        values.len() == n && advantages.len() == n && returns.len() == n,
        "rewards, values, advantages and returns have one entry for each step"
    );
    let (gamma, lambda) = (cast::<T>(config.gamma), cast::<T>(config.lambda));
    let (mut next_value, mut next_advantage) = (T::zero(), T::zero());
    for t in (0..n).rev() {
        let delta = rewards[t] + gamma * next_value - values[t];
        next_advantage = delta + gamma * lambda * next_advantage;
        next_value = values[t];
        advantages[t] = next_advantage;
        returns[t] = next_advantage + values[t];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REWARDS: [f64; 4] = [0.0, 0.5, 0.0, 2.0];
    const VALUES: [f64; 4] = [0.3, -0.2, 0.9, 1.0];

    /// The definition as a double sum, `A_t = sum_l (gamma lambda)^l delta_{t+l}`.
    #[test]
    fn equals_the_double_sum() {
        let config = GaeConfig {
            gamma: 0.9,
            lambda: 0.7,
        };
        let (mut advantages, mut returns) = ([0.0; 4], [0.0; 4]);
        gae(config, &REWARDS, &VALUES, &mut advantages, &mut returns);
        let delta = |t: usize| REWARDS[t] + 0.9 * VALUES.get(t + 1).unwrap_or(&0.0) - VALUES[t];
        for t in 0..4 {
            let expected: f64 = (t..4)
                .zip(0..)
                .map(|(u, l)| 0.63_f64.powi(l) * delta(u))
                .sum();
            assert!((advantages[t] - expected).abs() < 1e-12);
            assert!((returns[t] - expected - VALUES[t]).abs() < 1e-12);
        }
    }

    #[test]
    fn lambda_1_is_the_monte_carlo_return() {
        let (mut advantages, mut returns) = ([0.0; 4], [0.0; 4]);
        gae(
            GaeConfig {
                gamma: 1.0,
                lambda: 1.0,
            },
            &REWARDS,
            &VALUES,
            &mut advantages,
            &mut returns,
        );
        for (t, value) in returns.iter().enumerate() {
            assert!((value - REWARDS[t..].iter().sum::<f64>()).abs() < 1e-12);
        }
    }
}
