//! How the CPU's operations share out their work among the threads of the caller's rayon pool.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use super::team::Team;

/// Work that is worth handing to another thread, as the number of multiply-adds of a product that take as long.
const BLOCK_WORK: usize = 1 << 17;

/// Blocks of an operation for each thread, so that one that comes late is left with less.
const BLOCKS_PER_THREAD: usize = 4;

thread_local! {
    /// The team of the session that this thread has opened.
    static TEAM: RefCell<Option<Arc<Team>>> = const { RefCell::new(None) };
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
/// Each thread takes the next item when it is done with one, so a thread that comes late finds less or nothing left.
pub(crate) fn for_each<I>(items: I, job: impl Fn(I::Item) + Sync)
where
    I: Iterator + Send,
{
    let threads = rayon::current_num_threads();
    let threads = items
        .size_hint()
        .1
        .map_or(threads, |most| threads.min(most));
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
    if threads <= 1 {
        return job();
    }
    let team = TEAM.with_borrow(Option::clone);
    match team {
        Some(team) => team.run(threads - 1, job),
        None => rayon::join(job, || on_threads(threads - 1, job)).0,
    }
}

/// Does `work` in a session: its operations are shared out among threads that stay awake, see [`Team`].
pub(super) fn attended<R>(work: impl FnOnce() -> R) -> R {
    let _session = Team::new().map(|team| {
        TEAM.with_borrow_mut(|current| Session {
            before: current.replace(Arc::clone(&team)),
            team,
        })
    });
    work()
}

/// Ends a session when it is dropped, however the work ends.
struct Session {
    team: Arc<Team>,
    before: Option<Arc<Team>>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.team.end();
        TEAM.with_borrow_mut(|current| *current = self.before.take());
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
                    attended(|| for_each(items.chunks_mut(1), |item| item[0] += 1));
                    assert_eq!(items, vec![2; n]);
                }
            });
        }
    }

    #[test]
    fn threads_of_a_session_take_part() {
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
    fn a_session_in_a_session_ends_before_it() {
        in_pool(2, || {
            let current = || TEAM.with_borrow(|team| team.as_ref().map(Arc::as_ptr));
            attended(|| {
                let outer = current();
                attended(|| assert_ne!(current(), outer));
                assert_eq!(current(), outer);
            });
            assert_eq!(current(), None);
        });
    }

    #[test]
    fn work_that_panics_is_over() {
        in_pool(3, || {
            let panicked = catch_unwind(AssertUnwindSafe(|| attended(|| panic!("on purpose"))));
            assert!(panicked.is_err());
            assert!(TEAM.with_borrow(Option::is_none));
        });
    }
}
