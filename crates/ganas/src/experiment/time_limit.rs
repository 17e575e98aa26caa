//! The time that a search may take.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use ganas_search::StopFlag;

use crate::Error;

/// When a search ends, whatever it is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimeLimits {
    /// After this time nothing is begun any more.
    pub(crate) time: Option<Duration>,
    /// So long after that, what is being evaluated is cancelled; without it, it is finished.
    pub(crate) grace: Option<Duration>,
}

impl TimeLimits {
    /// Starts the clock, when there is a limit.
    ///
    /// # Errors
    ///
    /// There is no thread for it.
    pub(crate) fn start(self, stop: &StopFlag) -> Result<Option<TimeLimit>, Error> {
        let limit = self
            .time
            .map(|time| TimeLimit::start(time, self.grace, stop));
        limit.transpose()
    }

    /// The limits in words, when there are any.
    pub(crate) fn describe(self) -> Option<String> {
        let time = self.time?;
        Some(match self.grace {
            None => format!("for {time:?} at most"),
            Some(grace) => {
                format!("for {time:?} at most, what runs then is cancelled after {grace:?} more")
            }
        })
    }
}

/// Stops a search once its time is over, unless it is dropped before.
pub(crate) struct TimeLimit {
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TimeLimit {
    fn start(time: Duration, grace: Option<Duration>, stop: &StopFlag) -> Result<Self, Error> {
        let (over, is_over) = channel::<()>();
        let stop = stop.clone();
        let wait = move || {
            if !has_passed(time, &is_over) {
                return;
            }
            stop.time_is_over();
            if grace.is_some_and(|grace| has_passed(grace, &is_over)) {
                stop.cancel();
            }
        };
        let thread = std::thread::Builder::new().name("ganas-time".to_owned());
        Ok(Self {
            over: Some(over),
            thread: Some(thread.spawn(wait)?),
        })
    }
}

/// Waits until a time has passed, or the search is over; says whether the time has passed.
fn has_passed(time: Duration, is_over: &Receiver<()>) -> bool {
    is_over.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
}

impl Drop for TimeLimit {
    fn drop(&mut self) {
        self.over = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So long that it passes only when something hangs.
    const HANG: Duration = Duration::from_secs(1_000_000);

    #[test]
    fn it_stops_a_search_once_its_time_is_over() {
        for grace in [None, Some(HANG)] {
            let stop = StopFlag::default();
            let limit = TimeLimit::start(Duration::ZERO, grace, &stop).unwrap();
            while !stop.is_set() {
                std::thread::yield_now();
            }
            assert!(stop.is_out_of_time());
            drop(limit);
            assert!(!stop.is_cancelled());
        }
    }

    #[test]
    fn it_cancels_what_runs_once_the_grace_is_over() {
        let stop = StopFlag::default();
        let limit = TimeLimit::start(Duration::ZERO, Some(Duration::ZERO), &stop).unwrap();
        while !stop.is_cancelled() {
            std::thread::yield_now();
        }
        assert!(stop.is_out_of_time() && stop.is_set());
        drop(limit);
    }

    #[test]
    fn a_search_that_has_ended_is_not_stopped() {
        let stop = StopFlag::default();
        drop(TimeLimit::start(HANG, Some(Duration::ZERO), &stop).unwrap());
        assert!(!stop.is_set() && !stop.is_cancelled());
    }
}
