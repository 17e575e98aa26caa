//! The supervisor: one thread that owns all workers of a pool, hands out jobs, and decides whom to give up.
//!
//! Everything that happens is an event of one channel, and every deadline is looked at after each of them. So there is
//! one place that knows the state of all workers, and nothing is locked. The channel holds few events: a worker that
//! says more than is heard has to wait, and the others are heard in turn.

mod attribution;
mod cancelling;
mod hearing;
mod joining;

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ganas_eval::Details;

use super::activity::{Board, BusyWith, PlaceLife};
use super::clock::{now, unix_now};
use super::curves::Curves;
use super::guard::Guard;
use super::job::{BatchId, Begun, End, Job, Running, Standing};
use super::log_tail;
use super::message::{Capabilities, Greeting, ToWorker};
use super::process::Process;
use super::slot::{Life, Slot};
use super::stdout::Said;
use super::{PoolConfig, PoolListener, PoolNote, WorkerError, WorkerFailure, WorkerStatistics};

/// How many events wait to be heard; one more of each worker waits for its turn.
pub(super) const EVENTS: usize = 16;

/// How often processes are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// How often what a process does not take is offered again.
const OFFER: Duration = Duration::from_millis(5);

/// How long the last words of a process that has ended are waited for. They lie in a pipe already; what comes later is
/// not from it, but from something that it has started and that holds its stdout.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What happens.
#[derive(Debug)]
pub(super) enum Event {
    /// A caller wants an evaluation.
    Submit(Box<Job>),
    /// A caller does not want an evaluation any more, begun or not.
    Cancel {
        /// The caller.
        batch: BatchId,
        /// Names the evaluation.
        ticket: usize,
    },
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
    pub(super) board: Arc<Board>,
    pub(super) listener: PoolListener,
}

pub(super) struct Supervisor {
    config: PoolConfig,
    greeting: Greeting,
    sender: SyncSender<Event>,
    slots: Vec<Slot>,
    queue: VecDeque<Job>,
    capabilities: Option<Capabilities>,
    opened: Opened,
    next_id: u64,
    failures_in_a_row: u32,
    failed_starts_in_a_row: u32,
    broken: Option<Arc<WorkerError>>,
    guard: Option<Guard>,
    /// When processes are looked at again.
    next_look: Option<Instant>,
    statistics: Arc<Mutex<WorkerStatistics>>,
    board: Arc<Board>,
    listener: PoolListener,
    /// The workers of joiners that were taken and may still be there, by name.
    taken: Vec<String>,
    /// When joiners are looked for again.
    next_scan: Option<Instant>,
    /// The name of this machine.
    host: String,
}

impl Supervisor {
    pub(super) fn new(
        config: PoolConfig,
        greeting: Greeting,
        sender: SyncSender<Event>,
        audience: Audience,
    ) -> Self {
        let Audience {
            opened,
            statistics,
            board,
            listener,
        } = audience;
        let slots = (0..config.workers)
            .map(|number| Slot::new(number, config.log(number)))
            .collect();
        Self {
            // Without a shell there is no guard, but no worker either, which is reported.
            guard: if cfg!(unix) {
                Guard::start().ok()
            } else {
                None
            },
            next_look: None,
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
            board,
            listener,
            taken: Vec::new(),
            next_scan: None,
            host: host(),
        }
    }

    /// Works until the pool is closed.
    pub(super) fn run(mut self, events: &Receiver<Event>) {
        self.start(0);
        loop {
            self.scan();
            self.dispatch();
            self.board.waiting(self.queue.len());
            let event = match self.wake_up() {
                None => events.recv().ok(),
                Some(deadline) => {
                    let patience = deadline.saturating_duration_since(now());
                    match events.recv_timeout(patience) {
                        Ok(event) => Some(event),
                        Err(RecvTimeoutError::Timeout) => {
                            self.look();
                            self.expire();
                            continue;
                        }
                        Err(RecvTimeoutError::Disconnected) => None,
                    }
                }
            };
            match event {
                None | Some(Event::Close) => break,
                Some(Event::Submit(job)) => self.queue.push_back(*job),
                Some(Event::Cancel { batch, ticket }) => self.cancel(batch, ticket),
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
            self.look();
            self.expire();
        }
        self.close(events);
    }

    fn abandon(&mut self, batch: BatchId) {
        for job in std::mem::take(&mut self.queue) {
            if job.caller.batch == batch {
                job.end(End::Abandoned, Details::default());
            } else {
                self.queue.push_back(job);
            }
        }
    }

    /// Gives jobs to workers that are free, and starts as many others as there are jobs left.
    fn dispatch(&mut self) {
        self.refuse();
        for worker in 0..self.slots.len() {
            while self.has_room(worker)
                && let Some(at) = self.next_for(worker)
            {
                self.send(worker, at);
            }
        }
        let starting = self.slots.iter().filter(|m| m.life.is_starting()).count();
        let wanted = self.queue.len().saturating_sub(starting);
        // The first worker comes alone: the others are to be compared with it.
        if self.capabilities.is_none() {
            return;
        }
        let absent: Vec<usize> = (0..self.slots.len())
            .filter(|&worker| self.slots[worker].is_own() && self.slots[worker].life.is_absent())
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
            Life::Ready(ready) => {
                !ready.process.is_full()
                    && u32::try_from(ready.running.len()).is_ok_and(|n| n < capacity)
            }
            Life::Absent | Life::Starting { .. } => false,
        }
    }

    /// The place in the queue of the next job for a worker.
    ///
    /// One that was put back goes to a process that has done nothing before, as long as one is to come: what happens then is
    /// its own doing. Any other worker may end because of what it did before, again and again.
    fn next_for(&self, worker: usize) -> Option<usize> {
        let Life::Ready(ready) = &self.slots[worker].life else {
            return None;
        };
        let is_new = ready.answered.is_empty() && ready.running.is_empty();
        let is_to_come = |slot: &Slot| match slot.life {
            Life::Absent => slot.is_own(),
            Life::Starting { .. } => true,
            Life::Ready(_) => false,
        };
        let takes_all = is_new || !self.slots.iter().any(is_to_come);
        (self.queue.iter()).position(|job| takes_all || job.put_back == 0)
    }

    /// Gives the job at a place of the queue to a worker.
    fn send(&mut self, worker: usize, at: usize) {
        let Slot {
            number, log, life, ..
        } = &mut self.slots[worker];
        let Life::Ready(ready) = life else {
            return;
        };
        let Some(mut job) = self.queue.remove(at) else {
            return;
        };
        let id = self.next_id;
        self.next_id += 1;
        let message = ToWorker::Evaluate(job.evaluation(id, self.config.time_limit.as_secs_f64()));
        let at = unix_now();
        // What an earlier attempt told is not of this one.
        job.curves = Curves::default();
        job.begun = Some(Begun {
            worker: *number,
            at,
            log_length: log_tail::length(log),
        });
        let sent = now();
        let busy = BusyWith {
            arch: job.arch.text.clone(),
            attempt: job.attempt + 1,
            since: at,
            done: None,
            step: None,
            is_cancelled: false,
        };
        (self.listener)(&PoolNote::Began {
            worker: *number,
            arch: busy.arch.clone(),
            attempt: busy.attempt,
        });
        self.board.began(worker, id, busy);
        let running = Running {
            job,
            sent,
            deadline: sent.checked_add(self.config.time_limit),
            standing: Standing::Wanted,
        };
        ready.running.insert(id, running);
        ready.process.send(&message);
        if ready.process.waiting_since().is_some() {
            self.look_soon();
        }
    }

    fn start(&mut self, worker: usize) {
        self.count(|statistics| statistics.starts += 1);
        let started = self.slots[worker].start_process(&self.config, &self.sender, worker);
        match started {
            Err(error) => self.give_up_all(error),
            Ok(process) => self.greet(worker, process),
        }
    }

    fn greet(&mut self, worker: usize, mut process: Process) {
        let greeting = ToWorker::Hello(Greeting {
            worker: self.slots[worker].number,
            ..self.greeting.clone()
        });
        if let (Some(guard), Some(group)) = (&mut self.guard, process.group()) {
            guard.add(group);
        }
        process.send(&greeting);
        self.board.lives(worker, PlaceLife::Starting);
        self.slots[worker].life = Life::Starting {
            process,
            deadline: now().checked_add(self.config.start_limit),
            printed: None,
        };
        self.look_soon();
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.slots
            .iter()
            .filter_map(|slot| slot.life.deadline())
            .min()
    }

    /// When there is something to do although nothing happens.
    fn wake_up(&self) -> Option<Instant> {
        let deadline = self.next_deadline();
        let all = (deadline.into_iter())
            .chain(self.next_look)
            .chain(self.next_scan);
        all.min()
    }

    /// Looks at all processes before long: one has just been started, or does not take what it was sent.
    fn look_soon(&mut self) {
        let soon = now().checked_add(OFFER);
        self.next_look = self.next_look.into_iter().chain(soon).min();
    }

    /// Looks at all processes, when it is time: whether they have ended, and whether they take what they are sent.
    fn look(&mut self) {
        let time = now();
        if self.next_look.is_none_or(|next| next > time) {
            return;
        }
        let mut pause = None;
        for worker in 0..self.slots.len() {
            let Some(process) = self.slots[worker].life.process() else {
                continue;
            };
            process.flush();
            let gone = process
                .ended_at()
                .is_some_and(|since| now().saturating_duration_since(since) >= LAST_WORDS);
            let waiting = process.waiting_since();
            if gone {
                self.hear(worker, Said::End);
                continue;
            }
            let is_deaf = waiting.is_some_and(|since| {
                time.saturating_duration_since(since) >= self.config.start_limit
            });
            if is_deaf && !self.slots[worker].life.is_starting() {
                let limit_s = self.config.start_limit.as_secs_f64();
                self.give_up(worker, &WorkerFailure::Deaf { limit_s });
                continue;
            }
            let soon = if waiting.is_some() { OFFER } else { LOOK };
            pause = Some(pause.unwrap_or(soon).min(soon));
        }
        self.next_look = pause.and_then(|pause| time.checked_add(pause));
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
                    self.never_greeted(worker, &format!("it sent no hello within {limit} s"));
                }
                Life::Ready(ready) => {
                    let overdue =
                        |running: &&mut Running| running.deadline.is_some_and(|d| d <= time);
                    let mut deaf = None;
                    let mut late = Vec::new();
                    for (&id, running) in &mut ready.running {
                        if !overdue(&running) {
                            continue;
                        }
                        match running.standing {
                            Standing::Wanted => {
                                running.standing = Standing::TooLate;
                                self.board
                                    .goes_on(worker, id, |busy| busy.is_cancelled = true);
                                running.deadline = time.checked_add(grace);
                                late.push(id);
                            }
                            standing => deaf = deaf.max(Some(standing)),
                        }
                    }
                    match deaf {
                        Some(Standing::TooLate) => {
                            let failure = self.timed_out();
                            self.give_up(worker, &failure);
                        }
                        Some(_) => self.give_up_unwanted(worker),
                        None => {
                            for id in late {
                                ready.process.send(&ToWorker::Cancel { id });
                            }
                        }
                    }
                }
            }
        }
    }

    /// Ends all workers: those that can obey do so, the others are killed.
    fn close(mut self, events: &Receiver<Event>) {
        for slot in &mut self.slots {
            slot.life.ask_to_end();
        }
        let patience = now().checked_add(self.config.grace);
        while self.slots.iter_mut().any(|slot| slot.life.is_alive())
            && patience.is_none_or(|patience| now() < patience)
        {
            // Somebody has to take the last words of a process, or it waits with them and never comes to its end.
            let time = now();
            while events.try_recv().is_ok() && now().saturating_duration_since(time) < OFFER {}
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

/// The name of this machine.
#[cfg(unix)]
pub(super) fn host() -> String {
    let names = rustix::system::uname();
    names.nodename().to_string_lossy().into_owned()
}

/// There are no workers here, and so nothing to tell.
#[cfg(not(unix))]
pub(super) fn host() -> String {
    String::new()
}
