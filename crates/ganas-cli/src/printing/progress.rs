//! Progress on stderr, evaluation by evaluation: bars on a terminal, and a line now and then elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ganas::eval::{Details, Measurement, QueryCounts, SearchMetric};
use ganas::report::live::{Due, Eagerness, Ended, Round, SearchProgress};
use ganas::search::{Observer, ObserverError, Proposal, RoundReport, RunOutcome, TrialRecord};
use ganas::worker::{WorkerEvaluator, WorkerState};
use ganas::{Search, SearchSpace};

use super::bars::Bars;
use super::stderr::message;
use super::ticker::Ticker;
use super::worker_notes::WorkerNotes;

/// The progress of a search, until it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    shared: Arc<Shared>,
    ticker: Ticker,
}

/// What the observers of all runs share.
struct Shared {
    begin: Instant,
    /// The same time as Unix seconds.
    begin_unix: f64,
    /// Whose architectures are compared with what workers are at.
    space: Arc<dyn SearchSpace>,
    workers: Option<Arc<WorkerEvaluator>>,
    state: Mutex<State>,
}

struct State {
    progress: SearchProgress,
    view: View,
    /// What each run has proposed that has not been evaluated, by number; with workers only.
    proposed: BTreeMap<u64, BTreeMap<u32, String>>,
}

enum View {
    Bars(Bars),
    Lines(Due<[u64; 3], (u64, u32)>),
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("begin", &self.begin)
            .finish_non_exhaustive()
    }
}

impl Progress {
    /// Bars on a terminal, which the notes share.
    pub(crate) fn bars(search: &Search, notes: &WorkerNotes) -> Self {
        let bars = Bars::new(search.seeds().len(), search.budget().unique_queries());
        if search.workers().is_some() {
            bars.share(notes);
        }
        Self::new(search, View::Bars(bars))
    }

    /// Lines, where there is no terminal.
    pub(crate) fn lines(search: &Search) -> Self {
        let eagerness = match search.workers() {
            Some(_) => Eagerness::AtOnce,
            None => Eagerness::InTime,
        };
        Self::new(search, View::Lines(Due::new(eagerness)))
    }

    fn new(search: &Search, view: View) -> Self {
        let queries = search.budget().unique_queries();
        let metric = &*search.spec().protocol.search;
        let unix = SystemTime::now().duration_since(UNIX_EPOCH);
        let shared = Arc::new(Shared {
            begin: Instant::now(),
            begin_unix: unix.map_or(0.0, |unix| unix.as_secs_f64()),
            space: Arc::clone(search.space()),
            workers: search.workers().map(Arc::clone),
            state: Mutex::new(State {
                progress: SearchProgress::new(search.seeds().len(), queries, metric),
                view,
                proposed: BTreeMap::new(),
            }),
        });
        let ticking = Arc::clone(&shared);
        Self {
            shared,
            ticker: Ticker::start(move || ticking.show_all()),
        }
    }

    /// Makes the observers of the runs.
    pub(crate) fn observers(&self) -> impl Fn(u64) -> Box<dyn Observer> + Send + Sync + use<> {
        let shared = Arc::clone(&self.shared);
        move |seed| {
            Box::new(Seen {
                seed,
                shared: Arc::clone(&shared),
            })
        }
    }

    /// Takes what moves away.
    pub(crate) fn clear(self) {
        let Self { shared, ticker } = self;
        drop(ticker);
        if let View::Bars(bars) = &shared.lock().view {
            bars.clear();
        }
    }
}

impl Shared {
    fn now(&self) -> Duration {
        self.begin.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The architectures that workers are at.
    fn being_evaluated(&self) -> BTreeSet<String> {
        let Some(workers) = &self.workers else {
            return BTreeSet::new();
        };
        let busy = workers.activity().workers.into_iter();
        busy.filter_map(|worker| match worker.state {
            WorkerState::Busy(evaluations) => Some(evaluations),
            _ => None,
        })
        .flatten()
        .filter(|evaluation| !evaluation.is_cancelled)
        .map(|evaluation| evaluation.arch)
        .collect()
    }

    /// Shows how far all runs are.
    fn show_all(&self) {
        let busy = self.being_evaluated();
        let mut state = self.lock();
        let seeds = match &state.view {
            View::Bars(bars) => bars.seeds(),
            View::Lines(_) => Vec::new(),
        };
        for seed in seeds {
            state.show(seed, &busy, self.now());
        }
        state.show_together(busy.len(), self.now());
    }
}

impl State {
    fn show(&self, seed: u64, busy: &BTreeSet<String>, now: Duration) {
        if let View::Bars(bars) = &self.view {
            let proposed = self.proposed.get(&seed);
            let proposed = proposed.into_iter().flat_map(BTreeMap::values);
            let running = proposed.filter(|arch| busy.contains(*arch)).count();
            bars.show(seed, &self.progress, running, now);
        }
    }

    fn show_together(&mut self, running: usize, now: Duration) {
        let Self { progress, view, .. } = self;
        match view {
            View::Bars(bars) => bars.show_all(progress, running, now),
            View::Lines(due) => {
                if due.is_due(progress.state(), progress.best(), now) {
                    message(progress.line(running, now));
                }
            }
        }
    }
}

/// The progress of one run; it is told of every evaluation.
struct Seen {
    seed: u64,
    shared: Arc<Shared>,
}

impl Observer for Seen {
    fn name(&self) -> &'static str {
        "the progress"
    }

    fn on_start(
        &mut self,
        counts: QueryCounts,
        best: Option<&TrialRecord>,
    ) -> Result<(), ObserverError> {
        let best = best_of(best);
        let mut state = self.shared.lock();
        let now = self.shared.now();
        state.progress.begin(self.seed, counts, best, now);
        if let View::Bars(bars) = &mut state.view {
            bars.begin(self.seed);
        }
        Ok(())
    }

    fn on_proposed(&mut self, first: u32, proposals: &[Proposal]) -> Result<(), ObserverError> {
        if self.shared.workers.is_some() {
            let archs = proposals.iter();
            let archs = archs.map(|proposal| self.shared.space.encode(&proposal.arch));
            let mut state = self.shared.lock();
            let proposed = state.proposed.entry(self.seed).or_default();
            proposed.extend((first..).zip(archs));
        }
        Ok(())
    }

    fn on_evaluated(
        &mut self,
        number: u32,
        result: &Result<Measurement, String>,
        details: &Details,
    ) -> Result<(), ObserverError> {
        let ended = match result {
            Err(_) if details.stopped.is_some() => Ended::Unfit,
            Err(_) => Ended::Failed,
            Ok(measured) if measured.violation > 0.0 => Ended::Unfit,
            Ok(measured) => Ended::Measured(measured.search),
        };
        let busy = self.shared.being_evaluated();
        let now = self.shared.now();
        let mut state = self.shared.lock();
        let when = details.circumstances.as_ref().map(|of| of.ended);
        if when.is_some_and(|when| when < self.shared.begin_unix) {
            state.progress.remembered(self.seed, number, ended);
        } else {
            state.progress.evaluated(self.seed, number, ended, now);
        }
        if let Some(proposed) = state.proposed.get_mut(&self.seed) {
            proposed.remove(&number);
        }
        state.show(self.seed, &busy, now);
        state.show_together(busy.len(), now);
        Ok(())
    }

    fn on_round(&mut self, round: &RoundReport<'_>) -> Result<(), ObserverError> {
        let Some(last) = round.trials.last() else {
            return Ok(());
        };
        let last = last.trial.number.0;
        let now = self.shared.now();
        let mut state = self.shared.lock();
        let told = Round {
            last,
            counts: round.counts,
            best: best_of(round.best),
        };
        state.progress.told(self.seed, told, now);
        if let Some(proposed) = state.proposed.get_mut(&self.seed) {
            // Repeats are not evaluated.
            proposed.retain(|&number, _| number > last);
        }
        Ok(())
    }

    fn on_finish(&mut self, _outcome: &RunOutcome) -> Result<(), ObserverError> {
        Ok(())
    }
}

impl Drop for Seen {
    /// The run has ended, whatever came of it.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.progress.end(self.seed);
        state.proposed.remove(&self.seed);
        if let View::Bars(bars) = &mut state.view {
            bars.end(self.seed);
        }
    }
}

fn best_of(best: Option<&TrialRecord>) -> Option<(SearchMetric, u32)> {
    let trial = &best?.trial;
    Some((trial.search()?, trial.number.0))
}
