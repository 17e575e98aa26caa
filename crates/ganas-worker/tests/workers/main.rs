//! Workers that behave and that do not: real processes, spoken to by a real pool.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests: a failed step ends the test")]

mod activity;
mod cancelling;
mod details;
mod feeding;
mod hostile;
mod last_words;
mod misbehaviour;
mod pool;
mod schema;
mod shell;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ganas_eval::{
    EvalError, Evaluator as _, Feed, GoOn, ListFeed, Measurement, Outcome, Progress, Query, Task,
};
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

    fn task(&self, ticket: usize, arch: &Arch) -> Task {
        Task::new(ticket, Query::new(&*self.space, arch))
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

/// A feed for tests: tasks that wait, what has come of the others, and what is done about each.
#[derive(Default)]
struct Queue<'a> {
    /// Tasks that have not been taken.
    waiting: VecDeque<Task>,
    /// What was finished, by ticket.
    outcomes: BTreeMap<usize, Outcome>,
    /// What was told of how it goes.
    progress: Vec<(usize, Progress)>,
    /// Told each outcome, with the tasks that have not been taken.
    then: Option<Box<Then<'a>>>,
    /// Says whether to go on.
    judge: Option<Box<Judge<'a>>>,
}

type Then<'a> = dyn FnMut(&mut VecDeque<Task>, usize, &Outcome) -> Result<(), EvalError> + 'a;

type Judge<'a> = dyn FnMut(usize, &Progress) -> GoOn + 'a;

impl Queue<'_> {
    /// A feed of architectures, whose tickets are their positions.
    fn of(place: &Place, archs: &[Arch]) -> Self {
        let tasks = archs.iter().enumerate();
        Self {
            waiting: tasks
                .map(|(ticket, arch)| place.task(ticket, arch))
                .collect(),
            ..Self::default()
        }
    }
}

impl Feed for Queue<'_> {
    fn next(&mut self) -> Result<Option<Task>, EvalError> {
        Ok(self.waiting.pop_front())
    }

    fn finished(&mut self, ticket: usize, outcome: Outcome) -> Result<(), EvalError> {
        let then = match &mut self.then {
            Some(then) => then(&mut self.waiting, ticket, &outcome),
            None => Ok(()),
        };
        assert!(self.outcomes.insert(ticket, outcome).is_none(), "{ticket}");
        then
    }

    fn progress(&mut self, ticket: usize, progress: &Progress) -> GoOn {
        self.progress.push((ticket, progress.clone()));
        match &mut self.judge {
            Some(judge) => judge(ticket, progress),
            None => GoOn::Yes,
        }
    }
}
