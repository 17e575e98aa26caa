//! `ganas report`: a study as one page, and its figures as files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ganas::SearchSpace;
use ganas::comparison::KnownTables;
use ganas::files::means_stdout;
use ganas::report::comparison::Options;
use ganas::report::live::StudyStatus;
use ganas::store::Study;
use ganas::study_report::{ReportOptions, report, write_figures, write_page};

use crate::arguments::duration::duration;
use crate::arguments::environment;
use crate::arguments::filter::FilterArguments;
use crate::commands::unchecked;
use crate::printing::exit::{Outcome, UsageError};
use crate::printing::stderr::message;

/// Which study, and where the report goes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  ganas report my.db -o report.html                      one file that loads nothing
  ganas report my.db -o report.html --figures figures    and every figure as SVG, PNG and CSV
  ganas report my.db -o report.html --watch              again every 30 seconds, while a search runs")]
pub(crate) struct Arguments {
    /// The study; a search may be writing to it.
    study: PathBuf,
    /// The page to write, replaced when it exists.
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,
    /// A folder for every figure as SVG, PNG and CSV.
    #[arg(long, value_name = "FOLDER")]
    figures: Option<PathBuf>,
    /// A table that runs have searched, for the optimum that regret is measured from; those that are part of the program, and those of
    /// GANAS_DATA, are found by themselves. Can be given several times.
    #[arg(long, value_name = "FILE")]
    table: Vec<PathBuf>,
    /// The description of a space of one's own, to draw its architectures. Can be given several times.
    #[arg(long = "described", value_name = "FILE", value_parser = crate::arguments::space::parse)]
    spaces: Vec<Arc<dyn SearchSpace>>,
    /// The algorithm that the others are compared with, by its label [default: random, or else the first].
    #[arg(long, value_name = "LABEL")]
    baseline: Option<String>,
    /// The budgets at which runs are compared [default: 25, 50, 100, 150, 300, 500, as far as the runs go].
    #[arg(long, value_name = "QUERIES", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    budgets: Vec<u32>,
    /// Writes it again while a run is running, until none is; the page loads itself again.
    #[arg(long)]
    watch: bool,
    /// The time between two pages.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration, requires = "watch")]
    every: Duration,
    #[command(flatten)]
    filter: FilterArguments,
}

/// Writes it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    if means_stdout(&arguments.output) {
        return Err(
            UsageError("a report is a file: name one with --output FILE.html".to_owned()).into(),
        );
    }
    let study = Study::open_read_only(&arguments.study)?;
    if study.runs()?.is_empty() {
        return Err(UsageError(format!(
            "{} has no runs yet, of which there could be a report",
            arguments.study.display()
        ))
        .into());
    }
    let filter = arguments.filter.resolve(&study)?;
    unchecked::tell(&study, &filter)?;
    let note = |text: &str| message(format_args!("{text}"));
    let mut options = ReportOptions {
        tables: KnownTables::for_study(&study, &arguments.table, &environment::folders()?, &note)?,
        comparison: Options {
            baseline: arguments.baseline.clone(),
            budgets: arguments.budgets.iter().copied().map(f64::from).collect(),
            ..Options::default()
        },
        spaces: arguments.spaces.clone(),
        refresh: None,
        filter,
    };
    let seconds = u32::try_from(arguments.every.as_secs().max(1)).unwrap_or(u32::MAX);
    let mut is_last = !arguments.watch;
    loop {
        // Before it is read: what a run writes meanwhile comes into the next page.
        is_last = is_last || !StudyStatus::read(&study)?.is_worked_on(now());
        options.refresh = (!is_last).then_some(seconds);
        let page = report(&study, &options)?;
        write_page(&page, &arguments.output, &arguments.study)?;
        if let Some(folder) = &arguments.figures {
            write_figures(&page, folder, &arguments.study)?;
        }
        let figures = page.figures().count();
        let plural = if figures == 1 { "" } else { "s" };
        let into = arguments.figures.as_ref();
        let into = into.map_or_else(String::new, |into| format!(", and into {}", into.display()));
        message(format_args!(
            "wrote {} with {figures} figure{plural}{into}",
            arguments.output.display(),
        ));
        if is_last {
            return Ok(Outcome::Done);
        }
        std::thread::sleep(arguments.every);
    }
}

fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0.0, |now| now.as_secs_f64())
}
