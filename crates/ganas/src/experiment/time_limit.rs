//! The time that a search may take.

use std::sync::Arc;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ganas_search::StopFlag;

use crate::Error;

/// Stops a search once its time is over, unless it is dropped before.
pub(crate) struct TimeLimit {
    over: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl TimeLimit {
    /// Starts the clock.
    ///
    /// # Errors
    ///
    /// There is no thread for it.
    pub(crate) fn start(time: Duration, stop: &StopFlag) -> Result<Self, Error> {
        let over: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let (shared, stop) = (Arc::clone(&over), stop.clone());
        let wait = move || {
            let (ended, changed) = &*shared;
            let guard = ended.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = changed.wait_timeout_while(guard, time, |ended| !*ended);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() && !*guard {
                stop.time_is_over();
            }
        };
        let thread = std::thread::Builder::new().name("ganas-time".to_owned());
        Ok(Self {
            over,
            thread: Some(thread.spawn(wait)?),
        })
    }
}

impl Drop for TimeLimit {
    fn drop(&mut self) {
        *self.over.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.over.1.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stops_a_search_once_its_time_is_over() {
        let stop = StopFlag::default();
        let limit = TimeLimit::start(Duration::ZERO, &stop).unwrap();
        while !stop.is_set() {
            std::thread::yield_now();
        }
        assert!(stop.is_out_of_time());
        drop(limit);
    }

    #[test]
    fn a_search_that_has_ended_is_not_stopped() {
        let stop = StopFlag::default();
        drop(TimeLimit::start(Duration::from_secs(1_000_000), &stop).unwrap());
        assert!(!stop.is_set());
    }
}
