//! What the workers are at, written into the study now and then, so that it can be seen from another process.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ganas_report::live::{BusyWith, LastFailure, ProcessActivity, WorkerActivity, WorkerLife};
use ganas_store::{StoreError, Study};
use ganas_worker::{PoolActivity, WorkerEvaluator, WorkerState};

use crate::{Error, clock};

/// Between two looks at the workers.
const PAUSE: Duration = Duration::from_secs(1);

/// What has not changed is written again after so many looks, so that who reads it knows that the process is there.
const LOOKS_UNTIL_TOLD_AGAIN: u32 = 15;

/// Writes what the workers are at until it is dropped, on a thread of its own, so that no evaluation waits for it.
pub(super) struct ActivityWriter {
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    problem: Arc<Mutex<Option<StoreError>>>,
}

impl ActivityWriter {
    /// Begins to write.
    ///
    /// # Errors
    ///
    /// There is no thread for it.
    pub(super) fn start(study: &Study, workers: &Arc<WorkerEvaluator>) -> Result<Self, Error> {
        let problem: Arc<Mutex<Option<StoreError>>> = Arc::default();
        let (over, is_over) = mpsc::channel();
        let desk = Desk {
            study: study.clone(),
            process: format!("{} {}", clock::host(), std::process::id()),
            problem: Arc::clone(&problem),
        };
        let workers = Arc::clone(workers);
        let write = move || {
            let mut told = None;
            let mut looks = 0;
            loop {
                let now = as_recorded(&workers.activity());
                looks += 1;
                if told.as_ref() != Some(&now) || looks >= LOOKS_UNTIL_TOLD_AGAIN {
                    desk.write(&now);
                    (told, looks) = (Some(now), 0);
                }
                match is_over.recv_timeout(PAUSE) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            desk.clear();
        };
        let thread = std::thread::Builder::new().name("ganas-activity".to_owned());
        Ok(Self {
            over: Some(over),
            thread: Some(thread.spawn(write)?),
            problem,
        })
    }

    /// Ends it; what went wrong first, when something did.
    pub(super) fn finish(mut self) -> Option<StoreError> {
        self.stop();
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        problem.take()
    }

    fn stop(&mut self) {
        self.over = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for ActivityWriter {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Where it is written.
struct Desk {
    study: Study,
    /// What tells this process from others.
    process: String,
    problem: Arc<Mutex<Option<StoreError>>>,
}

impl Desk {
    fn write(&self, activity: &ProcessActivity) {
        let Ok(state) = serde_json::to_string(activity) else {
            return;
        };
        self.keep(
            self.study
                .note_activity(&self.process, clock::unix_now(), &state),
        );
    }

    fn clear(&self) {
        self.keep(self.study.forget_activity(&self.process));
    }

    /// A failure is told once, at the end: it takes nothing from the search.
    fn keep(&self, result: Result<(), StoreError>) {
        if let Err(error) = result {
            let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
            problem.get_or_insert(error);
        }
    }
}

fn as_recorded(pool: &PoolActivity) -> ProcessActivity {
    let workers = pool.workers.iter().map(|worker| {
        let (life, evaluations) = match &worker.state {
            WorkerState::Absent => (WorkerLife::Absent, &[][..]),
            WorkerState::Starting => (WorkerLife::Starting, &[][..]),
            WorkerState::Idle => (WorkerLife::Idle, &[][..]),
            WorkerState::Busy(evaluations) => (WorkerLife::Busy, &evaluations[..]),
        };
        let evaluations = evaluations.iter().map(|busy| BusyWith {
            arch: busy.arch.clone(),
            attempt: busy.attempt,
            since: busy.since,
            done: busy.done,
            step: busy.step,
            is_cancelled: busy.is_cancelled,
        });
        WorkerActivity {
            number: worker.number,
            host: worker.host.clone(),
            log: worker.log.display().to_string(),
            life,
            since: worker.since,
            evaluations: evaluations.collect(),
            last_failure: worker.last_failure.as_ref().map(|failure| LastFailure {
                arch: failure.arch.clone(),
                reason: failure.reason.clone(),
                log_tail: failure.log_tail.clone(),
                at: failure.at,
            }),
        }
    });
    let process = ProcessActivity {
        host: clock::host(),
        pid: std::process::id(),
        waiting: pool.waiting,
        workers: workers.collect(),
    };
    process.with_few_tails()
}
