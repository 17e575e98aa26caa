//! Workers that behave and that do not: real processes, spoken to by a real pool.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests: a failed step ends the test")]

mod hostile;
mod misbehaviour;
mod pool;
mod schema;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ganas_eval::{EvalError, Evaluator as _, ListFeed, Measurement, Outcome, Query};
use ganas_space::{Arch, SearchSpace};
use ganas_worker::{MetricNames, PoolConfig, PoolNote, WorkerEvaluator};

/// A pool in a folder of its own.
struct Place {
    folder: tempfile::TempDir,
    space: Arc<dyn SearchSpace>,
    notes: Arc<Mutex<Vec<PoolNote>>>,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            space: ganas_space::by_name("nasbench201").unwrap(),
            notes: Arc::default(),
        }
    }

    /// Patient, because a busy machine makes a worker that behaves slow.
    fn config(&self, command: String, workers: u32) -> PoolConfig {
        PoolConfig {
            workers,
            time_limit: Duration::from_secs(30),
            start_limit: Duration::from_secs(60),
            grace: Duration::from_secs(30),
            ..PoolConfig::new(command, self.folder.path())
        }
    }

    fn open(&self, config: PoolConfig) -> Result<WorkerEvaluator, EvalError> {
        let notes = Arc::clone(&self.notes);
        WorkerEvaluator::open(
            config,
            Arc::clone(&self.space),
            &MetricNames::default(),
            Box::new(move |note: &PoolNote| notes.lock().unwrap().push(note.clone())),
        )
    }

    /// Architectures of different classes.
    fn archs(&self, n: usize) -> Vec<Arch> {
        let mut keys = std::collections::BTreeSet::new();
        let archs = self.space.enumeration().unwrap().archs();
        archs
            .filter(|arch| keys.insert(self.space.key(arch)))
            .take(n)
            .collect()
    }

    fn evaluate(
        &self,
        evaluator: &WorkerEvaluator,
        archs: &[Arch],
    ) -> Result<Vec<Result<Measurement, String>>, EvalError> {
        let queries: Vec<Query<'_>> = archs
            .iter()
            .map(|arch| Query {
                key: self.space.key(arch),
                arch,
            })
            .collect();
        let mut results: Vec<Option<Result<Measurement, String>>> = vec![None; queries.len()];
        let mut finished = |at: usize, outcome: Outcome| {
            results[at] = Some(outcome.result.map_err(|error| error.to_string()));
            Ok(())
        };
        evaluator.evaluate_all(&mut ListFeed::new(&queries, &mut finished))?;
        Ok(results.into_iter().map(Option::unwrap).collect())
    }
}
