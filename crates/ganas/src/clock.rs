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

/// Now, in Unix seconds and parts of them; 0 for a clock that is set before 1970.
#[cfg(feature = "workers")]
pub(crate) fn unix_now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

/// The name of this machine, for people.
pub(crate) fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    name.map_or_else(
        |_| "an unnamed machine".to_owned(),
        |name| name.trim().to_owned(),
    )
}
