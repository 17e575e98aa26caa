//! How the CPU's operations share out their work among the threads of the caller's rayon pool.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use smallvec::SmallVec;

use super::fork_join::ForkJoin;

/// Work that is worth handing to another thread, as the number of multiply-adds of a product that take as long.
const BLOCK_WORK: usize = 1 << 17;

/// Blocks of an operation for each thread, so that one that comes late is left with less.
const BLOCKS_PER_THREAD: usize = 4;

thread_local! {
    /// The fork-join pool of the session that this thread has opened.
    static POOL: RefCell<Option<Arc<ForkJoin>>> = const { RefCell::new(None) };
}

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
/// Each thread begins with its own share of the items, the same part of all items in every operation, so that it finds in its
/// caches what it wrote there itself: rows that another core wrote are several times as slow to read. A thread that is done
/// with its share takes items of others, so one that comes late finds less or nothing left.
pub(crate) fn for_each<I>(items: I, job: impl Fn(I::Item) + Sync)
where
    I: Iterator<Item: Send>,
{
    large_first(std::iter::empty(), items, job);
}

/// The same with items that are larger than the others, and are no thread's own: they are done first, so that what is left
/// for the end is small.
pub(crate) fn large_first<T: Send>(
    large: impl Iterator<Item = T>,
    items: impl Iterator<Item = T>,
    job: impl Fn(T) + Sync,
) {
    let threads = rayon::current_num_threads();
    if threads == 1 {
        return large.chain(items).for_each(job);
    }
    let shares = Shares::new(large, items, threads);
    let n = shares.items.len();
    let shares = Mutex::new(shares);
    on_threads(threads.min(n), &|| {
        let thread = rayon::current_thread_index().unwrap_or(0);
        loop {
            let mut shares = shares.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(item) = shares.next(thread) else {
                return;
            };
            drop(shares);
            job(item);
        }
    });
}

/// Items, and which are left: large ones, and each thread's share of the others.
struct Shares<T> {
    items: SmallVec<[Option<T>; INLINE]>,
    large: Range<usize>,
    left: SmallVec<[Range<usize>; INLINE]>,
}

/// Items and threads for which nothing is allocated.
const INLINE: usize = 32;

impl<T> Shares<T> {
    fn new(
        large: impl Iterator<Item = T>,
        others: impl Iterator<Item = T>,
        threads: usize,
    ) -> Self {
        let mut items: SmallVec<_> = large.map(Some).collect();
        let first = items.len();
        items.extend(others.map(Some));
        let n = items.len() - first;
        let start = |thread| first + thread * n / threads;
        Self {
            items,
            large: 0..first,
            left: (0..threads)
                .map(|thread| start(thread)..start(thread + 1))
                .collect(),
        }
    }

    /// The next large item, or the first one that is left of the thread's share, or the last one of the share with most left.
    fn next(&mut self, thread: usize) -> Option<T> {
        let own = |left: &mut [Range<usize>]| left.get_mut(thread)?.next();
        let others = |left: &mut [Range<usize>]| {
            let most = left.iter_mut().max_by_key(|left| left.len())?;
            most.next_back()
        };
        let left = &mut self.left;
        let item = self.large.next().or_else(|| own(left));
        self.items[item.or_else(|| others(left))?].take()
    }
}

/// Does `job` on up to so many threads of the caller's pool, on the caller's at least.
///
/// It is no generic function, since code for tasks of rayon is long, and would be compiled for each kind of job.
fn on_threads(threads: usize, job: &(dyn Fn() + Sync)) {
    if threads <= 1 {
        return job();
    }
    let pool = POOL.with_borrow(Option::clone);
    match pool {
        Some(pool) => pool.run(threads - 1, job),
        None => rayon::join(job, || on_threads(threads - 1, job)).0,
    }
}

/// Does `work` in a session: its operations are shared out among threads that stay awake, see [`ForkJoin`].
pub(super) fn in_session<R>(work: impl FnOnce() -> R) -> R {
    let _session = ForkJoin::new().map(|pool| {
        // Threads that sleep wake up while the first operation is prepared.
        pool.wake();
        POOL.with_borrow_mut(|current| Session {
            before: current.replace(Arc::clone(&pool)),
            pool,
        })
    });
    work()
}

/// Ends a session when it is dropped, however the work ends.
struct Session {
    pool: Arc<ForkJoin>,
    before: Option<Arc<ForkJoin>>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.pool.shut_down();
        POOL.with_borrow_mut(|current| *current = self.before.take());
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
                    for_each(items.chunks_mut(1), |item| item[0] += 1);
                    in_session(|| for_each(items.chunks_mut(1), |item| item[0] += 1));
                    assert_eq!(items, vec![2; n]);
                }
            });
        }
    }

    #[test]
    fn threads_begin_with_their_own_share() {
        let mut shares = Shares::new(0..2, 2..12, 3);
        // Large items are nobody's own.
        assert_eq!(shares.next(2), Some(0));
        assert_eq!(shares.next(0), Some(1));
        let own: Vec<_> = (0..3).map(|thread| shares.next(thread)).collect();
        assert_eq!(own, [Some(2), Some(5), Some(8)]);
        // The first thread is slow: what is left of its share is taken from the end.
        let rest: Vec<_> = std::iter::from_fn(|| shares.next(2)).collect();
        assert_eq!(rest, [9, 10, 11, 7, 4, 6, 3]);
        assert_eq!(shares.next(0), None);
    }

    #[test]
    fn more_threads_than_items_have_shares() {
        let mut shares = Shares::new(std::iter::empty(), 0..2, 5);
        assert_eq!(shares.next(7), Some(1), "a thread of another pool");
        assert_eq!(shares.next(0), Some(0));
        assert_eq!(shares.next(4), None);
    }

    #[test]
    fn threads_of_a_session_take_part() {
        in_pool(2, || {
            let meeting = std::sync::Barrier::new(2);
            // Each thread waits for the other one: a single thread would never be done.
            in_session(|| {
                for_each([(), ()].iter(), |()| {
                    meeting.wait();
                });
            });
        });
    }

    #[test]
    fn a_session_in_a_session_ends_before_it() {
        in_pool(2, || {
            let current = || POOL.with_borrow(|pool| pool.as_ref().map(Arc::as_ptr));
            in_session(|| {
                let outer = current();
                in_session(|| assert_ne!(current(), outer));
                assert_eq!(current(), outer);
            });
            assert_eq!(current(), None);
        });
    }

    #[test]
    fn work_that_panics_is_over() {
        in_pool(3, || {
            let panicked = catch_unwind(AssertUnwindSafe(|| in_session(|| panic!("on purpose"))));
            assert!(panicked.is_err());
            assert!(POOL.with_borrow(Option::is_none));
        });
    }
}
