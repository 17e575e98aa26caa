//! `ganas compare`: several algorithms on several benchmarks with several seeds, into one study.

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ganas::compare::{Benchmark, Compare, Compared, Comparing, NamedAlgorithm, Plan};
use ganas::report::ReportError;
use ganas::report::comparison::Options;
use ganas::{Budget, Error, Folders, SearchSpace, Seeds};

use crate::arguments::budget::budget;
use crate::arguments::declarations::DeclarationArguments;
use crate::arguments::duration::duration;
use crate::arguments::workers::{WorkerArguments, logs_beside};
use crate::arguments::{count, environment};
use crate::printing::comparison::ComparisonProgress;
use crate::printing::exit::{Outcome, UsageError};
use crate::printing::interrupt::Interrupt;
use crate::printing::output;
use crate::printing::stderr::message;
use crate::printing::worker_notes::WorkerNotes;
use ganas::report::escape::escaped;

/// What is compared, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A TOML file that describes the comparison; what is named on the command line takes the place of what it says.
    plan: Option<PathBuf>,
    /// An algorithm, with a preset and fields of its configuration if need be: `random`, `ga-nas:faithful`,
    /// `'ga-nas:improved batch=5'`; can be given several times [default: those of the preset, or random and ga-nas].
    #[arg(long = "algorithm", value_name = "ALGORITHM")]
    algorithms: Vec<NamedAlgorithm>,
    /// The algorithms, seeds and budgets of a recommended comparison.
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// A table file, a CSV file with --space, or a table inside the program such as `digits-5`; can be given several times
    /// [default: digits-5].
    #[arg(long = "table", value_name = "FILE")]
    tables: Vec<PathBuf>,
    /// The folder of a surrogate, with --space; can be given several times.
    #[arg(long = "surrogate", value_name = "FOLDER")]
    surrogates: Vec<PathBuf>,
    /// The space of the tables, surrogates and of the evaluator, where they do not say it themselves; alone, what the data folder
    /// has of it.
    #[arg(long, value_parser = crate::arguments::space::parse)]
    space: Option<Arc<dyn SearchSpace>>,
    #[command(flatten)]
    workers: WorkerArguments,
    /// The metric that is searched on.
    #[arg(long, value_name = "METRIC")]
    search: Option<String>,
    /// The metric that is reported.
    #[arg(long, value_name = "METRIC")]
    report: Option<String>,
    #[command(flatten)]
    declarations: DeclarationArguments,
    /// Seeds, one run each of every algorithm on every benchmark: `0..20` (without 20), `1,5,10..12` [default: 0..20].
    #[arg(long)]
    seeds: Option<Seeds>,
    /// Where results are told, in unique queries; the largest is the budget of every run [default: 25,50,100,150,300,500].
    #[arg(long, value_name = "QUERIES", value_delimiter = ',', value_parser = budget)]
    budgets: Vec<Budget>,
    /// The algorithm with which the others are compared [default: the first].
    #[arg(long, value_name = "ALGORITHM")]
    baseline: Option<String>,
    /// The study that records all runs, created when it does not exist [default: comparison.db].
    #[arg(long, value_name = "FILE")]
    study: Option<PathBuf>,
    /// Continues runs that the study holds, also with larger budgets, and begins those that it does not.
    #[arg(long)]
    resume: bool,
    /// The longest that it may take: `90s`, `15m`, `8h`; it can be resumed.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    max_time: Option<Duration>,
    /// Cancels what workers are still at so long after --max-time; it is evaluated again once the comparison is resumed
    /// [default: it is waited for, however long it takes].
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "max_time")]
    max_time_grace: Option<Duration>,
    /// Threads, at most 1024; the results do not depend on them [default: all processors].
    #[arg(long, value_name = "N", value_parser = count::threads)]
    threads: Option<NonZeroUsize>,
    /// How the results are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Prints no header and no progress; failures are told all the same.
    #[arg(short, long)]
    quiet: bool,
}

/// A recommended comparison.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Preset {
    /// What a paper should show: every algorithm that needs no columns named, 50 seeds, up to 500 queries.
    Paper,
    /// A first look: random search and GA-NAS, 20 seeds.
    Quick,
}

impl Preset {
    fn algorithms(self) -> &'static [&'static str] {
        match self {
            Self::Paper => &[
                "random",
                "by-parameters",
                "evolution",
                "local-search-naszilla",
                "local-search",
                "reinforce",
                "cross-entropy",
                "bananas",
                "gaussian-process",
                "ga-nas:faithful",
                "ga-nas:improved",
            ],
            Self::Quick => &["random", "ga-nas"],
        }
    }

    fn seeds(self) -> &'static str {
        match self {
            Self::Paper => "0..50",
            Self::Quick => "0..20",
        }
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// Tables for people.
    Text,
    /// Tables for a page.
    Markdown,
    /// A line for each algorithm on each benchmark at each budget.
    Csv,
    /// Everything, as one JSON object.
    Json,
}

/// Runs the comparison.
pub(crate) fn run(arguments: &Arguments, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let notes = if arguments.quiet {
        WorkerNotes::quiet()
    } else {
        WorkerNotes::printed()
    };
    let asked = Asked::of(arguments, &notes)?;
    let baseline = asked.baseline()?;
    let mut comparing = asked.prepare(arguments)?;
    if !arguments.quiet {
        for (name, value) in comparing.describe() {
            message(format_args!("{name:<9}  {}", escaped(&value)));
        }
        message("");
    }
    let continuation = format!("continue with: {}", environment::resume_command());
    let safe_stop = interrupt.stop_safely(comparing.stop(), continuation.clone());
    let progress = (!arguments.quiet).then(|| {
        let on_terminal = std::io::stderr().is_terminal();
        ComparisonProgress::start(
            comparing.n_runs(),
            comparing.n_queries(),
            on_terminal,
            &notes,
        )
    });
    if let Some(progress) = &progress {
        let observer = progress.observer();
        comparing.observe(observer);
    }
    let compared = comparing.run();
    drop(progress);
    for warning in comparing.warnings() {
        message(warning);
    }
    let compared = compared.inspect_err(|_| {
        message(format_args!(
            "the other runs were stopped; once the error is mended, continue with: {}",
            environment::resume_command()
        ));
    })?;
    drop(safe_stop);
    print_results(arguments.format, &comparing, baseline)?;
    Ok(outcome(&compared, &comparing, interrupt, &continuation))
}

/// Prints what was found so far; nothing, before there is a trial.
fn print_results(format: Format, comparing: &Comparing, baseline: String) -> anyhow::Result<()> {
    let options = Options {
        baseline: Some(baseline),
        ..Options::default()
    };
    let results = match comparing.results(options) {
        // The baseline is one of the algorithms, which may have no run yet.
        Err(Error::Report(
            ReportError::NothingToCompare { .. } | ReportError::UnknownBaseline { .. },
        )) => return Ok(()),
        results => results?,
    };
    match format {
        Format::Text => output::print_text(&results.to_text()),
        Format::Markdown => output::print_text(&results.to_markdown()),
        Format::Csv => output::print_text(&results.to_csv()),
        Format::Json => output::print_json(&results),
    }
}

/// How it ended.
fn outcome(
    compared: &Compared,
    comparing: &Comparing,
    interrupt: &Interrupt,
    continuation: &str,
) -> Outcome {
    let Compared {
        n_runs,
        finished,
        failed,
        ..
    } = compared;
    if !compared.is_finished() {
        let is_time = comparing.stop().is_out_of_time() && !interrupt.asked();
        let why = if is_time {
            "the time is over"
        } else {
            "interrupted"
        };
        message(format_args!(
            "{why}: {finished} of {n_runs} runs are finished\n{continuation}"
        ));
        return if is_time {
            Outcome::Done
        } else {
            Outcome::Interrupted
        };
    }
    if *failed > 0 {
        let reason = compared.first_failure.as_deref();
        message(format_args!(
            "{failed} evaluations failed, the first: {}",
            reason.unwrap_or("the reason is not known")
        ));
        return Outcome::FailedEvaluations;
    }
    Outcome::Done
}

/// Everything that was asked for: in the arguments, in the file, and by default.
struct Asked {
    algorithms: Vec<NamedAlgorithm>,
    benchmarks: Vec<Benchmark>,
    seeds: Seeds,
    budgets: Vec<Budget>,
    baseline: Option<String>,
    study: PathBuf,
    folders: Folders,
}

impl Asked {
    fn of(arguments: &Arguments, notes: &WorkerNotes) -> anyhow::Result<Self> {
        let plan = arguments.plan.as_deref().map(Plan::read).transpose()?;
        let plan = plan.as_ref();
        let preset = arguments.preset.unwrap_or(Preset::Quick);
        let study = arguments.study.clone();
        let study = study
            .or_else(|| plan?.study.clone())
            .unwrap_or_else(|| PathBuf::from("comparison.db"));
        let mut algorithms = arguments.algorithms.clone();
        if algorithms.is_empty() && arguments.preset.is_none() {
            algorithms = plan.map(Plan::algorithms).unwrap_or_default();
        }
        if algorithms.is_empty() {
            let texts = preset.algorithms().iter();
            algorithms = texts
                .map(|text| text.parse().map_err(UsageError))
                .collect::<Result<_, _>>()?;
        }
        let benchmarks = match plan {
            Some(plan) if plan.has_benchmarks() && !arguments.names_benchmarks() => {
                arguments.refuse_metrics_beside_plan()?;
                let logs = logs_beside(&study);
                plan.benchmarks(&logs, &|| notes.listener())?
            }
            _ => arguments.benchmarks(&study, notes)?,
        };
        let seeds = match (&arguments.seeds, plan.and_then(|plan| plan.seeds.as_ref())) {
            (Some(seeds), _) => seeds.clone(),
            (None, Some(seeds)) if arguments.preset.is_none() => seeds.clone(),
            _ => preset.seeds().parse().map_err(UsageError)?,
        };
        let mut budgets = arguments.budgets.clone();
        if budgets.is_empty() {
            budgets = plan.map(|plan| plan.budgets.clone()).unwrap_or_default();
        }
        Ok(Self {
            algorithms,
            benchmarks,
            seeds,
            budgets,
            baseline: arguments
                .baseline
                .clone()
                .or_else(|| plan?.baseline.clone()),
            study,
            folders: environment::folders()?,
        })
    }

    /// The name of the algorithm with which the others are compared.
    fn baseline(&self) -> anyhow::Result<String> {
        let names: Vec<&str> = self.algorithms.iter().map(NamedAlgorithm::name).collect();
        match &self.baseline {
            None => Ok(names.first().copied().unwrap_or_default().to_owned()),
            Some(baseline) if names.contains(&&**baseline) => Ok(baseline.clone()),
            Some(baseline) => Err(UsageError(format!(
                "the baseline `{baseline}` is not one of the algorithms: {}",
                names.join(", ")
            ))
            .into()),
        }
    }

    fn prepare(self, arguments: &Arguments) -> anyhow::Result<Comparing> {
        let quiet = arguments.quiet;
        let mut compare = Compare::new(self.study)
            .folders(self.folders)
            .seeds(self.seeds)
            .budgets(self.budgets)
            .notes(move |text| {
                if !quiet {
                    message(text);
                }
            });
        for algorithm in self.algorithms {
            compare = compare.algorithm(algorithm);
        }
        for benchmark in self.benchmarks {
            compare = compare.benchmark(benchmark);
        }
        if let Some(threads) = arguments.threads {
            compare = compare.threads(threads);
        }
        if let Some(time) = arguments.max_time {
            compare = compare.max_time(time);
        }
        if let Some(grace) = arguments.max_time_grace {
            compare = compare.max_time_grace(grace);
        }
        if arguments.resume {
            compare = compare.resume();
        }
        Ok(compare.prepare()?)
    }
}

impl Arguments {
    /// Whether they say on what is compared.
    fn names_benchmarks(&self) -> bool {
        let of_files = !self.tables.is_empty() || !self.surrogates.is_empty();
        of_files || self.workers.is_given() || self.space.is_some()
    }

    fn refuse_metrics_beside_plan(&self) -> anyhow::Result<()> {
        let declared = !self.declarations.overrides()?.is_empty();
        if self.search.is_none() && self.report.is_none() && !declared {
            return Ok(());
        }
        Err(UsageError(
            "--search, --report and what is declared of metrics belong to benchmarks on the command line: write them into \
             the [[benchmark]] of the file"
                .to_owned(),
        )
        .into())
    }

    /// The benchmarks on the command line; without any, the first table inside the program.
    fn benchmarks(&self, study: &Path, notes: &WorkerNotes) -> anyhow::Result<Vec<Benchmark>> {
        let mut benchmarks: Vec<Benchmark> = self.tables.iter().map(Benchmark::table).collect();
        benchmarks.extend(self.surrogates.iter().map(Benchmark::surrogate));
        if let Some(config) = self.workers.config(Some(study))? {
            benchmarks.push(Benchmark::workers(config, notes.listener()));
        }
        if benchmarks.is_empty() {
            benchmarks.push(match &self.space {
                Some(space) => Benchmark::of_space(Arc::clone(space)),
                None => Benchmark::table("digits-5"),
            });
        }
        let declared = self.declarations.overrides()?;
        let benchmarks = benchmarks.into_iter().map(|mut benchmark| {
            if let Some(space) = &self.space {
                benchmark = benchmark.space(Arc::clone(space));
            }
            if let Some(search) = &self.search {
                benchmark = benchmark.search_metric(search);
            }
            if let Some(report) = &self.report {
                benchmark = benchmark.report_metric(report);
            }
            benchmark.declare(declared.clone())
        });
        Ok(benchmarks.collect())
    }
}
