//! The evaluator: answers queries.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ganas_space::{Arch, ArchKey, SearchSpace};

use crate::{EvalError, Measurement, MetricPair, Outcome, ReportMetric, SearchMetric, StopRule};

/// One query.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The class of the architecture.
    pub key: ArchKey,
    /// The architecture.
    pub arch: &'a Arch,
}

impl<'a> Query<'a> {
    /// The query of an architecture of a space.
    #[must_use]
    pub fn new(space: &dyn SearchSpace, arch: &'a Arch) -> Self {
        Self {
            key: space.key(arch),
            arch,
        }
    }
}

/// How thorough an evaluation is, by name, such as `epochs`.
pub type Fidelity = BTreeMap<String, f64>;

/// A fidelity in words, as they are written on the command line: `epochs=12`.
pub fn fidelity_words(fidelity: &Fidelity) -> impl Iterator<Item = String> + '_ {
    let pairs = fidelity.iter();
    pairs.map(|(name, value)| format!("{name}={value}"))
}

/// One evaluation that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Names it when it is finished.
    pub ticket: usize,
    /// The class of the architecture.
    pub key: ArchKey,
    /// The architecture.
    pub arch: Arch,
    /// The seed of the training; without one, the evaluator takes one that follows from the class.
    pub seed: Option<u32>,
    /// How thorough it is to be; nothing for what the evaluator was opened with.
    pub fidelity: Option<Fidelity>,
    /// The artifact of an evaluation of the same class and seed with a lower fidelity, from which it may go on.
    pub resume_from: Option<String>,
    /// When it is stopped early; nothing when it is not. An evaluator that can cancel goes by it, and then finishes the task with
    /// [`EvalError::StoppedEarly`], whatever is returned after that; one that tells no progress need not.
    pub stop_rule: Option<Arc<StopRule>>,
}

impl Task {
    /// An evaluation as the evaluator does it when nothing is said.
    #[must_use]
    pub fn new(ticket: usize, query: Query<'_>) -> Self {
        Self {
            ticket,
            key: query.key,
            arch: query.arch.clone(),
            seed: None,
            fidelity: None,
            resume_from: None,
            stop_rule: None,
        }
    }

    /// What is asked.
    #[must_use]
    pub fn query(&self) -> Query<'_> {
        Query {
            key: self.key,
            arch: &self.arch,
        }
    }
}

/// Where an evaluator gets its work from, and where it brings what comes of it.
///
/// What is wanted next may depend on what was finished before, so an evaluator that has nothing to do asks again after
/// each [`finished`](Self::finished).
pub trait Feed {
    /// The next evaluation that is wanted; nothing, when none is wanted before another one is finished.
    ///
    /// # Errors
    ///
    /// Whatever makes it pointless to go on.
    fn next(&mut self) -> Result<Option<Task>, EvalError>;

    /// Is told the outcome of a task, in whatever order they come.
    ///
    /// # Errors
    ///
    /// Whatever makes it pointless to go on, such as a study that cannot be written.
    fn finished(&mut self, ticket: usize, outcome: Outcome) -> Result<(), EvalError>;

    /// Is told how a task is going: the metrics so far, and how much is done, from 0 to 1. Says whether to go on with it.
    ///
    /// A task that is not to be gone on with is cancelled; it is then finished with [`EvalError::Cancelled`],
    /// unless its result was faster.
    fn progress(&mut self, ticket: usize, progress: &Progress) -> GoOn {
        let _ = (ticket, progress);
        GoOn::Yes
    }
}

/// How an evaluation is going.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// How much is done, from 0 to 1, when that is known.
    pub done: Option<f64>,
    /// The step of the training that the metrics are of, such as an epoch, when that is known.
    pub step: Option<u32>,
    /// The metrics so far that are finite.
    pub metrics: BTreeMap<String, f64>,
}

/// Whether an evaluation is still wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoOn {
    /// It is.
    Yes,
    /// It is not: it is to be cancelled.
    No,
}

/// Something that measures architectures: a table, a surrogate, a training script.
pub trait Evaluator: Send + Sync {
    /// What it measures.
    fn metric_pair(&self) -> &MetricPair;

    /// Measures one architecture.
    ///
    /// # Errors
    ///
    /// Why there is no measurement, for example [`EvalError::MissingArch`]. A search survives it.
    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError>;

    /// Measures what it is fed, until nothing more is wanted and everything is finished.
    ///
    /// An evaluator that can do several at the same time does it here: it takes tasks as long as there are any, before it
    /// waits for the first to be finished.
    ///
    /// # Errors
    ///
    /// What makes it pointless to go on, for example [`EvalError::Unusable`], or what the feed returned.
    fn evaluate_all(&self, feed: &mut dyn Feed) -> Result<(), EvalError> {
        while let Some(task) = feed.next()? {
            let result = self.evaluate(task.query());
            feed.finished(task.ticket, Outcome::of(result, self.metric_pair()))?;
        }
        Ok(())
    }

    /// What it would return for an evaluation of its own that was kept: the same measurement, or the same error.
    ///
    /// # Errors
    ///
    /// [`EvalError::NotKept`] when a metric is not among those that were kept.
    fn recall(
        &self,
        arch: &Arch,
        metrics: &BTreeMap<String, f64>,
    ) -> Result<Measurement, EvalError> {
        let _ = arch;
        let pair = self.metric_pair();
        Ok(Measurement {
            search: SearchMetric::new(kept(metrics, &pair.search)?, pair.search_direction),
            report: ReportMetric(kept(metrics, &pair.report)?),
            objectives: Vec::new(),
            violation: 0.0,
        })
    }
}

/// The value of a metric among those that were kept.
///
/// # Errors
///
/// [`EvalError::NotKept`].
pub fn kept(metrics: &BTreeMap<String, f64>, name: &str) -> Result<f64, EvalError> {
    let value = metrics.get(name).copied();
    value.ok_or_else(|| EvalError::NotKept {
        metric: name.to_owned(),
    })
}

/// Measures one architecture by an evaluator that is fed: how it implements [`Evaluator::evaluate`].
///
/// # Errors
///
/// Those of the one result, and of [`Evaluator::evaluate_all`].
pub fn evaluate_one(
    evaluator: &(impl Evaluator + ?Sized),
    query: Query<'_>,
) -> Result<Measurement, EvalError> {
    let mut feed = One {
        task: Some(Task::new(0, query)),
        result: None,
    };
    evaluator.evaluate_all(&mut feed)?;
    feed.result.unwrap_or(Err(EvalError::Interrupted))
}

struct One {
    task: Option<Task>,
    result: Option<Result<Measurement, EvalError>>,
}

impl Feed for One {
    fn next(&mut self) -> Result<Option<Task>, EvalError> {
        Ok(self.task.take())
    }

    fn finished(&mut self, _: usize, outcome: Outcome) -> Result<(), EvalError> {
        self.result = Some(outcome.result);
        Ok(())
    }
}

/// A list of architectures to evaluate, whose outcomes are brought to a function as they come.
pub struct ListFeed<'a> {
    tasks: VecDeque<Task>,
    finished: &'a mut dyn FnMut(usize, Outcome) -> Result<(), EvalError>,
}

impl std::fmt::Debug for ListFeed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListFeed")
            .field("tasks", &self.tasks)
            .finish_non_exhaustive()
    }
}

impl<'a> ListFeed<'a> {
    /// Feeds these queries; `finished` is told each outcome with the position of its query.
    pub fn new(
        queries: &[Query<'_>],
        finished: &'a mut dyn FnMut(usize, Outcome) -> Result<(), EvalError>,
    ) -> Self {
        let tasks = queries.iter().enumerate();
        Self {
            tasks: tasks
                .map(|(ticket, query)| Task::new(ticket, *query))
                .collect(),
            finished,
        }
    }
}

impl Feed for ListFeed<'_> {
    fn next(&mut self) -> Result<Option<Task>, EvalError> {
        Ok(self.tasks.pop_front())
    }

    fn finished(&mut self, ticket: usize, outcome: Outcome) -> Result<(), EvalError> {
        (self.finished)(ticket, outcome)
    }
}

/// Feeds an evaluator with what another feed wants, and changes each measurement that it brings: how an evaluator that stands
/// before another one implements [`Evaluator::evaluate_all`].
///
/// # Errors
///
/// Those of the evaluator and of the feed.
pub fn evaluate_changed(
    inner: &dyn Evaluator,
    feed: &mut dyn Feed,
    change: &dyn Fn(&Arch, Measurement) -> Result<Measurement, EvalError>,
) -> Result<(), EvalError> {
    inner.evaluate_all(&mut Changed {
        feed,
        change,
        asked: BTreeMap::new(),
    })
}

struct Changed<'a> {
    feed: &'a mut dyn Feed,
    change: &'a dyn Fn(&Arch, Measurement) -> Result<Measurement, EvalError>,
    /// What is being evaluated.
    asked: BTreeMap<usize, Arch>,
}

impl Feed for Changed<'_> {
    fn next(&mut self) -> Result<Option<Task>, EvalError> {
        let task = self.feed.next()?;
        if let Some(task) = &task {
            self.asked.insert(task.ticket, task.arch.clone());
        }
        Ok(task)
    }

    fn finished(&mut self, ticket: usize, outcome: Outcome) -> Result<(), EvalError> {
        let arch = self.asked.remove(&ticket);
        let arch = arch.expect("invariant: an evaluator finishes what it was fed, and only once");
        let outcome = outcome.map(|measurement| (self.change)(&arch, measurement));
        self.feed.finished(ticket, outcome)
    }

    fn progress(&mut self, ticket: usize, progress: &Progress) -> GoOn {
        self.feed.progress(ticket, progress)
    }
}
