//! The evaluator that asks workers.

use std::collections::BTreeMap;
use std::sync::Arc;

use ganas_space::{ArchKey, SearchSpace};
use sha2::{Digest as _, Sha256};

use super::message::Capabilities;
use super::workers::{Request, Workers};
use super::{PoolConfig, PoolListener, WorkerError, WorkerStatistics};
use ganas_eval::{
    EvalError, Evaluator, Finished, Measurement, MetricPair, MetricRole, Query, ReportMetric,
    SearchMetric, SelectionKind, evaluate_as_batch,
};

/// Which of a worker's metrics are used; without a name, the first of the role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricNames {
    /// The metric that is searched on; without a name, the first with the role `validation`.
    pub search: Option<String>,
    /// The metric that is reported; without a name, the first with the role `test`, or the one that is searched on.
    pub report: Option<String>,
}

/// Evaluates architectures by a pool of worker processes.
///
/// The pool can be used by any number of threads at the same time. Dropping it ends the workers.
#[derive(Debug)]
pub struct WorkerEvaluator {
    workers: Workers,
    metric_pair: MetricPair,
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
        let metric_pair = metric_pair(workers.capabilities(), names)?;
        Ok(Self {
            workers,
            metric_pair,
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

    /// What was done so far.
    #[must_use]
    pub fn statistics(&self) -> WorkerStatistics {
        self.workers.statistics()
    }

    fn measurement(&self, metrics: &BTreeMap<String, f64>) -> Measurement {
        let value = |name: &str| {
            *metrics
                .get(name)
                .expect("invariant: the supervisor checked that every declared metric is there")
        };
        Measurement {
            search: SearchMetric(value(&self.metric_pair.search)),
            report: ReportMetric(value(&self.metric_pair.report)),
            objectives: self.further.iter().map(|name| value(name)).collect(),
        }
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
                    Ok(metrics) => Ok(self.measurement(&metrics)),
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

fn metric_pair(worker: &Capabilities, names: &MetricNames) -> Result<MetricPair, WorkerError> {
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
    let of_role = |role: MetricRole| worker.metrics.iter().find(|metric| metric.role == role);
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
    if search.role == MetricRole::Cost {
        return Err(WorkerError::CostAsSearchMetric {
            metric: search.name.clone(),
        });
    }
    Ok(MetricPair {
        search: search.name.clone(),
        report: report.name.clone(),
        kind: match search.role {
            MetricRole::Validation => SelectionKind::ValidationSelected,
            MetricRole::Test => SelectionKind::TestSelected,
            MetricRole::Cost | MetricRole::Other => SelectionKind::Unclassified,
        },
        search_epochs: None,
        report_epochs: None,
    })
}
