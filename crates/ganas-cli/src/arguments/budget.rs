//! A budget in unique queries.

use ganas::Budget;
use ganas::search::SearchError;

/// Reads a number of unique queries.
pub(crate) fn budget(text: &str) -> Result<Budget, String> {
    let queries: u32 = text
        .parse()
        .map_err(|_| format!("expected a number of queries from 1 to {}", u32::MAX))?;
    Budget::unique(queries).map_err(|error: SearchError| error.to_string())
}
