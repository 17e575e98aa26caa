//! The arguments that say how a search begins, goes on and ends.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use ganas::search::{StopBelow, Until};
use ganas::{Experiment, RungSettings};

use super::duration::duration;
use crate::printing::exit::UsageError;

/// How a search begins, goes on and ends.
#[derive(Debug, clap::Args)]
pub(crate) struct CourseArguments {
    /// Tells the searcher what is known before it proposes anything: a study, a table, or a CSV, JSON or Parquet file with
    /// architectures and the metric that is searched on; can be given several times.
    #[arg(long, value_name = "FILE", help_heading = "Course")]
    warm_start: Vec<PathBuf>,
    /// Evaluates the architectures of this file first, one text a line; can be given several times.
    #[arg(long, value_name = "FILE", help_heading = "Course")]
    enqueue: Vec<PathBuf>,
    /// Proposes one by one, each when the results of all but the last N - 1 before it are known: so many evaluations go on at
    /// the same time, and with 1 each waits for the one before [default: with --evaluator the size of a round, and at
    /// least two for each worker; else proposals are made in rounds].
    #[arg(long, value_name = "N", help_heading = "Course")]
    window: Option<NonZeroU32>,
    /// Evaluates everything with the first of these fidelities; the best share of it goes on with the next: `epochs=3,9,27`, or
    /// `3,9,27` where the workers declare one fidelity. Each architecture is one query of the budget.
    #[arg(
        long,
        value_name = "NAME=VALUES",
        requires = "evaluator",
        help_heading = "Course"
    )]
    rungs: Option<String>,
    /// The share that goes on from each rung to the next: `1/3` or a number.
    #[arg(long, value_name = "SHARE", default_value = "1/3", value_parser = share, help_heading = "Course")]
    promote: f64,
    /// Stops trainings early: each whose best value so far is worse than this quantile of what earlier complete evaluations had
    /// at the same step, 0.5 for their median. Workers have to tell their progress step by step. A training that is stopped is a
    /// query without a result.
    #[arg(
        long,
        value_name = "QUANTILE",
        value_parser = share,
        requires = "evaluator",
        conflicts_with = "rungs",
        help_heading = "Course"
    )]
    stop_below: Option<f64>,
    /// Stops nothing at steps below this one.
    #[arg(
        long,
        value_name = "STEP",
        default_value_t = 0,
        requires = "stop_below",
        help_heading = "Course"
    )]
    stop_warmup: u32,
    /// Stops nothing at a step of which fewer complete evaluations are known.
    #[arg(
        long,
        value_name = "N",
        default_value_t = NonZeroU32::new(5).unwrap(),
        requires = "stop_below",
        help_heading = "Course"
    )]
    stop_startup: NonZeroU32,
    /// Ends a run once the metric that is searched on has this value or a better one.
    #[arg(
        long,
        value_name = "VALUE",
        allow_negative_numbers = true,
        value_parser = finite,
        help_heading = "Course"
    )]
    target: Option<f64>,
    /// Ends a run once so many unique queries in a row have brought nothing better.
    #[arg(long, value_name = "QUERIES", help_heading = "Course")]
    patience: Option<NonZeroU32>,
    /// The longest that the whole search may take: `90s`, `15m`, `8h`; what is being evaluated then is finished, and the
    /// search can be resumed.
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Course")]
    max_time: Option<Duration>,
    /// Cancels what workers are still at so long after --max-time; it counts as not evaluated, and is evaluated again once the
    /// search is resumed [default: it is waited for, however long it takes].
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        requires = "max_time",
        help_heading = "Course"
    )]
    max_time_grace: Option<Duration>,
}

impl CourseArguments {
    /// Adds them to an experiment.
    pub(crate) fn add_to(&self, mut experiment: Experiment) -> anyhow::Result<Experiment> {
        for file in &self.warm_start {
            experiment = experiment.warm_start(file);
        }
        for file in &self.enqueue {
            experiment = experiment.enqueue(file);
        }
        if let Some(window) = self.window {
            experiment = experiment.window(window);
        }
        if let Some(time) = self.max_time {
            experiment = experiment.max_time(time);
        }
        if let Some(grace) = self.max_time_grace {
            experiment = experiment.max_time_grace(grace);
        }
        if let Some(text) = &self.rungs {
            let rungs = RungSettings::new(text, self.promote).map_err(UsageError)?;
            experiment = experiment.rungs(rungs);
        }
        if let Some(quantile) = self.stop_below {
            experiment = experiment.stop_below(StopBelow {
                quantile,
                warmup: self.stop_warmup,
                startup: self.stop_startup.get(),
            });
        }
        Ok(experiment.until(Until {
            target: self.target,
            patience: self.patience,
        }))
    }
}

/// A share as a number or as a fraction.
fn share(text: &str) -> Result<f64, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let value = match text.split_once('/') {
        Some((part, whole)) => number(part).zip(number(whole)).map(|(a, b)| a / b),
        None => number(text),
    };
    value
        .filter(|share| *share > 0.0 && *share < 1.0)
        .ok_or_else(|| format!("`{text}` is no share: expected one between 0 and 1, such as 1/3"))
}

fn finite(text: &str) -> Result<f64, String> {
    let value: Option<f64> = text.parse().ok();
    value
        .filter(|value| value.is_finite())
        .ok_or_else(|| format!("`{text}` is no finite number"))
}
