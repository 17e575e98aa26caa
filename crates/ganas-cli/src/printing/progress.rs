//! Progress on stderr: a bar for each active run, and one for all runs when there are several.

use std::time::Duration;

use ganas::search::{Observer, ObserverError, RoundReport, RunOutcome};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::worker_notes::WorkerNotes;
use ganas::report::tables::measurement;

/// How often the elapsed time is drawn.
const TICK: Duration = Duration::from_millis(250);

/// The bars of a search.
#[derive(Debug)]
pub(crate) struct Progress {
    bars: MultiProgress,
    runs: Option<ProgressBar>,
    budget: u64,
}

/// The bar of one run; it is told of every round.
#[derive(Debug)]
pub(crate) struct RunBar {
    bar: ProgressBar,
    bars: MultiProgress,
    runs: Option<ProgressBar>,
}

impl Drop for RunBar {
    /// Takes the bar away.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
        if let Some(runs) = &self.runs {
            runs.inc(1);
        }
    }
}

impl Progress {
    /// Bars for runs of `budget` unique queries each. A stderr that is no terminal shows none.
    pub(crate) fn new(n_runs: usize, budget: u32) -> Self {
        Self::with_target(n_runs, budget, ProgressDrawTarget::stderr())
    }

    /// No bars.
    pub(crate) fn hidden(n_runs: usize, budget: u32) -> Self {
        Self::with_target(n_runs, budget, ProgressDrawTarget::hidden())
    }

    fn with_target(n_runs: usize, budget: u32, target: ProgressDrawTarget) -> Self {
        let bars = MultiProgress::with_draw_target(target);
        let runs = (n_runs > 1).then(|| {
            let bar = ProgressBar::new(n_runs as u64)
                .with_style(style(
                    "{msg:<10} [{bar:24}] {pos}/{len} runs  {elapsed}, {eta} left",
                ))
                .with_message("all");
            bars.add(bar)
        });
        Self {
            bars,
            runs,
            budget: budget.into(),
        }
    }

    /// Shows the last news of the workers below the bars, and lets their lines through.
    pub(crate) fn share(&self, notes: &WorkerNotes) {
        let news = ProgressBar::new_spinner().with_style(style("{msg}"));
        notes.share(&self.bars, self.bars.add(news));
    }

    /// The bar of a run that begins.
    pub(crate) fn run(&self, seed: u64) -> RunBar {
        let bar = ProgressBar::new(self.budget)
            .with_style(style(
                "{prefix:<10} [{bar:24}] {pos}/{len} queries  {elapsed}, {eta} left  {msg}",
            ))
            .with_prefix(format!("seed {seed}"));
        let bar = match &self.runs {
            Some(runs) => self.bars.insert_before(runs, bar),
            None => self.bars.add(bar),
        };
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        RunBar {
            bar,
            bars: self.bars.clone(),
            runs: self.runs.clone(),
        }
    }

    /// Takes all bars away.
    pub(crate) fn clear(&self) {
        if let Some(runs) = &self.runs {
            runs.finish_and_clear();
        }
        // What cannot be cleared is only ugly.
        let _ = self.bars.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("invariant: the templates of this file are valid")
        .progress_chars("=> ")
}

impl Observer for RunBar {
    fn name(&self) -> &'static str {
        "the progress bar"
    }

    fn on_round(&mut self, round: &RoundReport<'_>) -> Result<(), ObserverError> {
        if let Some(search) = round.best.and_then(|best| best.trial.search()) {
            let failed = match round.counts.failed {
                0 => String::new(),
                failed => format!(", {failed} failed"),
            };
            self.bar
                .set_message(format!("best {}{failed}", measurement(search.value())));
        }
        self.bar.set_position(round.counts.unique.into());
        Ok(())
    }

    fn on_finish(&mut self, _outcome: &RunOutcome) -> Result<(), ObserverError> {
        Ok(())
    }
}
