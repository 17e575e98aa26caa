//! How far the evaluations are, and what the table is like.

use ganas::table::Coverage;
use ganas::tables::{BuildReport, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::printing::worker_notes::WorkerNotes;
use crate::printing::{coverage, noise, output};

/// The progress bar on stderr, which shares the terminal with the notes of the workers.
pub(super) fn bar(shown: bool, progress: &Progress, notes: &WorkerNotes) -> ProgressBar {
    let target = if shown {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = |template: &str| {
        ProgressStyle::with_template(template)
            .expect("invariant: the templates of this file are valid")
            .progress_chars("=> ")
    };
    let bars = MultiProgress::with_draw_target(target);
    let bar = ProgressBar::new(progress.all() as u64)
        .with_style(style(
            "[{bar:24}] {pos}/{len} evaluations  {elapsed}, {eta} left  {msg}",
        ))
        .with_position(progress.known() as u64);
    let bar = bars.add(bar);
    // The rate is that of this process; what was there before took no time.
    bar.reset_eta();
    let news = ProgressBar::new_spinner().with_style(style("{msg}"));
    notes.share(&bars, bars.add(news));
    bar
}

/// Prints what the table is like on stdout.
pub(super) fn print(report: &BuildReport, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return output::print_json(&json!({
            "table": report.output,
            "table_sha256": report.sha256,
            "bytes": report.bytes,
            "evaluations": report.evaluations,
            "failed": report.failed,
            "manifest": report.manifest,
            "noise": report.noise.iter().map(noise::json).collect::<Vec<_>>(),
        }));
    }
    let part = coverage::of_rows(&report.manifest, &Coverage::of_manifest(&report.manifest));
    let mut text = format!(
        "{}: {} architectures ({part}), {} evaluations, {} failed, {} bytes\nsha256 {}\n",
        report.output.display(),
        report.manifest.n_rows,
        report.evaluations,
        report.failed,
        report.bytes,
        report.sha256
    );
    if !report.noise.is_empty() {
        text.push('\n');
        text.push_str(&noise::text(&report.noise));
    }
    output::print_text(&text)
}
