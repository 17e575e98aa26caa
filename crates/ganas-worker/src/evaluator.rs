//! The evaluator that asks workers.

use std::collections::BTreeMap;
use std::sync::Arc;

use ganas_space::{ArchKey, SearchSpace};
use sha2::{Digest as _, Sha256};

use super::message::Capabilities;
use super::workers::{Request, Workers};
use super::{PoolConfig, PoolListener, WorkerError, WorkerStatistics};
use ganas_eval::{
    EvalError, Evaluator, Finished, Measurement, MetricDeclaration, MetricMeaning, MetricOverrides,
    MetricPair, MetricRole, Query, ReportMetric, SearchMetric, evaluate_as_batch,
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

    /// What the workers are: the sha256 of the command, the fidelity, and the evaluator's own name and version.
    #[must_use]
    pub fn identity(&self) -> &str {
        self.workers.identity()
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

    /// What was measured; an error when a metric that is used has the value that says that there is none.
    fn measurement(&self, metrics: &BTreeMap<String, f64>) -> Result<Measurement, EvalError> {
        let value = |name: &str| {
            let value = *metrics
                .get(name)
                .expect("invariant: the supervisor checked that every declared metric is there");
            if self.meanings[name].missing == Some(value) {
                Err(EvalError::Missing {
                    metric: name.to_owned(),
                    value,
                })
            } else {
                Ok(value)
            }
        };
        let search = value(&self.metric_pair.search)?;
        let objectives = self.further.iter().map(|name| value(name));
        Ok(Measurement {
            search: SearchMetric::new(search, self.metric_pair.search_direction),
            report: ReportMetric(value(&self.metric_pair.report)?),
            objectives: objectives.collect::<Result<_, _>>()?,
        })
    }
}

impl Evaluator for WorkerEvaluator {
    fn metric_pair(&self) -> &MetricPair {
        &self.metric_pair
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        evaluate_as_batch(self, query)
    }

    fn takes_batches(&self) -> bool {
        true
    }

    fn evaluate_all(
        &self,
        queries: &[Query<'_>],
        finished: &mut Finished<'_>,
    ) -> Result<Vec<Result<Measurement, EvalError>>, EvalError> {
        let requests: Vec<Request<'_>> = queries
            .iter()
            .map(|query| Request {
                arch: query.arch,
                seed: seed_of(query.key),
            })
            .collect();
        let mut results: Vec<Option<Result<Measurement, EvalError>>> = Vec::new();
        results.resize_with(queries.len(), || None);
        self.workers
            .measure_all(&requests, &mut |index, measured| {
                let result = match measured {
                    Ok(metrics) => self.measurement(&metrics),
                    Err(failure) => Err(EvalError::Failed(Box::new(failure))),
                };
                finished(index, &result)?;
                results[index] = Some(result);
                Ok(())
            })?;
        Ok(results
            .into_iter()
            .map(|result| result.expect("invariant: every job of a batch ends"))
            .collect())
    }
}

/// The seed of an evaluation: a function of the class alone, so that it does not matter who evaluates it, and when.
fn seed_of(key: ArchKey) -> u32 {
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
