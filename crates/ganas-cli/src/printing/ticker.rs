//! Something that is done every second, on a thread of its own.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(1);

/// Does it until it is dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Begins. Without a thread for it, nothing is done: it is for display only.
    pub(crate) fn start(tick: impl Fn() + Send + 'static) -> Self {
        let (over, is_over) = mpsc::channel();
        let ticking = move || {
            while is_over.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                tick();
            }
        };
        let thread = std::thread::Builder::new().name("progress".to_owned());
        Self {
            over: Some(over),
            thread: thread.spawn(ticking).ok(),
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.over = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
