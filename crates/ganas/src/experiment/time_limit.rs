//! The time that a search may take.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use ganas_search::StopFlag;

use crate::Error;

/// Stops a search once its time is over, unless it is dropped before.
pub(crate) struct TimeLimit {
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TimeLimit {
    /// Starts the clock.
    ///
    /// # Errors
    ///
    /// There is no thread for it.
    pub(crate) fn start(time: Duration, stop: &StopFlag) -> Result<Self, Error> {
        let (over, is_over) = channel::<()>();
        let stop = stop.clone();
        let wait = move || {
            if is_over.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                stop.time_is_over();
            }
        };
        let thread = std::thread::Builder::new().name("ganas-time".to_owned());
        Ok(Self {
            over: Some(over),
            thread: Some(thread.spawn(wait)?),
        })
    }
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
