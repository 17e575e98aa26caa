//! Threads that share one operation after the other, for as long as a session lasts.
//!
//! A step is some hundred operations of ten to a hundred microseconds. Handing half of one to another thread pays only when
//! that takes far less, so the others watch one word of memory, and whoever sees it change joins in.

use std::any::Any;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::{ptr, thread};

/// Looks at the word before a thread goes back to its pool: for about half a millisecond.
const PATIENCE: u32 = 10_000;

/// After so many looks in vain, the pool may have other work for the thread, and another process may have its core.
const LOOKS: u32 = 64;

/// The word is `operations << 32 | inside << 16 | places`: how many operations there were, how many threads are inside
/// of the present one besides the one that opened it, and how many more may enter.
const INSIDE: u64 = 1 << 16;
const OPERATION: u64 = 1 << 32;

/// The number of places.
fn places(word: u64) -> u64 {
    word % INSIDE
}

/// The number of threads inside.
fn inside(word: u64) -> u64 {
    word % OPERATION / INSIDE
}

/// What all threads of an operation do.
#[derive(Clone, Copy)]
struct Job<'a>(&'a (dyn Fn() + Sync));

/// The thread that opened a session, and the threads of its pool that help it.
pub(super) struct Team {
    /// The index of the thread in its pool that opens operations.
    owner: usize,
    /// How many threads may help.
    helpers: usize,
    word: AtomicU64,
    /// What to do; points to something while there are places or threads inside.
    job: AtomicPtr<Job<'static>>,
    /// Threads that watch, or were asked to.
    watching: AtomicUsize,
    /// Whether the owner is inside of an operation.
    busy: AtomicBool,
    over: AtomicBool,
    /// What a thread panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Team {
    /// The calling thread, and the others of its pool; `None` for a thread that has no pool, or is alone in it.
    pub(super) fn new() -> Option<Arc<Self>> {
        let owner = rayon::current_thread_index()?;
        // The word has 16 bits for each count.
        let helpers = (rayon::current_num_threads() - 1).min(1000);
        (helpers > 0).then(|| {
            Arc::new(Self {
                owner,
                helpers,
                word: AtomicU64::new(0),
                job: AtomicPtr::new(ptr::null_mut()),
                watching: AtomicUsize::new(0),
                busy: AtomicBool::new(false),
                over: AtomicBool::new(false),
                panic: Mutex::new(None),
            })
        })
    }

    /// Does `job` on the calling thread, which must be the owner, and on up to so many others; returns when all are done.
    ///
    /// An operation inside of an operation is done by the owner alone.
    pub(super) fn run(self: &Arc<Self>, helpers: usize, job: &(dyn Fn() + Sync)) {
        let helpers = helpers.min(self.helpers);
        if helpers == 0 || self.busy.swap(true, Ordering::Relaxed) {
            return job();
        }
        let job = Job(job);
        {
            let _operation = self.open(helpers, &job);
            self.invite(helpers);
            (job.0)();
        }
        let panic = self
            .panic
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Asks all threads that may help to watch.
    pub(super) fn gather(self: &Arc<Self>) {
        self.invite(self.helpers);
    }

    /// Asks threads of the pool to watch, where fewer than so many do; after an operation was opened, so that a thread that
    /// leaves at this moment either sees the operation or is seen to be missing.
    fn invite(self: &Arc<Self>, helpers: usize) {
        while self.watching.load(Ordering::SeqCst) < helpers {
            self.watching.fetch_add(1, Ordering::SeqCst);
            let team = Arc::clone(self);
            rayon::spawn(move || team.watch());
        }
    }

    /// Lets others in until the result is dropped.
    #[expect(
        unsafe_code,
        reason = "threads that exist already are handed a job that is borrowed"
    )]
    fn open<'a>(&'a self, helpers: usize, job: &'a Job<'a>) -> Operation<'a> {
        let job = ptr::from_ref(job).cast_mut();
        // SAFETY: only the lifetime changes. `enter` follows the pointer after it has gained a place, and the thread counts as
        // inside until its job is done; `Operation::drop` takes the places away and waits until nobody is inside. It runs
        // before the borrow of the job ends, also when the owner panics, since `Operation` is private, and `run` does not
        // forget it.
        let job = unsafe { std::mem::transmute::<*mut Job<'a>, *mut Job<'static>>(job) };
        self.job.store(job, Ordering::Relaxed);
        // Nobody else writes the word now: there are no places, and nobody is inside.
        let operations = self.word.load(Ordering::Relaxed) / OPERATION;
        let places = u64::try_from(helpers).unwrap_or(1);
        let word = (operations + 1) % OPERATION * OPERATION + places;
        // With what was written before, the job among it; before `invite` counts the threads that watch.
        self.word.store(word, Ordering::SeqCst);
        Operation(self)
    }

    /// Takes part in operations until the session is over or nothing comes for a while.
    fn watch(&self) {
        // The owner may come here while it waits for something else in its pool.
        if rayon::current_thread_index() == Some(self.owner) {
            self.watching.fetch_sub(1, Ordering::SeqCst);
        } else {
            let (mut idle, mut last) = (0, 0);
            while idle < PATIENCE && !self.over.load(Ordering::Relaxed) {
                let word = self.word.load(Ordering::Relaxed);
                if places(word) > 0 && word / OPERATION != last {
                    last = word / OPERATION;
                    self.enter();
                    idle = 0;
                    continue;
                }
                idle += 1;
                spin_loop();
                if idle.is_multiple_of(LOOKS) {
                    if rayon::yield_now() == Some(rayon::Yield::Executed) {
                        idle = 0;
                    }
                    thread::yield_now();
                }
            }
            self.watching.fetch_sub(1, Ordering::SeqCst);
            // One that was opened before it knew.
            self.enter();
        }
    }

    /// Does the job of the present operation, unless its last place goes to others.
    #[expect(unsafe_code, reason = "the job is borrowed by another thread")]
    fn enter(&self) {
        let taken = |word| (places(word) > 0).then(|| word - 1 + INSIDE);
        let entered = self
            .word
            .fetch_update(Ordering::Acquire, Ordering::SeqCst, taken);
        if entered.is_err() {
            return;
        }
        // SAFETY: this thread is inside, so the job is alive, see `open`.
        let Job(job) = unsafe { *self.job.load(Ordering::Relaxed) };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
        // With what the job wrote.
        self.word.fetch_sub(INSIDE, Ordering::Release);
    }

    /// Sends the others home.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// An operation that others may enter.
struct Operation<'a>(&'a Team);

impl Drop for Operation<'_> {
    fn drop(&mut self) {
        // No places any more.
        self.0.word.fetch_and(!(INSIDE - 1), Ordering::Relaxed);
        let mut looks = 0_u32;
        // With what the others wrote.
        while inside(self.0.word.load(Ordering::Acquire)) > 0 {
            looks += 1;
            spin_loop();
            if looks.is_multiple_of(LOOKS) {
                thread::yield_now();
            }
        }
        self.0.busy.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn in_pool(threads: usize, work: impl FnOnce() + Send) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(work);
    }

    fn counts(team: &Arc<Team>, helpers: usize) -> usize {
        let count = AtomicUsize::new(0);
        team.run(helpers, &|| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        count.into_inner()
    }

    #[test]
    fn others_take_part() {
        in_pool(3, || {
            let team = Team::new().unwrap();
            for threads in [2, 3, 3, 2] {
                let meeting = Barrier::new(threads);
                // Each thread waits for the others: fewer would never be done.
                team.run(threads - 1, &|| {
                    meeting.wait();
                });
            }
            team.end();
        });
    }

    #[test]
    fn no_more_than_may_help() {
        in_pool(4, || {
            let team = Team::new().unwrap();
            for _ in 0..2000 {
                assert!((1..=2).contains(&counts(&team, 1)));
                assert!((1..=4).contains(&counts(&team, 100)));
                assert_eq!(counts(&team, 0), 1);
            }
            team.end();
        });
    }

    #[test]
    fn all_is_written_when_an_operation_is_over() {
        in_pool(3, || {
            let team = Team::new().unwrap();
            let mut numbers = vec![0_u64; 300];
            for round in 1..500 {
                let next = Mutex::new(numbers.chunks_mut(7));
                team.run(2, &|| {
                    while let Some(chunk) = { next.lock().unwrap().next() } {
                        chunk.iter_mut().for_each(|x| *x += round);
                    }
                });
                assert!(
                    numbers.iter().all(|&x| x == round * (round + 1) / 2),
                    "{round}"
                );
            }
            team.end();
        });
    }

    #[test]
    fn operations_inside_of_one_are_done() {
        in_pool(2, || {
            let team = Team::new().unwrap();
            let inner = AtomicUsize::new(0);
            let owner = rayon::current_thread_index();
            team.run(1, &|| {
                if rayon::current_thread_index() == owner {
                    team.run(1, &|| {
                        inner.fetch_add(1, Ordering::Relaxed);
                    });
                }
            });
            assert_eq!(inner.into_inner(), 1);
            team.end();
        });
    }

    #[test]
    fn panics_reach_the_owner_and_all_goes_on() {
        in_pool(2, || {
            let team = Team::new().unwrap();
            let owner = rayon::current_thread_index();
            for of_owner in [true, false] {
                let meeting = Barrier::new(2);
                let panicked = catch_unwind(AssertUnwindSafe(|| {
                    team.run(1, &|| {
                        meeting.wait();
                        assert!(
                            (rayon::current_thread_index() == owner) != of_owner,
                            "on purpose"
                        );
                    });
                }));
                assert!(panicked.is_err());
                assert!(counts(&team, 1) >= 1);
            }
            team.end();
        });
    }

    #[test]
    fn work_of_the_pool_goes_on_meanwhile() {
        in_pool(2, || {
            let team = Team::new().unwrap();
            counts(&team, 1);
            let meeting = Barrier::new(2);
            rayon::join(|| meeting.wait(), || meeting.wait());
            team.end();
        });
    }

    #[test]
    fn a_thread_alone_has_no_team() {
        assert!(Team::new().is_none());
        in_pool(1, || assert!(Team::new().is_none()));
    }
}
