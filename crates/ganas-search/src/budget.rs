//! How much a run may spend.

use serde::{Deserialize, Serialize};

use crate::SearchError;

/// The number of unique queries that a run may spend.
///
/// A query is unique when no architecture of the same class ([`ganas_space::ArchKey`]) was evaluated before in the
/// run. Repeats cost nothing on a table, but they are counted (raw queries), and bounded by
/// [`Budget::RAW_PER_UNIQUE`] so that a searcher that only repeats itself still stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Budget(u32);

impl Budget {
    /// A run stops when it has spent this many raw queries per unique query of its budget.
    pub const RAW_PER_UNIQUE: u32 = 100;

    /// The smallest budget.
    pub const ONE: Self = Self(1);

    /// A budget of `unique` queries.
    ///
    /// # Errors
    ///
    /// [`SearchError::EmptyBudget`] for 0.
    pub fn unique(unique: u32) -> Result<Self, SearchError> {
        if unique == 0 {
            Err(SearchError::EmptyBudget)
        } else {
            Ok(Self(unique))
        }
    }

    /// The number of unique queries.
    #[must_use]
    pub fn unique_queries(self) -> u32 {
        self.0
    }

    /// The number of raw queries after which a run stops in any case.
    #[must_use]
    pub fn raw_queries(self) -> u32 {
        self.0.saturating_mul(Self::RAW_PER_UNIQUE)
    }
}

impl TryFrom<u32> for Budget {
    type Error = SearchError;

    fn try_from(unique: u32) -> Result<Self, SearchError> {
        Self::unique(unique)
    }
}

impl From<Budget> for u32 {
    fn from(budget: Budget) -> Self {
        budget.0
    }
}
