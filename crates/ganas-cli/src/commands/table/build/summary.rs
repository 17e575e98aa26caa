//! How far the evaluations are, and what the table is like.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ganas_store::{Collected, EvaluationId};
use ganas_table::{Manifest, Noise, RowOrder};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::output;
use crate::table_noise;
use crate::worker_notes::WorkerNotes;

use super::architectures::Architecture;

/// An evaluation that is to be made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing {
    /// The place of the architecture.
    pub(super) architecture: usize,
    pub(super) seed: u32,
}

/// What there is and what is missing.
#[derive(Debug)]
pub(super) struct Tally {
    missing: Vec<Missing>,
    all: usize,
    known: usize,
    failed: usize,
}

impl Tally {
    /// Compares what is asked for with what is known.
    pub(super) fn new(
        architectures: &[Architecture],
        seeds: &[u32],
        known: &BTreeMap<EvaluationId, Collected>,
    ) -> Self {
        let mut tally = Self {
            missing: Vec::new(),
            all: architectures.len() * seeds.len(),
            known: 0,
            failed: 0,
        };
        for (architecture, Architecture { key, .. }) in architectures.iter().enumerate() {
            for &seed in seeds {
                match known.get(&EvaluationId { key: *key, seed }) {
                    None => tally.missing.push(Missing { architecture, seed }),
                    Some(collected) => tally.count(collected.is_err()),
                }
            }
        }
        tally
    }

    /// What was missing at the beginning, all seeds of an architecture together.
    pub(super) fn missing(&self) -> Vec<Missing> {
        self.missing.clone()
    }

    /// Counts an evaluation.
    pub(super) fn count(&mut self, failed: bool) {
        self.known += 1;
        self.failed += usize::from(failed);
    }

    pub(super) fn all(&self) -> usize {
        self.all
    }

    pub(super) fn known(&self) -> usize {
        self.known
    }

    /// The failures in words; nothing when there are none.
    pub(super) fn failures(&self) -> String {
        match self.failed {
            0 => String::new(),
            failed => format!("{failed} failed"),
        }
    }
}

/// The progress bar on stderr, which shares the terminal with the notes of the workers.
pub(super) fn bar(shown: bool, tally: &Tally, notes: &WorkerNotes) -> ProgressBar {
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
    let bar = ProgressBar::new(tally.all as u64)
        .with_style(style(
            "[{bar:24}] {pos}/{len} evaluations  {elapsed}, {eta} left  {msg}",
        ))
        .with_position(tally.known as u64);
    let bar = bars.add(bar);
    // The rate is that of this process; what was there before took no time.
    bar.reset_eta();
    let news = ProgressBar::new_spinner().with_style(style("{msg}"));
    notes.share(&bars, bars.add(news));
    bar
}

/// The table that was written.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) output: PathBuf,
    pub(super) sha256: String,
    pub(super) bytes: u64,
    pub(super) manifest: Manifest,
    pub(super) evaluations: usize,
    pub(super) failed: usize,
    pub(super) noise: Vec<Noise>,
}

impl Summary {
    /// Prints it on stdout.
    pub(super) fn print(&self, as_json: bool) -> anyhow::Result<()> {
        if as_json {
            return output::print_json(&json!({
                "table": self.output,
                "table_sha256": self.sha256,
                "bytes": self.bytes,
                "evaluations": self.evaluations,
                "failed": self.failed,
                "manifest": self.manifest,
                "noise": self.noise.iter().map(table_noise::json).collect::<Vec<_>>(),
            }));
        }
        let part = match self.manifest.row_order {
            RowOrder::OfficialIndex => "all of the space, by official index",
            RowOrder::SourceFile => "a part of the space",
        };
        let mut text = format!(
            "{}: {} architectures ({part}), {} evaluations, {} failed, {} bytes\nsha256 {}\n",
            self.output.display(),
            self.manifest.n_rows,
            self.evaluations,
            self.failed,
            self.bytes,
            self.sha256
        );
        if !self.noise.is_empty() {
            text.push('\n');
            text.push_str(&table_noise::text(&self.noise));
        }
        output::print_text(&text)
    }
}
