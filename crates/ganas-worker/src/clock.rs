//! The clock of the supervisor: the one place in this crate that reads it.
//!
//! Time decides here when a process is given up, and is told in the circumstances of an evaluation; no time enters a
//! measurement.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Now.
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Now, in seconds since the beginning of 1970 (UTC).
pub(super) fn unix_now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}
