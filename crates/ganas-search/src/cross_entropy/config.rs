//! The settings of the cross-entropy method.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use crate::config_check::{expect, expect_within};
use crate::ga_nas::GeneratorConfig;
use crate::{DrawsConfig, SearchError};

/// The configuration of the cross-entropy method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct CrossEntropyConfig {
    /// Architectures drawn uniformly over classes and evaluated before the first round.
    pub initial_designs: usize,
    /// Architectures evaluated in each round.
    pub batch: usize,
    /// Size of the truth set, the best architectures so far, to which the generator is fitted; at most half of them.
    pub truth_set: usize,
    /// Steps of the fit in a round.
    pub steps: usize,
    /// The generator, that of ga-nas; of its weights only `imitation_weight` has an effect.
    pub generator: GeneratorConfig,
    /// How what is evaluated is drawn from it.
    pub draws: DrawsConfig,
}

impl CrossEntropyConfig {
    /// Checks ranges and combinations.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], naming the field and what was expected.
    pub fn check(&self) -> Result<(), SearchError> {
        for (field, value) in [
            ("initial_designs", self.initial_designs),
            ("batch", self.batch),
            ("truth_set", self.truth_set),
            ("steps", self.steps),
        ] {
            expect_within(field, value, 1..=100_000)?;
        }
        self.generator.check()?;
        self.draws.check()?;
        let weight = self.generator.imitation_weight;
        let field = "generator.imitation_weight";
        expect(field, weight > 0.0, weight, "above 0, or nothing is learnt")
    }
}

impl Default for CrossEntropyConfig {
    /// The sizes of the improved preset of GA-NAS, and twice its inner iterations as steps.
    fn default() -> Self {
        Self {
            initial_designs: 20,
            batch: 10,
            truth_set: 15,
            steps: 20,
            generator: GeneratorConfig {
                policy_weight: 0.0,
                entropy_weight: 0.0,
                imitation_weight: 1.0,
                ..GeneratorConfig::recipe()
            },
            draws: DrawsConfig::default(),
        }
    }
}
