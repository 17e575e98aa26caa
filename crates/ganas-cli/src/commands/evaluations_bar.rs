//! The progress bar of a list of evaluations, which `ganas evaluate` and `ganas table build` have in common.

use std::io::IsTerminal as _;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::printing::worker_notes::WorkerNotes;

/// How many evaluations there are.
pub(crate) struct Counts {
    /// Those that have ended.
    pub(crate) ended: usize,
    /// All.
    pub(crate) all: usize,
}

/// The progress bar on stderr, when that is a terminal, which it shares with the notes of the workers.
pub(crate) fn shown(counts: &Counts, notes: &WorkerNotes) -> ProgressBar {
    if std::io::stderr().is_terminal() {
        bar(ProgressDrawTarget::stderr(), counts, notes)
    } else {
        hidden(counts, notes)
    }
}

/// One that is not shown.
pub(crate) fn hidden(counts: &Counts, notes: &WorkerNotes) -> ProgressBar {
    bar(ProgressDrawTarget::hidden(), counts, notes)
}

fn bar(target: ProgressDrawTarget, counts: &Counts, notes: &WorkerNotes) -> ProgressBar {
    let style = |template: &str| {
        ProgressStyle::with_template(template)
            .expect("invariant: the templates of this file are valid")
            .progress_chars("=> ")
    };
    let bars = MultiProgress::with_draw_target(target);
    let bar = ProgressBar::new(counts.all as u64)
        .with_style(style(
            "[{bar:24}] {pos}/{len} evaluations  {elapsed}, {eta} left  {msg}",
        ))
        .with_position(counts.ended as u64);
    let bar = bars.add(bar);
    // The rate is that of this process; what was there before took no time.
    bar.reset_eta();
    let news = ProgressBar::new_spinner().with_style(style("{msg}"));
    notes.share(&bars, bars.add(news));
    bar
}
