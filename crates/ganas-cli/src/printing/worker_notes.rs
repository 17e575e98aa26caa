//! What workers do, as lines on stderr above the progress bars.
//!
//! Architectures, names and reasons come from elsewhere: each note is one line, of bounded length, without anything that a
//! terminal would obey.

use std::sync::{Arc, OnceLock};

use ganas::worker::{PoolListener, PoolNote};
use indicatif::{MultiProgress, ProgressBar};

use super::stderr::message;
use ganas::report::escape::shortened;
use ganas::report::tables::measurement;

/// The longest note, in characters.
const LONGEST: usize = 2_000;

/// The longest news beside a bar, in characters.
const LONGEST_NEWS: usize = 400;

/// So many metrics are shown of a progress message.
const METRICS_SHOWN: usize = 8;

/// What is told of the workers, and where the lines go.
#[derive(Clone, Debug)]
pub(crate) struct WorkerNotes {
    told: Told,
    /// The bars, once they are there, and the one that shows the last news of a worker.
    bars: Arc<OnceLock<(MultiProgress, ProgressBar)>>,
}

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Everything,
    /// What cost a result, or a worker.
    Losses,
}

impl WorkerNotes {
    /// Notes of everything.
    pub(crate) fn printed() -> Self {
        Self {
            told: Told::Everything,
            bars: Arc::default(),
        }
    }

    /// Notes of failures that nothing makes good any more: whoever wants no progress wants to know of them all the same.
    pub(crate) fn quiet() -> Self {
        Self {
            told: Told::Losses,
            ..Self::printed()
        }
    }

    /// From now on, the notes share the terminal with these bars.
    pub(crate) fn share(&self, bars: &MultiProgress, news: ProgressBar) {
        // A search has one set of bars.
        let _ = self.bars.set((bars.clone(), news));
    }

    /// The listener of a pool.
    pub(crate) fn listener(&self) -> PoolListener {
        let notes = self.clone();
        Box::new(move |note| notes.tell(note))
    }

    fn tell(&self, note: &PoolNote) {
        match note {
            PoolNote::AttemptFailed { again: true, .. } if self.told == Told::Losses => {}
            PoolNote::AttemptFailed {
                worker,
                arch,
                attempt,
                again,
                reason,
                log_tail,
                ..
            } => {
                let then = if *again { "trying again" } else { "given up" };
                self.print(&format!(
                    "worker {worker}: attempt {attempt} of {arch} failed, {then}: {reason}"
                ));
                self.last_words(*worker, log_tail);
            }
            PoolNote::Ended { worker, reason } => {
                self.print(&format!("worker {worker} is ended: {reason}"));
            }
            PoolNote::StartFailed {
                worker,
                reason,
                log_tail,
                ..
            } => {
                self.print(&format!("worker {worker} did not start: {reason}"));
                self.last_words(*worker, log_tail);
            }
            PoolNote::Progress {
                worker,
                arch,
                done,
                step,
                metrics,
                ..
            } => {
                if let Some((_, news)) = self.bars.get() {
                    let done = done.map_or_else(String::new, |done| {
                        format!(" {:.0} %", 100.0 * done.clamp(0.0, 1.0))
                    });
                    let metrics: String = metrics
                        .iter()
                        .take(METRICS_SHOWN)
                        .map(|(name, value)| format!("  {name} {}", measurement(*value)))
                        .collect();
                    let step = step.map_or_else(String::new, |step| format!(" step {step}"));
                    let text = format!("worker {worker}: {arch}{done}{step}{metrics}");
                    news.set_message(shortened(&text, LONGEST_NEWS).into_owned());
                }
            }
            // What is as it should be is seen in the bars.
            _ => {}
        }
    }

    /// What a worker printed before it failed.
    fn last_words(&self, worker: u32, log_tail: &str) {
        for line in log_tail.lines() {
            self.print(&format!("worker {worker} | {line}"));
        }
    }

    fn print(&self, note: &str) {
        let line = shortened(note, LONGEST);
        match self.bars.get() {
            Some((bars, _)) => bars.suspend(|| message(line)),
            None => message(line),
        }
    }
}
