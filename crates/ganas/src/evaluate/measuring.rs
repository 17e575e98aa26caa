//! What evaluates a list: workers, with all of their metrics, or an evaluator with the two metrics of a search.

use ganas_eval::{EvalError, Feed, Fidelity};
#[cfg(feature = "workers")]
use ganas_worker::{TaskFeed, WorkerStatistics, Workers};

use crate::Error;
use crate::experiment::{Evaluating, Opening, Source};

/// What evaluates.
pub(super) enum Measuring {
    #[cfg(feature = "workers")]
    Workers(Box<Workers>, String),
    Evaluator(Box<Evaluating>),
}

impl Measuring {
    /// Opens it.
    pub(super) fn open(source: Source, opening: &Opening<'_>) -> Result<Self, Error> {
        match source {
            Source::Unnamed => Err(Error::Usage(
                "nothing to evaluate with: name a command with --evaluator, a table with --table or a surrogate with \
                 --surrogate"
                    .to_owned(),
            )),
            #[cfg(feature = "workers")]
            Source::Workers(config, listener) => {
                let command = config.command.clone();
                let space = std::sync::Arc::clone(opening.space);
                let workers = Workers::open(*config, space, listener)?;
                let worker = workers.capabilities();
                let description = format!("{} {} by `{command}`", worker.name, worker.version);
                Ok(Self::Workers(Box::new(workers), description))
            }
            source => Ok(Self::Evaluator(Box::new(source.open(opening)?))),
        }
    }

    /// What tells it from others.
    pub(super) fn identity(&self) -> &str {
        match self {
            #[cfg(feature = "workers")]
            Self::Workers(workers, _) => workers.identity(),
            Self::Evaluator(evaluating) => &evaluating.sha256,
        }
    }

    /// What it is, for people.
    pub(super) fn description(&self) -> &str {
        match self {
            #[cfg(feature = "workers")]
            Self::Workers(_, description) => description,
            Self::Evaluator(evaluating) => &evaluating.description,
        }
    }

    /// How thorough evaluations are.
    pub(super) fn fidelity(&self) -> Fidelity {
        match self {
            #[cfg(feature = "workers")]
            Self::Workers(workers, _) => workers.fidelity().clone(),
            Self::Evaluator(_) => Fidelity::new(),
        }
    }

    /// The metrics that every evaluation has.
    pub(super) fn metrics(&self) -> Vec<String> {
        match self {
            #[cfg(feature = "workers")]
            Self::Workers(workers, _) => {
                let metrics = workers.capabilities().metrics.iter();
                metrics.map(|metric| metric.name.clone()).collect()
            }
            Self::Evaluator(evaluating) => {
                let pair = evaluating.evaluator().metric_pair();
                let mut names = vec![pair.search.clone()];
                if pair.report != pair.search {
                    names.push(pair.report.clone());
                }
                names
            }
        }
    }

    /// Whether a value says that there is none.
    pub(super) fn is_missing(&self, name: &str, value: f64) -> bool {
        match self {
            #[cfg(feature = "workers")]
            Self::Workers(workers, _) => {
                let mut metrics = workers.capabilities().metrics.iter();
                let metric = metrics.find(|metric| metric.name == name);
                metric.is_some_and(|metric| metric.missing == Some(value))
            }
            Self::Evaluator(_) => {
                let _ = (name, value);
                false
            }
        }
    }

    /// What the workers did, when there are any.
    #[cfg(feature = "workers")]
    pub(super) fn statistics(&self) -> Option<WorkerStatistics> {
        match self {
            Self::Workers(workers, _) => Some(workers.statistics()),
            Self::Evaluator(_) => None,
        }
    }

    /// Evaluates what the feed wants.
    #[cfg(feature = "workers")]
    pub(super) fn measure(&self, feed: &mut (impl Feed + TaskFeed)) -> Result<(), EvalError> {
        match self {
            Self::Workers(workers, _) => workers.measure_fed(feed),
            Self::Evaluator(evaluating) => evaluating.evaluator().evaluate_all(feed),
        }
    }

    #[cfg(not(feature = "workers"))]
    pub(super) fn measure(&self, feed: &mut impl Feed) -> Result<(), EvalError> {
        let Self::Evaluator(evaluating) = self;
        evaluating.evaluator().evaluate_all(feed)
    }
}
