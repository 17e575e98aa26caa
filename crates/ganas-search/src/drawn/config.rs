//! How architectures that were not seen are drawn from a generator.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use crate::SearchError;
use crate::config_check::expect_within;

/// The configuration of draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct DrawsConfig {
    /// Draws in an attempt.
    pub pool: usize,
    /// Probability with which each decision of a draw is uniform instead of the generator's.
    pub uniform_mix: f64,
    /// Attempts at temperature 1 before it rises, since the generator draws only what was seen.
    pub patience: usize,
    /// Factor of the temperature for each further attempt.
    pub temperature_growth: f64,
    /// Attempts before the rest is drawn at random.
    pub attempts: usize,
}

impl DrawsConfig {
    /// Checks the ranges of its fields, which are those of a section `draws`.
    pub(crate) fn check(&self) -> Result<(), SearchError> {
        expect_within("draws.pool", self.pool, 1..=100_000)?;
        expect_within("draws.uniform_mix", self.uniform_mix, 0.0..=1.0)?;
        expect_within("draws.patience", self.patience, 0..=100_000)?;
        let growth = self.temperature_growth;
        expect_within("draws.temperature_growth", growth, 1.0..=10.0)?;
        expect_within("draws.attempts", self.attempts, 1..=100_000)
    }
}

impl Default for DrawsConfig {
    /// As the faithful preset of GA-NAS draws its proposals.
    fn default() -> Self {
        Self {
            pool: 32,
            uniform_mix: 0.0,
            patience: 4,
            temperature_growth: 1.15,
            attempts: 30,
        }
    }
}
