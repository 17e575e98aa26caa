//! The lock-free protocol by which one thread lends a job to others, apart from where the threads come from.
//!
//! One word says everything: how many operations there were (the epoch), how many helpers are inside of the present one,
//! and how many tickets are left, each of which lets one more in. Its transitions are
//!
//! * `open` (owner): `epoch, 0 active, 0 tickets` to `epoch + 1, 0 active, n tickets`; publishes the job;
//! * `enter` (helper): takes a ticket and is active; fails where no ticket is left;
//! * leaving (helper): is active no more; publishes what the job wrote;
//! * `join` (owner): takes all tickets away, and waits until nobody is active;
//! * `shut_down` (owner, between operations): sets the highest bit, which sends helpers away.
//!
//! Helpers give up watching after a while. Who leaves first says so and then looks once more, and the owner first opens an
//! operation and then counts who watches, so that either the helper enters or the owner knows that one is missing.
//!
//! `model.rs` has loom explore all interleavings of this file, with each of its orderings and with each of them weakened.

use std::marker::PhantomData;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

#[cfg(loom)]
use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// The word: `shut down << 63 | epoch << 32 | active << 16 | tickets`.
#[derive(Clone, Copy)]
struct State(u64);

const ACTIVE: u64 = 1 << 16;
const EPOCH: u64 = 1 << 32;
const SHUT_DOWN: u64 = 1 << 63;

impl State {
    fn is_shut_down(self) -> bool {
        self.0 >= SHUT_DOWN
    }

    fn epoch(self) -> u64 {
        self.0 % SHUT_DOWN / EPOCH
    }

    fn active(self) -> u64 {
        self.0 % EPOCH / ACTIVE
    }

    fn tickets(self) -> u64 {
        self.0 % ACTIVE
    }

    /// The next operation.
    fn opened(self, tickets: u16) -> Self {
        Self((self.0 + EPOCH) % SHUT_DOWN / EPOCH * EPOCH + u64::from(tickets))
    }

    /// With one more inside, if there is a ticket.
    fn entered(self) -> Option<u64> {
        (self.tickets() > 0).then(|| self.0 - 1 + ACTIVE)
    }
}

/// The orderings that carry the proof; the model weakens each of them in turn.
pub(super) trait Orderings {
    /// Publishes the job, and what it reads, to those who enter.
    const OPEN: Ordering = Ordering::Release;
    /// Sees what `OPEN` published.
    const ENTER: Ordering = Ordering::Acquire;
    /// Publishes what the job wrote to the owner.
    const LEAVE: Ordering = Ordering::Release;
    /// Sees what `LEAVE` published.
    const JOIN: Ordering = Ordering::Acquire;
    /// Publishes that an operation is open to those who give up watching afterwards.
    const COUNT: Ordering = Ordering::Release;
    /// Sees what `COUNT` published.
    const GIVE_UP: Ordering = Ordering::Acquire;
}

/// The orderings as they stand.
#[derive(Debug)]
pub(super) struct Sound;

impl Orderings for Sound {}

/// Where an owner lends jobs to helpers.
#[derive(Debug)]
pub(super) struct Protocol<J, O = Sound> {
    state: AtomicU64,
    /// Written by the owner while nobody is active and there is no ticket; read by those who are active.
    job: UnsafeCell<Option<J>>,
    /// Helpers that watch, or were asked to.
    watching: AtomicUsize,
    orderings: PhantomData<fn() -> O>,
}

#[expect(
    unsafe_code,
    reason = "the compiler cannot know who may touch the job, and when"
)]
// SAFETY: all fields but `job` are shared by themselves. A job is written by the owner only, and copied by others only
// between `enter` and leaving, which `open` never overlaps; `J: Send`, since it gets from one thread to another.
unsafe impl<J: Send, O> Sync for Protocol<J, O> {}

impl<J: Copy, O: Orderings> Protocol<J, O> {
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU64::new(0),
            job: UnsafeCell::new(None),
            watching: AtomicUsize::new(0),
            orderings: PhantomData,
        }
    }

    /// Lets up to `tickets` helpers in, until [`Self::join`]; the owner only, who has joined the operation before.
    #[expect(unsafe_code, reason = "the job is read by other threads")]
    pub(super) fn open(&self, job: J, tickets: u16) {
        let state = State(self.state.load(Ordering::Relaxed));
        assert!(
            state.active() == 0 && state.tickets() == 0,
            "invariant: one operation at a time"
        );
        // SAFETY: there are no tickets and nobody is active, so nobody reads the job before the state says otherwise.
        self.job.with_mut(|place| unsafe { *place = Some(job) });
        self.state.store(state.opened(tickets).0, O::OPEN);
    }

    /// Whether fewer than `helpers` watch; one more is then counted, and the owner must have it [`Self::watch`].
    ///
    /// A helper that gives up at this moment either sees the operation that was opened before, or is not counted here.
    pub(super) fn lacks(&self, helpers: usize) -> bool {
        // A write, and not only a read, since those who give up must see what was written before it.
        let lacks = self.watching.fetch_add(0, O::COUNT) < helpers;
        if lacks {
            self.watching.fetch_add(1, Ordering::Relaxed);
        }
        lacks
    }

    /// Ends the operation: nobody enters any more, and all who did have left.
    pub(super) fn join(&self, mut wait: impl FnMut(u32)) {
        self.state.fetch_and(!(ACTIVE - 1), Ordering::Relaxed);
        let mut looks = 0;
        while State(self.state.load(O::JOIN)).active() > 0 {
            looks += 1;
            wait(looks);
        }
    }

    /// Works in one operation after the other, until the owner shuts down or `wait` gives up.
    ///
    /// `wait` is told how often the helper has looked in vain, and returns how often that counts, or `None` to give up.
    pub(super) fn watch(&self, mut wait: impl FnMut(u32) -> Option<u32>, mut work: impl FnMut(J)) {
        let (mut looks, mut last) = (0, 0);
        loop {
            let state = State(self.state.load(Ordering::Relaxed));
            if state.is_shut_down() {
                break;
            } else if state.tickets() > 0 && state.epoch() != last {
                last = state.epoch();
                self.enter(&mut work);
                looks = 0;
            } else if let Some(counted) = wait(looks + 1) {
                looks = counted;
            } else {
                break;
            }
        }
        self.dismiss();
        // An operation that was opened before the owner could know.
        self.enter(&mut work);
    }

    /// Counts a helper that will not watch, or no more.
    pub(super) fn dismiss(&self) {
        self.watching.fetch_sub(1, O::GIVE_UP);
    }

    /// Works in the present operation, if there is a ticket for it; `work` must not unwind.
    #[expect(unsafe_code, reason = "the job is written by another thread")]
    fn enter(&self, work: &mut impl FnMut(J)) {
        let take = |state| State(state).entered();
        if (self.state)
            .fetch_update(O::ENTER, Ordering::Relaxed, take)
            .is_err()
        {
            return;
        }
        // SAFETY: this thread is active, so the owner does not write the job before it has left.
        if let Some(job) = self.job.with(|place| unsafe { *place }) {
            work(job);
        }
        self.state.fetch_sub(ACTIVE, O::LEAVE);
    }

    /// Sends all helpers away who wait.
    pub(super) fn shut_down(&self) {
        self.state.fetch_or(SHUT_DOWN, Ordering::Relaxed);
    }
}

/// The cell of the standard library in the form that loom has it.
#[cfg(not(loom))]
#[derive(Debug)]
struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}
