//! Generalised advantage estimation.

use num_traits::Float;
use serde::{Deserialize, Serialize};

use crate::number::cast;

/// The two parameters of generalised advantage estimation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GaeConfig {
    /// Discount, from 0 to 1; 1 by default, since episodes end and are rewarded at their end.
    pub gamma: f64,
    /// Weight of longer returns, from 0, the one-step error, to 1, the Monte Carlo return; 0.95 as in Schulman et al.,
    /// 2017 (table 3).
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

/// The decisions of some episodes, each with one entry in every slice.
///
/// The decisions of an episode come in the order in which they are taken; those of different episodes may be mixed.
#[derive(Clone, Copy, Debug)]
pub struct Trajectories<'a, T> {
    /// The number of the episode that the decision belongs to.
    pub episode_of: &'a [usize],
    /// The reward for the decision.
    pub rewards: &'a [T],
    /// The value of the state in which it was taken.
    pub values: &'a [T],
}

/// Advantages and returns of episodes that end after their last decisions.
///
/// `delta_t = r_t + gamma V_{t+1} - V_t`, `A_t = delta_t + gamma lambda A_{t+1}`, `R_t = A_t + V_t`, with `V = A = 0`
/// after the end (Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage Estimation", 2016).
///
/// # Panics
///
/// When the slices differ in length.
pub fn gae<T: Float>(
    config: GaeConfig,
    trajectories: Trajectories<'_, T>,
    advantages: &mut [T],
    returns: &mut [T],
) {
    let Trajectories {
        episode_of,
        rewards,
        values,
    } = trajectories;
    let lengths = [rewards.len(), values.len(), advantages.len(), returns.len()];
    assert_eq!(
        lengths,
        [episode_of.len(); 4],
        "rewards, values, advantages and returns have one entry for each decision"
    );
    let (gamma, lambda) = (cast::<T>(config.gamma), cast::<T>(config.lambda));
    let n_episodes = episode_of.iter().max().map_or(0, |last| last + 1);
    // Of each episode, value and advantage of the decision after the one that comes next, backwards.
    let mut after = vec![(T::zero(), T::zero()); n_episodes];
    for (t, &episode) in episode_of.iter().enumerate().rev() {
        let (next_value, next_advantage) = after[episode];
        let delta = rewards[t] + gamma * next_value - values[t];
        advantages[t] = delta + gamma * lambda * next_advantage;
        returns[t] = advantages[t] + values[t];
        after[episode] = (values[t], advantages[t]);
    }
}

#[cfg(test)]
mod tests {
    use ganas_testkit::Tolerance;

    use super::*;

    /// Two episodes, of four decisions and of two, whose decisions are mixed.
    const EPISODE_OF: [usize; 6] = [0, 1, 0, 0, 1, 0];
    const REWARDS: [f64; 6] = [0.0, 0.25, 0.5, 0.0, -1.0, 2.0];
    const VALUES: [f64; 6] = [0.3, 0.4, -0.2, 0.9, -0.5, 1.0];

    fn both(config: GaeConfig) -> ([f64; 6], [f64; 6]) {
        let (mut advantages, mut returns) = ([0.0; 6], [0.0; 6]);
        let trajectories = Trajectories {
            episode_of: &EPISODE_OF,
            rewards: &REWARDS,
            values: &VALUES,
        };
        gae(config, trajectories, &mut advantages, &mut returns);
        (advantages, returns)
    }

    /// The decisions that come after `t` in its episode, `t` included.
    fn from(t: usize) -> impl Iterator<Item = usize> {
        (t..6).filter(move |&u| EPISODE_OF[u] == EPISODE_OF[t])
    }

    /// The definition as a double sum, `A_t = sum_l (gamma lambda)^l delta_{t+l}`.
    #[test]
    fn equals_the_double_sum() {
        let (gamma, lambda) = (0.9, 0.7);
        let (advantages, returns) = both(GaeConfig { gamma, lambda });
        let delta =
            |t: usize| REWARDS[t] + gamma * from(t).nth(1).map_or(0.0, |u| VALUES[u]) - VALUES[t];
        let expected: [f64; 6] = std::array::from_fn(|t| {
            let weighted = from(t)
                .zip(0..)
                .map(|(u, l)| (gamma * lambda).powi(l) * delta(u));
            weighted.sum()
        });
        Tolerance::F64.check("advantages", &advantages, &expected);
        let expected: Vec<f64> = expected.iter().zip(VALUES).map(|(a, v)| a + v).collect();
        Tolerance::F64.check("returns", &returns, &expected);
    }

    #[test]
    fn lambda_1_is_the_monte_carlo_return() {
        let (_, returns) = both(GaeConfig {
            gamma: 1.0,
            lambda: 1.0,
        });
        let expected: [f64; 6] = std::array::from_fn(|t| from(t).map(|u| REWARDS[u]).sum());
        Tolerance::F64.check("returns", &returns, &expected);
    }
}
