//! Finished evaluations of unfinished rounds: kept, not repeated, and gone with the round.

use std::cell::Cell;
use std::sync::{Arc, Mutex};

use ganas_eval::Query;
use ganas_search::StopReason;
use ganas_space::ArchKey;

use super::*;
use crate::RunClaim;

/// Counts what it evaluates, and stops for good, or as a stop was asked for, after so many.
struct Limited {
    inner: MadeUp,
    left: Mutex<u32>,
    asked: Mutex<Vec<ArchKey>>,
    breaks: fn() -> EvalError,
}

impl Limited {
    fn new(left: u32, breaks: fn() -> EvalError) -> Self {
        Self {
            inner: MadeUp::new(),
            left: Mutex::new(left),
            asked: Mutex::default(),
            breaks,
        }
    }
}

impl Evaluator for Limited {
    fn metric_pair(&self) -> &MetricPair {
        self.inner.metric_pair()
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        self.inner.evaluate(query)
    }

    fn evaluate_all(
        &self,
        queries: &[Query<'_>],
        finished: &mut ganas_eval::Finished<'_>,
    ) -> Result<Vec<Result<Measurement, EvalError>>, EvalError> {
        let mut results = Vec::new();
        // The last first: the order of finishing is not that of asking.
        for (index, query) in queries.iter().enumerate().rev() {
            let mut left = self.left.lock().unwrap();
            if *left == 0 {
                return Err((self.breaks)());
            }
            *left -= 1;
            self.asked.lock().unwrap().push(query.key);
            let result = self.evaluate(*query);
            finished(index, &result)?;
            results.push(result);
        }
        results.reverse();
        Ok(results)
    }
}

fn session(study: &Study, evaluator: &Limited) -> Result<RunOutcome, SearchError> {
    let spec = spec(8);
    let (claim, resume): (RunClaim, _) = match begin(study, &spec, OnExisting::Resume).unwrap() {
        Begun::Fresh(claim) => (claim, None),
        Begun::Resume(claim, point) => (claim, Some(point)),
        Begun::Finished(run) => panic!("run {run} has ended"),
    };
    let remembered = claim.remember(evaluator).unwrap();
    let mut writer = claim.writer(space(), || Duration::from_millis(250));
    let mut searcher = Measured {
        inner: RandomSearch::new(space(), spec.seed),
        told: 0,
    };
    Run::new(&*space(), &mut searcher, &remembered, spec.budget)
        .resume(resume)
        .observe(&mut writer)
        .run()
}

#[test]
fn no_finished_evaluation_is_repeated() {
    let reference = Place::new();
    finish(&reference.study(), &spec(8));
    let place = Place::new();
    let mut asked = Vec::new();
    let sessions = Cell::new(0);
    loop {
        sessions.set(sessions.get() + 1);
        let evaluator = Limited::new(3, || EvalError::Interrupted);
        let outcome = session(&place.study(), &evaluator).unwrap();
        asked.extend(evaluator.asked.into_inner().unwrap());
        if outcome.stop != StopReason::Interrupted {
            break;
        }
    }
    assert_eq!(sessions.get(), 10, "30 evaluations, 3 a session");
    let n_asked = asked.len();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!((n_asked, asked.len()), (30, 30));
    assert_eq!(json_lines(&place.study()), json_lines(&reference.study()));
    let left: u32 = place
        .study()
        .lock()
        .query_row("SELECT count(*) FROM unfinished", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn failures_before_the_circuit_breaker_are_forgotten() {
    let place = Place::new();
    let broken = || EvalError::Unusable(Arc::new(std::io::Error::other("no disk")));
    let evaluator = Limited::new(29, broken);
    session(&place.study(), &evaluator).unwrap_err();
    let reasons: u32 = place
        .study()
        .lock()
        .query_row(
            "SELECT count(*) FROM unfinished WHERE reason IS NOT NULL",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(reasons, 0);
    session(&place.study(), &Limited::new(30, broken)).unwrap();
    let reference = Place::new();
    finish(&reference.study(), &spec(8));
    assert_eq!(json_lines(&place.study()), json_lines(&reference.study()));
}

#[test]
fn a_study_without_the_column_of_further_metrics_gets_it() {
    let place = Place::new();
    finish(&place.study(), &spec(3));
    downgrade(
        &place.path(),
        "ALTER TABLE unfinished DROP COLUMN further; DROP TABLE objectives",
    );
    // Readable as it is, without being changed.
    let reader = Study::open_read_only(place.path()).unwrap();
    assert_eq!(
        reader.trials(reader.runs().unwrap()[0].id).unwrap().len(),
        30
    );
    let main = Some("main");
    assert!(!reader.lock().table_exists(main, "objectives").unwrap());
    drop(reader);
    let evaluator = Limited::new(3, || EvalError::Interrupted);
    session(&place.study(), &evaluator).unwrap();
    assert!(
        place
            .study()
            .lock()
            .table_exists(None, "objectives")
            .unwrap()
    );
}

#[test]
fn a_study_without_the_table_gets_it() {
    let place = Place::new();
    drop(place.study());
    downgrade(&place.path(), "DROP TABLE unfinished");
    let evaluator = Limited::new(3, || EvalError::Interrupted);
    session(&place.study(), &evaluator).unwrap();
}
