//! The supervisor: one thread that owns all workers of a pool, hands out jobs, and decides whom to give up.
//!
//! Everything that happens is an event of one channel, and every deadline is looked at after each of them. So there is
//! one place that knows the state of all workers, and nothing is locked.

mod attribution;

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::clock::now;
use super::guard::Guard;
use super::job::{self, BatchId, End, Job, Running};
use super::message::{
    ArchDescription, Capabilities, Evaluation, FromWorker, Greeting, PROTOCOL_VERSION, ToWorker,
};
use super::process::Said;
use super::slot::{Life, Ready, Slot};
use super::{PoolConfig, PoolListener, PoolNote, WorkerError, WorkerFailure, WorkerStatistics};

/// What happens.
#[derive(Debug)]
pub(super) enum Event {
    /// A caller wants evaluations.
    Submit(Vec<Job>),
    /// A caller does not want what was not begun yet.
    Abandon(BatchId),
    /// A process said something.
    Said {
        /// The number of the worker.
        worker: usize,
        /// Which of its processes.
        start: u64,
        /// What it said.
        said: Said,
    },
    /// The pool is closed.
    Close,
}

/// Where the first worker's capabilities, or why there are none, are told.
pub(super) type Opened = Sender<Result<Capabilities, Arc<WorkerError>>>;

/// Who is told what happens.
pub(super) struct Audience {
    pub(super) opened: Opened,
    pub(super) statistics: Arc<Mutex<WorkerStatistics>>,
    pub(super) listener: PoolListener,
}

pub(super) struct Supervisor {
    config: PoolConfig,
    greeting: Greeting,
    sender: Sender<Event>,
    slots: Vec<Slot>,
    queue: VecDeque<Job>,
    capabilities: Option<Capabilities>,
    opened: Opened,
    next_id: u64,
    failures_in_a_row: u32,
    failed_starts_in_a_row: u32,
    broken: Option<Arc<WorkerError>>,
    guard: Option<Guard>,
    statistics: Arc<Mutex<WorkerStatistics>>,
    listener: PoolListener,
}

impl Supervisor {
    pub(super) fn new(
        config: PoolConfig,
        greeting: Greeting,
        sender: Sender<Event>,
        audience: Audience,
    ) -> Self {
        let Audience {
            opened,
            statistics,
            listener,
        } = audience;
        let slots = (0..config.workers)
            .map(|number| Slot::new(number, &config.logs))
            .collect();
        Self {
            // Without a shell there is no guard, but no worker either, which is reported.
            guard: if cfg!(unix) {
                Guard::start().ok()
            } else {
                None
            },
            config,
            greeting,
            sender,
            slots,
            queue: VecDeque::new(),
            capabilities: None,
            opened,
            next_id: 0,
            failures_in_a_row: 0,
            failed_starts_in_a_row: 0,
            broken: None,
            statistics,
            listener,
        }
    }

    /// Works until the pool is closed.
    pub(super) fn run(mut self, events: &Receiver<Event>) {
        self.start(0);
        loop {
            self.dispatch();
            let event = match self.next_deadline() {
                None => events.recv().ok(),
                Some(deadline) => {
                    let patience = deadline.saturating_duration_since(now());
                    match events.recv_timeout(patience) {
                        Ok(event) => Some(event),
                        Err(RecvTimeoutError::Timeout) => {
                            self.expire();
                            continue;
                        }
                        Err(RecvTimeoutError::Disconnected) => None,
                    }
                }
            };
            match event {
                None | Some(Event::Close) => break,
                Some(Event::Submit(jobs)) => self.queue.extend(jobs),
                Some(Event::Abandon(batch)) => self.abandon(batch),
                Some(Event::Said {
                    worker,
                    start,
                    said,
                }) => {
                    // What a process said before it was given up is of no interest any more.
                    if self.slots[worker].start == start {
                        self.hear(worker, said);
                    }
                }
            }
            self.expire();
        }
        self.close();
    }

    fn hear(&mut self, worker: usize, said: Said) {
        match (&self.slots[worker].life, said) {
            (Life::Absent, _) => {}
            (Life::Starting { .. }, Said::Message(FromWorker::Hello(hello))) => {
                self.welcome(worker, hello);
            }
            (Life::Starting { .. }, Said::Message(_)) => {
                self.start_failed(worker, "its first message is no hello".to_owned());
            }
            (Life::Starting { .. }, Said::Garbage(line)) => {
                let reason = format!(
                    "it printed {line} where its hello was expected; print everything but messages to stderr"
                );
                self.start_failed(worker, reason);
            }
            (Life::Starting { .. }, Said::End) => {
                let status = self.slots[worker].end_status();
                self.start_failed(worker, format!("it ended before its hello: {status}"));
            }
            (Life::Ready(_), Said::Message(FromWorker::Hello(_))) => {
                self.give_up(worker, &WorkerFailure::SecondHello);
            }
            (Life::Ready(_), Said::Message(FromWorker::Progress(progress))) => {
                self.progress(worker, progress);
            }
            (Life::Ready(_), Said::Message(FromWorker::Result(answer))) => {
                let id = answer.id;
                let checked = self.capabilities.as_ref().map(|c| job::metrics(c, &answer));
                if let Some(checked) = checked {
                    self.answered(worker, id, checked);
                }
            }
            (Life::Ready(_), Said::Message(FromWorker::Failure(refusal))) => {
                let failure = WorkerFailure::Reported {
                    kind: refusal.kind,
                    message: refusal.message,
                    retryable: refusal.retryable,
                };
                self.answered(worker, refusal.id, Err(failure));
            }
            (Life::Ready(_), Said::Garbage(line)) => {
                self.give_up(worker, &WorkerFailure::Garbage { line });
            }
            (Life::Ready(_), Said::End) => {
                let status = self.slots[worker].end_status();
                self.give_up(worker, &WorkerFailure::Ended { status });
            }
        }
    }

    /// Takes a process in as a worker, when it measures what the others do.
    fn welcome(&mut self, worker: usize, hello: Capabilities) {
        if hello.protocol != PROTOCOL_VERSION {
            let reason = format!(
                "it speaks version {} of the protocol, expected {PROTOCOL_VERSION}",
                hello.protocol
            );
            return self.start_failed(worker, reason);
        }
        if hello.capacity == 0 || hello.metrics.is_empty() {
            let reason = "it declares no capacity or no metric, expected at least 1 of each";
            return self.start_failed(worker, reason.to_owned());
        }
        match &self.capabilities {
            Some(first) if *first != hello => {
                let reason = "its hello differs from that of the first worker".to_owned();
                return self.start_failed(worker, reason);
            }
            Some(_) => {}
            None => {
                self.capabilities = Some(hello.clone());
                // Nobody waits for it any more when the pool is being dropped.
                let _ = self.opened.send(Ok(hello));
            }
        }
        self.failed_starts_in_a_row = 0;
        let slot = &mut self.slots[worker];
        if let Life::Starting { process, .. } = std::mem::replace(&mut slot.life, Life::Absent) {
            slot.life = Life::Ready(Ready::new(process));
        }
    }

    fn progress(&self, worker: usize, progress: super::message::Progress) {
        let slot = &self.slots[worker];
        if let Life::Ready(ready) = &slot.life
            && let Some(running) = ready.running.get(&progress.id)
        {
            (self.listener)(&PoolNote::Progress {
                worker: slot.number,
                arch: running.job.arch.text.clone(),
                done: progress.done,
                metrics: progress.metrics,
            });
        }
    }

    fn abandon(&mut self, batch: BatchId) {
        for job in std::mem::take(&mut self.queue) {
            if job.batch == batch {
                job.end(End::Abandoned);
            } else {
                self.queue.push_back(job);
            }
        }
    }

    /// Gives jobs to workers that are free, and starts as many others as there are jobs left.
    fn dispatch(&mut self) {
        self.refuse();
        for worker in 0..self.slots.len() {
            while !self.queue.is_empty() && self.has_room(worker) {
                self.send(worker);
            }
        }
        let starting = self.slots.iter().filter(|m| m.life.is_starting()).count();
        let wanted = self.queue.len().saturating_sub(starting);
        // The first worker comes alone: the others are to be compared with it.
        if self.capabilities.is_none() {
            return;
        }
        let absent: Vec<usize> = (0..self.slots.len())
            .filter(|&worker| self.slots[worker].life.is_absent())
            .take(wanted)
            .collect();
        for worker in absent {
            if self.broken.is_none() {
                self.start(worker);
            }
        }
    }

    fn has_room(&self, worker: usize) -> bool {
        let capacity = self.capabilities.as_ref().map_or(0, |c| c.capacity);
        match &self.slots[worker].life {
            Life::Ready(ready) => u32::try_from(ready.running.len()).is_ok_and(|n| n < capacity),
            Life::Absent | Life::Starting { .. } => false,
        }
    }

    /// Gives the next job to a worker.
    fn send(&mut self, worker: usize) {
        let Life::Ready(ready) = &mut self.slots[worker].life else {
            return;
        };
        let Some(job) = self.queue.pop_front() else {
            return;
        };
        let id = self.next_id;
        self.next_id += 1;
        let message = ToWorker::Evaluate(Evaluation {
            id,
            arch: ArchDescription::clone(&job.arch),
            fidelity: self.config.fidelity.clone(),
            seed: job.seed,
            attempt: job.attempt,
            time_limit_s: self.config.time_limit.as_secs_f64(),
        });
        let sent = now();
        let running = Running {
            job,
            sent,
            deadline: sent.checked_add(self.config.time_limit),
            cancelled: false,
        };
        ready.running.insert(id, running);
        // A process that is gone is noticed by the end of its stdout, which says how it ended.
        let _ = ready.process.send(&message);
    }

    fn start(&mut self, worker: usize) {
        self.count(|statistics| statistics.starts += 1);
        let started = self.slots[worker].start_process(&self.config, &self.sender, worker);
        let greeting = ToWorker::Hello(Greeting {
            worker: self.slots[worker].number,
            ..self.greeting.clone()
        });
        match started {
            Err(error) => self.give_up_all(error),
            Ok(mut process) => {
                if let Some(guard) = &mut self.guard {
                    guard.add(process.group());
                }
                // As above: a process that is gone is noticed by the end of its stdout.
                let _ = process.send(&greeting);
                let deadline = now().checked_add(self.config.start_limit);
                self.slots[worker].life = Life::Starting { process, deadline };
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.slots
            .iter()
            .filter_map(|slot| slot.life.deadline())
            .min()
    }

    /// Acts on every deadline that has passed.
    fn expire(&mut self) {
        if self.next_deadline().is_none_or(|first| first > now()) {
            return;
        }
        let time = now();
        let grace = self.config.grace;
        for worker in 0..self.slots.len() {
            if self.slots[worker].life.deadline().is_none_or(|d| d > time) {
                continue;
            }
            match &mut self.slots[worker].life {
                Life::Absent => {}
                Life::Starting { .. } => {
                    let limit = self.config.start_limit.as_secs_f64();
                    self.start_failed(worker, format!("it sent no hello within {limit} s"));
                }
                Life::Ready(ready) => {
                    let overdue =
                        |running: &&mut Running| running.deadline.is_some_and(|d| d <= time);
                    let mut deaf = false;
                    let mut cancelled = Vec::new();
                    for (&id, running) in &mut ready.running {
                        if overdue(&running) {
                            deaf |= running.cancelled;
                            running.cancelled = true;
                            running.deadline = time.checked_add(grace);
                            cancelled.push(id);
                        }
                    }
                    if deaf {
                        let failure = self.timed_out();
                        self.give_up(worker, &failure);
                    } else {
                        for id in cancelled {
                            // As above.
                            let _ = ready.process.send(&ToWorker::Cancel { id });
                        }
                    }
                }
            }
        }
    }

    /// Ends all workers: those that can obey do so, the others are killed.
    fn close(mut self) {
        for slot in &mut self.slots {
            slot.life.ask_to_end();
        }
        let patience = now().checked_add(self.config.grace);
        while self.slots.iter_mut().any(|slot| slot.life.is_alive())
            && patience.is_none_or(|patience| now() < patience)
        {
            std::thread::sleep(Duration::from_millis(2));
        }
        for worker in 0..self.slots.len() {
            self.dismiss(worker);
        }
    }

    fn count(&self, change: impl FnOnce(&mut WorkerStatistics)) {
        change(
            &mut self
                .statistics
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}
