//! Answers and failures: whom they are counted for.
//!
//! Who is blamed for a worker that fails: the evaluation that it was at, when there was exactly one. Otherwise, and
//! when the failure belongs to an earlier evaluation, the evaluations are put back and given to another worker, without
//! counting as attempts; so what an attempt returns does not depend on what else its worker did.

use std::sync::Arc;
use std::time::Duration;

use ganas_eval::Details;

use super::super::activity::{LastFailure, PlaceLife};
use super::super::clock::{now, unix_now};
use super::super::job::{End, Job, Returned, Running, Standing};
use super::super::log_tail;
use super::super::slot::Life;
use super::super::{PoolNote, WorkerError, WorkerFailure};
use super::Supervisor;

/// A worker that ends so soon after it was given an evaluation, and had done others before, did not end because of it.
const NOT_BEGUN: Duration = Duration::from_secs(2);

/// How often a job may be put back before it is blamed all the same.
const MOST_PUT_BACK: u32 = 3;

/// How many evaluations of a worker are remembered, to tell a second answer from an answer to nothing.
const REMEMBERED: usize = 256;

impl Supervisor {
    /// Takes the answer to an evaluation that the worker is at.
    pub(super) fn answered(
        &mut self,
        worker: usize,
        id: u64,
        checked: Result<Returned, WorkerFailure>,
    ) {
        let Life::Ready(ready) = &mut self.slots[worker].life else {
            return;
        };
        let Some(running) = ready.running.remove(&id) else {
            return;
        };
        if ready.answered.len() == REMEMBERED {
            ready.answered.pop_front();
        }
        ready.answered.push_back(id);
        self.board.ended(worker, id);
        let Running { job, standing, .. } = running;
        match (checked, standing) {
            // What comes after the time limit comes too late, whatever it is: how late depends on the machine.
            (_, Standing::TooLate) => {
                let failure = self.timed_out();
                self.attempt_failed(worker, job, failure);
            }
            // Whether it was on its way depends on the machine; that it was stopped does not.
            (_, Standing::Unwanted) if job.stopped.is_some() => self.cancelled(job, Some(worker)),
            // A result that was on its way when it was cancelled is a result.
            (Ok(returned), _) => self.succeeded(worker, job, returned),
            (Err(_), Standing::Unwanted) => self.cancelled(job, Some(worker)),
            (Err(failure), Standing::Wanted) => self.attempt_failed(worker, job, failure),
        }
    }

    fn succeeded(&mut self, worker: usize, job: Job, returned: Returned) {
        (self.listener)(&PoolNote::Done {
            worker: self.slots[worker].number,
            arch: job.arch.text.clone(),
        });
        self.failures_in_a_row = 0;
        self.count(|statistics| statistics.completed += 1);
        let Returned { declared, details } = returned;
        let Details {
            attempts,
            circumstances,
            curves,
            ..
        } = self.details(&job, job.attempt + 1);
        let details = Details {
            attempts,
            circumstances,
            curves,
            ..details
        };
        job.end(End::Metrics(declared), details);
    }

    pub(super) fn timed_out(&self) -> WorkerFailure {
        WorkerFailure::TimedOut {
            limit_s: self.config.time_limit.as_secs_f64(),
        }
    }

    /// Kills a worker, and blames the evaluation that it was at, when that is clear.
    pub(super) fn give_up(&mut self, worker: usize, failure: &WorkerFailure) {
        let running = self.dismiss(worker);
        let sole = running.len() == 1;
        for (running, served) in running {
            let begun = !matches!(failure, WorkerFailure::Ended { .. })
                || !served
                || now().saturating_duration_since(running.sent) > NOT_BEGUN;
            let Running { job, standing, .. } = running;
            match standing {
                Standing::Unwanted => self.cancelled(job, Some(worker)),
                Standing::TooLate => {
                    let failure = self.timed_out();
                    self.attempt_failed(worker, job, failure);
                }
                Standing::Wanted if sole && begun => {
                    self.attempt_failed(worker, job, failure.clone());
                }
                Standing::Wanted => self.put_back(worker, job, failure),
            }
        }
    }

    /// Kills a worker, and blames nobody.
    pub(super) fn put_back_all(&mut self, worker: usize) {
        let failure = WorkerFailure::WrongId;
        for (Running { job, standing, .. }, _) in self.dismiss(worker) {
            if standing == Standing::Unwanted {
                self.cancelled(job, Some(worker));
            } else {
                self.put_back(worker, job, &failure);
            }
        }
    }

    pub(super) fn put_back(&mut self, worker: usize, mut job: Job, failure: &WorkerFailure) {
        if job.put_back == MOST_PUT_BACK {
            return self.attempt_failed(worker, job, failure.clone());
        }
        job.put_back += 1;
        self.count(|statistics| statistics.put_back += 1);
        self.queue.push_front(job);
    }

    /// Kills the process of a worker; what it was at, and whether it had answered before.
    pub(super) fn dismiss(&mut self, worker: usize) -> Vec<(Running, bool)> {
        let slot = &mut self.slots[worker];
        let life = std::mem::replace(&mut slot.life, Life::Absent);
        self.board.lives(worker, PlaceLife::Absent);
        if let (Some(group), Some(guard)) = (life.group(), &mut self.guard) {
            guard.remove(group);
        }
        match life {
            Life::Absent | Life::Starting { .. } => Vec::new(),
            Life::Ready(ready) => {
                let served = !ready.answered.is_empty();
                ready
                    .running
                    .into_values()
                    .map(|running| (running, served))
                    .collect()
            }
        }
    }

    pub(super) fn attempt_failed(&mut self, worker: usize, mut job: Job, failure: WorkerFailure) {
        let again = failure.is_retryable() && job.attempt < self.config.retries;
        let kind = failure.kind();
        self.count(|statistics| {
            *statistics.failed_attempts.entry(kind).or_default() += 1;
            statistics.failed += u64::from(!again);
        });
        let slot = &self.slots[worker];
        let log = slot.log.clone();
        let from = job.begun.map_or(slot.log_length, |begun| begun.log_length);
        let log_tail = log_tail::since(&log, from);
        let last = failure.to_string();
        self.board.failed(
            worker,
            LastFailure {
                arch: Some(job.arch.text.clone()),
                reason: last.clone(),
                log_tail: log_tail.clone(),
                at: unix_now(),
            },
        );
        (self.listener)(&PoolNote::AttemptFailed {
            worker: slot.number,
            arch: job.arch.text.clone(),
            attempt: job.attempt + 1,
            again,
            reason: last.clone(),
            log_tail: log_tail.clone(),
            log: log.clone(),
        });
        let details = self.details(&job, job.attempt + 1);
        if again {
            job.attempt += 1;
            self.queue.push_front(job);
        } else {
            job.end(End::Failure(failure), details);
        }
        self.failures_in_a_row += 1;
        if self.failures_in_a_row >= self.config.failures_in_a_row {
            self.give_up_all(WorkerError::TooManyFailures {
                failures: self.failures_in_a_row,
                last,
                log,
                log_tail,
            });
        }
    }

    pub(super) fn start_failed(&mut self, worker: usize, reason: String) {
        // What a joiner brings along is its own affair: the search goes on without.
        let process = self.slots[worker].life.process();
        let is_joined = process.is_some_and(|process| process.refuse(&reason));
        self.dismiss(worker);
        self.count(|statistics| statistics.failed_starts += 1);
        let slot = &self.slots[worker];
        let log_tail = log_tail::since(&slot.log, slot.log_length);
        self.board.failed(
            worker,
            LastFailure {
                arch: None,
                reason: reason.clone(),
                log_tail: log_tail.clone(),
                at: unix_now(),
            },
        );
        (self.listener)(&PoolNote::StartFailed {
            worker: slot.number,
            reason: reason.clone(),
            log_tail: log_tail.clone(),
            log: slot.log.clone(),
        });
        if is_joined {
            return;
        }
        self.failed_starts_in_a_row += 1;
        // A command that has never worked is wrong, and is not tried for long.
        if self.capabilities.is_none()
            || self.failed_starts_in_a_row >= self.config.failed_starts_in_a_row
        {
            self.give_up_all(WorkerError::Start {
                command: self.config.command.clone(),
                reason,
                log: slot.log.clone(),
                log_tail,
            });
        }
    }

    /// Ends all workers and all jobs: nothing can be done any more.
    pub(super) fn give_up_all(&mut self, error: WorkerError) {
        let error = Arc::new(error);
        let _ = self.opened.send(Err(Arc::clone(&error)));
        for worker in 0..self.slots.len() {
            for (running, _) in self.dismiss(worker) {
                running
                    .job
                    .end(End::Broken(Arc::clone(&error)), Details::default());
            }
        }
        self.broken = Some(error);
        self.refuse();
    }

    /// Ends the jobs that wait, when nothing can be done any more.
    pub(super) fn refuse(&mut self) {
        if let Some(error) = &self.broken {
            for job in self.queue.drain(..) {
                job.end(End::Broken(Arc::clone(error)), Details::default());
            }
        }
    }
}
