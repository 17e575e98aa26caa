//! The configuration of a pool of workers, and what it tells while it works.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ganas_eval::Fidelity;

use super::join::Leadership;

/// The most workers of a pool. Each is a process with three pipes and a thread.
pub const MAX_WORKERS: u32 = 1024;

/// How workers are started and how long they are waited for.
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// The command of a worker, for the shell.
    pub command: String,
    /// The number of workers, from 1 to [`MAX_WORKERS`].
    pub workers: u32,
    /// The longest that one evaluation may take.
    pub time_limit: Duration,
    /// The longest that a process may take to answer the greeting, since loading a deep learning library takes seconds; and
    /// the longest that a worker may leave unread what it is sent.
    pub start_limit: Duration,
    /// The longest that a worker may take to obey `cancel` or `shutdown` before it is killed.
    pub grace: Duration,
    /// How often a failed evaluation is tried again.
    pub retries: u32,
    /// After so many failed attempts in a row, without a result in between, the pool gives up.
    pub failures_in_a_row: u32,
    /// After so many processes in a row that do not become a worker, the pool gives up.
    pub failed_starts_in_a_row: u32,
    /// The largest address space of a worker, in KiB.
    pub memory_kib: Option<u64>,
    /// How thorough an evaluation is that does not say so itself.
    pub fidelity: Fidelity,
    /// Names what the workers measure, in place of the command: with it, another command whose workers have the same name
    /// and version is the same evaluator.
    pub evaluator_id: Option<String>,
    /// The folder of the logs; `worker-0.log` has the stderr of worker 0.
    pub logs: PathBuf,
    /// Where other processes may join with workers of their own.
    pub leads: Option<Arc<Leadership>>,
    /// Once set, evaluations that were not begun are not begun any more.
    pub stop: Arc<AtomicBool>,
    /// Once set, evaluations that were begun are cancelled: they end with [`EvalError::Interrupted`], as if they had not been
    /// begun, unless their result was faster.
    ///
    /// [`EvalError::Interrupted`]: ganas_eval::EvalError::Interrupted
    pub cancel: Arc<AtomicBool>,
}

impl PoolConfig {
    /// One worker with a command, and the defaults.
    #[must_use]
    pub fn new(command: impl Into<String>, logs: impl Into<PathBuf>) -> Self {
        Self {
            command: command.into(),
            workers: 1,
            time_limit: Duration::from_secs(24 * 60 * 60),
            start_limit: Duration::from_secs(120),
            grace: Duration::from_secs(5),
            retries: 2,
            failures_in_a_row: 20,
            failed_starts_in_a_row: 5,
            memory_kib: None,
            fidelity: Fidelity::new(),
            evaluator_id: None,
            logs: logs.into(),
            leads: None,
            stop: Arc::default(),
            cancel: Arc::default(),
        }
    }

    /// The log of a worker.
    #[must_use]
    pub fn log(&self, worker: u32) -> PathBuf {
        self.logs.join(format!("worker-{worker}.log"))
    }
}

/// What happens in a pool, for display.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PoolNote {
    /// A worker told how far it is.
    Progress {
        /// Its number.
        worker: u32,
        /// The architecture as text.
        arch: String,
        /// How much is done, from 0 to 1.
        done: Option<f64>,
        /// The step of the training.
        step: Option<u32>,
        /// The metrics so far that are finite.
        metrics: BTreeMap<String, f64>,
    },
    /// An attempt failed.
    AttemptFailed {
        /// The number of the worker.
        worker: u32,
        /// The architecture as text.
        arch: String,
        /// Which attempt, from 1.
        attempt: u32,
        /// Whether it will be tried again.
        again: bool,
        /// Why.
        reason: String,
        /// The last lines that the worker printed since the evaluation began, at most 10 lines and 4 KiB. What it was at
        /// besides is among them.
        log_tail: String,
        /// All that it printed.
        log: PathBuf,
    },
    /// A worker broke the protocol, and is ended.
    Ended {
        /// The number of the worker.
        worker: u32,
        /// What it sent, and what was expected.
        reason: String,
    },
    /// A process did not become a worker.
    StartFailed {
        /// The number of the worker.
        worker: u32,
        /// Why.
        reason: String,
        /// The last lines that the process printed, at most 10 lines and 4 KiB.
        log_tail: String,
        /// All that was printed in its place.
        log: PathBuf,
    },
    /// A process said hello, and waits for work.
    WorkerReady {
        /// The number of the worker.
        worker: u32,
        /// Where what it prints goes.
        log: PathBuf,
    },
    /// A worker was given an evaluation.
    Began {
        /// The number of the worker.
        worker: u32,
        /// The architecture as text.
        arch: String,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// A worker returned a result.
    Done {
        /// The number of the worker.
        worker: u32,
        /// The architecture as text.
        arch: String,
    },
    /// An evaluation was cancelled, as the caller wished.
    Cancelled {
        /// The number of the worker that was at it; none when it waited for one.
        worker: Option<u32>,
        /// The architecture as text.
        arch: String,
    },
}

/// Is told what happens, on the thread of the supervisor.
pub type PoolListener = Box<dyn Fn(&PoolNote) + Send>;
