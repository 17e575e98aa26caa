//! A batch: the evaluations that one caller waits for, from what it is fed to what came of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use ganas_eval::{Details, EvalError, GoOn, Progress, Task};

use super::WorkerFailure;
use super::clock::unix_now;
use super::curves::Curves;
use super::evaluator::seed_of;
use super::job::{BatchId, Caller, End, Job, Reply, Terms};
use super::mailbox::Mailbox;
use super::message::ArchDescription;
use super::supervisor::Event;
use super::workers::{Measured, TaskFeed, Workers};

/// How often a caller that waits looks whether it should stop.
pub(super) const STOP_POLL: Duration = Duration::from_millis(100);

/// Evaluations that one caller waits for.
pub(super) struct Batch<'a> {
    workers: &'a Workers,
    caller: Caller,
    replies: Receiver<Reply>,
    /// Those that have not ended.
    outstanding: BTreeSet<usize>,
    /// Those that the feed does not want any more, and that have not ended.
    unwanted: BTreeSet<usize>,
    /// The first reason to begin nothing more.
    verdict: Result<(), EvalError>,
    /// Whether what was not begun has been taken back.
    abandoned: bool,
    /// Whether everything that has not ended is to be as if it had not been begun.
    cancelled: bool,
}

impl<'a> Batch<'a> {
    pub(super) fn new(workers: &'a Workers, id: BatchId) -> Self {
        let (reply, replies) = channel();
        Self {
            workers,
            caller: Caller {
                batch: id,
                mailbox: Arc::new(Mailbox::default()),
                reply,
            },
            replies,
            outstanding: BTreeSet::new(),
            unwanted: BTreeSet::new(),
            verdict: Ok(()),
            abandoned: false,
            cancelled: false,
        }
    }

    /// Evaluates what the feed wants, until it wants nothing more and everything has ended.
    pub(super) fn run(mut self, feed: &mut dyn TaskFeed) -> Result<(), EvalError> {
        self.take(feed);
        while !self.outstanding.is_empty() {
            if self.workers.is_cancelled() {
                self.cancel();
            }
            if self.verdict.is_err() || self.is_stopped() {
                self.abandon();
            }
            match self.replies.recv_timeout(STOP_POLL) {
                Ok(Reply::Progress(ticket)) => self.tell(ticket, feed),
                Ok(Reply::End {
                    ticket,
                    end,
                    details,
                }) => {
                    self.outstanding.remove(&ticket);
                    self.finish(ticket, end, *details, feed);
                    self.take(feed);
                }
                Err(RecvTimeoutError::Timeout) if self.workers.is_alone() => {
                    self.outstanding.clear();
                    self.fail(EvalError::Interrupted);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
        std::mem::replace(&mut self.verdict, Ok(()))
    }

    /// Submits what the feed wants next, all of it.
    fn take(&mut self, feed: &mut dyn TaskFeed) {
        while self.verdict.is_ok() {
            let stopped = self.is_stopped();
            // After a stop the feed is asked once more at the end: nothing was stopped when it wants nothing more.
            if stopped && !self.outstanding.is_empty() {
                return;
            }
            match feed.next() {
                Ok(None) => return,
                Ok(Some(_)) if stopped => self.fail(EvalError::Interrupted),
                Ok(Some(task)) => {
                    if let Err(error) = self.submit(task) {
                        self.fail(error);
                    }
                }
                Err(error) => self.fail(error),
            }
        }
    }

    fn submit(&mut self, task: Task) -> Result<(), EvalError> {
        let ticket = task.ticket;
        let fidelity = task.fidelity;
        let job = Job {
            caller: self.caller.clone(),
            ticket,
            arch: Arc::new(ArchDescription::new(&**self.workers.space(), &task.arch)?),
            terms: Terms {
                seed: task.seed.unwrap_or_else(|| seed_of(task.key)),
                fidelity: fidelity.unwrap_or_else(|| self.workers.fidelity().clone()),
                resume_from: task.resume_from,
                stop_rule: task.stop_rule,
            },
            attempt: 0,
            put_back: 0,
            queued: unix_now(),
            begun: None,
            progress: None,
            curves: Curves::default(),
            stopped: None,
        };
        if !self.workers.tell(Event::Submit(Box::new(job))) {
            return Err(EvalError::Interrupted);
        }
        self.outstanding.insert(ticket);
        self.abandoned = false;
        Ok(())
    }

    /// Tells the feed how a task is going, and cancels it when it is not wanted any more.
    fn tell(&mut self, ticket: usize, feed: &mut dyn TaskFeed) {
        let told = self.caller.mailbox.take(ticket);
        if self.unwanted.contains(&ticket) {
            return;
        }
        let is_unwanted = |progress: &Progress| feed.progress(ticket, progress) == GoOn::No;
        if told.iter().any(is_unwanted) {
            self.unwanted.insert(ticket);
            self.workers.tell(Event::Cancel {
                batch: self.caller.batch,
                ticket,
            });
        }
    }

    fn finish(&mut self, ticket: usize, end: End, details: Details, feed: &mut dyn TaskFeed) {
        let is_unwanted = self.unwanted.remove(&ticket);
        let result = match end {
            End::Metrics(metrics) => Ok(metrics),
            // Nobody decided that it is not wanted: there was no time for it.
            End::Failure(WorkerFailure::Cancelled) if !is_unwanted => {
                return self.fail(EvalError::Interrupted);
            }
            End::Failure(failure) => Err(failure),
            End::Abandoned => return self.fail(EvalError::Interrupted),
            End::Broken(error) => return self.fail(EvalError::Unusable(error)),
        };
        if let Err(error) = feed.finished(ticket, Measured { result, details }) {
            self.fail(error);
        }
    }

    /// Begins nothing more, for this reason, unless there was one before.
    fn fail(&mut self, error: EvalError) {
        if self.verdict.is_ok() {
            self.verdict = Err(error);
        }
    }

    fn is_stopped(&self) -> bool {
        self.workers.is_stopped()
    }

    /// Cancels everything that has not ended, once.
    fn cancel(&mut self) {
        if std::mem::replace(&mut self.cancelled, true) {
            return;
        }
        // What was not begun is not cancelled.
        self.abandon();
        for &ticket in self.outstanding.difference(&self.unwanted) {
            self.workers.tell(Event::Cancel {
                batch: self.caller.batch,
                ticket,
            });
        }
    }

    /// Takes back what was not begun.
    fn abandon(&mut self) {
        if !self.abandoned {
            self.abandoned = true;
            self.workers.tell(Event::Abandon(self.caller.batch));
        }
    }
}

impl Drop for Batch<'_> {
    /// Nobody waits any more, for example because the feed has panicked.
    fn drop(&mut self) {
        if !self.outstanding.is_empty() {
            self.abandon();
        }
    }
}
