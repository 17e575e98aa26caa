//! `ganas table build`: evaluates the architectures of a space, each with several seeds, into a table.
//!
//! Every finished evaluation is kept in a study at once, so that a process that is killed loses what its workers are
//! at, and nothing else.

mod architectures;
mod summary;

use std::io::IsTerminal as _;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use ganas_eval::EvalError;
use ganas_search::StopFlag;
use ganas_space::SearchSpace;
use ganas_store::{Collected, Collection, CollectionSpec, EvaluationId, OnExisting, Study};
use ganas_table::TableError;
use ganas_table::{
    Evaluated, EvaluationsRequest, EvaluatorInfo, MAX_SEEDS, Table, write_evaluations,
};
use ganas_worker::{Measured, Request, Workers};

use crate::environment;
use crate::exit::{Outcome, UsageError};
use crate::interrupt::Interrupt;
use crate::seeds::Seeds;
use crate::worker_arguments::WorkerArguments;
use crate::worker_notes::WorkerNotes;

use architectures::{Architecture, Choice};
use summary::{Summary, Tally};

/// Evaluations that are given to the workers together; they wait for each other only at the end of as many.
const TOGETHER: usize = 4096;

/// What to evaluate, how, and where to.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("how").required(true).args(["evaluator"])))]
pub(crate) struct Arguments {
    /// The search space: a name that `ganas space list` lists, or a `.toml` file that describes one. Every class of
    /// architectures is evaluated once a seed.
    #[arg(long, value_parser = crate::space_argument::parse)]
    space: Arc<dyn SearchSpace>,
    /// So many random architectures instead of all.
    #[arg(long, value_name = "N")]
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
    /// Prints no progress.
    #[arg(short, long)]
    quiet: bool,
}

/// Evaluates what the study lacks, and writes the table once it is complete.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let seeds = checked_seeds(&arguments.seeds)?;
    if !arguments.overwrite && arguments.output.exists() {
        // Not hours later.
        return Err(TableError::output_exists(&arguments.output).into());
    }
    let architectures = architectures::choose(
        &*arguments.space,
        match arguments.sample {
            None => Choice::All,
            Some(n) => Choice::Sample {
                n: n.get(),
                seed: arguments.sample_seed,
            },
        },
    )?;
    let study_path = arguments.study_path();
    let study = Study::create_or_open(&study_path)?;
    let stop = StopFlag::default();
    let notes = if arguments.quiet {
        WorkerNotes::quiet()
    } else {
        WorkerNotes::printed()
    };
    let workers = arguments
        .workers
        .open_workers(&arguments.space, Some(&study_path), &stop, &notes)?
        .context("invariant: the arguments require an evaluator")?;
    let spec = CollectionSpec {
        space: arguments.space.name().to_owned(),
        evaluator: workers.identity().to_owned(),
        description: arguments.workers.describe_workers(&workers),
    };
    let on_existing = if arguments.resume {
        OnExisting::Resume
    } else {
        OnExisting::Refuse
    };
    let collection = study.collect(&spec, on_existing)?;
    if arguments.retry_failed {
        collection.forget_failures()?;
    }
    let interrupt = Interrupt::install(&stop)?;
    let mut tally = Tally::new(&architectures, &seeds, &collection.evaluations()?);
    if !arguments.quiet {
        eprintln!(
            "{} architectures of {}, {} seeds: {} evaluations, {} of them are there; kept in {}",
            architectures.len(),
            spec.space,
            seeds.len(),
            tally.all(),
            tally.known(),
            study_path.display()
        );
    }
    let evaluated = evaluate(
        arguments,
        &architectures,
        &workers,
        &collection,
        &mut tally,
        &notes,
    );
    if let Err(EvalError::Interrupted) = evaluated
        && interrupt.asked()
    {
        eprintln!(
            "interrupted: {} of {} evaluations are there; continue with: {}",
            tally.known(),
            tally.all(),
            environment::resume_command()
        );
        return Ok(Outcome::Interrupted);
    }
    if let Err(error) = evaluated {
        if let EvalError::Unusable(_) = error {
            // When nothing works any more, what has failed may have failed for the same reason.
            collection.forget_failures()?;
            eprintln!(
                "what is finished is kept; once the error is mended, continue with: {}",
                environment::resume_command()
            );
        }
        return Err(error.into());
    }
    let summary = write(arguments, &architectures, &seeds, &workers, &collection)?;
    summary.print(arguments.json)?;
    if summary.failed > 0 {
        eprintln!(
            "{} evaluations failed and are null in the table; \
             `--resume --retry-failed --overwrite` makes them again",
            summary.failed
        );
        return Ok(Outcome::FailedEvaluations);
    }
    Ok(Outcome::Done)
}

impl Arguments {
    fn study_path(&self) -> PathBuf {
        self.study.clone().unwrap_or_else(|| {
            let mut path = self.output.as_os_str().to_owned();
            path.push(".study");
            path.into()
        })
    }
}

/// The seeds as the protocol has them.
fn checked_seeds(Seeds(seeds): &Seeds) -> anyhow::Result<Vec<u32>> {
    if seeds.len() > MAX_SEEDS {
        return Err(UsageError(format!(
            "{} seeds are too many for a table: expected at most {MAX_SEEDS}",
            seeds.len()
        ))
        .into());
    }
    let number = |&seed: &u64| {
        u32::try_from(seed).map_err(|_| {
            let message = format!(
                "the seed {seed} is too large: expected at most {}",
                u32::MAX
            );
            UsageError(message).into()
        })
    };
    seeds.iter().map(number).collect()
}

/// Makes the evaluations that the tally lacks.
fn evaluate(
    arguments: &Arguments,
    architectures: &[Architecture],
    workers: &Workers,
    collection: &Collection,
    tally: &mut Tally,
    notes: &WorkerNotes,
) -> Result<(), EvalError> {
    let missing = tally.missing();
    let shown = !arguments.quiet && std::io::stderr().is_terminal();
    let bar = summary::bar(shown, tally, notes);
    for some in missing.chunks(TOGETHER) {
        let requests: Vec<Request<'_>> = some
            .iter()
            .map(|missing| Request {
                arch: &architectures[missing.architecture].arch,
                seed: missing.seed,
            })
            .collect();
        workers.measure_all(&requests, &mut |at, measured| {
            let id = EvaluationId {
                key: architectures[some[at].architecture].key,
                seed: some[at].seed,
            };
            let failed = measured.is_err();
            keep(collection, id, measured)?;
            tally.count(failed);
            bar.set_message(tally.failures());
            bar.inc(1);
            Ok(())
        })?;
    }
    bar.finish_and_clear();
    Ok(())
}

fn keep(collection: &Collection, id: EvaluationId, measured: Measured) -> Result<(), EvalError> {
    let collected: Collected = measured.map_err(|failure| failure.to_string());
    let kept = collection.keep(id, &collected);
    kept.map_err(|error| EvalError::Record {
        source: Box::new(error),
    })
}

/// Writes the table, from the study.
fn write(
    arguments: &Arguments,
    architectures: &[Architecture],
    seeds: &[u32],
    workers: &Workers,
    collection: &Collection,
) -> anyhow::Result<Summary> {
    let known = collection.evaluations()?;
    let mut evaluations = Vec::with_capacity(architectures.len() * seeds.len());
    for architecture in architectures {
        for &seed in seeds {
            let key = architecture.key;
            let collected = known.get(&EvaluationId { key, seed });
            let collected = collected.context("invariant: every evaluation was made")?;
            evaluations.push(Evaluated {
                arch: &architecture.arch,
                seed,
                metrics: collected.as_ref().ok(),
            });
        }
    }
    let failed = evaluations.iter().filter(|e| e.metrics.is_none()).count();
    let capabilities = workers.capabilities();
    let request = EvaluationsRequest {
        output: arguments.output.clone(),
        overwrite: arguments.overwrite,
        evaluator: EvaluatorInfo {
            command: arguments.workers.command().to_owned(),
            name: capabilities.name.clone(),
            version: capabilities.version.clone(),
            fidelity: arguments.workers.fidelity(),
        },
        metrics: capabilities.metrics.clone(),
    };
    let report = write_evaluations(&request, &*arguments.space, &evaluations)?;
    let table = Table::open(&arguments.output)?;
    Ok(Summary {
        output: arguments.output.clone(),
        sha256: table.sha256(),
        bytes: report.output_bytes,
        manifest: report.manifest,
        evaluations: evaluations.len(),
        failed,
        noise: table.noise(),
    })
}
