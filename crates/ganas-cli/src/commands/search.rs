//! `ganas search`: runs of a search algorithm on a benchmark table, or with a command that evaluates.

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use ganas_search::{Budget, RunSpec, SearchError, StopFlag, StopReason};
use ganas_space::SearchSpace;
use ganas_store::{OnExisting, Study};
use ganas_table::{EMBEDDED, Embedded};
use ganas_worker::MetricNames;

use crate::algorithm::AlgorithmArguments;
use crate::constraints::ConstraintArguments;
use crate::environment;
use crate::evaluator_choice::{EvaluatorChoice, WorkerFacts};
use crate::evaluator_source::{self, EvaluatorArguments};
use crate::exit::{Outcome, UsageError};
use crate::experiment::Experiment;
use crate::improve::{ImproveArguments, Improvement};
use crate::interrupt::Interrupt;
use crate::objectives::{Known, ObjectiveArguments};
use crate::output;
use crate::progress::Progress;
use crate::seeds::Seeds;
use crate::table_source;
use crate::worker_arguments::WorkerArguments;
use crate::worker_notes::WorkerNotes;
use crate::workers::Crew;
use ganas_report::records::{RunRecord, SearchRecord};

/// What to search, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The search space: a name that `ganas space list` lists, or a `.toml` file that describes one [default: that of
    /// the table file; without one either, a small benchmark inside the program is searched].
    #[arg(long, value_parser = crate::space_argument::parse)]
    space: Option<Arc<dyn SearchSpace>>,
    #[command(flatten)]
    evaluator: EvaluatorArguments,
    #[command(flatten)]
    workers: WorkerArguments,
    #[command(flatten)]
    constraints: ConstraintArguments,
    #[command(flatten)]
    improve: ImproveArguments,
    #[command(flatten)]
    objectives: ObjectiveArguments,
    /// Unique queries of each run; architectures that compute the same function count once [default: 150, or fewer on
    /// the benchmark inside the program].
    #[arg(long, value_name = "QUERIES", value_parser = budget)]
    budget: Option<Budget>,
    /// Seeds, one run each: `7`, `0..20` (without 20), `1,5,10..12`.
    #[arg(long, alias = "seed", default_value = "0..1")]
    seeds: Seeds,
    /// The study that records the runs, created when it does not exist [default: runs are kept in memory only].
    #[arg(long, value_name = "FILE")]
    study: Option<PathBuf>,
    /// Continues the runs that the study holds; finished ones are shown as they are.
    #[arg(long, requires = "study")]
    resume: bool,
    /// Threads; the results do not depend on them [default: all processors].
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Prints one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Prints no header and no progress.
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    algorithm: AlgorithmArguments,
}

fn budget(text: &str) -> Result<Budget, String> {
    let queries: u32 = text
        .parse()
        .map_err(|_| format!("expected a number of queries from 1 to {}", u32::MAX))?;
    Budget::unique(queries).map_err(|error: SearchError| error.to_string())
}

/// Unique queries of a run, when no number is named.
const QUERIES: u32 = 150;

/// Runs the search.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let Seeds(seeds) = &arguments.seeds;
    let notes = if arguments.quiet {
        WorkerNotes::quiet()
    } else {
        WorkerNotes::printed()
    };
    let experiment = experiment(arguments, &notes)?;
    experiment.check_new(seeds)?;
    let threads = arguments
        .threads
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN);
    let crew = Crew::new(threads, seeds.len());
    if !arguments.quiet {
        eprint!("{}", header(arguments, &experiment, threads, crew));
    }

    let interrupt = Interrupt::install(&experiment.stop)?;
    let shown = !arguments.quiet && std::io::stderr().is_terminal();
    let budget = experiment.budget.unique_queries();
    let progress = if shown {
        Progress::new(seeds.len(), budget)
    } else {
        Progress::hidden(seeds.len(), budget)
    };
    if arguments.workers.is_given() {
        progress.share(&notes);
    }
    let results = crew.run(seeds, &experiment.stop, |seed| {
        experiment.run(seed, &progress)
    });
    progress.clear();
    if let (Some(workers), false) = (experiment.evaluator.workers(), arguments.quiet) {
        eprintln!("workers: {}", workers.statistics());
    }
    let results: anyhow::Result<Vec<RunRecord>> = results?.into_iter().flatten().collect();
    let mut runs = results.inspect_err(|_| {
        if experiment.study.is_some() && seeds.len() > 1 {
            eprintln!(
                "the other runs were stopped; once the error is mended, continue with: {}",
                environment::resume_command()
            );
        }
    })?;

    add_ranks(&experiment, &mut runs)?;
    print(arguments, &experiment, &runs)?;
    if let (Some(embedded), false) = (arguments.on_embedded(), arguments.quiet) {
        eprint!("{}", next_steps(embedded, &runs));
    }
    if interrupt.asked() && runs.len() < seeds.len()
        || runs.iter().any(|run| run.stop == StopReason::Interrupted)
    {
        let finished = runs
            .iter()
            .filter(|run| run.stop != StopReason::Interrupted)
            .count();
        eprintln!(
            "interrupted: {finished} of {} runs are finished",
            seeds.len()
        );
        match &experiment.study {
            Some(_) => eprintln!("continue with: {}", environment::resume_command()),
            None => eprintln!(
                "the others cannot be continued, since they were kept in memory only; \
                 with --study FILE, a search can be continued with --resume"
            ),
        }
        return Ok(Outcome::Interrupted);
    }
    let failed: u64 = runs.iter().map(|run| u64::from(run.failed)).sum();
    if failed > 0 {
        eprintln!("{failed} evaluations failed; `ganas export` of a study says why");
        return Ok(Outcome::FailedEvaluations);
    }
    Ok(Outcome::Done)
}

impl Arguments {
    /// The table inside the program, when nothing else to search on is named.
    fn on_embedded(&self) -> Option<Embedded> {
        let named = self.space.is_some()
            || self.workers.is_given()
            || self.evaluator.table.is_some()
            || self.evaluator.surrogate.is_some();
        (!named).then_some(EMBEDDED[0])
    }

    fn space(&self) -> anyhow::Result<Arc<dyn SearchSpace>> {
        if let Some(space) = &self.space {
            return Ok(Arc::clone(space));
        }
        let missing = if self.workers.is_given() {
            "the evaluator"
        } else if self.evaluator.surrogate.is_some() {
            "the surrogate"
        } else {
            return table_source::space_of(self.evaluator.table.as_deref());
        };
        Err(UsageError(format!(
            "{missing} does not say which space it is for: name one with --space; `ganas space list` lists them"
        ))
        .into())
    }

    fn budget(&self) -> anyhow::Result<Budget> {
        if let Some(budget) = self.budget {
            return Ok(budget);
        }
        let queries = self.on_embedded().map_or(QUERIES, |table| table.budget);
        Ok(Budget::unique(queries)?)
    }
}

fn experiment(arguments: &Arguments, notes: &WorkerNotes) -> anyhow::Result<Experiment> {
    let space = arguments.space()?;
    let budget = arguments.budget()?;
    let algorithm = arguments.algorithm.resolve(Some(&*space))?;
    let note = |text: &str| {
        if !arguments.quiet {
            eprintln!("{text}");
        }
    };
    let device = arguments.algorithm.open_device(&note)?;
    let stop = StopFlag::default();
    let names = MetricNames {
        search: arguments.evaluator.search.clone(),
        report: arguments.evaluator.report.clone(),
    };
    let workers = &arguments.workers;
    let opened = workers.open(&space, &names, arguments.study.as_deref(), &stop, notes)?;
    let further = arguments
        .objectives
        .further(arguments.evaluator.search.as_deref(), &space);
    let evaluator = if let Some(mut evaluator) = opened {
        let facts = WorkerFacts {
            description: workers.describe(&evaluator),
            further: evaluator.measure_too(&further),
        };
        EvaluatorChoice::Workers(evaluator, facts)
    } else {
        let evaluating = match arguments.on_embedded() {
            Some(embedded) => {
                evaluator_source::open_embedded(embedded, &arguments.evaluator, &space)?
            }
            None => evaluator_source::open(&arguments.evaluator, &space, &further, &note)?,
        };
        EvaluatorChoice::Known(evaluating)
    };
    let of_evaluator = evaluator.evaluator().protocol();
    let improved = arguments.improve.is_given();
    arguments.objectives.check_single(of_evaluator, improved)?;
    let objective = arguments.objectives.single();
    let given = arguments
        .improve
        .given(&*space, evaluator.evaluator(), objective)?;
    arguments.algorithm.check_improve(given.is_some())?;
    let constrained = arguments
        .constraints
        .apply(&space, &evaluator, given, &note)?;
    let mut config = algorithm.config_json()?;
    if !constrained.record.is_empty() {
        config["constraints"] = constrained.record.clone().into();
    }
    let several = arguments.objectives.several(&Known {
        space: &space,
        protocol: of_evaluator,
        metrics: &evaluator.metrics(),
        further: evaluator.further(),
        tables: &constrained.tables,
        n_own: usize::from(evaluator.table().is_some()),
    })?;
    let mut protocol = of_evaluator.clone();
    if let Some(improvement) = &constrained.improvement {
        config["improve"] = improvement.record();
        protocol = improvement.protocol(of_evaluator);
    }
    let study = arguments
        .study
        .as_ref()
        .map(Study::create_or_open)
        .transpose()?;
    let spec = RunSpec {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        space: space.name().to_owned(),
        table_sha256: evaluator.sha256(),
        protocol,
        algorithm: algorithm.name().to_owned(),
        config: config.to_string(),
        budget,
        device: device.describe(),
        seed: 0,
        objectives: several.as_ref().map(|s| s.objectives.clone()),
    };
    Ok(Experiment {
        space: constrained.space,
        masked: algorithm.masks().then_some(constrained.masking),
        constraints: constrained.record,
        improvement: constrained.improvement,
        several,
        config,
        evaluator,
        algorithm,
        device,
        budget,
        spec,
        study,
        on_existing: if arguments.resume {
            OnExisting::Resume
        } else {
            OnExisting::Refuse
        },
        stop,
    })
}

/// What was asked for, with all that the result depends on.
fn header(
    arguments: &Arguments,
    experiment: &Experiment,
    threads: NonZeroUsize,
    crew: Crew,
) -> String {
    let spec = &experiment.spec;
    let epochs = |epochs: Option<u32>| match epochs {
        Some(epochs) => format!(" ({epochs} epochs)"),
        None => String::new(),
    };
    let protocol = &spec.protocol;
    let lines = [
        ("ganas", spec.version.clone()),
        ("space", spec.space.clone()),
        experiment.evaluator.describe(),
        (
            "protocol",
            format!(
                "{}: search on {}{}, report {}{}",
                protocol.kind,
                protocol.search,
                epochs(protocol.search_epochs),
                protocol.report,
                epochs(protocol.report_epochs)
            ),
        ),
        ("algorithm", experiment.algorithm.describe()),
        ("objective", objective_text(experiment)),
        (
            "budget",
            format!("{} unique queries a run", u32::from(spec.budget)),
        ),
        ("bounds", bounds_text(experiment)),
        ("seeds", arguments.seeds.describe()),
        ("device", spec.device.clone()),
        (
            "threads",
            format!(
                "{threads} (runs at a time: {}, threads of each: {})",
                crew.workers, crew.threads_each
            ),
        ),
        (
            "study",
            match &experiment.study {
                Some(study) => study.path().display().to_string(),
                None => "none: runs are kept in memory only; --study FILE records them".to_owned(),
            },
        ),
    ];
    let lines: String = lines
        .iter()
        .map(|(name, value)| format!("{name:<9}  {value}\n"))
        .collect();
    format!("{lines}\n")
}

/// What every evaluated architecture satisfies, and what of it masks actions.
fn bounds_text(experiment: &Experiment) -> String {
    let bounds = match experiment.constraints.as_slice() {
        [] => return "none".to_owned(),
        constraints => constraints.join("; "),
    };
    match experiment.masked.as_deref() {
        None => bounds,
        Some([]) => format!("{bounds} (no actions are masked)"),
        Some(masked) => format!("{bounds} (actions are masked by {})", masked.join(", ")),
    }
}

/// What is searched for.
fn objective_text(experiment: &Experiment) -> String {
    let Some(objectives) = &experiment.spec.objectives else {
        return experiment.spec.protocol.search.clone();
    };
    let names: Vec<String> = objectives.all().iter().map(ToString::to_string).collect();
    let from = match objectives.reference_point() {
        Some(values) => format!("from the reference point {values:?}"),
        None => "from the worst values among the first 10 classes of each run".to_owned(),
    };
    format!("the front of {}; hypervolume {from}", names.join(", "))
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

/// Adds the ranks of the best architectures, where the evaluator is a table of the whole space.
fn add_ranks(experiment: &Experiment, runs: &mut [RunRecord]) -> anyhow::Result<()> {
    let of_metric = experiment
        .improvement
        .as_ref()
        .is_none_or(Improvement::is_of_metric);
    let Some(ranking) = experiment.evaluator.ranking().filter(|_| of_metric) else {
        return Ok(());
    };
    for best in runs.iter_mut().filter_map(|run| run.best.as_mut()) {
        let arch = experiment.space.decode(&best.arch)?;
        best.rank = ranking.rank(experiment.space.key(&arch));
    }
    Ok(())
}

fn print(arguments: &Arguments, experiment: &Experiment, runs: &[RunRecord]) -> anyhow::Result<()> {
    // Workers would have to train once more.
    let gains = match (&experiment.improvement, experiment.evaluator.workers()) {
        (Some(improvement), None) => {
            let evaluator = experiment.evaluator.evaluator();
            Some(improvement.gains(&*experiment.space, evaluator, runs)?)
        }
        _ => None,
    };
    let report = SearchRecord {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        space: experiment.space.name().to_owned(),
        table_sha256: experiment.spec.table_sha256.clone(),
        protocol: experiment.spec.protocol.clone(),
        algorithm: experiment.algorithm.name().to_owned(),
        config: experiment.config.clone(),
        constraints: experiment.constraints.clone(),
        masked: experiment.masked.clone().unwrap_or_default(),
        budget: experiment.budget.unique_queries(),
        device: experiment.spec.device.clone(),
        runs: runs.to_vec(),
        objectives: experiment.spec.objectives.clone(),
        improve: gains,
    };
    if arguments.json {
        output::print_json(&report)
    } else {
        output::print_text(&report.to_text())
    }
}
