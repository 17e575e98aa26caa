//! The clock, read in one place.

use std::time::Instant;

/// The time now.
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}
