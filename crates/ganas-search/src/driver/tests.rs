//! The driver with scripted searchers, evaluators and observers.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use ganas_eval::{ReportMetric, SearchMetric};

use super::*;
use crate::toy::{Toy, ToyEvaluator, arch, sorted};
use crate::{Event, RandomSearch, RoundReport, Trial, TrialNumber, TrialState};

/// Proposes what it is scripted to, and keeps what it is told.
#[derive(Default)]
struct Scripted {
    script: VecDeque<Vec<[u8; 3]>>,
    limits: Vec<usize>,
    told: Vec<Trial>,
}

impl Scripted {
    fn new(script: &[&[[u8; 3]]]) -> Self {
        Self {
            script: script.iter().map(|round| round.to_vec()).collect(),
            ..Self::default()
        }
    }
}

impl Searcher for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn ask(&mut self, limit: usize) -> Result<Vec<Proposal>, SearchError> {
        self.limits.push(limit);
        let round = self.script.pop_front().unwrap_or_default();
        Ok(round
            .into_iter()
            .map(|ops| Proposal::new(&Toy(10), arch(ops)))
            .collect())
    }

    fn enqueue(&mut self, _: &[Proposal]) {}

    fn tell(&mut self, trials: &[Trial]) -> Result<(), SearchError> {
        self.told.extend_from_slice(trials);
        Ok(())
    }

    fn take_events(&mut self) -> Vec<Event> {
        vec![Event {
            kind: "told".into(),
            values: vec![("n".into(), self.told.len() as f64)],
        }]
    }

    fn checkpoint(&self) -> Result<Vec<u8>, SearchError> {
        Ok(self.told.len().to_string().into_bytes())
    }

    fn learn(&mut self, _: &[Trial]) -> Result<(), SearchError> {
        Ok(())
    }

    fn restore(
        &mut self,
        checkpoint: &[u8],
        trials: &[Trial],
        _: &[Proposal],
    ) -> Result<(), SearchError> {
        assert_eq!(checkpoint, trials.len().to_string().as_bytes());
        self.told = trials.to_vec();
        Ok(())
    }
}

/// Keeps what it observes; stops or fails where it is told to.
#[derive(Default)]
struct Watch {
    rounds: Vec<(u32, usize, QueryCounts, Option<TrialNumber>)>,
    events: Vec<Event>,
    checkpoints: Vec<Vec<u8>>,
    finished: Vec<StopReason>,
    stop_in_round: Option<(u32, StopFlag)>,
    fail_in_round: Option<u32>,
    fail_in_finish: bool,
}

impl Observer for Watch {
    fn name(&self) -> &'static str {
        "watch"
    }

    fn on_round(&mut self, round: &RoundReport<'_>) -> Result<(), ObserverError> {
        self.rounds.push((
            round.round,
            round.trials.len(),
            round.counts,
            round.best.map(|b| b.trial.number),
        ));
        self.events.extend_from_slice(round.events);
        if let Some(checkpoint) = round.checkpoint {
            self.checkpoints.push(checkpoint()?);
        }
        if let Some((at, flag)) = &self.stop_in_round
            && *at == round.round
        {
            flag.stop();
        }
        if self.fail_in_round == Some(round.round) {
            return Err("the disk is full".into());
        }
        Ok(())
    }

    fn on_finish(&mut self, outcome: &RunOutcome) -> Result<(), ObserverError> {
        self.finished.push(outcome.stop);
        if self.fail_in_finish {
            return Err("the disk is full".into());
        }
        Ok(())
    }
}

fn sum(ops: [u8; 3]) -> f64 {
    ops.iter().map(|&op| f64::from(op)).sum()
}

fn evaluator() -> impl Evaluator {
    ToyEvaluator::new(|ops| Some((sum(ops), -sum(ops))))
}

fn drive(
    searcher: &mut dyn Searcher,
    evaluator: &dyn Evaluator,
    budget: u32,
) -> (Result<RunOutcome, SearchError>, Watch) {
    let mut watch = Watch::default();
    let result = Run::new(
        &Toy(3),
        searcher,
        evaluator,
        Budget::unique(budget).unwrap(),
    )
    .observe(&mut watch)
    .run();
    (result, watch)
}

const A: [u8; 3] = [0, 0, 1];
const B: [u8; 3] = [0, 1, 2];
const B_AGAIN: [u8; 3] = [2, 1, 0];
const C: [u8; 3] = [2, 2, 2];

fn counts(raw: u32, unique: u32, failed: u32) -> QueryCounts {
    QueryCounts {
        raw,
        unique,
        failed,
    }
}

#[test]
fn counts_best_and_order() {
    let mut searcher = Scripted::new(&[&[A, B], &[B_AGAIN, A], &[C]]);
    let (outcome, watch) = drive(&mut searcher, &evaluator(), 5);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.stop, StopReason::SpaceExhausted);
    assert_eq!(outcome.counts, counts(5, 3, 0));
    let best = |n| Some(TrialNumber(n));
    assert_eq!(
        watch.rounds,
        [
            (0, 2, counts(2, 2, 0), best(1)),
            (1, 2, counts(4, 2, 0), best(1)),
            (2, 1, counts(5, 3, 0), best(4)),
        ]
    );
    assert_eq!(watch.finished, [StopReason::SpaceExhausted]);
    assert_eq!(watch.events.len(), 3);
    let numbers: Vec<u32> = outcome.trials.iter().map(|r| r.trial.number.0).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    let repeats: Vec<bool> = outcome.trials.iter().map(|r| r.trial.repeat).collect();
    assert_eq!(repeats, [false, false, true, true, false]);
    let rounds: Vec<u32> = outcome.trials.iter().map(|r| r.trial.round).collect();
    assert_eq!(rounds, [0, 0, 1, 1, 2]);
    // The searcher was told the recorded trials, without what is reported.
    let recorded: Vec<Trial> = outcome.trials.iter().map(|r| r.trial.clone()).collect();
    assert_eq!(searcher.told, recorded);
    assert_eq!(outcome.trials[1].report, Some(ReportMetric(-3.0)));
    assert_eq!(
        outcome.trials[1].trial.search(),
        Some(SearchMetric::maximized(3.0))
    );
}

#[test]
fn the_budget_is_spent_exactly() {
    let mut searcher = Scripted::new(&[&[A], &[A], &[B], &[C]]);
    let (outcome, _) = drive(&mut searcher, &evaluator(), 2);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.stop, StopReason::BudgetSpent);
    assert_eq!(outcome.counts, counts(3, 2, 0));
    assert_eq!(searcher.limits, [usize::MAX; 3]);
}

#[test]
fn more_proposals_than_asked_for_are_an_error() {
    let mut watch = Watch::default();
    let result = Run::new(
        &Toy(3),
        &mut Scripted::new(&[&[A, B]]),
        &evaluator(),
        Budget::unique(2).unwrap(),
    )
    .pace(Pace::Window(NonZeroU32::MIN))
    .observe(&mut watch)
    .run();
    assert!(matches!(
        result,
        Err(SearchError::TooManyProposals {
            searcher: "scripted",
            proposed: 2,
            limit: 1
        })
    ));
    assert!(watch.rounds.is_empty());
}

#[test]
fn the_budget_cuts_off_the_last_round() {
    let mut searcher = Scripted::new(&[&[A, B, C]]);
    let (outcome, watch) = drive(&mut searcher, &evaluator(), 2);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.counts, counts(2, 2, 0));
    assert_eq!(outcome.stop, StopReason::BudgetSpent);
    assert_eq!(watch.rounds.len(), 1);
    assert!(searcher.told.is_empty(), "a longer run would tell it three");
    assert!(watch.checkpoints.is_empty());
}

#[test]
fn repeats_are_answered_from_memory_and_bounded() {
    let calls = AtomicU32::new(0);
    let evaluator = ToyEvaluator::new(|ops| {
        calls.fetch_add(1, Ordering::Relaxed);
        Some((sum(ops), 0.0))
    });
    let script: Vec<&[[u8; 3]]> = vec![&[B, B_AGAIN]; 1000];
    let (outcome, watch) = drive(&mut Scripted::new(&script), &evaluator, 3);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.stop, StopReason::OnlyRepeats);
    assert_eq!(outcome.counts, counts(300, 1, 0));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(watch.rounds.len(), 150);
}

#[test]
fn a_failed_evaluation_is_recorded_and_told() {
    let evaluator = ToyEvaluator::new(|ops| (ops != A).then(|| (sum(ops), 0.0)));
    let mut searcher = Scripted::new(&[&[A, A, B]]);
    let (outcome, watch) = drive(&mut searcher, &evaluator, 3);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.counts, counts(3, 2, 1));
    assert_eq!(watch.rounds[0].3, Some(TrialNumber(2)));
    let failed = TrialState::Failed("the table has no row for `[0, 0, 1]`".into());
    assert_eq!(searcher.told[0].state, failed);
    assert_eq!(searcher.told[1].state, failed);
    assert_eq!(outcome.trials[0].report, None);
}

#[test]
fn a_metric_that_is_not_finite_is_a_failure() {
    for (measured, reason) in [
        (
            (f64::NAN, 1.0),
            "the search metric `valid` is NaN: expected a finite number",
        ),
        (
            (1.0, f64::INFINITY),
            "the reported metric `test` is inf: expected a finite number",
        ),
    ] {
        let evaluator = ToyEvaluator::new(|_| Some(measured));
        let (outcome, watch) = drive(&mut Scripted::new(&[&[A, A]]), &evaluator, 3);
        let outcome = outcome.unwrap();
        assert_eq!(outcome.counts, counts(2, 1, 1));
        assert_eq!(watch.rounds[0].3, None);
        for record in outcome.trials {
            assert_eq!(record.trial.state, TrialState::Failed(reason.into()));
            assert_eq!(record.report, None);
        }
    }
}

#[test]
fn negative_zero_is_recorded_as_zero() {
    let evaluator = ToyEvaluator::new(|_| Some((-0.0, -0.0)));
    let (outcome, _) = drive(&mut Scripted::new(&[&[A]]), &evaluator, 1);
    let record = &outcome.unwrap().trials[0];
    let search = record.trial.search().unwrap().value();
    assert!(search.is_sign_positive() && record.report.unwrap().0.is_sign_positive());
}

#[test]
fn a_hundred_failures_and_nothing_else_stop_the_run() {
    let space: Arc<dyn SearchSpace> = Arc::new(Toy(10));
    let run = |fail_before: u32| {
        let calls = AtomicU32::new(0);
        let evaluator = ToyEvaluator::new(|ops| {
            (calls.fetch_add(1, Ordering::Relaxed) >= fail_before).then(|| (sum(ops), 0.0))
        });
        let mut watch = Watch::default();
        let result = Run::new(
            &*space,
            &mut RandomSearch::new(Arc::clone(&space), 0),
            &evaluator,
            Budget::unique(150).unwrap(),
        )
        .observe(&mut watch)
        .run();
        (result, watch)
    };
    let (result, watch) = run(100);
    match result {
        Err(SearchError::AllFailed { failed, reason }) => {
            assert_eq!(failed, 100);
            assert!(reason.starts_with("the table has no row for"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        watch.rounds.len(),
        10,
        "the failures are recorded before the run stops"
    );
    let (result, _) = run(99);
    assert_eq!(result.unwrap().counts, counts(150, 150, 99));
}

#[test]
fn a_stop_takes_effect_after_the_round() {
    let stop = StopFlag::default();
    let mut watch = Watch {
        stop_in_round: Some((1, stop.clone())),
        ..Watch::default()
    };
    let outcome = Run::new(
        &Toy(3),
        &mut Scripted::new(&[&[A], &[B], &[C]]),
        &evaluator(),
        Budget::unique(3).unwrap(),
    )
    .observe(&mut watch)
    .stop(&stop)
    .run()
    .unwrap();
    assert_eq!(outcome.stop, StopReason::Interrupted);
    assert_eq!(outcome.counts, counts(2, 2, 0));
    assert_eq!(watch.finished, [StopReason::Interrupted]);
}

#[test]
fn an_observer_error_stops_the_run() {
    let mut watch = Watch {
        fail_in_round: Some(1),
        ..Watch::default()
    };
    let result = Run::new(
        &Toy(3),
        &mut Scripted::new(&[&[A], &[B], &[C]]),
        &evaluator(),
        Budget::unique(3).unwrap(),
    )
    .observe(&mut watch)
    .run();
    assert_eq!(
        result.unwrap_err().to_string(),
        "watch failed: the disk is full"
    );
    assert_eq!(watch.rounds.len(), 2);
    assert!(watch.finished.is_empty());
}

#[test]
fn all_observers_are_told_of_the_end() {
    let mut failing = Watch {
        fail_in_finish: true,
        ..Watch::default()
    };
    let mut other = Watch::default();
    let result = Run::new(
        &Toy(3),
        &mut Scripted::new(&[&[A]]),
        &evaluator(),
        Budget::unique(1).unwrap(),
    )
    .observe(&mut failing)
    .observe(&mut other)
    .run();
    assert!(matches!(
        result,
        Err(SearchError::Observer {
            observer: "watch",
            ..
        })
    ));
    assert_eq!(other.finished, [StopReason::BudgetSpent]);
}

#[test]
fn a_resumed_run_equals_an_uninterrupted_one() {
    let space: Arc<dyn SearchSpace> = Arc::new(Toy(10));
    let evaluator = ToyEvaluator::new(|ops| (ops[0] != 1).then(|| (sum(ops), 0.0)));
    let budget = Budget::unique(55).unwrap();
    let go = |resume, watch: &mut Watch, stop: &StopFlag| {
        let mut searcher = RandomSearch::new(Arc::clone(&space), 3);
        Run::new(&*space, &mut searcher, &evaluator, budget)
            .resume(resume)
            .observe(watch)
            .stop(stop)
            .run()
            .unwrap()
    };
    let whole = go(None, &mut Watch::default(), &StopFlag::default());
    assert!(whole.counts.failed > 0);
    for after in 0..5 {
        let stop = StopFlag::default();
        let mut first = Watch {
            stop_in_round: Some((after, stop.clone())),
            ..Watch::default()
        };
        let half = go(None, &mut first, &stop);
        assert_eq!(half.stop, StopReason::Interrupted);
        let mut second = Watch::default();
        let point = ResumePoint {
            rounds: after + 1,
            checkpoint: first.checkpoints.pop().unwrap(),
            trials: half.trials,
            ..ResumePoint::default()
        };
        let resumed = go(Some(point), &mut second, &StopFlag::default());
        assert_eq!(second.rounds[0].0, after + 1);
        assert_eq!(resumed.trials, whole.trials);
        assert_eq!(resumed.counts, whole.counts);
        assert_eq!(resumed.stop, whole.stop);
    }
}

#[test]
fn a_resume_point_that_contradicts_itself_is_refused() {
    let mut searcher = Scripted::new(&[&[A, B_AGAIN], &[B]]);
    let (outcome, _) = drive(&mut searcher, &evaluator(), 3);
    let trials = outcome.unwrap().trials;
    assert_eq!(sorted(&trials[1].trial.arch), B);
    let resume = |trials: Vec<TrialRecord>| {
        let point = ResumePoint {
            rounds: 2,
            checkpoint: trials.len().to_string().into_bytes(),
            trials,
            ..ResumePoint::default()
        };
        Run::new(
            &Toy(3),
            &mut Scripted::default(),
            &evaluator(),
            Budget::unique(3).unwrap(),
        )
        .resume(Some(point))
        .run()
    };
    assert_eq!(resume(trials.clone()).unwrap().counts, counts(3, 2, 0));
    let changes: [fn(&mut TrialRecord); 4] = [
        |r| r.trial.repeat = false,
        |r| r.trial.round = 2,
        |r| r.report = None,
        |r| r.trial.number = TrialNumber(7),
    ];
    for change in changes {
        let mut changed = trials.clone();
        change(&mut changed[2]);
        let error = resume(changed).unwrap_err();
        assert!(
            matches!(
                error,
                SearchError::BadCheckpoint { round: 1, .. }
                    | SearchError::OutOfOrder {
                        told: 7,
                        expected: 2
                    }
            ),
            "{error}"
        );
    }
}
