//! The settings of the published local search.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use crate::SearchError;
use crate::config_check::expect_within;

/// Where a walk goes from a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stride {
    /// To the best of all neighbours, once all of them are evaluated.
    BestNeighbour,
    /// To the first neighbour that is better.
    FirstImprovement,
}

/// The configuration of the published local search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct NaszillaConfig {
    /// Random architectures of which the best is where a walk starts (10 in naszilla).
    pub initial: usize,
    /// Where a walk goes: `best_neighbour` (all neighbours are evaluated, as in the paper) or `first_improvement` (as in the
    /// code of naszilla, where that is the default).
    pub stride: Stride,
}

impl NaszillaConfig {
    /// As the algorithm in the paper: all neighbours of a place are evaluated.
    #[must_use]
    pub fn paper() -> Self {
        Self {
            initial: 10,
            stride: Stride::BestNeighbour,
        }
    }

    /// As the code does by default: to the first neighbour that is better.
    #[must_use]
    pub fn code() -> Self {
        Self {
            stride: Stride::FirstImprovement,
            ..Self::paper()
        }
    }

    /// Checks ranges.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], naming the field and what was expected.
    pub fn check(&self) -> Result<(), SearchError> {
        expect_within("initial", self.initial, 1..=100_000)
    }
}

impl Default for NaszillaConfig {
    /// [`paper`](Self::paper).
    fn default() -> Self {
        Self::paper()
    }
}
