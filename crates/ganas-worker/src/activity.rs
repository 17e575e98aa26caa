//! What the workers of a pool are at, for whoever looks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::PoolConfig;
use super::clock::unix_now;

/// What a pool is at. It depends on chance and on time, and is for display only. Times are Unix seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PoolActivity {
    /// Its workers, by number.
    pub workers: Vec<WorkerActivity>,
    /// How many evaluations wait for a worker.
    pub waiting: usize,
}

/// What a worker is at.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerActivity {
    /// Its number, from 0.
    pub number: u32,
    /// The machine, of a worker that joined; none for one of this machine.
    pub host: Option<String>,
    /// What it printed, and those before it in its place.
    pub log: PathBuf,
    /// What it is at.
    pub state: WorkerState,
    /// Since when.
    pub since: f64,
    /// The last failure of this place.
    pub last_failure: Option<LastFailure>,
}

/// The state of the place of a worker.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerState {
    /// There is no process: none was needed yet, or the last one has ended.
    Absent,
    /// The process has not said hello.
    Starting,
    /// It waits for work.
    Idle,
    /// It works, on as many as its capacity at the same time.
    Busy(Vec<BusyWith>),
}

/// An evaluation that a worker is at.
#[derive(Clone, Debug, PartialEq)]
pub struct BusyWith {
    /// The architecture as text.
    pub arch: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Since when.
    pub since: f64,
    /// How much is done, from 0 to 1, as far as it was told.
    pub done: Option<f64>,
    /// The step of the training that was told last.
    pub step: Option<u32>,
    /// Whether the worker was told to give it up.
    pub is_cancelled: bool,
}

/// A failure of a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct LastFailure {
    /// The architecture as text; nothing when the process did not become a worker, or broke the protocol in between.
    pub arch: Option<String>,
    /// Why.
    pub reason: String,
    /// The last lines of the log since the evaluation, or the process, began.
    pub log_tail: String,
    /// When.
    pub at: f64,
}

/// The activity of a pool, which the supervisor keeps up to date and everybody may read.
#[derive(Debug)]
pub(super) struct Board(Mutex<Places>);

#[derive(Debug)]
struct Places {
    places: Vec<Place>,
    waiting: usize,
}

#[derive(Debug)]
struct Place {
    host: Option<String>,
    log: PathBuf,
    life: PlaceLife,
    since: f64,
    /// By the id of the evaluation.
    busy: BTreeMap<u64, BusyWith>,
    last_failure: Option<LastFailure>,
}

/// What the process of a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaceLife {
    Absent,
    Starting,
    Ready,
}

impl Board {
    pub(super) fn new(config: &PoolConfig) -> Self {
        let since = unix_now();
        let places = (0..config.workers).map(|number| Place {
            host: None,
            log: config.log(number),
            life: PlaceLife::Absent,
            since,
            busy: BTreeMap::new(),
            last_failure: None,
        });
        Self(Mutex::new(Places {
            places: places.collect(),
            waiting: 0,
        }))
    }

    pub(super) fn snapshot(&self) -> PoolActivity {
        let all = self.lock();
        let workers = (0_u32..).zip(&all.places).map(|(number, place)| {
            let state = match place.life {
                PlaceLife::Absent => WorkerState::Absent,
                PlaceLife::Starting => WorkerState::Starting,
                PlaceLife::Ready if place.busy.is_empty() => WorkerState::Idle,
                PlaceLife::Ready => WorkerState::Busy(place.busy.values().cloned().collect()),
            };
            WorkerActivity {
                number,
                host: place.host.clone(),
                log: place.log.clone(),
                state,
                since: place.since,
                last_failure: place.last_failure.clone(),
            }
        });
        PoolActivity {
            workers: workers.collect(),
            waiting: all.waiting,
        }
    }

    /// A worker of a joiner takes a place, which may be a new one.
    pub(super) fn joins(&self, worker: usize, log: PathBuf, host: String) {
        let place = Place {
            host: Some(host),
            log,
            life: PlaceLife::Absent,
            since: unix_now(),
            busy: BTreeMap::new(),
            last_failure: None,
        };
        let mut all = self.lock();
        match all.places.get_mut(worker) {
            Some(old) => *old = place,
            None => all.places.push(place),
        }
    }

    pub(super) fn waiting(&self, evaluations: usize) {
        self.lock().waiting = evaluations;
    }

    /// A process has come, greeted, or gone; it is at nothing.
    pub(super) fn lives(&self, worker: usize, life: PlaceLife) {
        self.change(worker, |place| {
            if place.life != life || !place.busy.is_empty() {
                place.since = unix_now();
            }
            place.life = life;
            place.busy.clear();
        });
    }

    pub(super) fn began(&self, worker: usize, id: u64, what: BusyWith) {
        self.change(worker, |place| {
            if place.busy.is_empty() {
                place.since = what.since;
            }
            place.busy.insert(id, what);
        });
    }

    /// Something about an evaluation has changed.
    pub(super) fn goes_on(&self, worker: usize, id: u64, change: impl FnOnce(&mut BusyWith)) {
        self.change(worker, |place| {
            if let Some(busy) = place.busy.get_mut(&id) {
                change(busy);
            }
        });
    }

    pub(super) fn ended(&self, worker: usize, id: u64) {
        self.change(worker, |place| {
            place.busy.remove(&id);
            if place.busy.is_empty() {
                place.since = unix_now();
            }
        });
    }

    pub(super) fn failed(&self, worker: usize, failure: LastFailure) {
        self.change(worker, |place| place.last_failure = Some(failure));
    }

    fn change(&self, worker: usize, change: impl FnOnce(&mut Place)) {
        if let Some(place) = self.lock().places.get_mut(worker) {
            change(place);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_goes_through_its_states() {
        let config = PoolConfig {
            workers: 2,
            ..PoolConfig::new("true", "logs")
        };
        let board = Board::new(&config);
        let state = || board.snapshot().workers[1].state.clone();
        assert_eq!(board.snapshot().workers.len(), 2);
        assert_eq!(state(), WorkerState::Absent);
        board.lives(1, PlaceLife::Starting);
        assert_eq!(state(), WorkerState::Starting);
        board.lives(1, PlaceLife::Ready);
        assert_eq!(state(), WorkerState::Idle);
        let mut busy = BusyWith {
            arch: "a".to_owned(),
            attempt: 1,
            since: 5.0,
            done: None,
            step: None,
            is_cancelled: false,
        };
        board.began(1, 7, busy.clone());
        board.goes_on(1, 7, |busy| busy.step = Some(3));
        busy.step = Some(3);
        assert_eq!(state(), WorkerState::Busy(vec![busy]));
        board.ended(1, 7);
        assert_eq!(state(), WorkerState::Idle);
        board.lives(1, PlaceLife::Absent);
        assert_eq!(state(), WorkerState::Absent);
        assert_eq!(board.snapshot().workers[0].state, WorkerState::Absent);
        // Who does not exist is at nothing.
        board.ended(9, 0);
    }
}
