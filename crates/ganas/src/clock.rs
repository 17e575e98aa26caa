//! The clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Now, to measure durations.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Now, in Unix seconds; 0 for a clock that is set before 1970.
pub(crate) fn unix_seconds() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or(0)
}
