//! The clock of the supervisor: the one place in this crate that reads it.
//!
//! Time decides here when a process is given up, and nothing else: no time enters a measurement.

use std::time::Instant;

/// Now.
pub(super) fn now() -> Instant {
    Instant::now()
}
