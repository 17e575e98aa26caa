//! Workers as they are: architectures and seeds in, all metrics out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use ganas_eval::{Details, EvalError, Fidelity, GoOn, Progress, Query, Task, fidelity_words};
use ganas_space::{Arch, SearchSpace};
use sha2::{Digest as _, Sha256};

use super::activity::{Board, PoolActivity};
use super::batch::{Batch, STOP_POLL};
use super::job::BatchId;
use super::message::{Capabilities, Greeting, PROTOCOL_VERSION};
use super::supervisor::{Audience, EVENTS, Event, Supervisor};
use super::{MAX_WORKERS, PoolConfig, PoolListener, WorkerError, WorkerFailure, WorkerStatistics};

/// What came of an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The declared metrics, or why there are none.
    pub result: Result<BTreeMap<String, f64>, WorkerFailure>,
    /// Everything that was returned, and when and where it was.
    pub details: Details,
}

/// Is told each result of a list as soon as it is there, with the position of its request. An error ends the list.
pub type Collected<'a> = dyn FnMut(usize, Measured) -> Result<(), EvalError> + 'a;

/// One evaluation of a list.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The architecture.
    pub arch: &'a Arch,
    /// The seed that the worker is told.
    pub seed: u32,
}

/// Where workers get their work from, and where they bring what comes of it: as [`ganas_eval::Feed`], with all metrics.
pub trait TaskFeed {
    /// The next evaluation that is wanted; nothing, when none is wanted before another one is finished.
    ///
    /// # Errors
    ///
    /// Whatever makes it pointless to go on.
    fn next(&mut self) -> Result<Option<Task>, EvalError>;

    /// Is told what came of a task, in whatever order they come.
    ///
    /// # Errors
    ///
    /// Whatever makes it pointless to go on.
    fn finished(&mut self, ticket: usize, measured: Measured) -> Result<(), EvalError>;

    /// Is told how a task is going. Says whether to go on with it; if not, it ends with [`WorkerFailure::Cancelled`],
    /// unless its result was faster.
    fn progress(&mut self, ticket: usize, progress: &Progress) -> GoOn {
        let _ = (ticket, progress);
        GoOn::Yes
    }
}

/// A pool of worker processes.
///
/// It can be used by any number of threads at the same time. Dropping it ends the workers.
pub struct Workers {
    space: Arc<dyn SearchSpace>,
    capabilities: Capabilities,
    identity: String,
    fidelity: Fidelity,
    stop: Arc<AtomicBool>,
    cancel: Arc<AtomicBool>,
    sender: SyncSender<Event>,
    supervisor: Option<JoinHandle<()>>,
    next_batch: AtomicU64,
    statistics: Arc<Mutex<WorkerStatistics>>,
    board: Arc<Board>,
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
    /// are asked for; or its id is empty, or it is not made for the fidelity. [`EvalError::Interrupted`] when a stop is asked for before the first worker is there.
    pub fn open(
        config: PoolConfig,
        space: Arc<dyn SearchSpace>,
        listener: PoolListener,
    ) -> Result<Self, EvalError> {
        if !(1..=MAX_WORKERS).contains(&config.workers) {
            let workers = config.workers;
            return Err(WorkerError::TooManyWorkers { workers }.into());
        }
        if (config.evaluator_id.as_ref()).is_some_and(|id| id.trim().is_empty()) {
            return Err(WorkerError::EmptyId.into());
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
        let board = Arc::new(Board::new(&config));
        let (command, id) = (config.command.clone(), config.evaluator_id.clone());
        let fidelity = config.fidelity.clone();
        let (stop, cancel) = (Arc::clone(&config.stop), Arc::clone(&config.cancel));
        let audience = Audience {
            opened,
            statistics: Arc::clone(&statistics),
            board: Arc::clone(&board),
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
                fidelities: Vec::new(),
            },
            identity: String::new(),
            fidelity,
            stop,
            cancel,
            sender,
            supervisor: Some(supervisor),
            next_batch: AtomicU64::new(0),
            statistics,
            board,
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
        check_fidelity(&workers.capabilities, &workers.fidelity)?;
        workers.identity = identity(&command, id.as_deref(), &workers.capabilities);
        Ok(workers)
    }

    /// What the workers are: the sha256 of the command, or of [`PoolConfig::evaluator_id`] when that is given, and of the
    /// evaluator's own name and version. The fidelity is no part of it.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// How thorough an evaluation is that does not say so itself.
    #[must_use]
    pub fn fidelity(&self) -> &Fidelity {
        &self.fidelity
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

    /// What each worker is at.
    #[must_use]
    pub fn activity(&self) -> PoolActivity {
        self.board.snapshot()
    }

    /// Evaluates what the feed wants, as many at the same time as the workers do, until it wants nothing more and
    /// everything is finished.
    ///
    /// # Errors
    ///
    /// What makes it pointless to go on, for example [`EvalError::Unusable`] or [`EvalError::Interrupted`], or what the
    /// feed returned. What was begun is finished, and told to the feed, before.
    pub fn measure_fed(&self, feed: &mut dyn TaskFeed) -> Result<(), EvalError> {
        let batch = BatchId(self.next_batch.fetch_add(1, Ordering::Relaxed));
        Batch::new(self, batch).run(feed)
    }

    /// Evaluates all of them, as many at the same time as the workers do, and tells `finished` in whatever order they
    /// come.
    ///
    /// # Errors
    ///
    /// Those of [`measure_fed`](Self::measure_fed), or what `finished` returned. Those that were begun are told to
    /// `finished` before.
    pub fn measure_all(
        &self,
        requests: &[Request<'_>],
        finished: &mut Collected<'_>,
    ) -> Result<(), EvalError> {
        let tasks = requests.iter().enumerate().map(|(ticket, request)| Task {
            seed: Some(request.seed),
            ..Task::new(ticket, Query::new(&*self.space, request.arch))
        });
        self.measure_fed(&mut TaskList {
            tasks: tasks.collect(),
            finished,
        })
    }

    /// Whether nothing more is to be begun.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.is_cancelled()
    }

    /// Whether what was begun is to be cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// Tells the supervisor something; whether there is one.
    pub(super) fn tell(&self, event: Event) -> bool {
        self.sender.send(event).is_ok()
    }

    /// Whether the supervisor is gone, so that nothing will ever end.
    pub(super) fn is_alone(&self) -> bool {
        self.supervisor.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

/// A list of tasks.
struct TaskList<'a, 'b> {
    tasks: VecDeque<Task>,
    finished: &'a mut Collected<'b>,
}

impl TaskFeed for TaskList<'_, '_> {
    fn next(&mut self) -> Result<Option<Task>, EvalError> {
        Ok(self.tasks.pop_front())
    }

    fn finished(&mut self, ticket: usize, measured: Measured) -> Result<(), EvalError> {
        (self.finished)(ticket, measured)
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

/// Refuses a fidelity that is none of those that a worker declares, when it declares some.
fn check_fidelity(worker: &Capabilities, asked: &Fidelity) -> Result<(), WorkerError> {
    let known = &worker.fidelities;
    if asked.is_empty() || known.is_empty() || known.contains(asked) {
        return Ok(());
    }
    Err(WorkerError::UnknownFidelity {
        worker: worker.name.clone(),
        asked: fidelity_text(asked),
        known: known
            .iter()
            .map(fidelity_text)
            .collect::<Vec<_>>()
            .join("; "),
    })
}

/// A fidelity as the command line has it.
fn fidelity_text(fidelity: &Fidelity) -> String {
    fidelity_words(fidelity).collect::<Vec<_>>().join(" ")
}

fn identity(command: &str, id: Option<&str>, worker: &Capabilities) -> String {
    let (kind, what) = id.map_or(("command", command), |id| ("id", id));
    let text = serde_json::json!([kind, what, worker.name, worker.version]).to_string();
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
