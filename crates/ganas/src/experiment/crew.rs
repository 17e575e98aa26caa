//! Worker threads: runs, taken from a queue.
//!
//! A run is never a task of a thread pool: a pool that waits inside one run may pick up another run and start it in the
//! middle of the first. Each worker has a small pool of its own, in which the searcher trains its ensemble.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ganas_search::StopFlag;

use crate::Error;
use crate::error::Context as _;

/// The most threads of a search. More bring nothing on any machine, and so many that they cannot all be started take a
/// machine with them.
pub const MAX_THREADS: usize = 1024;

/// Fails for more threads than there can be.
pub(crate) fn check_threads(threads: Option<NonZeroUsize>) -> Result<(), Error> {
    match threads {
        Some(threads) if threads.get() > MAX_THREADS => Err(Error::Usage(format!(
            "{threads} threads were asked for, expected at most {MAX_THREADS}"
        ))),
        _ => Ok(()),
    }
}

/// A thread for each processor.
pub(crate) fn all_processors() -> NonZeroUsize {
    let all = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    all.min(NonZeroUsize::new(MAX_THREADS).unwrap_or(NonZeroUsize::MIN))
}

/// How threads are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crew {
    /// Runs at the same time.
    pub(crate) workers: usize,
    /// Threads of each run.
    pub(crate) threads_each: usize,
}

impl Crew {
    /// As many runs at the same time as there are threads, the rest of them for the runs themselves.
    pub(crate) fn new(threads: NonZeroUsize, n_runs: usize) -> Self {
        let workers = threads.get().min(n_runs).max(1);
        Self {
            workers,
            threads_each: threads.get() / workers,
        }
    }

    /// Does `job` for each of these runs, in their order as workers become free; the results are in that order, too.
    ///
    /// Once `stop` is set, no further run is begun: its result is `None`. A job that fails sets it.
    pub(crate) fn run<R: Copy + Sync, T: Send>(
        self,
        runs: &[R],
        stop: &StopFlag,
        job: impl Fn(R) -> Result<T, Error> + Sync,
    ) -> Result<Vec<Option<Result<T, Error>>>, Error> {
        let pools: Vec<rayon::ThreadPool> = (0..self.workers)
            .map(|_| {
                rayon::ThreadPoolBuilder::new()
                    .num_threads(self.threads_each)
                    .build()
                    .map_err(std::io::Error::other)
                    .context("cannot start threads; ask for fewer with --threads")
            })
            .collect::<Result<_, Error>>()?;
        let next = AtomicUsize::new(0);
        let results: Vec<Mutex<Option<Result<T, Error>>>> =
            runs.iter().map(|_| Mutex::new(None)).collect();
        std::thread::scope(|scope| {
            for pool in &pools {
                let (next, results, job) = (&next, &results, &job);
                scope.spawn(move || {
                    while !stop.is_set() {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(&run) = runs.get(at) else { break };
                        let result = pool.install(|| job(run));
                        if result.is_err() {
                            stop.stop();
                        }
                        *results[at].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                    }
                });
            }
        });
        let unlocked = results
            .into_iter()
            .map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(unlocked.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crew(threads: usize, n_runs: usize) -> (usize, usize) {
        let crew = Crew::new(NonZeroUsize::new(threads).unwrap(), n_runs);
        (crew.workers, crew.threads_each)
    }

    #[test]
    fn threads_are_divided() {
        assert_eq!(crew(1, 1), (1, 1));
        assert_eq!(crew(4, 1), (1, 4));
        assert_eq!(crew(4, 20), (4, 1));
        assert_eq!(crew(5, 2), (2, 2));
    }

    #[test]
    fn results_are_in_the_order_of_the_seeds() {
        let seeds: Vec<u64> = (10..40).collect();
        for threads in [1, 3] {
            let crew = Crew::new(NonZeroUsize::new(threads).unwrap(), seeds.len());
            let results = crew.run(&seeds, &StopFlag::default(), |seed| Ok(seed * 2));
            let results: Vec<u64> = results
                .unwrap()
                .into_iter()
                .map(|result| result.unwrap().unwrap())
                .collect();
            let expected: Vec<u64> = seeds.iter().map(|seed| seed * 2).collect();
            assert_eq!(results, expected);
        }
    }

    #[test]
    fn nothing_is_begun_after_a_failure() {
        let crew = Crew {
            workers: 1,
            threads_each: 1,
        };
        let stop = StopFlag::default();
        let results = crew
            .run(&[0, 1, 2], &stop, |seed| {
                if seed == 1 {
                    return Err(Error::Failed("seed 1".to_owned()));
                }
                Ok(seed)
            })
            .unwrap();
        assert!(matches!(results[0], Some(Ok(0))));
        assert!(matches!(results[1], Some(Err(_))));
        assert!(results[2].is_none());
        assert!(stop.is_set());
    }
}
