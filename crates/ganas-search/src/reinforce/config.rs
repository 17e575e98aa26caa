//! The settings of REINFORCE.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use crate::config_check::{expect, expect_within};
use crate::ga_nas::GeneratorConfig;
use crate::{DrawsConfig, SearchError};

/// The configuration of REINFORCE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct ReinforceConfig {
    /// Draws of the generator that it learns from together; those that were drawn before count with the value that they had.
    pub batch: usize,
    /// The generator, that of ga-nas; its `imitation_weight` has no effect.
    pub generator: GeneratorConfig,
    /// How what is evaluated is drawn from it.
    pub draws: DrawsConfig,
}

impl ReinforceConfig {
    /// Checks ranges and combinations.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], naming the field and what was expected.
    pub fn check(&self) -> Result<(), SearchError> {
        expect_within("batch", self.batch, 1..=100_000)?;
        self.generator.check()?;
        self.draws.check()?;
        let weight = self.generator.policy_weight;
        let field = "generator.policy_weight";
        expect(field, weight > 0.0, weight, "above 0, or nothing is learnt")
    }
}

impl Default for ReinforceConfig {
    /// Rewards are standardised over ten draws, since metrics differ in scale; the learning rate is that of NATS-Bench, the
    /// weight of the entropy keeps it from drawing soon only what it knows, and the rest is the recipe of GA-NAS.
    fn default() -> Self {
        Self {
            batch: 10,
            generator: GeneratorConfig {
                learning_rate: 1e-2,
                entropy_weight: 0.3,
                ..GeneratorConfig::recipe()
            },
            draws: DrawsConfig {
                pool: 10,
                ..DrawsConfig::default()
            },
        }
    }
}
