//! A slot of the pool: the place of one worker, whose process may end and be replaced.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use super::job::Running;
use super::join::Offer;
use super::log_tail;
use super::process::{Process, Start};
use super::stdout::Said;
use super::supervisor::Event;
use super::{PoolConfig, WorkerError};

#[derive(Debug)]
pub(super) struct Slot {
    /// The number of the worker, from 0.
    pub(super) number: u32,
    /// The stderr of its processes.
    pub(super) log: PathBuf,
    /// How long that was when the last of them was started.
    pub(super) log_length: u64,
    /// The number of processes that were started here.
    pub(super) start: u64,
    pub(super) life: Life,
    /// The machine of its workers, which are a joiner's; none for this one.
    pub(super) host: Option<String>,
}

/// What the process of a slot is at.
#[derive(Debug)]
pub(super) enum Life {
    /// There is none.
    Absent,
    /// It has not answered the greeting.
    Starting {
        process: Process,
        /// When it has to have done so; none is far away.
        deadline: Option<Instant>,
        /// The first line that it printed instead.
        printed: Option<String>,
    },
    /// It works, or waits for work.
    Ready(Ready),
}

/// A process that has answered the greeting.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) process: Process,
    /// What it is at, by id.
    pub(super) running: BTreeMap<u64, Running>,
    /// The last evaluations that it has answered.
    pub(super) answered: VecDeque<u64>,
}

impl Slot {
    pub(super) fn new(number: u32, log: PathBuf) -> Self {
        Self {
            number,
            log,
            log_length: 0,
            start: 0,
            life: Life::Absent,
            host: None,
        }
    }

    /// Whether its workers are processes of this machine, which are started as they are needed.
    pub(super) fn is_own(&self) -> bool {
        self.host.is_none()
    }

    /// Starts a process for this place; what it says becomes an event.
    pub(super) fn start_process(
        &mut self,
        config: &PoolConfig,
        sender: &SyncSender<Event>,
        worker: usize,
    ) -> Result<Process, WorkerError> {
        let log = self.next_log().map_err(|source| WorkerError::Log {
            path: self.log.clone(),
            source,
        })?;
        let hear = self.ear(sender, worker);
        let start = Start {
            command: &config.command,
            worker: self.number,
            memory_kib: config.memory_kib,
            log,
        };
        Process::start(start, hear).map_err(|error| WorkerError::Spawn {
            command: config.command.clone(),
            reason: error.to_string(),
        })
    }

    /// Whether its process went with the joiner that had it.
    pub(super) fn is_lost(&mut self) -> bool {
        self.life.process().is_some_and(|process| process.is_lost())
    }

    /// Takes a process that a joiner offers.
    pub(super) fn join_process(
        &mut self,
        offer: Offer,
        sender: &SyncSender<Event>,
        worker: usize,
    ) -> io::Result<Process> {
        let log = self.next_log()?;
        let hear = self.ear(sender, worker);
        Process::joined(offer, log, hear)
    }

    /// The log, for the next process.
    fn next_log(&mut self) -> io::Result<File> {
        self.start += 1;
        self.log_length = log_tail::length(&self.log);
        OpenOptions::new().create(true).append(true).open(&self.log)
    }

    /// Makes an event of what the process says.
    fn ear(
        &self,
        sender: &SyncSender<Event>,
        worker: usize,
    ) -> impl FnMut(Said) -> bool + Send + 'static {
        let (start, sender) = (self.start, sender.clone());
        move |said| {
            let event = Event::Said {
                worker,
                start,
                said,
            };
            sender.send(event).is_ok()
        }
    }

    /// How the process ended, once it has closed its stdout.
    pub(super) fn end_status(&mut self) -> String {
        let status = self.life.process().and_then(Process::ended);
        status.unwrap_or_else(|| "it closed its stdout".to_owned())
    }
}

impl Life {
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(super) fn is_starting(&self) -> bool {
        matches!(self, Self::Starting { .. })
    }

    /// The earliest deadline.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Absent => None,
            Self::Starting { deadline, .. } => *deadline,
            Self::Ready(ready) => ready.running.values().filter_map(|r| r.deadline).min(),
        }
    }

    /// The process group, when there is a process.
    pub(super) fn group(&self) -> Option<u32> {
        match self {
            Self::Absent => None,
            Self::Starting { process, .. } | Self::Ready(Ready { process, .. }) => process.group(),
        }
    }

    pub(super) fn ask_to_end(&mut self) {
        if let Some(process) = self.process() {
            process.ask_to_end();
        }
    }

    pub(super) fn is_alive(&mut self) -> bool {
        self.process()
            .is_some_and(|process| process.try_ended().is_none())
    }

    /// The process, when there is one.
    pub(super) fn process(&mut self) -> Option<&mut Process> {
        match self {
            Self::Absent => None,
            Self::Starting { process, .. } | Self::Ready(Ready { process, .. }) => Some(process),
        }
    }
}

impl Ready {
    pub(super) fn new(process: Process) -> Self {
        Self {
            process,
            running: BTreeMap::new(),
            answered: VecDeque::new(),
        }
    }
}
