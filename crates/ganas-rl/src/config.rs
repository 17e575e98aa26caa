//! What can be chosen of a trainer.

use serde::{Deserialize, Serialize};

use crate::{BaselineConfig, PpoConfig, ReinforceConfig};

/// The configuration of a [`Trainer`](crate::Trainer).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainerConfig {
    /// How the policy learns from its rewards; REINFORCE by default, which has the fewest settings.
    pub algorithm: Algorithm,
    /// Weight of the entropy bonus, 0 or more: the mean over episodes of the sum over their decisions, in nats; 0.01 as in
    /// Mnih et al., "Asynchronous Methods for Deep Reinforcement Learning", 2016.
    pub entropy_weight: f64,
    /// Weight of the log-likelihood of episodes to imitate, 0 or more; 1, so that such episodes count when there are any.
    pub imitation_weight: f64,
    /// Learning rate of the policy's optimiser, above 0; 3e-4 is that of PPO with Adam (Schulman et al., 2017, table 3).
    pub learning_rate: f64,
    /// Gradients with a larger norm are scaled down to it, above 0; `None`, the default, leaves them alone (Pascanu,
    /// Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013).
    pub max_gradient_norm: Option<f64>,
}

impl Default for TrainerConfig {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Reinforce(ReinforceConfig::default()),
            entropy_weight: 0.01,
            imitation_weight: 1.0,
            learning_rate: 3e-4,
            max_gradient_norm: None,
        }
    }
}

/// How a policy learns from its rewards.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// REINFORCE with a baseline: one step an update.
    Reinforce(ReinforceConfig),
    /// PPO with a clipped ratio and generalised advantage estimation: several epochs an update.
    Ppo(PpoConfig),
}

/// A field of a configuration that is out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field}: found {found}, expected {expected}")]
pub struct ConfigError {
    /// The field, with those that it lies in.
    pub field: &'static str,
    /// What it holds.
    pub found: f64,
    /// What it may hold.
    pub expected: &'static str,
}

impl TrainerConfig {
    /// Checks the ranges of all fields.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first field that is out of its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        not_negative("entropy_weight", self.entropy_weight)?;
        not_negative("imitation_weight", self.imitation_weight)?;
        positive("learning_rate", self.learning_rate)?;
        positive(
            "max_gradient_norm",
            self.max_gradient_norm.unwrap_or(f64::MAX),
        )?;
        match self.algorithm {
            Algorithm::Reinforce(reinforce) => {
                not_negative("reinforce.policy_weight", reinforce.policy_weight)?;
                match reinforce.baseline {
                    BaselineConfig::Standardised => Ok(()),
                    BaselineConfig::MovingAverage { decay } => expect(
                        "reinforce.baseline.decay",
                        decay,
                        (0.0..1.0).contains(&decay),
                        "from 0 to 1, without 1",
                    ),
                }
            }
            Algorithm::Ppo(ppo) => {
                if ppo.epochs == 0 {
                    return expect("ppo.epochs", 0.0, false, "1 or more");
                }
                let between = ppo.clip > 0.0 && ppo.clip < 1.0;
                expect("ppo.clip", ppo.clip, between, "between 0 and 1")?;
                not_negative("ppo.value_weight", ppo.value_weight)?;
                share("ppo.gae.gamma", ppo.gae.gamma)?;
                share("ppo.gae.lambda", ppo.gae.lambda)
            }
        }
    }
}

fn not_negative(field: &'static str, found: f64) -> Result<(), ConfigError> {
    let holds = found >= 0.0 && found.is_finite();
    expect(field, found, holds, "0 or more")
}

fn positive(field: &'static str, found: f64) -> Result<(), ConfigError> {
    let holds = found > 0.0 && found.is_finite();
    expect(field, found, holds, "above 0")
}

fn share(field: &'static str, found: f64) -> Result<(), ConfigError> {
    expect(field, found, (0.0..=1.0).contains(&found), "from 0 to 1")
}

fn expect(
    field: &'static str,
    found: f64,
    holds: bool,
    expected: &'static str,
) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    Err(ConfigError {
        field,
        found,
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GaeConfig;

    #[test]
    fn bad_fields_are_named() {
        let reinforce = TrainerConfig::default();
        let ppo = |ppo| TrainerConfig {
            algorithm: Algorithm::Ppo(ppo),
            ..reinforce
        };
        let usual = PpoConfig::default();
        assert_eq!(reinforce.check(), Ok(()));
        assert_eq!(ppo(usual).check(), Ok(()));
        let baseline = BaselineConfig::MovingAverage { decay: 1.0 };
        for (config, field) in [
            (
                TrainerConfig {
                    learning_rate: f64::NAN,
                    ..reinforce
                },
                "learning_rate",
            ),
            (
                TrainerConfig {
                    max_gradient_norm: Some(0.0),
                    ..reinforce
                },
                "max_gradient_norm",
            ),
            (
                TrainerConfig {
                    algorithm: Algorithm::Reinforce(ReinforceConfig {
                        baseline,
                        ..ReinforceConfig::default()
                    }),
                    ..reinforce
                },
                "reinforce.baseline.decay",
            ),
            (ppo(PpoConfig { epochs: 0, ..usual }), "ppo.epochs"),
            (ppo(PpoConfig { clip: 1.0, ..usual }), "ppo.clip"),
            (
                ppo(PpoConfig {
                    gae: GaeConfig {
                        gamma: 1.0,
                        lambda: 1.5,
                    },
                    ..usual
                }),
                "ppo.gae.lambda",
            ),
        ] {
            let error = config.check().map_err(|error| error.field);
            assert_eq!(error, Err(field), "{config:?}");
        }
    }
}
