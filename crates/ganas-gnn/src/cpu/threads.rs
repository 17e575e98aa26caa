//! How the CPU's operations share out their work among the threads of the caller's rayon pool.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Work that is worth handing to another thread, as the number of multiply-adds of a product that take as long.
const BLOCK_WORK: usize = 1 << 19;

/// Blocks of an operation for each thread, so that one that comes late is left with less.
const BLOCKS_PER_THREAD: usize = 4;

/// The number of rows in a block, for `n` independent rows of which each takes as long as `work` multiply-adds.
pub(crate) fn block_rows(n: usize, work: usize) -> usize {
    let most = match rayon::current_num_threads() {
        1 => 1,
        threads => BLOCKS_PER_THREAD * threads,
    };
    let blocks = (n * work / BLOCK_WORK).clamp(1, most);
    n.div_ceil(blocks).max(1)
}

/// Does `job` for each item, on the threads of the caller's pool where there are several.
///
/// Each thread takes the next item when it is done with one, so a thread that comes late finds less or nothing left.
pub(crate) fn for_each<I>(items: I, job: impl Fn(I::Item) + Sync)
where
    I: ExactSizeIterator + Send,
{
    let threads = rayon::current_num_threads().min(items.len());
    let items = Mutex::new(items);
    let next = || {
        let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
        items.next()
    };
    on_threads(threads, &|| {
        while let Some(item) = next() {
            job(item);
        }
    });
}

/// Does `job` on up to so many threads of the caller's pool, on the caller's at least.
///
/// It is no generic function, since code for tasks of rayon is long, and would be compiled for each kind of job.
fn on_threads(threads: usize, job: &(dyn Fn() + Sync)) {
    if threads > 1 {
        rayon::join(job, || on_threads(threads - 1, job));
    } else {
        job();
    }
}

/// Keeps the other threads of the caller's pool awake while `work` goes on, as long as it has something for them.
///
/// A step of a network is many operations of some ten microseconds each. To put a thread to sleep between two of them, and
/// to wake it up again, takes as long as what it could have done. So the others look for the next operation, [`PATIENCE`]
/// times at most, and offer their core to other processes between two looks.
pub(super) fn attended<R>(work: impl FnOnce() -> R) -> R {
    let Some(caller) = rayon::current_thread_index() else {
        // The caller is no thread of the pool: each operation moves into it, and out again.
        return work();
    };
    if rayon::current_num_threads() == 1 {
        return work();
    }
    let over = AtomicBool::new(false);
    rayon::in_place_scope(|scope| {
        scope.spawn_broadcast(|_, thread| {
            if thread.index() != caller {
                attend(&over);
            }
        });
        let _over_at_the_end = SetOnDrop(&over);
        work()
    })
}

/// How often a thread looks for the next operation before it goes back to sleep: for about half a millisecond.
const PATIENCE: u32 = 300;

/// Pauses of the processor between two looks, about 2 microseconds: the other thread of the same core, where there is one,
/// has its units for itself meanwhile. With a single pause, two threads on one core were no faster than without sessions.
const PAUSES: u32 = 64;

/// After so many looks in vain, another process may have the core.
const YIELD_EVERY: u32 = 16;

/// Does what it finds in the pool, until it is over or nothing comes any more.
fn attend(over: &AtomicBool) {
    let mut idle = 0;
    while idle < PATIENCE && !over.load(Ordering::Relaxed) {
        match rayon::yield_now() {
            Some(rayon::Yield::Executed) => idle = 0,
            _ => idle += 1,
        }
        for _ in 0..PAUSES {
            spin_loop();
        }
        if idle % YIELD_EVERY == YIELD_EVERY - 1 {
            thread::yield_now();
        }
    }
}

/// Sets a flag however the work ends: nobody waits for work that has panicked.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn in_pool(threads: usize, work: impl FnOnce() + Send) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(work);
    }

    #[test]
    fn each_item_is_done_once() {
        for threads in 1..5 {
            in_pool(threads, || {
                for n in [0, 1, 2, 7, 100] {
                    let mut items = vec![0_u8; n];
                    attended(|| for_each(items.chunks_mut(1), |item| item[0] += 1));
                    assert_eq!(items, vec![1; n]);
                }
            });
        }
    }

    #[test]
    fn threads_that_attend_take_part() {
        in_pool(2, || {
            let meeting = std::sync::Barrier::new(2);
            // Each thread waits for the other one: a single thread would never be done.
            attended(|| {
                for_each([(), ()].iter(), |()| {
                    meeting.wait();
                });
            });
        });
    }

    #[test]
    fn work_that_panics_is_over() {
        in_pool(3, || {
            let panicked = catch_unwind(AssertUnwindSafe(|| attended(|| panic!("on purpose"))));
            assert!(panicked.is_err());
        });
    }
}
