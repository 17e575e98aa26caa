//! Bars on a terminal: one for each active run, and one for all runs when there are several.

use std::collections::BTreeMap;
use std::time::Duration;

use ganas::report::live::{SearchProgress, about};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::worker_notes::WorkerNotes;

/// How often the elapsed time is drawn.
const TICK: Duration = Duration::from_millis(250);

/// The bars of a search.
#[derive(Debug)]
pub(crate) struct Bars {
    all: MultiProgress,
    /// That of all runs.
    runs: Option<ProgressBar>,
    by_seed: BTreeMap<u64, ProgressBar>,
    budget: u64,
}

impl Bars {
    /// Bars for runs of `budget` unique queries each.
    pub(crate) fn new(n_runs: usize, budget: u32) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let runs = (n_runs > 1).then(|| {
            let bar = ProgressBar::new(n_runs as u64)
                .with_style(style(
                    "{prefix:<10} [{bar:24}] {pos}/{len} runs  {elapsed}  {msg}",
                ))
                .with_prefix("all");
            all.add(bar)
        });
        Self {
            all,
            runs,
            by_seed: BTreeMap::new(),
            budget: budget.into(),
        }
    }

    /// Shows the last news of the workers below the bars, and lets their lines through.
    pub(crate) fn share(&self, notes: &WorkerNotes) {
        let news = ProgressBar::new_spinner().with_style(style("{msg}"));
        notes.share(&self.all, self.all.add(news));
    }

    /// A run begins.
    pub(crate) fn begin(&mut self, seed: u64) {
        let bar = ProgressBar::new(self.budget)
            .with_style(style(
                "{prefix:<10} [{bar:24}] {pos}/{len} evaluated  {elapsed}  {msg}",
            ))
            .with_prefix(format!("seed {seed}"));
        let bar = match &self.runs {
            Some(runs) => self.all.insert_before(runs, bar),
            None => self.all.add(bar),
        };
        bar.enable_steady_tick(TICK);
        self.by_seed.insert(seed, bar);
    }

    /// A run has ended: its bar goes.
    pub(crate) fn end(&mut self, seed: u64) {
        if let Some(bar) = self.by_seed.remove(&seed) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
        if let Some(runs) = &self.runs {
            runs.inc(1);
        }
    }

    /// Shows how far a run is.
    pub(crate) fn show(&self, seed: u64, progress: &SearchProgress, running: usize, now: Duration) {
        if let (Some(bar), Some(run)) = (self.by_seed.get(&seed), progress.run(seed)) {
            bar.set_position(run.evaluated().into());
            bar.set_message(run.beside_bar(running, now));
        }
    }

    /// Shows how long all runs will take.
    pub(crate) fn show_all(&self, progress: &SearchProgress, running: usize, now: Duration) {
        if let Some(runs) = &self.runs {
            let left = progress.time_left(running, now);
            let left = left.map(|left| format!("about {} left", about(left)));
            runs.set_message(left.unwrap_or_default());
        }
    }

    /// The seeds whose runs are shown.
    pub(crate) fn seeds(&self) -> Vec<u64> {
        self.by_seed.keys().copied().collect()
    }

    /// Takes all bars away.
    pub(crate) fn clear(&self) {
        if let Some(runs) = &self.runs {
            runs.finish_and_clear();
        }
        // What cannot be cleared is only ugly.
        let _ = self.all.clear();
    }
}

/// The style of a template.
pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("invariant: the templates of this file are valid")
        .progress_chars("=> ")
}
