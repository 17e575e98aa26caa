//! A fork-join pool for as long as a session lasts: threads that share one operation after the other.
//!
//! A step is some hundred operations of ten to a hundred microseconds. Handing half of one to another thread pays only when
//! that takes far less, so helpers watch one word of memory, and whoever sees it change joins in. The word and its
//! transitions are in `protocol.rs`; here are the threads, which are rayon's.

#[cfg(all(test, loom))]
mod model;
mod protocol;

use std::any::Any;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use protocol::Protocol;

/// Looks at the word before a helper goes back to its pool: for about half a millisecond.
const PATIENCE: u32 = 10_000;

/// After so many looks in vain, the pool may have other work for the thread, and another process may have its core.
const LOOKS: u32 = 64;

/// The most helpers of an operation.
const MOST_HELPERS: u16 = 1000;

/// What all threads of an operation do; borrowed from [`ForkJoin::run`].
type Job = &'static (dyn Fn() + Sync);

/// The thread that opened a session, and the threads of its pool that help it.
pub(super) struct ForkJoin {
    /// The index of the thread in its pool that opens operations.
    owner: usize,
    /// How many threads may help.
    helpers: u16,
    protocol: Protocol<Job>,
    /// Whether the owner is inside of an operation.
    busy: AtomicBool,
    /// What a helper panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl ForkJoin {
    /// The calling thread, and the others of its pool; `None` for a thread that has no pool, or is alone in it.
    pub(super) fn new() -> Option<Arc<Self>> {
        let owner = rayon::current_thread_index()?;
        let helpers = at_most(rayon::current_num_threads() - 1, MOST_HELPERS);
        (helpers > 0).then(|| {
            Arc::new(Self {
                owner,
                helpers,
                protocol: Protocol::new(),
                busy: AtomicBool::new(false),
                panic: Mutex::new(None),
            })
        })
    }

    /// Does `job` on the calling thread, which must be the owner, and on up to so many others; returns when all are done.
    ///
    /// An operation inside of an operation is done by the owner alone.
    #[expect(
        unsafe_code,
        reason = "threads that exist already are handed a job that is borrowed"
    )]
    pub(super) fn run(self: &Arc<Self>, helpers: usize, job: &(dyn Fn() + Sync)) {
        let helpers = at_most(helpers, self.helpers);
        if helpers == 0 || self.busy.swap(true, Ordering::Relaxed) {
            return job();
        }
        // SAFETY: only the lifetime changes. Helpers have the job between `open` and `join` only, and nothing between the two
        // leaves this function.
        let lent = unsafe { std::mem::transmute::<&(dyn Fn() + Sync), Job>(job) };
        self.protocol.open(lent, helpers);
        let own = catch_unwind(AssertUnwindSafe(|| {
            self.recruit(helpers);
            job();
        }));
        self.protocol.join(|looks| {
            spin_loop();
            if looks.is_multiple_of(LOOKS) {
                thread::yield_now();
            }
        });
        self.busy.store(false, Ordering::Relaxed);
        let of_helper = self.caught().take();
        if let Some(panic) = own.err().or(of_helper) {
            resume_unwind(panic);
        }
    }

    /// Asks all threads that may help to watch.
    pub(super) fn wake(self: &Arc<Self>) {
        self.recruit(self.helpers);
    }

    /// Asks threads of the pool to watch, where fewer than so many do.
    fn recruit(self: &Arc<Self>, helpers: u16) {
        while self.protocol.lacks(helpers.into()) {
            let pool = Arc::clone(self);
            rayon::spawn(move || pool.watch());
        }
    }

    /// Takes part in operations until the session is over or nothing comes for a while.
    fn watch(&self) {
        // The owner may come here while it waits for something else in its pool.
        if rayon::current_thread_index() == Some(self.owner) {
            return self.protocol.dismiss();
        }
        let wait = |looks: u32| {
            spin_loop();
            if looks.is_multiple_of(LOOKS) {
                let worked = rayon::yield_now() == Some(rayon::Yield::Executed);
                thread::yield_now();
                if worked {
                    return Some(0);
                }
            }
            (looks < PATIENCE).then_some(looks)
        };
        self.protocol.watch(wait, |job| {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
                *self.caught() = Some(panic);
            }
        });
    }

    fn caught(&self) -> std::sync::MutexGuard<'_, Option<Box<dyn Any + Send>>> {
        self.panic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the helpers home.
    pub(super) fn shut_down(&self) {
        self.protocol.shut_down();
    }
}

fn at_most(n: usize, most: u16) -> u16 {
    u16::try_from(n).map_or(most, |n| n.min(most))
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn in_pool(threads: usize, work: impl FnOnce() + Send) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(work);
    }

    fn counts(pool: &Arc<ForkJoin>, helpers: usize) -> usize {
        let count = AtomicUsize::new(0);
        pool.run(helpers, &|| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        count.into_inner()
    }

    #[test]
    fn others_take_part() {
        in_pool(3, || {
            let pool = ForkJoin::new().unwrap();
            for threads in [2, 3, 3, 2] {
                let meeting = Barrier::new(threads);
                // Each thread waits for the others: fewer would never be done.
                pool.run(threads - 1, &|| {
                    meeting.wait();
                });
            }
            pool.shut_down();
        });
    }

    #[test]
    fn no_more_than_may_help() {
        in_pool(4, || {
            let pool = ForkJoin::new().unwrap();
            for _ in 0..2000 {
                assert!((1..=2).contains(&counts(&pool, 1)));
                assert!((1..=4).contains(&counts(&pool, 100)));
                assert_eq!(counts(&pool, 0), 1);
            }
            pool.shut_down();
        });
    }

    #[test]
    fn all_is_written_when_an_operation_is_over() {
        in_pool(3, || {
            let pool = ForkJoin::new().unwrap();
            let mut numbers = vec![0_u64; 300];
            for round in 1..500 {
                let next = Mutex::new(numbers.chunks_mut(7));
                pool.run(2, &|| {
                    while let Some(chunk) = { next.lock().unwrap().next() } {
                        chunk.iter_mut().for_each(|x| *x += round);
                    }
                });
                assert!(
                    numbers.iter().all(|&x| x == round * (round + 1) / 2),
                    "{round}"
                );
            }
            pool.shut_down();
        });
    }

    #[test]
    fn operations_inside_of_one_are_done() {
        in_pool(2, || {
            let pool = ForkJoin::new().unwrap();
            let inner = AtomicUsize::new(0);
            let owner = rayon::current_thread_index();
            pool.run(1, &|| {
                if rayon::current_thread_index() == owner {
                    pool.run(1, &|| {
                        inner.fetch_add(1, Ordering::Relaxed);
                    });
                }
            });
            assert_eq!(inner.into_inner(), 1);
            pool.shut_down();
        });
    }

    #[test]
    fn panics_reach_the_owner_and_all_goes_on() {
        in_pool(2, || {
            let pool = ForkJoin::new().unwrap();
            let owner = rayon::current_thread_index();
            for of_owner in [true, false] {
                let meeting = Barrier::new(2);
                let panicked = catch_unwind(AssertUnwindSafe(|| {
                    pool.run(1, &|| {
                        meeting.wait();
                        assert!(
                            (rayon::current_thread_index() == owner) != of_owner,
                            "on purpose"
                        );
                    });
                }));
                assert!(panicked.is_err());
                assert!(counts(&pool, 1) >= 1);
            }
            pool.shut_down();
        });
    }

    #[test]
    fn work_of_the_pool_goes_on_meanwhile() {
        in_pool(2, || {
            let pool = ForkJoin::new().unwrap();
            counts(&pool, 1);
            let meeting = Barrier::new(2);
            rayon::join(|| meeting.wait(), || meeting.wait());
            pool.shut_down();
        });
    }

    #[test]
    fn a_thread_alone_has_no_pool() {
        assert!(ForkJoin::new().is_none());
        in_pool(1, || assert!(ForkJoin::new().is_none()));
    }
}
