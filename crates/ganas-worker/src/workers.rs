//! Workers as they are: architectures and seeds in, all metrics out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ganas_space::{Arch, SearchSpace};
use sha2::{Digest as _, Sha256};

use super::job::{BatchId, End, Job, Reply};
use super::message::{ArchDescription, Capabilities, Greeting, PROTOCOL_VERSION};
use super::supervisor::{Audience, EVENTS, Event, Supervisor};
use super::{MAX_WORKERS, PoolConfig, PoolListener, WorkerError, WorkerFailure, WorkerStatistics};
use ganas_eval::EvalError;

/// How often a caller that waits looks whether it should stop.
const STOP_POLL: Duration = Duration::from_millis(100);

/// The declared metrics of an evaluation, or why there are none.
pub type Measured = Result<BTreeMap<String, f64>, WorkerFailure>;

/// Is told each result of a batch as soon as it is there, with the position of its request. An error ends the batch.
pub type Collected<'a> = dyn FnMut(usize, Measured) -> Result<(), EvalError> + 'a;

/// One evaluation of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The architecture.
    pub arch: &'a Arch,
    /// The seed that the worker is told.
    pub seed: u32,
}

/// A pool of worker processes.
///
/// It can be used by any number of threads at the same time. Dropping it ends the workers.
pub struct Workers {
    space: Arc<dyn SearchSpace>,
    capabilities: Capabilities,
    identity: String,
    stop: Arc<AtomicBool>,
    sender: SyncSender<Event>,
    supervisor: Option<JoinHandle<()>>,
    next_batch: AtomicU64,
    statistics: Arc<Mutex<WorkerStatistics>>,
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers")
            .field("capabilities", &self.capabilities)
            .finish_non_exhaustive()
    }
}

impl Workers {
    /// Starts the first worker and asks it what it measures; the others are started as they are needed.
    ///
    /// `listener` is told what happens, on the thread of the supervisor.
    ///
    /// # Errors
    ///
    /// [`WorkerError`], in [`EvalError::Unusable`]: the log folder cannot be written, the command is no worker, or too many
    /// are asked for. [`EvalError::Interrupted`] when a stop is asked for before the first worker is there.
    pub fn open(
        config: PoolConfig,
        space: Arc<dyn SearchSpace>,
        listener: PoolListener,
    ) -> Result<Self, EvalError> {
        if !(1..=MAX_WORKERS).contains(&config.workers) {
            let workers = config.workers;
            return Err(WorkerError::TooManyWorkers { workers }.into());
        }
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
        let (sender, events) = sync_channel(EVENTS);
        let (opened, capabilities) = channel();
        let statistics = Arc::default();
        let (command, fidelity) = (config.command.clone(), config.fidelity.clone());
        let stop = Arc::clone(&config.stop);
        let audience = Audience {
            opened,
            statistics: Arc::clone(&statistics),
            listener,
        };
        let supervisor = Supervisor::new(config, greeting, sender.clone(), audience);
        let thread = std::thread::Builder::new().name("ganas-workers".to_owned());
        let supervisor = thread
            .spawn(move || supervisor.run(&events))
            .map_err(|error| WorkerError::Spawn {
                command: command.clone(),
                reason: error.to_string(),
            })?;
        let mut workers = Self {
            space,
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
        workers.capabilities = loop {
            match capabilities.recv_timeout(STOP_POLL) {
                Ok(opened) => break opened.map_err(|error| EvalError::Unusable(error))?,
                // Dropping the pool ends what was started.
                Err(RecvTimeoutError::Timeout) if workers.stop.load(Ordering::Relaxed) => {
                    return Err(EvalError::Interrupted);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let reason = "the supervisor ended".to_owned();
                    return Err(WorkerError::Spawn { command, reason }.into());
                }
            }
        };
        workers.identity = identity(&command, &fidelity, &workers.capabilities);
        Ok(workers)
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

    /// The space of the architectures.
    #[must_use]
    pub fn space(&self) -> &Arc<dyn SearchSpace> {
        &self.space
    }

    /// What was done so far.
    #[must_use]
    pub fn statistics(&self) -> WorkerStatistics {
        self.statistics
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Evaluates all of them, as many at the same time as the workers do, and tells `finished` in whatever order they
    /// come.
    ///
    /// # Errors
    ///
    /// What makes it pointless to go on, for example [`EvalError::Unusable`] or [`EvalError::Interrupted`], or what
    /// `finished` returned. Those that were begun are told to `finished` before.
    pub fn measure_all(
        &self,
        requests: &[Request<'_>],
        finished: &mut Collected<'_>,
    ) -> Result<(), EvalError> {
        let batch = BatchId(self.next_batch.fetch_add(1, Ordering::Relaxed));
        let (reply, replies) = channel();
        let jobs = requests
            .iter()
            .enumerate()
            .map(|(index, request)| self.job(batch, index, request, reply.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        drop(reply);
        if self.sender.send(Event::Submit(jobs)).is_err() {
            return Err(EvalError::Interrupted);
        }
        self.collect(batch, requests.len(), &replies, finished)
    }

    fn job(
        &self,
        batch: BatchId,
        index: usize,
        request: &Request<'_>,
        reply: Sender<Reply>,
    ) -> Result<Job, EvalError> {
        Ok(Job {
            batch,
            index,
            arch: Arc::new(ArchDescription::new(&*self.space, request.arch)?),
            seed: request.seed,
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
        finished: &mut Collected<'_>,
    ) -> Result<(), EvalError> {
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
            let measured = match reply.end {
                End::Metrics(metrics) => Ok(metrics),
                End::Failure(failure) => Err(failure),
                End::Abandoned => {
                    outcome = outcome.and(Err(EvalError::Interrupted));
                    continue;
                }
                End::Broken(error) => {
                    outcome = outcome.and(Err(EvalError::Unusable(error)));
                    continue;
                }
            };
            outcome = outcome.and(finished(reply.index, measured));
        }
        outcome
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // A supervisor that is gone has closed already.
        let _ = self.sender.send(Event::Close);
        if let Some(supervisor) = self.supervisor.take() {
            let _ = supervisor.join();
        }
    }
}

fn identity(command: &str, fidelity: &BTreeMap<String, f64>, worker: &Capabilities) -> String {
    let text = serde_json::json!([command, fidelity, worker.name, worker.version]).to_string();
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
