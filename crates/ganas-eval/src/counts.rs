//! Query accounting: raw and unique.

use serde::{Deserialize, Serialize};

/// Queries spent: every one (raw), and one for each class of architectures (unique).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryCounts {
    /// All queries, repeats included.
    pub raw: u32,
    /// Distinct classes queried, failed ones included.
    pub unique: u32,
    /// Unique queries that failed.
    pub failed: u32,
}
