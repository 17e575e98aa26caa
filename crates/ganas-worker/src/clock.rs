//! The clock of the supervisor: the one place in this crate that reads it.
//!
//! Time decides here when a process is given up, and nothing else: no time enters a measurement.

use std::time::Instant;

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "a process that hangs can only be told by time"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}
