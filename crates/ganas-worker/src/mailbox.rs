//! Progress on its way from the supervisor to a caller, bounded however fast workers tell it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use ganas_eval::Progress;

/// So much progress of one evaluation waits for its caller, and so many metrics in it.
const MOST: usize = 256;
const MOST_METRICS: usize = 1024;

/// The progress of a batch that its caller has not taken yet, by ticket.
///
/// A caller that keeps up sees every message. Of one that does not, the latest message takes the place of the one
/// before it.
#[derive(Debug, Default)]
pub(super) struct Mailbox(Mutex<BTreeMap<usize, VecDeque<Progress>>>);

impl Mailbox {
    /// Puts progress in; whether there was none of this ticket, so that the caller is to be told.
    pub(super) fn put(&self, ticket: usize, progress: Progress) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = all.entry(ticket).or_default();
        let is_first = waiting.is_empty();
        let metrics: usize = waiting.iter().map(|each| each.metrics.len()).sum();
        if waiting.len() >= MOST || metrics + progress.metrics.len() > MOST_METRICS {
            waiting.pop_back();
        }
        waiting.push_back(progress);
        is_first
    }

    /// Takes the progress of a ticket out, from the oldest to the latest.
    pub(super) fn take(&self, ticket: usize) -> VecDeque<Progress> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&ticket).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(step: u32, n_metrics: usize) -> Progress {
        Progress {
            done: None,
            step: Some(step),
            metrics: (0..n_metrics).map(|i| (format!("m{i}"), 0.5)).collect(),
        }
    }

    fn steps(mailbox: &Mailbox) -> Vec<Option<u32>> {
        mailbox.take(7).iter().map(|each| each.step).collect()
    }

    #[test]
    fn a_caller_that_keeps_up_sees_all() {
        let mailbox = Mailbox::default();
        assert!(mailbox.put(7, progress(0, 1)));
        assert!(!mailbox.put(7, progress(1, 1)));
        assert!(mailbox.put(8, progress(2, 1)));
        assert_eq!(steps(&mailbox), [Some(0), Some(1)]);
        assert!(mailbox.take(7).is_empty());
        assert!(mailbox.put(7, progress(3, 1)));
    }

    #[test]
    fn a_flood_is_bounded_and_its_latest_is_kept() {
        for (n_metrics, most) in [(0, MOST), (1, MOST), (100, 10), (1000, 1)] {
            let mailbox = Mailbox::default();
            for step in 0..10_000 {
                mailbox.put(7, progress(step, n_metrics));
            }
            let steps = steps(&mailbox);
            assert_eq!(steps.len(), most, "{n_metrics} metrics");
            assert_eq!(steps.last(), Some(&Some(9_999)));
        }
    }
}
