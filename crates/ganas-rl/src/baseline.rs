//! Baselines: from rewards to advantages.

use num_traits::Float;
use serde::{Deserialize, Serialize};

use crate::number::{cast, count, wide};

/// Which baseline is subtracted from the rewards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaselineConfig {
    /// `(reward - mean) / (std + 1e-6)` over the batch, with the population standard deviation.
    #[default]
    Standardised,
    /// `reward - b`, where `b` is the exponential moving average of the batch means, `b <- decay b + (1 - decay) mean`.
    MovingAverage {
        /// The weight of the old average, in `[0, 1)`.
        decay: f64,
    },
}

/// A baseline and its state.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    config: BaselineConfig,
    average: Option<f64>,
}

impl Baseline {
    /// A baseline that has seen nothing.
    #[must_use]
    pub fn new(config: BaselineConfig) -> Self {
        Self {
            config,
            average: None,
        }
    }

    /// Writes the advantage of each reward, and updates the moving average, if there is one.
    ///
    /// The first batch of a moving average is its own baseline.
    ///
    /// # Panics
    ///
    /// When the slices differ in length.
    pub fn advantages<T: Float>(&mut self, rewards: &[T], advantages: &mut [T]) {
        assert_eq!(
            rewards.len(),
            advantages.len(),
            "one advantage for each reward"
        );
        if rewards.is_empty() {
            return;
        }
        let (mean, deviation) = mean_and_deviation(rewards);
        let (baseline, scale) = match self.config {
            BaselineConfig::Standardised => (mean, 1.0 / (deviation + 1e-6)),
            BaselineConfig::MovingAverage { decay } => {
                let baseline = self.average.unwrap_or(mean);
                self.average = Some(decay * baseline + (1.0 - decay) * mean);
                (baseline, 1.0)
            }
        };
        for (advantage, &reward) in advantages.iter_mut().zip(rewards) {
            *advantage = cast((wide(reward) - baseline) * scale);
        }
    }
}

/// The mean and the population standard deviation, summed in f64.
fn mean_and_deviation<T: Float>(values: &[T]) -> (f64, f64) {
    let n = count::<f64>(values.len());
    let mean = values.iter().map(|&v| wide(v)).sum::<f64>() / n;
    let variance = values
        .iter()
        .map(|&v| (wide(v) - mean).powi(2))
        .sum::<f64>()
        / n;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standardised_advantages_have_mean_0_and_deviation_1() {
        let mut advantages = [0.0_f64; 4];
        Baseline::new(BaselineConfig::Standardised)
            .advantages(&[1.0, 2.0, 3.0, 6.0], &mut advantages);
        let (mean, deviation) = mean_and_deviation(&advantages);
        assert!(
            mean.abs() < 1e-12 && (deviation - 1.0).abs() < 1e-5,
            "{mean} {deviation}"
        );
    }

    #[test]
    fn equal_rewards_have_no_advantage() {
        let mut advantages = [9.0_f32; 3];
        Baseline::new(BaselineConfig::Standardised).advantages(&[0.5; 3], &mut advantages);
        assert_eq!(advantages, [0.0; 3]);
    }

    #[test]
    fn moving_average_follows_the_batch_means() {
        let mut baseline = Baseline::new(BaselineConfig::MovingAverage { decay: 0.5 });
        let mut advantages = [0.0_f64; 2];
        for (rewards, expected) in [
            ([1.0, 3.0], [-1.0, 1.0]),
            ([4.0, 4.0], [2.0, 2.0]),
            ([3.0, 3.0], [0.0, 0.0]),
        ] {
            baseline.advantages(&rewards, &mut advantages);
            assert_eq!(advantages, expected);
        }
    }
}
