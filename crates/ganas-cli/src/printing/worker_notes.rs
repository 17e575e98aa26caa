//! What workers do, as lines on stderr above the progress bars.

use std::sync::{Arc, OnceLock};

use ganas::worker::{PoolListener, PoolNote};
use indicatif::{MultiProgress, ProgressBar};

use ganas::report::tables::measurement;

/// Where the lines go: quiet ones go nowhere.
#[derive(Clone, Debug)]
pub(crate) struct WorkerNotes {
    quiet: bool,
    /// The bars, once they are there, and the one that shows the last news of a worker.
    bars: Arc<OnceLock<(MultiProgress, ProgressBar)>>,
}

impl WorkerNotes {
    /// Notes that are printed.
    pub(crate) fn printed() -> Self {
        Self {
            quiet: false,
            bars: Arc::default(),
        }
    }

    /// Notes that are not.
    pub(crate) fn quiet() -> Self {
        Self {
            quiet: true,
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
        if self.quiet {
            return;
        }
        match note {
            PoolNote::AttemptFailed {
                worker,
                arch,
                attempt,
                again,
                reason,
            } => {
                let then = if *again { "trying again" } else { "given up" };
                self.print(&format!(
                    "worker {worker}: attempt {attempt} of {arch} failed, {then}: {reason}"
                ));
            }
            PoolNote::StartFailed { worker, reason } => {
                self.print(&format!("worker {worker} did not start: {reason}"));
            }
            PoolNote::Progress {
                worker,
                arch,
                done,
                metrics,
            } => {
                if let Some((_, news)) = self.bars.get() {
                    let done =
                        done.map_or_else(String::new, |done| format!(" {:.0} %", 100.0 * done));
                    let metrics: String = metrics
                        .iter()
                        .filter_map(|(name, value)| {
                            Some(format!("  {name} {}", measurement((*value)?)))
                        })
                        .collect();
                    news.set_message(format!("worker {worker}: {arch}{done}{metrics}"));
                }
            }
        }
    }

    fn print(&self, line: &str) {
        match self.bars.get() {
            Some((bars, _)) => bars.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }
}
