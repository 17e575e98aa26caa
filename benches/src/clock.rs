//! The clock, read in one place.

use std::time::Instant;

/// The time now.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a bench is there to time")]
pub fn now() -> Instant {
    Instant::now()
}
