//! The evaluator that asks workers.

use std::collections::BTreeMap;
use std::sync::Arc;

use ganas_space::{Arch, ArchKey, SearchSpace};
use sha2::{Digest as _, Sha256};

use super::activity::PoolActivity;
use super::message::Capabilities;
use super::workers::{Measured, TaskFeed, Workers};
use super::{PoolConfig, PoolListener, WorkerError, WorkerFailure, WorkerStatistics};
use ganas_eval::{
    EvalError, Evaluator, Feed, Fidelity, GoOn, Measurement, MetricDeclaration, MetricMeaning,
    MetricOverrides, MetricPair, MetricRole, Outcome, Progress, Query, ReportMetric, SearchMetric,
    Task, evaluate_one, kept,
};

/// Which of a worker's metrics are used; without a name, the first of the role.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricNames {
    /// The metric that is searched on; without a name, the first with the role `validation`.
    pub search: Option<String>,
    /// The metric that is reported; without a name, the first with the role `test`, or the one that is searched on.
    pub report: Option<String>,
    /// What the user declares of metrics, whatever the workers say.
    pub declared: MetricOverrides,
}

/// Evaluates architectures by a pool of worker processes.
///
/// The pool can be used by any number of threads at the same time. Dropping it ends the workers.
#[derive(Debug)]
pub struct WorkerEvaluator {
    workers: Workers,
    metric_pair: MetricPair,
    /// Of each metric of the workers.
    meanings: BTreeMap<String, MetricMeaning>,
    /// The metrics that are returned as objectives.
    further: Vec<String>,
}

impl WorkerEvaluator {
    /// Starts the first worker and asks it what it measures; the others are started as they are needed.
    ///
    /// `listener` is told what happens, on the thread of the supervisor.
    ///
    /// # Errors
    ///
    /// [`WorkerError`], in [`EvalError::Unusable`]: the log folder cannot be written, the command is no worker, or it
    /// has no such metrics.
    pub fn open(
        config: PoolConfig,
        space: Arc<dyn SearchSpace>,
        names: &MetricNames,
        listener: PoolListener,
    ) -> Result<Self, EvalError> {
        let workers = Workers::open(config, space, listener)?;
        let declared = workers.capabilities().metrics.iter();
        let meanings: BTreeMap<String, MetricMeaning> = declared
            .map(|metric| {
                let mut meaning = MetricMeaning::of_declaration(metric);
                names.declared.apply(&metric.name, &mut meaning);
                (metric.name.clone(), meaning)
            })
            .collect();
        let metric_pair = metric_pair(workers.capabilities(), names, &meanings)?;
        Ok(Self {
            workers,
            metric_pair,
            meanings,
            further: Vec::new(),
        })
    }

    /// Returns further metrics with each measurement, as its objectives: those of these names that the worker declares,
    /// in their order. Their names come back.
    pub fn measure_too(&mut self, names: &[String]) -> Vec<String> {
        let declared = &self.workers.capabilities().metrics;
        let is_declared = |name: &&String| declared.iter().any(|metric| metric.name == **name);
        self.further = names.iter().filter(is_declared).cloned().collect();
        self.further.clone()
    }

    /// What the workers are: see [`Workers::identity`].
    #[must_use]
    pub fn identity(&self) -> &str {
        self.workers.identity()
    }

    /// How thorough an evaluation is that does not say so itself.
    #[must_use]
    pub fn fidelity(&self) -> &Fidelity {
        self.workers.fidelity()
    }

    /// The pool.
    #[must_use]
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// What the first worker declared.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        self.workers.capabilities()
    }

    /// What each metric of the workers means, by name.
    #[must_use]
    pub fn meanings(&self) -> &BTreeMap<String, MetricMeaning> {
        &self.meanings
    }

    /// What was done so far.
    #[must_use]
    pub fn statistics(&self) -> WorkerStatistics {
        self.workers.statistics()
    }

    /// What each worker is at.
    #[must_use]
    pub fn activity(&self) -> PoolActivity {
        self.workers.activity()
    }

    /// What was measured; an error when a metric that is used has the value that says that there
    /// is none, or is out of its range.
    fn measurement(&self, metrics: &BTreeMap<String, f64>) -> Result<Measurement, EvalError> {
        let value = |name: &str| self.meanings[name].check(name, kept(metrics, name)?);
        let search = value(&self.metric_pair.search)?;
        let objectives = self.further.iter().map(|name| value(name));
        Ok(Measurement {
            search: SearchMetric::new(search, self.metric_pair.search_direction),
            report: ReportMetric(value(&self.metric_pair.report)?),
            objectives: objectives.collect::<Result<_, _>>()?,
            violation: 0.0,
        })
    }
}

impl Evaluator for WorkerEvaluator {
    fn metric_pair(&self) -> &MetricPair {
        &self.metric_pair
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        evaluate_one(self, query)
    }

    fn evaluate_all(&self, feed: &mut dyn Feed) -> Result<(), EvalError> {
        self.workers.measure_fed(&mut Judged {
            evaluator: self,
            feed,
        })
    }

    fn recall(&self, _: &Arch, metrics: &BTreeMap<String, f64>) -> Result<Measurement, EvalError> {
        self.measurement(metrics)
    }
}

/// A feed that is told of each evaluation what a search may see.
struct Judged<'a> {
    evaluator: &'a WorkerEvaluator,
    feed: &'a mut dyn Feed,
}

impl TaskFeed for Judged<'_> {
    fn next(&mut self) -> Result<Option<Task>, EvalError> {
        self.feed.next()
    }

    fn finished(&mut self, ticket: usize, measured: Measured) -> Result<(), EvalError> {
        let Measured { result, details } = measured;
        let result = match result {
            Ok(metrics) => self.evaluator.measurement(&metrics),
            Err(WorkerFailure::Cancelled) => Err(EvalError::Cancelled),
            Err(WorkerFailure::StoppedEarly {
                step,
                metric,
                value,
            }) => Err(EvalError::StoppedEarly {
                step,
                metric,
                value,
            }),
            Err(failure) => Err(EvalError::Failed(Box::new(failure))),
        };
        self.feed.finished(ticket, Outcome { result, details })
    }

    fn progress(&mut self, ticket: usize, progress: &Progress) -> GoOn {
        self.feed.progress(ticket, progress)
    }
}

/// The seed of an evaluation: a function of the class alone, so that it does not matter who evaluates it, and when.
pub(super) fn seed_of(key: ArchKey) -> u32 {
    let digest = Sha256::digest(key.0.to_be_bytes());
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

fn metric_pair(
    worker: &Capabilities,
    names: &MetricNames,
    meanings: &BTreeMap<String, MetricMeaning>,
) -> Result<MetricPair, WorkerError> {
    let known = || {
        let names: Vec<&str> = worker.metrics.iter().map(|m| m.name.as_str()).collect();
        names.join(", ")
    };
    let named = |name: &str| {
        let found = worker.metrics.iter().find(|metric| metric.name == name);
        found.ok_or_else(|| WorkerError::UnknownMetric {
            worker: worker.name.clone(),
            metric: name.to_owned(),
            known: known(),
        })
    };
    let role = |metric: &MetricDeclaration| meanings[&metric.name].role;
    let of_role = |wanted: MetricRole| worker.metrics.iter().find(|m| role(m) == wanted);
    let search = match &names.search {
        Some(name) => named(name)?,
        None => of_role(MetricRole::Validation).ok_or_else(|| WorkerError::NoMetric {
            worker: worker.name.clone(),
            role: "validation",
            argument: "--search",
            known: known(),
        })?,
    };
    let report = match &names.report {
        Some(name) => named(name)?,
        None => of_role(MetricRole::Test).unwrap_or(search),
    };
    Ok(MetricPair {
        search: search.name.clone(),
        search_direction: meanings[&search.name].known_direction(&search.name)?,
        report: report.name.clone(),
        report_direction: meanings[&report.name].direction,
        kind: role(search).selection_kind(),
        search_epochs: None,
        report_epochs: None,
    })
}
