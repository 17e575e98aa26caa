//! How many trivial evaluations a second a pool of workers does: `worker_overhead COMMAND [WORKERS] [EVALUATIONS]`.

#![expect(
    clippy::disallowed_methods,
    reason = "an example may touch what a library may not"
)]

use std::io::Write as _;
use std::time::Instant;

use ganas_eval::{Evaluator as _, ListFeed, Outcome, Query};
use ganas_worker::{MetricNames, PoolConfig, WorkerEvaluator};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().ok_or("expected the command of a worker")?;
    let workers: u32 = arguments.next().map_or(Ok(2), |text| text.parse())?;
    let n: usize = arguments.next().map_or(Ok(20_000), |text| text.parse())?;

    let space = ganas_space::by_name("nasbench201")?;
    let archs: Vec<_> = space
        .enumeration()
        .ok_or("the space cannot be enumerated")?
        .archs()
        .collect();
    let queries: Vec<Query<'_>> = archs
        .iter()
        .cycle()
        .take(n)
        .map(|arch| Query {
            key: space.key(arch),
            arch,
        })
        .collect();
    let folder = tempfile::tempdir()?;
    let config = PoolConfig {
        workers,
        ..PoolConfig::new(command, folder.path())
    };
    let listener = Box::new(|_note: &_| ());
    let pool = WorkerEvaluator::open(config, space.clone(), &MetricNames::default(), listener)?;
    // All workers are started before the clock is.
    let mut failed = 0;
    let mut count = |_: usize, outcome: Outcome| {
        failed += usize::from(outcome.result.is_err());
        Ok(())
    };
    pool.evaluate_all(&mut ListFeed::new(&queries[..n.min(1000)], &mut count))?;
    let start = now();
    pool.evaluate_all(&mut ListFeed::new(&queries, &mut count))?;
    let seconds = start.elapsed().as_secs_f64();
    writeln!(
        std::io::stdout(),
        "{workers} workers: {n} evaluations in {seconds:.2} s, {:.0} a second; {failed} failed",
        n as f64 / seconds
    )?;
    Ok(())
}

fn now() -> Instant {
    Instant::now()
}
