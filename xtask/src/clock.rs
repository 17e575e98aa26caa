//! The clock, read in one place.

use std::time::Instant;

/// The time now.
#[expect(
    clippy::disallowed_methods,
    reason = "xtask may read the clock: it times steps"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
