//! The evaluator that asks workers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ganas_space::{Arch, ArchKey, SearchSpace};
use sha2::{Digest as _, Sha256};

use super::job::{BatchId, End, Job, Reply};
use super::message::{ArchDescription, Capabilities, Greeting, PROTOCOL_VERSION};
use super::supervisor::{Event, Supervisor};
use super::{PoolConfig, PoolListener, WorkerError, WorkerStatistics};
use crate::{
    EvalError, Evaluator, Finished, Measurement, MetricRole, Protocol, ProtocolKind, Query,
    ReportMetric, SearchMetric,
};

/// How often a caller that waits looks whether it should stop.
const STOP_POLL: Duration = Duration::from_millis(100);

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
pub struct WorkerEvaluator {
    space: Arc<dyn SearchSpace>,
    protocol: Protocol,
    capabilities: Capabilities,
    identity: String,
    stop: Arc<std::sync::atomic::AtomicBool>,
    sender: Sender<Event>,
    supervisor: Option<JoinHandle<()>>,
    next_batch: AtomicU64,
    statistics: Arc<Mutex<WorkerStatistics>>,
}

impl std::fmt::Debug for WorkerEvaluator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerEvaluator")
            .field("capabilities", &self.capabilities)
            .finish_non_exhaustive()
    }
}

impl WorkerEvaluator {
    /// Starts the first worker and asks it what it measures; the others are started as they are needed.
    ///
    /// `listener` is told what happens, on the thread of the supervisor.
    ///
    /// # Errors
    ///
    /// [`WorkerError`], in [`EvalError::Workers`]: the log folder cannot be written, the command is no worker, or it
    /// has no such metrics.
    pub fn open(
        config: PoolConfig,
        space: Arc<dyn SearchSpace>,
        names: &MetricNames,
        listener: PoolListener,
    ) -> Result<Self, EvalError> {
        std::fs::create_dir_all(&config.logs).map_err(|source| WorkerError::Log {
            path: config.logs.clone(),
            source,
        })?;
        let greeting = Greeting {
            protocol: PROTOCOL_VERSION,
            ganas: env!("CARGO_PKG_VERSION").to_owned(),
            space: space.name().to_owned(),
            worker: 0,
        };
        let (sender, events) = channel();
        let (opened, capabilities) = channel();
        let statistics = Arc::default();
        let (command, fidelity) = (config.command.clone(), config.fidelity.clone());
        let stop = Arc::clone(&config.stop);
        let supervisor = Supervisor::new(
            config,
            greeting,
            sender.clone(),
            opened,
            Arc::clone(&statistics),
            listener,
        );
        let thread = std::thread::Builder::new().name("ganas-workers".to_owned());
        let supervisor = thread
            .spawn(move || supervisor.run(&events))
            .map_err(|error| WorkerError::Spawn {
                command: command.clone(),
                reason: error.to_string(),
            })?;
        let mut evaluator = Self {
            space,
            protocol: Protocol {
                search: String::new(),
                report: String::new(),
                kind: ProtocolKind::Unclassified,
                search_epochs: None,
                report_epochs: None,
            },
            capabilities: Capabilities {
                protocol: PROTOCOL_VERSION,
                name: String::new(),
                version: String::new(),
                metrics: Vec::new(),
                capacity: 0,
            },
            identity: String::new(),
            stop,
            sender,
            supervisor: Some(supervisor),
            next_batch: AtomicU64::new(0),
            statistics,
        };
        evaluator.capabilities = capabilities.recv().unwrap_or_else(|_| {
            Err(Arc::new(WorkerError::Spawn {
                command: command.clone(),
                reason: "the supervisor ended".to_owned(),
            }))
        })?;
        evaluator.protocol = protocol(&evaluator.capabilities, names)?;
        evaluator.identity = identity(&command, &fidelity, &evaluator.capabilities);
        Ok(evaluator)
    }

    /// What the workers are: the sha256 of the command, the fidelity, and the evaluator's own name and version.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// What the first worker declared.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// What was done so far.
    #[must_use]
    pub fn statistics(&self) -> WorkerStatistics {
        self.statistics
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn job(
        &self,
        batch: BatchId,
        index: usize,
        query: &Query<'_>,
        reply: Sender<Reply>,
    ) -> Result<Job, EvalError> {
        Ok(Job {
            batch,
            index,
            arch: Arc::new(ArchDescription::new(&*self.space, query.arch)?),
            seed: seed_of(query.key),
            attempt: 0,
            put_back: 0,
            reply,
        })
    }

    /// Collects the ends of a batch, in whatever order they come.
    fn collect(
        &self,
        batch: BatchId,
        n_jobs: usize,
        replies: &Receiver<Reply>,
        finished: &mut Finished<'_>,
    ) -> Result<Vec<Result<Measurement, EvalError>>, EvalError> {
        let mut results: Vec<Option<Result<Measurement, EvalError>>> = Vec::new();
        results.resize_with(n_jobs, || None);
        let mut outcome = Ok(());
        let mut stopping = false;
        let mut waiting = n_jobs;
        while waiting > 0 {
            if !stopping && (outcome.is_err() || self.stop.load(Ordering::Relaxed)) {
                stopping = true;
                // Without a supervisor the replies end, too.
                let _ = self.sender.send(Event::Abandon(batch));
            }
            let reply = match replies.recv_timeout(STOP_POLL) {
                Ok(reply) => reply,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Err(EvalError::Interrupted),
            };
            waiting -= 1;
            let result = match reply.end {
                End::Metrics(metrics) => Ok(self.measurement(&metrics)),
                End::Failure(failure) => Err(EvalError::Worker(failure)),
                End::Abandoned => {
                    outcome = outcome.and(Err(EvalError::Interrupted));
                    continue;
                }
                End::Broken(error) => {
                    outcome = outcome.and(Err(EvalError::Workers(error)));
                    continue;
                }
            };
            outcome = outcome.and(finished(reply.index, &result));
            results[reply.index] = Some(result);
        }
        outcome?;
        Ok(results
            .into_iter()
            .map(|result| result.expect("invariant: every job of a batch ends"))
            .collect())
    }

    fn measurement(&self, metrics: &BTreeMap<String, f64>) -> Measurement {
        let value = |name: &str| {
            *metrics
                .get(name)
                .expect("invariant: the supervisor checked that every declared metric is there")
        };
        Measurement {
            search: SearchMetric(value(&self.protocol.search)),
            report: ReportMetric(value(&self.protocol.report)),
        }
    }
}

impl Evaluator for WorkerEvaluator {
    fn protocol(&self) -> &Protocol {
        &self.protocol
    }

    fn evaluate(&self, arch: &Arch) -> Result<Measurement, EvalError> {
        let key = self.space.key(arch);
        let results = self.evaluate_all(&[Query { key, arch }], &mut |_, _| Ok(()))?;
        results
            .into_iter()
            .next()
            .expect("invariant: one query has one result")
    }

    fn takes_batches(&self) -> bool {
        true
    }

    fn evaluate_all(
        &self,
        queries: &[Query<'_>],
        finished: &mut Finished<'_>,
    ) -> Result<Vec<Result<Measurement, EvalError>>, EvalError> {
        let batch = BatchId(self.next_batch.fetch_add(1, Ordering::Relaxed));
        let (reply, replies) = channel();
        let jobs = queries
            .iter()
            .enumerate()
            .map(|(index, query)| self.job(batch, index, query, reply.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        drop(reply);
        if self.sender.send(Event::Submit(jobs)).is_err() {
            return Err(EvalError::Interrupted);
        }
        self.collect(batch, queries.len(), &replies, finished)
    }
}

impl Drop for WorkerEvaluator {
    fn drop(&mut self) {
        // A supervisor that is gone has closed already.
        let _ = self.sender.send(Event::Close);
        if let Some(supervisor) = self.supervisor.take() {
            let _ = supervisor.join();
        }
    }
}

/// The seed of an evaluation: a function of the class alone, so that it does not matter who evaluates it, and when.
fn seed_of(key: ArchKey) -> u32 {
    let digest = Sha256::digest(key.0.to_be_bytes());
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

fn identity(command: &str, fidelity: &BTreeMap<String, f64>, worker: &Capabilities) -> String {
    let text = serde_json::json!([command, fidelity, worker.name, worker.version]).to_string();
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn protocol(worker: &Capabilities, names: &MetricNames) -> Result<Protocol, WorkerError> {
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
    Ok(Protocol {
        search: search.name.clone(),
        report: report.name.clone(),
        kind: match search.role {
            MetricRole::Validation => ProtocolKind::ValidationSelected,
            MetricRole::Test => ProtocolKind::TestSelected,
            MetricRole::Cost | MetricRole::Other => ProtocolKind::Unclassified,
        },
        search_epochs: None,
        report_epochs: None,
    })
}
