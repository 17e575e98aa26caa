//! The protocol under loom, which explores the interleavings of its threads and what weak memory lets them see:
//! `cargo xtask loom`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::protocol::{Orderings, Protocol, Sound};

/// What an operation works on: each thread has a place of its own in `parts`, and all read `input`.
///
/// loom finds every access to its cells that no ordering separates from a write.
struct Work {
    input: UnsafeCell<usize>,
    parts: [UnsafeCell<usize>; 3],
    /// The next place.
    next: AtomicUsize,
}

#[expect(unsafe_code, reason = "the cells are what is checked")]
// SAFETY: loom ends the model where accesses to a cell overlap.
unsafe impl Sync for Work {}

#[expect(unsafe_code, reason = "the cells are what is checked")]
impl Work {
    fn new() -> Self {
        Self {
            input: UnsafeCell::new(0),
            parts: std::array::from_fn(|_| UnsafeCell::new(0)),
            next: AtomicUsize::new(0),
        }
    }

    /// Before an operation.
    fn set(&self, input: usize) {
        // SAFETY: loom ends the model where this overlaps with another access.
        self.input.with_mut(|place| unsafe { *place = input });
    }

    /// What each thread of an operation does.
    fn part(&self) {
        let part = self.next.fetch_add(1, Ordering::Relaxed) % self.parts.len();
        // SAFETY: loom ends the model where this overlaps with a write.
        let input = self.input.with(|place| unsafe { *place });
        // SAFETY: as above, with any other access.
        self.parts[part].with_mut(|place| unsafe { *place += input });
    }

    /// After an operation.
    fn sum(&self) -> usize {
        let parts = self.parts.iter();
        // SAFETY: loom ends the model where this overlaps with a write.
        parts.map(|part| part.with(|place| unsafe { *place })).sum()
    }
}

/// The protocol, and the work of all its operations.
struct Pool<O> {
    protocol: Protocol<usize, O>,
    work: Work,
    /// How often a helper has entered.
    entered: AtomicUsize,
}

impl<O: Orderings + 'static> Pool<O> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            protocol: Protocol::new(),
            work: Work::new(),
            entered: AtomicUsize::new(0),
        })
    }

    /// A thread that is counted, watches, and gives up after so many looks in vain.
    fn helper(self: &Arc<Self>, patience: u32) -> thread::JoinHandle<()> {
        let pool = Arc::clone(self);
        thread::spawn(move || {
            // After it has yielded, loom hides old values from a thread.
            let wait = |looks| {
                (looks <= patience).then(|| {
                    thread::yield_now();
                    looks
                })
            };
            pool.protocol.watch(wait, |job| {
                pool.entered.fetch_add(1, Ordering::Relaxed);
                assert_ne!(job, 0, "a job that was opened");
                pool.work.part();
            });
        })
    }
}

/// Operations, and the end of the session while helpers wait for another one.
fn session<O: Orderings + 'static>(helpers: usize, operations: usize, patience: u32) {
    let pool = Pool::<O>::new();
    let mut threads = Vec::new();
    for _ in 0..helpers {
        assert!(pool.protocol.lacks(usize::MAX), "one more is counted");
        threads.push(pool.helper(patience));
    }
    for operation in 1..=operations {
        pool.work.set(operation);
        let (sum, next) = (pool.work.sum(), pool.work.next.load(Ordering::Relaxed));
        pool.protocol.open(operation, 2);
        pool.work.part();
        pool.protocol.join(|_| thread::yield_now());
        let took_part = pool.work.next.load(Ordering::Relaxed) - next;
        assert!((1..=3).contains(&took_part), "no more than tickets");
        assert_eq!(pool.work.sum(), sum + took_part * operation);
    }
    pool.protocol.shut_down();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// A helper gives up while an operation is opened: either it enters, or the owner knows that one is missing.
fn a_helper_gives_up<O: Orderings + 'static>() {
    let pool = Pool::<O>::new();
    assert!(pool.protocol.lacks(1));
    let helper = pool.helper(0);
    pool.work.set(1);
    pool.protocol.open(1, 1);
    let lacks = pool.protocol.lacks(1);
    helper.join().unwrap();
    let entered = pool.entered.load(Ordering::Relaxed);
    assert!(lacks || entered == 1, "an operation that nobody knows of");
    pool.protocol.join(|_| thread::yield_now());
    assert_eq!(pool.work.sum(), entered);
}

/// All interleavings, or those in which threads are interrupted so many times.
fn explore(interruptions: Option<usize>, model: fn()) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = interruptions;
    builder.check(model);
}

/// Whether loom finds a fault.
fn has_fault(model: fn()) -> bool {
    catch_unwind(AssertUnwindSafe(|| explore(Some(3), model))).is_err()
}

#[test]
fn one_helper() {
    explore(None, || session::<Sound>(1, 2, 0));
}

#[test]
fn a_patient_helper() {
    explore(Some(4), || session::<Sound>(1, 2, u32::MAX));
}

#[test]
fn two_helpers() {
    explore(Some(3), || session::<Sound>(2, 1, 0));
}

#[test]
fn no_operation_is_missed() {
    explore(None, a_helper_gives_up::<Sound>);
}

/// Declares orderings of which one is weakened.
macro_rules! weakened {
    ($($name:ident: $ordering:ident),*) => {$(
        struct $name;
        impl Orderings for $name {
            const $ordering: Ordering = Ordering::Relaxed;
        }
    )*};
}

weakened!(Open: OPEN, Enter: ENTER, Leave: LEAVE, Join: JOIN, Count: COUNT, GiveUp: GIVE_UP);

#[test]
fn no_ordering_can_be_weakened() {
    assert!(has_fault(|| session::<Open>(1, 2, 0)), "OPEN");
    assert!(has_fault(|| session::<Enter>(1, 2, 0)), "ENTER");
    assert!(has_fault(|| session::<Leave>(1, 2, 0)), "LEAVE");
    assert!(has_fault(|| session::<Join>(1, 2, 0)), "JOIN");
    assert!(has_fault(a_helper_gives_up::<Count>), "COUNT");
    assert!(has_fault(a_helper_gives_up::<GiveUp>), "GIVE_UP");
    // What is weakened, and nothing else, is the fault.
    assert!(!has_fault(|| session::<Sound>(1, 2, 0)));
    assert!(!has_fault(a_helper_gives_up::<Sound>));
}
