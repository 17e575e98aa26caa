//! Runs whose evaluations are stopped early: which of them are depends on the numbers of the trials alone.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;

use ganas_eval::{
    Curve, Details, Direction, EvalError, Evaluator, Feed, Measurement, MetricPair, Outcome, Query,
    ReportMetric, SearchMetric, SelectionKind, Task,
};
use ganas_space::nasbench201::NasBench201;
use ganas_space::{ArchKey, SearchSpace};

use super::*;
use crate::{LocalSearch, ObserverError, RandomSearch, RoundReport, TrialState};

const STEPS: u32 = 4;

/// What an evaluation tells: a rising curve, disturbed, so that curves cross.
fn curve(key: ArchKey) -> Curve {
    let part = |n: u128| f64::from(u32::try_from(key.0.wrapping_mul(n) % 101).unwrap()) / 100.0;
    (1..=STEPS)
        .map(|step| {
            (
                step,
                part(7919) * f64::from(step) + part(31 + u128::from(step)),
            )
        })
        .collect()
}

/// Tells a curve, obeys the rule, and finishes what it is at in an order of its own.
struct Telling {
    pair: MetricPair,
    choice: fn(usize) -> usize,
}

impl Telling {
    fn outcome(&self, task: &Task) -> Outcome {
        let mut told = curve(task.key);
        let rule = task.stop_rule.as_ref().expect("each has a rule");
        assert_eq!(rule.metric, "valid");
        let stopped = rule.stops(&told);
        let result = match stopped {
            Some(at) => {
                told.retain(|&(step, _)| step <= at.step);
                Err(EvalError::StoppedEarly {
                    step: at.step,
                    metric: rule.metric.clone(),
                    value: at.value,
                })
            }
            None => self.evaluate(task.query()),
        };
        Outcome {
            result,
            details: Details {
                curves: BTreeMap::from([("valid".to_owned(), told)]),
                stopped,
                ..Details::default()
            },
        }
    }
}

impl Evaluator for Telling {
    fn metric_pair(&self) -> &MetricPair {
        &self.pair
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        if query.key.0.is_multiple_of(11) {
            return Err(EvalError::Missing {
                metric: "valid".to_owned(),
                value: 0.0,
            });
        }
        let (_, last) = curve(query.key)[3];
        Ok(Measurement {
            search: SearchMetric::maximized(last),
            report: ReportMetric(last / 2.0),
            objectives: Vec::new(),
            violation: 0.0,
        })
    }

    fn evaluate_all(&self, feed: &mut dyn Feed) -> Result<(), EvalError> {
        let mut at_hand: VecDeque<Task> = VecDeque::new();
        loop {
            while let Some(task) = feed.next()? {
                at_hand.push_back(task);
            }
            let Some(task) = at_hand.remove((self.choice)(at_hand.len())) else {
                return Ok(());
            };
            let outcome = self.outcome(&task);
            feed.finished(task.ticket, outcome)?;
        }
    }
}

/// Where a run could be continued after each of its rounds.
#[derive(Default)]
struct Points {
    all: Vec<ResumePoint>,
    trials: Vec<TrialRecord>,
    curves: BTreeMap<u32, Curve>,
}

impl Observer for Points {
    fn name(&self) -> &'static str {
        "points"
    }

    fn on_evaluated(
        &mut self,
        number: u32,
        result: &Result<Measurement, String>,
        details: &Details,
    ) -> Result<(), ObserverError> {
        assert_eq!(
            details.stopped.is_some(),
            matches!(result, Err(e) if e.starts_with("stopped early at step"))
        );
        if result.is_ok() {
            self.curves.insert(number, details.curves["valid"].clone());
        }
        Ok(())
    }

    fn on_round(&mut self, round: &RoundReport<'_>) -> Result<(), ObserverError> {
        self.trials.extend_from_slice(round.trials);
        if let Some(checkpoint) = round.checkpoint {
            self.all.push(ResumePoint {
                rounds: round.round + 1,
                checkpoint: checkpoint()?,
                trials: self.trials.clone(),
                pending: round.pending.iter().map(|&p| p.clone()).collect(),
                curves: self.curves.clone(),
            });
        }
        Ok(())
    }

    fn on_finish(&mut self, _: &RunOutcome) -> Result<(), ObserverError> {
        Ok(())
    }
}

const ORDERS: [fn(usize) -> usize; 3] = [|_| 0, |n| n.saturating_sub(1), |n| n / 2];

const MEDIAN: StopBelow = StopBelow {
    quantile: 0.5,
    warmup: 2,
    startup: 3,
};

fn space() -> Arc<dyn SearchSpace> {
    Arc::new(NasBench201::new())
}

struct Case {
    searcher: fn() -> Box<dyn Searcher>,
    window: u32,
    order: fn(usize) -> usize,
    budget: u32,
    first: usize,
}

impl Case {
    fn go(&self, resume: Option<ResumePoint>) -> (RunOutcome, Points) {
        let mut points = Points::default();
        if let Some(point) = &resume {
            points.trials.clone_from(&point.trials);
            points.curves.clone_from(&point.curves);
        }
        let mut searcher = (self.searcher)();
        let evaluator = Telling {
            pair: MetricPair::maximized("valid", "test", SelectionKind::ValidationSelected),
            choice: self.order,
        };
        // More at once than the window has.
        let first = RandomSearch::new(space(), 99).ask(self.first).unwrap();
        let budget = Budget::unique(self.budget).unwrap();
        let outcome = Run::new(&*space(), &mut *searcher, &evaluator, budget)
            .pace(Pace::Window(NonZeroU32::new(self.window).unwrap()))
            .stop_below(MEDIAN)
            .first(first)
            .resume(resume)
            .observe(&mut points)
            .run()
            .unwrap();
        (outcome, points)
    }
}

/// The decisions, computed anew from the record.
fn check(trials: &[TrialRecord], window: usize) {
    for (number, record) in trials.iter().enumerate() {
        let trial = &record.trial;
        if trial.repeat {
            continue;
        }
        let before = &trials[..(number + 1).saturating_sub(window)];
        let complete: Vec<Curve> = (before.iter().map(|record| &record.trial))
            .filter(|trial| !trial.repeat && trial.search().is_some())
            .map(|trial| curve(trial.key))
            .collect();
        let mut best = f64::NEG_INFINITY;
        let mut expected = None;
        for (step, value) in curve(trial.key) {
            best = best.max(value);
            let at_step = |curve: &Curve| curve.iter().find(|told| told.0 == step).unwrap().1;
            let mut values: Vec<f64> = complete.iter().map(at_step).collect();
            values.sort_by(f64::total_cmp);
            let n = values.len();
            if step < MEDIAN.warmup || n < 3 {
                continue;
            }
            let median = (values[(n - 1) / 2] + values[n / 2]) / 2.0;
            // What is nearly the median may be on either side of it.
            if best < median - 1e-9 {
                expected = Some((step, value));
                break;
            }
            assert!(best > median + 1e-9 || best >= median, "{number}");
        }
        let found = match &trial.state {
            TrialState::Stopped(at) => Some((at.step, at.value)),
            _ => None,
        };
        assert_eq!(found, expected, "trial {number}");
    }
}

#[test]
fn what_is_stopped_depends_on_the_numbers_of_the_trials_alone() {
    let searchers: [fn() -> Box<dyn Searcher>; 2] = [
        || Box::new(RandomSearch::new(space(), 5)),
        || Box::new(LocalSearch::new(space(), 5)),
    ];
    for searcher in searchers {
        for (window, first) in [(1, 0), (4, 0), (3, 11)] {
            let mut case = Case {
                searcher,
                window,
                order: ORDERS[0],
                budget: 60,
                first,
            };
            let (expected, points) = case.go(None);
            let trials = &expected.trials;
            let stopped =
                |record: &&TrialRecord| matches!(record.trial.state, TrialState::Stopped(_));
            let n_stopped = trials.iter().filter(stopped).count();
            assert!((10..55).contains(&n_stopped), "{n_stopped}");
            check(trials, window as usize);
            // A stopped trial has no result, and is a query that has not failed.
            for record in trials.iter().filter(stopped) {
                assert_eq!((record.report, record.trial.eligible()), (None, None));
            }
            assert_eq!(expected.counts.unique, 60);
            let failed = trials
                .iter()
                .filter(|r| matches!(r.trial.state, TrialState::Failed(_)));
            let failed = failed.filter(|record| !record.trial.repeat).count();
            assert_eq!(expected.counts.failed as usize, failed);
            for order in ORDERS {
                case.order = order;
                assert_eq!(case.go(None).0.trials, *trials);
            }
            for point in points.all {
                assert_eq!(case.go(Some(point)).0.trials, *trials);
            }
            case.budget = 37;
            let (short, mut points) = case.go(None);
            assert_eq!(short.trials, trials[..short.trials.len()]);
            case.budget = 60;
            assert_eq!(case.go(points.all.pop()).0.trials, *trials);
        }
    }
}

#[test]
fn a_rule_needs_a_window_and_no_rungs() {
    let evaluator = Telling {
        pair: MetricPair {
            search_direction: Direction::Minimize,
            ..MetricPair::maximized("valid", "test", SelectionKind::ValidationSelected)
        },
        choice: ORDERS[0],
    };
    let space = space();
    let run = |pace: Pace, rungs: Option<Rungs>, stop_below: StopBelow| {
        let mut searcher = RandomSearch::new(Arc::clone(&space), 1);
        Run::new(&*space, &mut searcher, &evaluator, Budget::ONE)
            .pace(pace)
            .rungs(rungs)
            .stop_below(stop_below)
            .run()
            .unwrap_err()
            .to_string()
    };
    let window = Pace::Window(NonZeroU32::MIN);
    let fidelity = |n: f64| ganas_eval::Fidelity::from([("epochs".to_owned(), n)]);
    let rungs = Rungs::new(vec![fidelity(1.0), fidelity(2.0)], 0.5).unwrap();
    assert!(run(Pace::Rounds, None, MEDIAN).contains("it needs a window"));
    assert!(run(window, Some(rungs), MEDIAN).contains("rungs"));
    let never = StopBelow {
        quantile: 0.0,
        ..MEDIAN
    };
    assert!(run(window, None, never).contains("between 0 and 1"));
}
