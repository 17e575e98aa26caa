//! The progress of a comparison on stderr: a bar for all runs on a terminal, and a line now and then elsewhere.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ganas::compare::ComparedRun;
use ganas::eval::QueryCounts;
use ganas::report::live::{Due, Eagerness, Finishing, about};
use ganas::search::{Observer, ObserverError, RoundReport, RunOutcome, TrialRecord};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

use super::bars::style;
use super::stderr::message;
use super::ticker::Ticker;
use super::worker_notes::WorkerNotes;

/// The progress of a comparison, until it is dropped.
#[derive(Debug)]
pub(crate) struct ComparisonProgress {
    shared: Arc<Shared>,
    /// Dropped first.
    ticker: Option<Ticker>,
}

struct Shared {
    begin: Instant,
    n_runs: usize,
    n_queries: u64,
    state: Mutex<State>,
}

struct State {
    /// Runs that have ended.
    ended: usize,
    /// Queries of all runs that need not be waited for: they are made, were made before, or are not needed.
    behind: u64,
    /// Each query of a round, by the time at which the round was done.
    finishing: Finishing,
    view: View,
}

enum View {
    Bar(ProgressBar),
    Lines(Due<u64, ()>),
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("n_runs", &self.n_runs)
            .field("n_queries", &self.n_queries)
            .finish_non_exhaustive()
    }
}

impl ComparisonProgress {
    /// Begins to show it.
    pub(crate) fn start(
        n_runs: usize,
        n_queries: u64,
        on_terminal: bool,
        notes: &WorkerNotes,
    ) -> Self {
        let view = if on_terminal {
            let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
            let bar = bars
                .add(ProgressBar::new(n_queries).with_style(style("[{bar:24}] {msg}  {elapsed}")));
            notes.share(
                &bars,
                bars.add(ProgressBar::new_spinner().with_style(style("{msg}"))),
            );
            View::Bar(bar)
        } else {
            View::Lines(Due::new(Eagerness::InTime))
        };
        let shared = Arc::new(Shared {
            begin: Instant::now(),
            n_runs,
            n_queries,
            state: Mutex::new(State {
                ended: 0,
                behind: 0,
                finishing: Finishing::since(Duration::ZERO),
                view,
            }),
        });
        let ticking = Arc::clone(&shared);
        Self {
            shared,
            ticker: Some(Ticker::start(move || ticking.show())),
        }
    }

    /// Makes the observers of the runs.
    pub(crate) fn observer(
        &self,
    ) -> impl Fn(ComparedRun<'_>) -> Box<dyn Observer> + Clone + Send + Sync + use<> {
        let shared = Arc::clone(&self.shared);
        move |run| {
            Box::new(Seen {
                budget: u64::from(run.budget.unique_queries()),
                behind: 0,
                shared: Arc::clone(&shared),
            })
        }
    }
}

impl Drop for ComparisonProgress {
    fn drop(&mut self) {
        self.ticker = None;
        if let View::Bar(bar) = &self.shared.lock().view {
            bar.finish_and_clear();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self) {
        let now = self.begin.elapsed();
        let mut state = self.lock();
        let State {
            ended,
            behind,
            finishing,
            view,
        } = &mut *state;
        let left = u32::try_from(self.n_queries.saturating_sub(*behind)).unwrap_or(u32::MAX);
        let text = || {
            let time = finishing.time_left(left, 1, now);
            let time =
                time.map_or_else(String::new, |time| format!(", about {} left", about(time)));
            format!(
                "{ended} of {} runs, {behind} of {} queries{time}",
                self.n_runs, self.n_queries
            )
        };
        match view {
            View::Bar(bar) => {
                bar.set_position(*behind);
                bar.set_message(text());
            }
            View::Lines(due) => {
                if due.is_due(*behind, None, now) {
                    message(text());
                }
            }
        }
    }
}

/// The progress of one run.
struct Seen {
    budget: u64,
    /// Its queries that are done.
    behind: u64,
    shared: Arc<Shared>,
}

impl Seen {
    /// So many queries of the run are done.
    fn move_to(&mut self, queries: u32) -> u64 {
        let new = u64::from(queries).saturating_sub(self.behind);
        self.behind += new;
        self.shared.lock().behind += new;
        new
    }
}

impl Observer for Seen {
    fn name(&self) -> &'static str {
        "the progress"
    }

    fn on_start(
        &mut self,
        counts: QueryCounts,
        _best: Option<&TrialRecord>,
    ) -> Result<(), ObserverError> {
        self.move_to(counts.unique);
        Ok(())
    }

    fn on_round(&mut self, round: &RoundReport<'_>) -> Result<(), ObserverError> {
        let new = self.move_to(round.counts.unique);
        let now = self.shared.begin.elapsed();
        let mut state = self.shared.lock();
        for _ in 0..new {
            state.finishing.add(now);
        }
        Ok(())
    }

    fn on_finish(&mut self, _outcome: &RunOutcome) -> Result<(), ObserverError> {
        Ok(())
    }
}

impl Drop for Seen {
    /// The run has ended, whatever came of it; what is left of its budget is not waited for.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.ended += 1;
        state.behind += self.budget.saturating_sub(self.behind);
    }
}
