//! `ganas search`: runs of a search algorithm on a benchmark table, or with a command that evaluates.

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use ganas::search::StopReason;
use ganas::table::Embedded;
use ganas::worker::join::Leadership;
use ganas::{Budget, Experiment, RunRecord, Search, SearchSpace, Seeds};

use crate::arguments::algorithm::AlgorithmArguments;
use crate::arguments::budget::budget;
use crate::arguments::count;
use crate::arguments::course::CourseArguments;
use crate::arguments::environment;
use crate::arguments::evaluator::EvaluatorArguments;
use crate::arguments::goal::GoalArguments;
use crate::arguments::restrictions::RestrictionArguments;
use crate::arguments::workers::{WorkerArguments, nothing_to_resume};
use crate::commands::joining::{JoiningArguments, Part};
use crate::printing::exit::Outcome;
use crate::printing::interrupt::Interrupt;
use crate::printing::output;
use crate::printing::progress::Progress;
use crate::printing::stderr::message;
use crate::printing::worker_notes::WorkerNotes;
use ganas::report::escape::escaped;

/// What to search, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The search space: a name that `ganas space list` lists, or a `.toml` file that describes one [default: that of
    /// the table file; without one either, a small benchmark inside the program is searched].
    #[arg(long, value_parser = crate::arguments::space::parse)]
    space: Option<Arc<dyn SearchSpace>>,
    #[command(flatten)]
    evaluator: EvaluatorArguments,
    #[command(flatten)]
    workers: WorkerArguments,
    #[command(flatten)]
    restrictions: RestrictionArguments,
    #[command(flatten)]
    goal: GoalArguments,
    /// Unique queries of each run; architectures that compute the same function count once [default: 150, or fewer on
    /// the benchmark inside the program].
    #[arg(long, value_name = "QUERIES", value_parser = budget)]
    budget: Option<Budget>,
    /// Seeds, one run each: `7`, `0..20` (without 20), `1,5,10..12`.
    #[arg(long, alias = "seed", default_value = "0..1")]
    seeds: Seeds,
    /// The study that records the runs, created when it does not exist [default: with --evaluator a file in the current folder,
    /// named like the space; else runs are kept in memory only].
    #[arg(long, value_name = "FILE")]
    study: Option<PathBuf>,
    /// Continues the runs that the study holds, also with a larger budget; finished ones are shown as they are.
    #[arg(long)]
    resume: bool,
    /// With --resume: begins runs that the study does not hold, beside those that it holds.
    #[arg(long, requires = "resume")]
    new_run: bool,
    /// With --resume: evaluates again what has failed. The record becomes that of runs in which it had not failed.
    #[arg(long, requires = "resume")]
    retry_failed: bool,
    #[command(flatten)]
    joining: JoiningArguments,
    #[command(flatten)]
    course: CourseArguments,
    /// Measures each round of ga-nas against all of the space, which has to be small enough to be listed, and a table; the record
    /// is the same without it. docs/THEORY.md says what is measured; `ganas report` draws it.
    #[arg(long, requires = "study")]
    measure_theory: bool,
    /// Threads, at most 1024; the results do not depend on them [default: all processors].
    #[arg(long, value_name = "N", value_parser = count::threads)]
    threads: Option<NonZeroUsize>,
    /// Prints one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Prints no header and no progress; failures are told all the same.
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    algorithm: AlgorithmArguments,
}

/// Runs the search.
pub(crate) fn run(arguments: &Arguments, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let notes = if arguments.quiet {
        WorkerNotes::quiet()
    } else {
        WorkerNotes::printed()
    };
    let leads =
        match arguments
            .joining
            .role(&arguments.workers, study(arguments).as_deref(), interrupt)?
        {
            Part::Searches(leads) => leads,
            Part::Done(outcome) => return Ok(outcome),
        };
    let experiment = experiment(arguments, leads, &notes)?;
    let embedded = experiment.embedded().filter(|_| !arguments.quiet);
    let mut search = experiment.prepare()?;
    if !arguments.quiet {
        for (name, value) in search.describe() {
            message(format_args!("{name:<9}  {}", escaped(&value)));
        }
        message("");
    }

    let continuation = continuation(&search);
    let safe_stop = interrupt.stop_safely(search.stop(), continuation.clone());
    let n_runs = search.seeds().len();
    let progress = match (arguments.quiet, std::io::stderr().is_terminal()) {
        (true, _) => None,
        (false, true) => Some(Progress::bars(&search, &notes)),
        (false, false) => Some(Progress::lines(&search)),
    };
    if let Some(progress) = &progress {
        search.observe(progress.observers());
    }
    let results = search.run();
    if let Some(progress) = progress {
        progress.clear();
    }
    for warning in search.warnings() {
        message(warning);
    }
    if let (Some(statistics), false) = (search.worker_statistics(), arguments.quiet) {
        message(format_args!("workers: {statistics}"));
        if search.reused() > 0 {
            message(format_args!(
                "{} evaluations of other runs were used again",
                search.reused()
            ));
        }
    }
    let runs = results.inspect_err(|_| {
        if search.study().is_some() && n_runs > 1 {
            message(format_args!(
                "the other runs were stopped; once the error is mended, continue with: {}",
                environment::resume_command()
            ));
        }
    })?;
    drop(safe_stop);

    let record = search.record(runs)?;
    if arguments.json {
        output::print_json(&record)?;
    } else {
        output::print_text(&record.to_text())?;
    }
    let runs = &record.runs;
    if let Some(embedded) = embedded {
        message(next_steps(embedded, runs).trim_end_matches('\n'));
    }
    let is_finished =
        |run: &&RunRecord| !matches!(run.stop, StopReason::Interrupted | StopReason::TimeSpent);
    let finished = runs.iter().filter(is_finished).count();
    if search.stop().is_out_of_time() && !interrupt.asked() {
        message(format_args!(
            "the time is over: {finished} of {n_runs} runs are finished\n{continuation}"
        ));
        return Ok(Outcome::Done);
    }
    if interrupt.asked() && runs.len() < n_runs || finished < runs.len() {
        message(format_args!(
            "interrupted: {finished} of {n_runs} runs are finished\n{continuation}"
        ));
        return Ok(Outcome::Interrupted);
    }
    let failed: u64 = runs.iter().map(|run| u64::from(run.failed)).sum();
    if failed > 0 {
        message(format_args!("{}", failures(failed, runs)));
        return Ok(Outcome::FailedEvaluations);
    }
    Ok(Outcome::Done)
}

/// How to continue what was interrupted.
fn continuation(search: &Search) -> String {
    match search.study() {
        Some(_) => format!("continue with: {}", environment::resume_command()),
        None => {
            "runs that are not finished cannot be continued, since they were kept in memory only; \
                 with --study FILE, a search can be continued with --resume"
                .to_owned()
        }
    }
}

/// How many evaluations failed, and why the first did.
fn failures(failed: u64, runs: &[RunRecord]) -> String {
    let reason = runs.iter().find_map(|run| run.first_failure.as_deref());
    let reason = reason.unwrap_or("the reason is not known");
    let plural = if failed == 1 { "" } else { "s" };
    let more = match failed - 1 {
        0 => String::new(),
        more => format!(" (and {more} more; `ganas export` of a study says why each did)"),
    };
    format!("{failed} evaluation{plural} failed: {reason}{more}")
}

/// The study that records the runs.
fn study(arguments: &Arguments) -> Option<PathBuf> {
    let space = arguments.space.as_ref().map(|space| space.name());
    let named = arguments.study.as_deref();
    arguments.workers.study(named, space)
}

fn experiment(
    arguments: &Arguments,
    leads: Option<Arc<Leadership>>,
    notes: &WorkerNotes,
) -> anyhow::Result<Experiment> {
    let quiet = arguments.quiet;
    let mut experiment = Experiment::new()
        .folders(environment::folders()?)
        .seeds(arguments.seeds.clone())
        .algorithm(arguments.algorithm.settings())
        .notes(move |text| {
            if !quiet {
                message(text);
            }
        });
    experiment = arguments.evaluator.add_to(experiment)?;
    experiment = arguments.restrictions.add_to(experiment);
    experiment = arguments.goal.add_to(experiment);
    if let Some(space) = &arguments.space {
        experiment = experiment.space(Arc::clone(space));
    }
    let study = study(arguments);
    // Who leads continues what an earlier leader began.
    let resume = arguments.resume || leads.is_some();
    if let Some(mut config) = arguments.workers.config(study.as_deref())? {
        config.leads = leads;
        experiment = experiment.workers(config, notes.listener());
    }
    if let Some(budget) = arguments.budget {
        experiment = experiment.budget(budget);
    }
    if let Some(threads) = arguments.threads {
        experiment = experiment.threads(threads);
    }
    match study {
        Some(study) => experiment = experiment.study(study),
        None if resume => return Err(nothing_to_resume().into()),
        None => {}
    }
    if arguments.measure_theory {
        experiment = experiment.measure_theory();
    }
    if resume {
        experiment = experiment.resume();
    }
    if arguments.retry_failed {
        experiment = experiment.retry_failed();
    }
    if arguments.new_run {
        experiment = experiment.new_run();
    }
    arguments.course.add_to(experiment)
}

/// What there is to do after a first search.
fn next_steps(embedded: Embedded, runs: &[RunRecord]) -> String {
    let name = embedded.name;
    let best = runs.iter().find_map(|run| run.best.as_ref());
    let arch = best.map_or("ARCHITECTURE", |best| &best.arch);
    let commands = [
        (
            "compare with random search",
            "search --seeds 0..20 --algorithm random".to_owned(),
        ),
        (
            "all that is known of the find",
            format!("table query {name} '{arch}'"),
        ),
        (
            "your own space and training script",
            "search --space SPACE --evaluator 'python train.py' --workers 2".to_owned(),
        ),
        (
            "the spaces, and all settings",
            "space list; ganas search --help".to_owned(),
        ),
    ];
    let commands: String = commands
        .iter()
        .map(|(what, command)| format!("  {what}\n    ganas {command}\n"))
        .collect();
    format!(
        "\nThis was {name}: {}.\nA rank of 1 is the best that there is. What to do next:\n{commands}",
        embedded.about
    )
}
