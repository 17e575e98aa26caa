//! Finished evaluations: kept with all that was returned, and not repeated.

use std::cell::Cell;
use std::sync::{Arc, Mutex};

use ganas_eval::{Feed, Outcome, Query, Task};
use ganas_search::StopReason;
use ganas_space::ArchKey;

use super::*;
use crate::RunClaim;

/// Counts what it evaluates, and stops for good, or as a stop was asked for, after so many.
pub(super) struct Limited {
    inner: MadeUp,
    left: Mutex<u32>,
    pub(super) asked: Mutex<Vec<ArchKey>>,
    breaks: fn() -> EvalError,
    /// Whether it tells its metric step by step, and obeys the rule.
    tells: bool,
}

impl Limited {
    pub(super) fn new(left: u32, breaks: fn() -> EvalError) -> Self {
        Self {
            inner: MadeUp::new(),
            left: Mutex::new(left),
            asked: Mutex::default(),
            breaks,
            tells: false,
        }
    }

    /// One that is interrupted after so many, and tells its metric step by step.
    pub(super) fn telling(left: u32) -> Self {
        Self {
            tells: true,
            ..Self::new(left, || EvalError::Interrupted)
        }
    }

    fn outcome(&self, task: &Task) -> Outcome {
        let mut outcome = Outcome::of(self.evaluate(task.query()), self.metric_pair());
        let value = match &outcome.result {
            Ok(measured) if self.tells => measured.search.value(),
            _ => return outcome,
        };
        let mut told: Vec<(u32, f64)> = (1..=4_u32)
            .map(|step| (step, value * f64::from(step) / 4.0))
            .collect();
        let stopped = task.stop_rule.as_ref().and_then(|rule| rule.stops(&told));
        if let Some(at) = stopped {
            told.retain(|&(step, _)| step <= at.step);
            outcome.details.metrics.clear();
            outcome.details.stopped = stopped;
            outcome.result = Err(EvalError::StoppedEarly {
                step: at.step,
                metric: "valid".to_owned(),
                value: at.value,
            });
        }
        outcome.details.curves.insert("valid".to_owned(), told);
        outcome
    }
}

impl Evaluator for Limited {
    fn metric_pair(&self) -> &MetricPair {
        self.inner.metric_pair()
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        self.inner.evaluate(query)
    }

    fn evaluate_all(&self, feed: &mut dyn Feed) -> Result<(), EvalError> {
        let mut tasks = Vec::new();
        loop {
            while let Some(task) = feed.next()? {
                tasks.push(task);
            }
            // The last first: the order of finishing is not that of asking.
            let Some(task) = tasks.pop() else {
                return Ok(());
            };
            let mut left = self.left.lock().unwrap();
            if *left == 0 {
                return Err((self.breaks)());
            }
            *left -= 1;
            self.asked.lock().unwrap().push(task.key);
            feed.finished(task.ticket, self.outcome(&task))?;
        }
    }
}

fn session(study: &Study, evaluator: &Limited) -> Result<RunOutcome, SearchError> {
    session_of(study, evaluator, &spec(8), OnExisting::Resume)
}

pub(super) fn session_of(
    study: &Study,
    evaluator: &Limited,
    spec: &RunSpec,
    on_existing: OnExisting,
) -> Result<RunOutcome, SearchError> {
    let (claim, resume): (RunClaim, _) = match begin(study, spec, on_existing).unwrap() {
        Begun::Fresh(claim) => (claim, None),
        Begun::Resume(claim, point) => (claim, Some(point)),
        Begun::Finished(run) => panic!("run {run} has ended"),
    };
    let remembered = claim
        .remember(evaluator, &evaluator_spec(), space())
        .unwrap();
    let writer = claim.writer(space(), || Duration::from_millis(250));
    let mut writer = writer.costly();
    let mut searcher = Measured {
        inner: RandomSearch::new(space(), spec.seed),
        told: 0,
    };
    Run::new(&*space(), &mut searcher, &remembered, spec.budget)
        .pace(spec.pace)
        .stop_below(spec.stop_below)
        .resume(resume)
        .observe(&mut writer)
        .run()
}

#[test]
fn no_finished_evaluation_is_repeated() {
    let reference = Place::new();
    finish_costly(&reference.study(), &spec(8));
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
    let study = place.study();
    let count = |table: &str| -> u32 {
        let sql = format!("SELECT count(*) FROM {table}");
        study.lock().query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("outcomes"), count("proposals")), (30, 0));
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
            "SELECT count(*) FROM outcomes WHERE reason IS NOT NULL",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(reasons, 0);
    session(&place.study(), &Limited::new(30, broken)).unwrap();
    let reference = Place::new();
    finish_costly(&reference.study(), &spec(8));
    assert_eq!(json_lines(&place.study()), json_lines(&reference.study()));
}

#[test]
fn a_run_with_a_window_is_killed_anywhere_and_repeats_nothing() {
    let windowed = RunSpec {
        pace: Pace::Window(std::num::NonZeroU32::new(5).unwrap()),
        ..spec(8)
    };
    let reference = Place::new();
    finish_costly(&reference.study(), &windowed);
    for each in [1, 2, 3, 7] {
        let place = Place::new();
        let mut asked = Vec::new();
        loop {
            let evaluator = Limited::new(each, || EvalError::Interrupted);
            let study = place.study();
            let outcome = session_of(&study, &evaluator, &windowed, OnExisting::Resume).unwrap();
            asked.extend(evaluator.asked.into_inner().unwrap());
            if outcome.stop != StopReason::Interrupted {
                break;
            }
        }
        asked.sort_unstable();
        asked.dedup();
        assert_eq!(asked.len(), 30);
        assert_eq!(json_lines(&place.study()), json_lines(&reference.study()));
    }
}

/// Runs to the end without interruption, by an evaluator whose evaluations are kept.
pub(super) fn finish_costly(study: &Study, spec: &RunSpec) {
    let evaluator = Limited::new(u32::MAX, || EvalError::Interrupted);
    session_of(study, &evaluator, spec, OnExisting::Refuse).unwrap();
}

/// A run of which some evaluations fail.
fn failing() -> RunSpec {
    let fails = |spec: &RunSpec| {
        let place = Place::new();
        finish(&place.study(), spec);
        place.study().runs().unwrap()[0].counts.failed > 0
    };
    (0..20).map(spec).find(fails).unwrap()
}

#[test]
fn evaluations_are_used_again_by_other_runs_but_failures_are_not() {
    let spec = failing();
    let place = Place::new();
    let study = place.study();
    let first = Limited::new(100, || EvalError::Interrupted);
    session_of(&study, &first, &spec, OnExisting::Refuse).unwrap();
    let other = RunSpec {
        algorithm: "another".into(),
        ..spec.clone()
    };
    let second = Limited::new(100, || EvalError::Interrupted);
    session_of(&study, &second, &other, OnExisting::Refuse).unwrap();
    let run = &study.runs().unwrap()[1];
    assert!(run.counts.failed > 0);
    assert_eq!(
        second.asked.into_inner().unwrap().len(),
        usize::try_from(run.counts.failed).unwrap()
    );
}

#[test]
fn what_has_failed_is_tried_again_when_that_is_wanted() {
    let spec = failing();
    let place = Place::new();
    let study = place.study();
    let first = Limited::new(100, || EvalError::Interrupted);
    let outcome = session_of(&study, &first, &spec, OnExisting::Refuse).unwrap();
    let again = Limited::new(100, || EvalError::Interrupted);
    session_of(&study, &again, &spec, OnExisting::RetryFailed).unwrap();
    let asked = again.asked.into_inner().unwrap();
    assert_eq!(asked.len(), usize::try_from(outcome.counts.failed).unwrap());
    let reference = Place::new();
    finish_costly(&reference.study(), &spec);
    assert_eq!(json_lines(&study), json_lines(&reference.study()));
}

#[test]
fn earlier_formats_keep_their_evaluations() {
    for format in [1, 2] {
        let place = Place::new();
        finish(&place.study(), &spec(3));
        let checksums = ", 0".repeat(format - 1);
        let rows = format!(
            "INSERT INTO unfinished VALUES (1, '{:032x}', 0.5, 0.25, NULL, NULL{checksums});
             INSERT INTO unfinished VALUES (1, '{:032x}', NULL, NULL, 'no memory', NULL{checksums});
             INSERT INTO collections VALUES (1, 'nasbench201', 'cd', 'train', 2{checksums});
             INSERT INTO evaluations VALUES (1, '{:032x}', 7, '{{\"valid\":0.75}}', NULL{checksums})",
            1, 2, 3
        );
        if format == 1 {
            downgrade(&place.path(), &rows);
        } else {
            downgrade_to_2(&place.path());
            let raw = rusqlite::Connection::open(place.path()).unwrap();
            raw.execute_batch(&rows).unwrap();
            drop(raw);
            seal_earlier(&place.path());
        }
        // Readable as it is, without being changed.
        let reader = Study::open_read_only(place.path()).unwrap();
        assert_eq!(
            reader.trials(reader.runs().unwrap()[0].id).unwrap().len(),
            30
        );
        drop(reader);
        let study = place.study();
        let evaluators = study.evaluators().unwrap();
        let known: Vec<_> = evaluators
            .iter()
            .map(|(spec, all)| (spec, all.all().unwrap()))
            .collect();
        assert_eq!(known.len(), 2, "format {format}");
        let (of_run, of_table) = (&known[0], &known[1]);
        assert_eq!(of_run.0.identity, spec(3).table_sha256);
        let values: Vec<_> = of_run
            .1
            .values()
            .map(|e| (&e.reason, e.details.metrics.get("valid")))
            .collect();
        assert_eq!(
            values,
            [(&None, Some(&0.5)), (&Some("no memory".to_owned()), None)]
        );
        assert_eq!(of_table.0.identity, "cd");
        let (id, evaluation) = of_table.1.first_key_value().unwrap();
        assert_eq!(id.seed, Some(7));
        let expected = [("valid".to_owned(), 0.75)];
        assert_eq!(evaluation.details.metrics, expected.into());
    }
}

/// Gives the rows of format 2 the checksums that they had.
fn seal_earlier(path: &Path) {
    let raw = rusqlite::Connection::open(path).unwrap();
    let id = crate::mark::Mark::read(&raw).unwrap().unwrap().id;
    for table in crate::schema::EARLIER {
        id.seal_all(&raw, table, |_| Ok(Vec::new()))
            .map_err(drop)
            .unwrap();
    }
}

#[test]
fn what_is_evaluated_is_seen_before_its_round_is_over() {
    /// Looks at the study after the first evaluation of a round.
    struct Looking<'a> {
        inner: MadeUp,
        study: &'a Study,
        seen: Mutex<u32>,
    }

    impl Evaluator for Looking<'_> {
        fn metric_pair(&self) -> &MetricPair {
            self.inner.metric_pair()
        }

        fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
            let now = self.study.status().unwrap();
            let pending = &now.runs[0].pending;
            assert_eq!(now.runs[0].holder.as_deref(), Some("process 42 on host"));
            let finished = pending.iter().filter(|p| p.evaluation.is_some()).count();
            if finished > 0 && now.runs[0].summary.rounds == 0 {
                assert_eq!(pending.len(), 4, "a round");
                let top = self.study.top(10, &RunFilter::default()).unwrap();
                assert!(top.iter().all(|entry| !entry.is_recorded));
                *self.seen.lock().unwrap() += u32::try_from(top.len()).unwrap();
            }
            self.inner.evaluate(query)
        }
    }

    let place = Place::new();
    let study = place.study();
    let evaluator = Looking {
        inner: MadeUp::new(),
        study: &study,
        seen: Mutex::new(0),
    };
    let Begun::Fresh(claim) = begin(&study, &spec(8), OnExisting::Refuse).unwrap() else {
        panic!("the study is new");
    };
    let remembered = claim
        .remember(&evaluator, &evaluator_spec(), space())
        .unwrap();
    let writer = claim.writer(space(), || Duration::ZERO);
    let mut writer = writer.costly();
    let mut searcher = Measured {
        inner: RandomSearch::new(space(), 8),
        told: 0,
    };
    Run::new(&*space(), &mut searcher, &remembered, spec(8).budget)
        .observe(&mut writer)
        .run()
        .unwrap();
    assert!(*evaluator.seen.lock().unwrap() > 0);
    drop((remembered, writer));
    let now = study.status().unwrap();
    assert_eq!((now.runs[0].pending.len(), &now.runs[0].holder), (0, &None));
    let best = now.runs[0].best.unwrap();
    let top = study.top(1, &RunFilter::default()).unwrap();
    assert!(best.1 == top[0].number.0 && top[0].is_recorded);
    study.note_activity("process 1", 2.5, "{}").unwrap();
    study.note_activity("process 1", 3.5, "[]").unwrap();
    let activity = study.status().unwrap().activity;
    assert_eq!((activity.len(), &*activity[0].state), (1, "[]"));
    study.forget_activity("process 1").unwrap();
    assert!(study.status().unwrap().activity.is_empty());
}
