//! `ganas evaluate`: a list of architectures, evaluated by whatever evaluates in a search.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ganas::eval::{EvalError, fidelity_words};
use ganas::files::{Output, Replace, Target, check_stdout, means_stdout};
use ganas::report::records::EvaluatedRecord;
use ganas::{Error, Evaluate, EvaluationList, SearchSpace, Seeds};

use crate::arguments::declarations::DeclarationArguments;
use crate::arguments::duration::duration;
use crate::arguments::environment;
use crate::arguments::restrictions::RestrictionArguments;
use crate::arguments::workers::{WorkerArguments, nothing_to_resume};
use crate::commands::evaluations_bar::{self, Counts};
use crate::printing::exit::{Outcome, UsageError};
use crate::printing::interrupt::Interrupt;
use crate::printing::output;
use crate::printing::stderr::message;
use crate::printing::worker_notes::WorkerNotes;
use ganas::report::escape::escaped;

/// Architectures of a study when no number is named.
const TOP: usize = 10;

/// What to evaluate, and with what.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("list").required(true).args(["archs", "top"])))]
#[command(group(clap::ArgGroup::new("how").required(true).args(["evaluator", "table", "surrogate"])))]
pub(crate) struct Arguments {
    /// The search space: a name that `ganas space list` lists, or a `.toml` file that describes one [default: that of the table
    /// file].
    #[arg(long, value_parser = crate::arguments::space::parse)]
    space: Option<Arc<dyn SearchSpace>>,
    /// The architectures, one text a line.
    #[arg(long, value_name = "FILE")]
    archs: Option<PathBuf>,
    /// The best N of a study instead, 10 without a number: `my.db`, `my.db:5`; classes are counted once.
    #[arg(long, value_name = "STUDY[:N]", value_parser = top)]
    top: Option<Top>,
    #[command(flatten)]
    restrictions: RestrictionArguments,
    #[command(flatten)]
    workers: WorkerArguments,
    /// Looks the values up in a table: a table file, a CSV file, or `digits-5` or `digits-4`.
    #[arg(long, value_name = "FILE", conflicts_with = "evaluator")]
    table: Option<PathBuf>,
    /// Predicts them with the surrogate in a folder.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["table", "evaluator"])]
    surrogate: Option<PathBuf>,
    /// With a table or a surrogate: the metric that a search would be on [default: as in `ganas search`]. Of workers, all
    /// metrics are shown.
    #[arg(long, value_name = "METRIC", conflicts_with = "evaluator")]
    search: Option<String>,
    /// With a table or a surrogate: the metric that a search would report.
    #[arg(long, value_name = "METRIC", conflicts_with = "evaluator")]
    report: Option<String>,
    #[command(flatten)]
    declarations: DeclarationArguments,
    /// The seeds that the evaluator is told, one evaluation of each architecture for each: `0..5`, `777,888` [default: one
    /// that follows from the class, as in a search, whose evaluations are then used, and which can use these].
    #[arg(long, value_name = "SEEDS")]
    training_seeds: Option<Seeds>,
    /// The study that keeps the evaluations, created when it does not exist [default: with --evaluator a file in the current
    /// folder, named like the space; else they are not kept].
    #[arg(long, value_name = "FILE")]
    study: Option<PathBuf>,
    /// Goes on with a list: what failed in it stays failed. Without it, failures that the study holds are evaluated again;
    /// what succeeded is used again in either case.
    #[arg(long)]
    resume: bool,
    /// With --resume: evaluates again what has failed.
    #[arg(long, requires = "resume")]
    retry_failed: bool,
    /// The longest that all of it may take: `90s`, `15m`, `8h`; what is being evaluated then is finished, and the rest can be
    /// resumed.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    max_time: Option<Duration>,
    /// Cancels what workers are still at so long after --max-time; it counts as not evaluated, and is evaluated when the same
    /// command is given again [default: it is waited for, however long it takes].
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "max_time")]
    max_time_grace: Option<Duration>,
    /// Prints one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Writes a CSV file with a line for each evaluation, replaced when it exists; `-` is stdout, in place of the table.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Prints no header and no progress; failures are told all the same.
    #[arg(short, long)]
    quiet: bool,
}

/// A study, and how many of its architectures.
#[derive(Clone, Debug, PartialEq)]
struct Top {
    study: PathBuf,
    n: usize,
}

/// `my.db` or `my.db:5`; a number after the last colon is that of the architectures.
fn top(text: &str) -> Result<Top, String> {
    let expected = || {
        format!(
            "`{text}` names no architectures: expected a study, and after a colon how many, from 1 up: my.db:{TOP}"
        )
    };
    let is_number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    let (study, n) = match text.rsplit_once(':') {
        Some((study, n)) if is_number(n) => (study, n.parse().map_err(|_| expected())?),
        _ => (text, TOP),
    };
    if n == 0 || study.is_empty() {
        return Err(expected());
    }
    let study = PathBuf::from(study);
    Ok(Top { study, n })
}

/// Evaluates what the study lacks, and prints all of it.
pub(crate) fn run(arguments: &Arguments, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let notes = if arguments.quiet {
        WorkerNotes::quiet()
    } else {
        WorkerNotes::printed()
    };
    if arguments.json && (arguments.output.as_ref()).is_some_and(|path| means_stdout(path)) {
        return Err(UsageError(
            "--json and `-o -` both write to stdout: leave one of them out".to_owned(),
        )
        .into());
    }
    let study = arguments.study();
    let mut list = evaluate(arguments, study.as_deref(), &notes)?.prepare()?;
    // Once the study is there, which it must not be, and before anything is evaluated.
    let csv = csv_file(arguments, study.as_deref())?;
    let continuation = match &study {
        Some(_) => format!("continue with: {}", environment::resume_command()),
        None => "nothing was kept; --study FILE keeps evaluations".to_owned(),
    };
    if !arguments.quiet {
        describe(&list);
    }
    let safe_stop = interrupt.stop_safely(list.stop(), continuation.clone());
    let evaluated = evaluate_missing(arguments, &mut list, &notes);
    if let (Some(statistics), false) = (list.worker_statistics(), arguments.quiet) {
        message(format_args!("workers: {statistics}"));
    }
    if let Err(error) = evaluated {
        let progress = list.progress();
        let so_far = format!(
            "{} of {} evaluations are there\n{continuation}",
            progress.ended, progress.all
        );
        match error.downcast_ref() {
            Some(Error::Eval(EvalError::Interrupted)) if interrupt.asked() => {
                message(format_args!("interrupted: {so_far}"));
                return Ok(Outcome::Interrupted);
            }
            Some(Error::Eval(EvalError::Interrupted)) if list.stop().is_out_of_time() => {
                message(format_args!("the time is over: {so_far}"));
                return Ok(Outcome::Done);
            }
            Some(Error::Eval(EvalError::Unusable(_))) if study.is_some() => message(format_args!(
                "what is finished is kept; once the error is mended, {continuation}"
            )),
            _ => {}
        }
        return Err(error);
    }
    drop(safe_stop);
    let record = list.record();
    print(arguments, &record, csv)?;
    Ok(tell_counts(&record, arguments.quiet))
}

impl Arguments {
    fn study(&self) -> Option<PathBuf> {
        let space = self.space.as_ref().map(|space| space.name());
        self.workers.study(self.study.as_deref(), space)
    }
}

fn evaluate(
    arguments: &Arguments,
    study: Option<&Path>,
    notes: &WorkerNotes,
) -> anyhow::Result<Evaluate> {
    let quiet = arguments.quiet;
    let mut evaluate = match (&arguments.archs, &arguments.top) {
        (Some(file), _) => Evaluate::file(file),
        (None, Some(top)) => Evaluate::top(&top.study, top.n),
        (None, None) => {
            anyhow::bail!("invariant: the arguments require a list")
        }
    }
    .folders(environment::folders()?)
    .declare(arguments.declarations.overrides()?)
    .notes(move |text| {
        if !quiet {
            message(text);
        }
    });
    if let Some(space) = &arguments.space {
        evaluate = evaluate.space(Arc::clone(space));
    }
    evaluate = arguments.restrictions.add_to_list(evaluate);
    if let Some(config) = arguments.workers.config(study)? {
        evaluate = evaluate.workers(config, notes.listener());
    }
    if let Some(table) = &arguments.table {
        evaluate = evaluate.table(table);
    }
    if let Some(surrogate) = &arguments.surrogate {
        evaluate = evaluate.surrogate(surrogate);
    }
    if let Some(search) = &arguments.search {
        evaluate = evaluate.search_metric(search);
    }
    if let Some(report) = &arguments.report {
        evaluate = evaluate.report_metric(report);
    }
    if let Some(seeds) = &arguments.training_seeds {
        evaluate = evaluate.training_seeds(seeds.clone());
    }
    match study {
        Some(study) => evaluate = evaluate.study(study),
        None if arguments.resume => return Err(nothing_to_resume().into()),
        None => {}
    }
    if arguments.resume {
        evaluate = evaluate.resume();
    }
    if arguments.retry_failed {
        evaluate = evaluate.retry_failed();
    }
    if let Some(time) = arguments.max_time {
        evaluate = evaluate.max_time(time);
    }
    if let Some(grace) = arguments.max_time_grace {
        evaluate = evaluate.max_time_grace(grace);
    }
    Ok(evaluate)
}

/// Says what is evaluated, and what of it is there.
fn describe(list: &EvaluationList) {
    let spec = list.spec();
    let progress = list.progress();
    let mut lines = vec![
        ("space", spec.space.clone()),
        (
            "evaluator",
            format!("{} (sha256 {})", spec.description, spec.identity),
        ),
    ];
    if !spec.fidelity.is_empty() {
        let words: Vec<String> = fidelity_words(&spec.fidelity).collect();
        lines.push(("fidelity", words.join(" ")));
    }
    if let Some(study) = list.study() {
        lines.push(("study", study.path().display().to_string()));
    }
    for (name, value) in lines {
        message(format_args!("{name:<9}  {}", escaped(&value)));
    }
    message(format_args!(
        "{} architectures, {} evaluations; {} of them are there and not made again\n",
        list.n_architectures(),
        progress.all,
        progress.ended
    ));
}

/// Makes the evaluations that are missing.
fn evaluate_missing(
    arguments: &Arguments,
    list: &mut EvaluationList,
    notes: &WorkerNotes,
) -> anyhow::Result<()> {
    let progress = list.progress();
    let counts = Counts {
        ended: progress.ended,
        all: progress.all,
    };
    let bar = if arguments.quiet {
        evaluations_bar::hidden(&counts, notes)
    } else {
        evaluations_bar::shown(&counts, notes)
    };
    let evaluated = list.run(&mut |progress| {
        if progress.failed > 0 {
            bar.set_message(format!("{} failed", progress.failed));
        }
        bar.inc(1);
    });
    bar.finish_and_clear();
    Ok(evaluated?)
}

/// All files that the output is made from.
fn inputs<'a>(arguments: &'a Arguments, study: Option<&'a Path>) -> impl Iterator<Item = &'a Path> {
    let files = [&arguments.archs, &arguments.table].into_iter().flatten();
    let top = arguments.top.iter().map(|top| &*top.study);
    files.map(|path| &**path).chain(top).chain(study)
}

/// The CSV file that is written, when there is one: it is none of the inputs, and its folder can be written.
fn csv_file(arguments: &Arguments, study: Option<&Path>) -> anyhow::Result<Option<Output>> {
    match &arguments.output {
        None => Ok(None),
        Some(path) if means_stdout(path) => {
            check_stdout(inputs(arguments, study))?;
            Ok(None)
        }
        Some(path) => {
            let target = Target::new(path, Replace::Allowed).made_from(inputs(arguments, study));
            Ok(Some(Output::create(&target)?))
        }
    }
}

fn print(
    arguments: &Arguments,
    record: &EvaluatedRecord,
    csv: Option<Output>,
) -> anyhow::Result<()> {
    if let Some(mut file) = csv {
        let written = file.write_all(record.to_csv().as_bytes());
        written.map_err(|error| file.error(error))?;
        file.commit()?;
    } else if arguments.output.is_some() {
        return output::print_text(&record.to_csv());
    }
    if arguments.json {
        output::print_json(record)
    } else {
        output::print_text(&record.to_text())
    }
}

/// Says how many evaluations were new, were there before, and have failed.
fn tell_counts(record: &EvaluatedRecord, quiet: bool) -> Outcome {
    let EvaluatedRecord {
        evaluations,
        reused,
        failed,
        ..
    } = record;
    if !quiet {
        message(format_args!(
            "{evaluations} evaluations: {} new, {reused} reused, {failed} of them failed",
            evaluations - reused
        ));
    }
    if *failed == 0 {
        return Outcome::Done;
    }
    if record.study.is_some() && !quiet {
        message("--resume --retry-failed evaluates again what has failed");
    }
    Outcome::FailedEvaluations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn studies_and_numbers() {
        for (text, study, n) in [
            ("my.db", "my.db", 10),
            ("my.db:3", "my.db", 3),
            ("a:b.db", "a:b.db", 10),
            ("a:b.db:1", "a:b.db", 1),
            ("my.db:", "my.db:", 10),
        ] {
            let study = PathBuf::from(study);
            assert_eq!(top(text), Ok(Top { study, n }), "{text}");
        }
        for text in ["my.db:0", ":3", "", "a:99999999999999999999999"] {
            assert!(top(text).unwrap_err().contains("my.db:10"), "{text}");
        }
    }
}
