//! `ganas table build`: evaluates the architectures of a space, each with several seeds, into a table.

mod summary;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use ganas::eval::EvalError;
use ganas::space::Described;
use ganas::store::OnExisting;
use ganas::tables::{Build, Choice, TableBuild, check_seeds};
use ganas::{Error, Seeds, StopFlag};

use crate::arguments::workers::WorkerArguments;
use crate::arguments::{count, environment};
use crate::commands::evaluations_bar::{self, Counts};
use crate::printing::exit::Outcome;
use crate::printing::interrupt::Interrupt;
use crate::printing::stderr::message;
use crate::printing::worker_notes::WorkerNotes;

/// What to evaluate, how, and where to.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("how").required(true).args(["evaluator"])))]
pub(crate) struct Arguments {
    /// The search space: a name that `ganas space list` lists, or a `.toml` file that describes one. Every class of
    /// architectures is evaluated once a seed.
    #[arg(long, value_parser = crate::arguments::space::parse_described)]
    space: Described,
    /// So many random architectures instead of all.
    #[arg(long, value_name = "N", value_parser = count::any)]
    sample: Option<NonZeroU32>,
    /// The seed of the sample; a larger sample with the same seed contains the smaller one.
    #[arg(long, value_name = "SEED", default_value_t = 0, requires = "sample")]
    sample_seed: u64,
    /// The seeds that the evaluator is told, one evaluation each: `0..3`, `777,888,999`.
    #[arg(long, default_value = "0..1")]
    seeds: Seeds,
    #[command(flatten)]
    workers: WorkerArguments,
    /// The table file to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replaces the table file when it exists.
    #[arg(long)]
    overwrite: bool,
    /// The study that keeps the evaluations, created when it does not exist [default: the name of the table file, with
    /// `.study` after it].
    #[arg(long, value_name = "FILE")]
    study: Option<PathBuf>,
    /// Continues with the evaluations that the study holds; finished ones are not made again.
    #[arg(long)]
    resume: bool,
    /// Makes evaluations that have failed again.
    #[arg(long, requires = "resume")]
    retry_failed: bool,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
    /// Prints no progress; failures are told all the same.
    #[arg(short, long)]
    quiet: bool,
}

/// Evaluates what the study lacks, and writes the table once it is complete.
pub(crate) fn run(arguments: &Arguments, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let stop = StopFlag::default();
    let notes = if arguments.quiet {
        WorkerNotes::quiet()
    } else {
        WorkerNotes::printed()
    };
    let plan = plan(arguments, &stop)?;
    let study = plan.study.clone();
    let mut build = plan.prepare(notes.listener())?;
    let continuation = format!("continue with: {}", environment::resume_command());
    let safe_stop = interrupt.stop_safely(&stop, continuation.clone());
    let n = build.n_architectures();
    let progress = build.progress();
    if !arguments.quiet {
        message(format_args!(
            "{n} architectures of {}, {} seeds: {} evaluations, {} of them are there; kept in {}",
            arguments.space.space.name(),
            arguments.seeds.all().len(),
            progress.all(),
            progress.known(),
            study.display()
        ));
    }
    if let Err(error) = evaluate(arguments, &mut build, &notes) {
        let progress = build.progress();
        match error.downcast_ref() {
            Some(Error::Eval(EvalError::Interrupted)) if interrupt.asked() => {
                message(format_args!(
                    "interrupted: {} of {} evaluations are there\n{continuation}",
                    progress.known(),
                    progress.all()
                ));
                return Ok(Outcome::Interrupted);
            }
            Some(Error::Eval(EvalError::Unusable(_))) => message(format_args!(
                "what is finished is kept; once the error is mended, {continuation}"
            )),
            _ => {}
        }
        return Err(error);
    }
    drop(safe_stop);
    let report = build.write()?;
    summary::print(&report, arguments.json)?;
    if report.failed > 0 {
        message(format_args!(
            "{} evaluations failed and are null in the table; \
             `--resume --retry-failed --overwrite` makes them again",
            report.failed
        ));
        return Ok(Outcome::FailedEvaluations);
    }
    Ok(Outcome::Done)
}

fn plan(arguments: &Arguments, stop: &StopFlag) -> anyhow::Result<TableBuild> {
    let seeds = check_seeds(&arguments.seeds)?;
    let study = arguments.study.clone().unwrap_or_else(|| {
        let mut path = arguments.output.as_os_str().to_owned();
        path.push(".study");
        path.into()
    });
    Ok(TableBuild {
        space: Arc::clone(&arguments.space.space),
        description: arguments.space.description.clone(),
        choice: match arguments.sample {
            None => Choice::All,
            Some(n) => Choice::Sample {
                n: n.get(),
                seed: arguments.sample_seed,
            },
        },
        seeds,
        workers: arguments
            .workers
            .config(Some(&study))?
            .context("invariant: the arguments require an evaluator")?,
        output: arguments.output.clone(),
        overwrite: arguments.overwrite,
        study,
        made_from: arguments.space.files.clone(),
        on_existing: if arguments.resume {
            OnExisting::Resume
        } else {
            OnExisting::Refuse
        },
        retry_failed: arguments.retry_failed,
        stop: stop.clone(),
    })
}

/// Makes the evaluations that are missing.
fn evaluate(arguments: &Arguments, build: &mut Build, notes: &WorkerNotes) -> anyhow::Result<()> {
    let progress = build.progress();
    let counts = Counts {
        ended: progress.known(),
        all: progress.all(),
    };
    let bar = if arguments.quiet {
        evaluations_bar::hidden(&counts, notes)
    } else {
        evaluations_bar::shown(&counts, notes)
    };
    build.evaluate(&mut |progress| {
        bar.set_message(progress.failures());
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    Ok(())
}
