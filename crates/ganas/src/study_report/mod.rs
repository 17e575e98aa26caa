//! The report of a study: one page with everything that it knows, and its figures.
//!
//! ```no_run
//! use ganas::store::Study;
//! use ganas::study_report::{ReportOptions, report};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let study = Study::open_read_only("my.db")?;
//! let page = report(&study, &ReportOptions::default())?;
//! std::fs::write("report.html", page.html())?;
//! # Ok(())
//! # }
//! ```

mod best;
mod compared;
mod diagnostics;
mod files;
mod fronts;
mod importance;
mod provenance;
mod theory;
mod workers;

use std::sync::Arc;

pub use files::{write_figures, write_page};
pub use ganas_figures::page::{Content, Page, Section};
use ganas_report::comparison::Options;
use ganas_space::SearchSpace;
use ganas_store::{RunFilter, RunStatus, Study};

use crate::Error;
use crate::comparison::{KnownTables, StudyCurves, of_study};

/// What is reported, and how.
#[derive(Debug, Default)]
pub struct ReportOptions {
    /// Which runs; all, when nothing is chosen.
    pub filter: RunFilter,
    /// The tables that are at hand.
    pub tables: KnownTables,
    /// How runs are compared.
    pub comparison: Options,
    /// Spaces that have no name here, to draw architectures of.
    pub spaces: Vec<Arc<dyn SearchSpace>>,
    /// Seconds after which a browser loads the page again, while a run goes on.
    pub refresh: Option<u32>,
}

/// Everything that the report is made from, read once.
struct Read<'a> {
    study: &'a Study,
    options: &'a ReportOptions,
    of: StudyCurves,
}

/// The report of a study, also of one that runs.
///
/// # Errors
///
/// The study cannot be read, a table is damaged, or the baseline is none of the algorithms.
pub fn report(study: &Study, options: &ReportOptions) -> Result<Page, Error> {
    let of = of_study(study, &options.filter, &options.tables)?;
    let read = Read { study, options, of };
    let name = study.path().file_name().unwrap_or_default();
    let running = read
        .of
        .runs
        .iter()
        .any(|run| run.status == RunStatus::Running);
    let mut page = Page {
        title: format!("Study {}", name.to_string_lossy()),
        lead: read.lead(),
        sections: Vec::new(),
        refresh: options.refresh.filter(|_| running),
    };
    if !read.of.curves.is_empty() {
        page.sections.extend(compared::sections(&read)?);
        page.sections.extend(best::section(&read));
        page.sections.extend(fronts::section(&read)?);
        page.sections.extend(diagnostics::section(&read)?);
        page.sections.extend(theory::section(&read)?);
        page.sections.extend(importance::section(&read));
    }
    page.sections.extend(workers::section(&read)?);
    page.sections.extend(provenance::sections(&read)?);
    page.tell_figures_apart();
    Ok(page)
}

impl Read<'_> {
    /// What the study is, in a few sentences.
    fn lead(&self) -> Vec<String> {
        let runs = &self.of.runs;
        let of_status = |status| runs.iter().filter(|run| run.status == status).count();
        let unique: u64 = runs.iter().map(|run| u64::from(run.counts.unique)).sum();
        let raw: u64 = runs.iter().map(|run| u64::from(run.counts.raw)).sum();
        let failed: u64 = runs.iter().map(|run| u64::from(run.counts.failed)).sum();
        let mut lead = vec![format!(
            "{} runs: {} finished, {} interrupted, {} running or killed. {unique} unique queries, {raw} raw ones (repeats included), {failed} \
             failed. Written by ganas {}.",
            runs.len(),
            of_status(RunStatus::Finished),
            of_status(RunStatus::Interrupted),
            of_status(RunStatus::Running),
            env!("CARGO_PKG_VERSION")
        )];
        let tables = self.of.tables.iter();
        lead.extend(tables.map(|table| {
            format!(
                "{}: space {}, {}. What is best is always selected on {}; {} is that of what was selected.",
                table.label,
                table.space,
                table.protocol,
                table.protocol.search,
                table.protocol.report
            )
        }));
        lead
    }

    /// The space of this name, when it is known.
    fn space(&self, name: &str) -> Option<Arc<dyn SearchSpace>> {
        let given = self
            .options
            .spaces
            .iter()
            .find(|space| space.name() == name);
        given.cloned().or_else(|| ganas_space::by_name(name).ok())
    }
}
