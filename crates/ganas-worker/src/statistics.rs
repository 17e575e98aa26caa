//! What a pool of workers has done so far.

use std::collections::BTreeMap;
use std::fmt;

/// Counts of a pool. They depend on chance and on time, and are for display only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerStatistics {
    /// Evaluations that ended with a result.
    pub completed: u64,
    /// Evaluations that ended without one, after all attempts.
    pub failed: u64,
    /// Evaluations that were cancelled, as the caller wished.
    pub cancelled: u64,
    /// Failed attempts by kind, those that were tried again included.
    pub failed_attempts: BTreeMap<&'static str, u64>,
    /// Evaluations that lost their worker through no fault of their own, and were given to another one.
    pub put_back: u64,
    /// Processes that were started.
    pub starts: u64,
    /// Processes that did not become a worker.
    pub failed_starts: u64,
}

impl fmt::Display for WorkerStatistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} evaluations completed, {} failed; {} processes started",
            self.completed, self.failed, self.starts
        )?;
        if self.failed_starts > 0 {
            write!(f, ", {} of them in vain", self.failed_starts)?;
        }
        if self.cancelled > 0 {
            write!(f, "; {} evaluations cancelled", self.cancelled)?;
        }
        if self.put_back > 0 {
            write!(f, "; {} evaluations put back", self.put_back)?;
        }
        if !self.failed_attempts.is_empty() {
            let kinds: Vec<String> = self
                .failed_attempts
                .iter()
                .map(|(kind, count)| format!("{kind} {count}"))
                .collect();
            write!(f, "; failed attempts: {}", kinds.join(", "))?;
        }
        Ok(())
    }
}
