//! The terminal: results on stdout, everything else on stderr, signals, exit codes.

pub(crate) mod bars;
pub(crate) mod comparison;
pub(crate) mod coverage;
pub(crate) mod exit;
#[cfg(unix)]
mod ignored_signals;
pub(crate) mod interrupt;
pub(crate) mod noise;
pub(crate) mod output;
pub(crate) mod progress;
pub(crate) mod stderr;
pub(crate) mod ticker;
pub(crate) mod worker_notes;
