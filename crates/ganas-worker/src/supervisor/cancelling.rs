//! Evaluations that their caller does not want any more: they end without an attempt that failed, and nobody is blamed.

use ganas_eval::{Circumstances, Details};

use super::super::PoolNote;
use super::super::clock::{now, unix_now};
use super::super::job::{BatchId, End, Job, Standing};
use super::super::message::ToWorker;
use super::super::slot::Life;
use super::Supervisor;

impl Supervisor {
    /// Ends an evaluation that has not been begun, or tells its worker to give it up.
    pub(super) fn cancel(&mut self, batch: BatchId, ticket: usize) {
        let is_it = |job: &Job| job.caller.batch == batch && job.ticket == ticket;
        if let Some(at) = self.queue.iter().position(is_it) {
            if let Some(job) = self.queue.remove(at) {
                self.cancelled(job, None);
            }
            return;
        }
        let deadline = now().checked_add(self.config.grace);
        for (worker, slot) in self.slots.iter_mut().enumerate() {
            let Life::Ready(ready) = &mut slot.life else {
                continue;
            };
            for (&id, running) in &mut ready.running {
                if !is_it(&running.job) {
                    continue;
                }
                if running.standing == Standing::Wanted {
                    running.deadline = deadline;
                    ready.process.send(&ToWorker::Cancel { id });
                }
                running.standing = Standing::Unwanted;
                self.board
                    .goes_on(worker, id, |busy| busy.is_cancelled = true);
                return self.look_soon();
            }
        }
    }

    /// Ends an evaluation that was cancelled while this worker was at it, or while it waited.
    pub(super) fn cancelled(&mut self, mut job: Job, worker: Option<usize>) {
        let attempts = job.attempt + u32::from(worker.is_some());
        (self.listener)(&PoolNote::Cancelled {
            worker: worker.map(|worker| self.slots[worker].number),
            arch: job.arch.text.clone(),
        });
        self.count(|statistics| statistics.cancelled += 1);
        let last = job.progress.take().unwrap_or_default();
        let details = Details {
            metrics: last.metrics,
            stopped: job.stopped,
            ..self.details(&job, attempts)
        };
        let failure = job.cancelled();
        job.end(End::Failure(failure), details);
    }

    /// Kills a worker that does not give up an evaluation that is not wanted any more. Whatever else it is at is given to
    /// another one, however often that happens: it is the fault of none of them.
    pub(super) fn give_up_unwanted(&mut self, worker: usize) {
        for (running, _) in self.dismiss(worker) {
            let job = running.job;
            match running.standing {
                Standing::Wanted => {
                    self.count(|statistics| statistics.put_back += 1);
                    self.queue.push_front(job);
                }
                Standing::Unwanted => self.cancelled(job, Some(worker)),
                Standing::TooLate => {
                    let failure = self.timed_out();
                    self.attempt_failed(worker, job, failure);
                }
            }
        }
    }

    /// What is told of every evaluation, after so many attempts.
    pub(super) fn details(&self, job: &Job, attempts: u32) -> Details {
        let circumstances = job.begun.map(|begun| Circumstances {
            host: self.host_of(begun.worker),
            worker: begun.worker,
            queued: job.queued,
            started: begun.at,
            ended: unix_now(),
            log: self.log_of(begun.worker).display().to_string(),
        });
        Details {
            attempts,
            circumstances,
            curves: job.curves.all().clone(),
            ..Details::default()
        }
    }
}
