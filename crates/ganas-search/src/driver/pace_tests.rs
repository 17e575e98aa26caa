//! Runs at every pace: their records depend on what was proposed, and on nothing that happens meanwhile.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;

use ganas_eval::{
    EvalError, Evaluator, Feed, Fidelity, Measurement, MetricPair, Outcome, Query, ReportMetric,
    SearchMetric, SelectionKind, Task,
};
use ganas_gnn::Cpu;
use ganas_space::nasbench201::NasBench201;
use ganas_space::{Arch, SearchSpace};

use super::*;
use crate::{
    Event, GaNas, GaNasConfig, LocalSearch, ObserverError, Preset, RandomSearch, RoundReport,
    RunOutcome, Topology, Trial,
};

/// Measures convolutions; does everything that it is fed before it finishes anything, and then in an order of its own.
struct OutOfOrder {
    pair: MetricPair,
    /// Which of those that are at hand is finished next.
    choice: fn(usize) -> usize,
}

impl OutOfOrder {
    fn new(choice: fn(usize) -> usize) -> Self {
        Self {
            pair: MetricPair::maximized("valid", "test", SelectionKind::ValidationSelected),
            choice,
        }
    }
}

impl Evaluator for OutOfOrder {
    fn metric_pair(&self) -> &MetricPair {
        &self.pair
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        let labels = query.arch.labels();
        if labels.iter().filter(|label| label.0 == 2).count() == 4 {
            return Err(EvalError::Missing {
                metric: "valid".to_owned(),
                value: 4.0,
            });
        }
        let value: u32 = labels
            .iter()
            .zip([7_u32, 1, 5, 2, 3, 11, 4, 6])
            .map(|(label, weight)| u32::from(label.0 == 3) * weight)
            .sum();
        Ok(Measurement {
            search: SearchMetric::maximized(f64::from(value)),
            report: ReportMetric(f64::from(value) / 2.0),
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
            let mut result = self.evaluate(task.query());
            // With few epochs the value is lower, and disturbed.
            if let (Some(fidelity), Ok(measured)) = (&task.fidelity, &mut result) {
                let epochs = fidelity["epochs"];
                let from = task.resume_from.as_deref().unwrap_or("1");
                let lower: f64 = from.parse().unwrap();
                let follows = (lower * 3.0 - epochs).abs() < 0.5;
                assert!(epochs < 1.5 || follows, "{lower} {epochs}");
                let noise = u32::try_from(task.key.0 % 7).unwrap();
                let value = measured.search.value() - f64::from(noise) / epochs;
                measured.search = SearchMetric::maximized(value);
            }
            let mut outcome = Outcome::of(result, &self.pair);
            outcome.details.artifact = task.fidelity.map(|of| of["epochs"].to_string());
            feed.finished(task.ticket, outcome)?;
        }
    }
}

const ORDERS: [fn(usize) -> usize; 3] = [|_| 0, |n| n.saturating_sub(1), |n| n / 2];

fn space() -> Arc<dyn SearchSpace> {
    Arc::new(NasBench201::new())
}

const SEARCHERS: [&str; 3] = ["random", "local-search", "ga-nas"];

fn searcher(name: &str) -> Box<dyn Searcher> {
    match name {
        "random" => Box::new(RandomSearch::new(space(), 5)),
        "local-search" => Box::new(LocalSearch::new(space(), 5)),
        _ => {
            let mut config = GaNasConfig::preset(Preset::Improved, Topology::Fixed);
            config.initial_designs = 6;
            config.batch = 4;
            config.inner_iterations = 3;
            config.discriminator.steps = 5;
            config.proposal.pool = 30;
            config.proposal.neighbour_share = 0.3;
            Box::new(GaNas::new(&Cpu::<f32>::new(), space(), config, 5).unwrap())
        }
    }
}

fn window(size: u32) -> Pace {
    Pace::Window(NonZeroU32::new(size).unwrap())
}

/// Where a run could be continued after each of its rounds.
#[derive(Default)]
struct Points {
    all: Vec<ResumePoint>,
    trials: Vec<TrialRecord>,
    events: Vec<(u32, Event)>,
}

impl Observer for Points {
    fn name(&self) -> &'static str {
        "points"
    }

    fn on_round(&mut self, round: &RoundReport<'_>) -> Result<(), ObserverError> {
        self.trials.extend_from_slice(round.trials);
        let events = round.events.iter();
        self.events
            .extend(events.map(|event| (round.round, event.clone())));
        if let Some(checkpoint) = round.checkpoint {
            self.all.push(ResumePoint {
                rounds: round.round + 1,
                checkpoint: checkpoint()?,
                trials: self.trials.clone(),
                pending: round.pending.iter().map(|&p| p.clone()).collect(),
                ..ResumePoint::default()
            });
        }
        Ok(())
    }

    fn on_finish(&mut self, _: &RunOutcome) -> Result<(), ObserverError> {
        Ok(())
    }
}

struct Case {
    name: &'static str,
    pace: Pace,
    order: fn(usize) -> usize,
    budget: u32,
    until: Until,
    first: Vec<Proposal>,
    rungs: Option<Rungs>,
}

impl Case {
    fn new(name: &'static str, pace: Pace) -> Self {
        Self {
            name,
            pace,
            order: ORDERS[0],
            budget: 23,
            until: Until::default(),
            first: Vec::new(),
            rungs: None,
        }
    }

    fn with_rungs(name: &'static str, pace: Pace) -> Self {
        let epochs = [1.0, 3.0, 9.0].map(|n| Fidelity::from([("epochs".to_owned(), n)]));
        Self {
            rungs: Some(Rungs::new(epochs.to_vec(), 1.0 / 3.0).unwrap()),
            ..Self::new(name, pace)
        }
    }

    fn go(&self, resume: Option<ResumePoint>) -> (RunOutcome, Points) {
        let mut points = Points::default();
        if let Some(point) = &resume {
            points.trials.clone_from(&point.trials);
        }
        let mut searcher = searcher(self.name);
        let evaluator = OutOfOrder::new(self.order);
        let budget = Budget::unique(self.budget).unwrap();
        let outcome = Run::new(&*space(), &mut *searcher, &evaluator, budget)
            .pace(self.pace)
            .until(self.until)
            .first(self.first.clone())
            .rungs(self.rungs.clone())
            .resume(resume)
            .observe(&mut points)
            .run()
            .unwrap();
        (outcome, points)
    }
}

fn paces() -> [Pace; 4] {
    [Pace::Rounds, window(1), window(4), window(9)]
}

#[test]
fn the_record_does_not_depend_on_the_order_in_which_evaluations_end() {
    for name in SEARCHERS {
        for pace in paces() {
            let mut case = Case::new(name, pace);
            let (expected, points) = case.go(None);
            assert_eq!(expected.counts.unique, 23, "{name} {pace:?}");
            for order in ORDERS {
                case.order = order;
                let (outcome, other) = case.go(None);
                assert_eq!(outcome.trials, expected.trials, "{name} {pace:?}");
                assert_eq!(other.events, points.events, "{name} {pace:?}");
            }
        }
    }
}

#[test]
fn a_run_that_is_continued_anywhere_gives_the_same_record() {
    for name in SEARCHERS {
        for pace in paces() {
            let case = Case::new(name, pace);
            let (expected, points) = case.go(None);
            for (at, point) in points.all.into_iter().enumerate() {
                let resumed = case.go(Some(point)).0;
                assert_eq!(resumed.trials, expected.trials, "{name} {pace:?} {at}");
                assert_eq!(resumed.stop, expected.stop);
            }
        }
    }
}

#[test]
fn a_budget_that_is_extended_gives_what_the_longer_one_gives_at_once() {
    for name in SEARCHERS {
        for pace in paces() {
            let mut case = Case::new(name, pace);
            case.budget = 31;
            let expected = case.go(None).0;
            for budget in [1, 5, 6, 7, 13, 22] {
                case.budget = budget;
                let (short, mut points) = case.go(None);
                let n = short.trials.len();
                assert_eq!(
                    short.trials,
                    expected.trials[..n],
                    "{name} {pace:?} {budget}"
                );
                case.budget = 31;
                let long = case.go(points.all.pop()).0;
                assert_eq!(long.trials, expected.trials, "{name} {pace:?} {budget}");
            }
        }
    }
}

#[test]
fn a_proposal_sees_what_the_window_says() {
    /// Proposes the architectures of a random search, and remembers how many it had been told.
    struct Counting(RandomSearch, Vec<usize>, usize);

    impl Searcher for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }
        fn ask(&mut self, limit: usize) -> Result<Vec<Proposal>, SearchError> {
            self.1.push(self.2);
            self.0.ask(limit)
        }
        fn learn(&mut self, known: &[Trial]) -> Result<(), SearchError> {
            self.0.learn(known)
        }
        fn enqueue(&mut self, first: &[Proposal]) {
            self.0.enqueue(first);
        }
        fn tell(&mut self, trials: &[Trial]) -> Result<(), SearchError> {
            self.2 += trials.len();
            self.0.tell(trials)
        }
        fn take_events(&mut self) -> Vec<Event> {
            Vec::new()
        }
        fn checkpoint(&self) -> Result<Vec<u8>, SearchError> {
            self.0.checkpoint()
        }
        fn restore(&mut self, _: &[u8], _: &[Trial], _: &[Proposal]) -> Result<(), SearchError> {
            unreachable!("nothing is continued")
        }
    }

    for size in [1, 3, 10] {
        for order in ORDERS {
            let mut searcher = Counting(RandomSearch::new(space(), 1), Vec::new(), 0);
            let budget = Budget::unique(20).unwrap();
            Run::new(&*space(), &mut searcher, &OutOfOrder::new(order), budget)
                .pace(window(size))
                .run()
                .unwrap();
            let expected: Vec<usize> = (1..=20)
                .map(|n: usize| n.saturating_sub(size as usize))
                .collect();
            assert_eq!(searcher.1, expected, "the {size} before it are not known");
        }
    }
}

#[test]
fn a_run_ends_at_its_target_and_goes_on_without_it() {
    for name in SEARCHERS {
        for pace in paces() {
            let mut case = Case::new(name, pace);
            case.budget = 40;
            let whole = case.go(None).0;
            let best = |trials: &[TrialRecord]| {
                let values = trials.iter().filter_map(|r| r.trial.search());
                values.map(SearchMetric::value).fold(f64::MIN, f64::max)
            };
            let target = best(&whole.trials[..12]);
            case.until.target = Some(target);
            for order in ORDERS {
                case.order = order;
                let (early, mut points) = case.go(None);
                assert_eq!(early.stop, StopReason::TargetReached, "{name} {pace:?}");
                let n = early.trials.len();
                assert_eq!(early.trials, whole.trials[..n]);
                assert!(best(&early.trials) >= target);
                if pace != Pace::Rounds {
                    assert!(best(&early.trials[..n - 1]) < target);
                }
                let point = points.all.pop();
                // With the same target there is nothing left to do.
                let again = case.go(point.clone()).0;
                assert_eq!(again.stop, StopReason::TargetReached, "{name} {pace:?}");
                assert_eq!(again.trials, early.trials);
                case.until.target = None;
                assert_eq!(case.go(point).0.trials, whole.trials);
                case.until.target = Some(target);
            }
        }
    }
}

#[test]
fn patience_ends_a_run_that_finds_nothing_better() {
    let mut case = Case::new("random", window(3));
    case.budget = 400;
    case.until.patience = NonZeroU32::new(30);
    let (outcome, _) = case.go(None);
    assert_eq!(outcome.stop, StopReason::NoImprovement);
    let values: Vec<Option<SearchMetric>> =
        outcome.trials.iter().map(|r| r.trial.search()).collect();
    let first_best = (0..values.len())
        .rev()
        .find(|&i| values[i].is_some() && values[..i].iter().all(|v| *v < values[i]))
        .unwrap();
    assert_eq!(values.len() - 1 - first_best, 30);
}

#[test]
fn what_is_evaluated_first_is_told_and_counts() {
    let all: Vec<Arch> = RandomSearch::new(space(), 99)
        .ask(10)
        .unwrap()
        .into_iter()
        .map(|proposal| proposal.arch)
        .collect();
    for name in SEARCHERS {
        for pace in paces() {
            let mut case = Case::new(name, pace);
            let first = all[..5]
                .iter()
                .map(|arch| Proposal::new(&*space(), arch.clone()));
            case.first = first.collect();
            let (outcome, points) = case.go(None);
            let archs = outcome.trials.iter().map(|r| &r.trial.arch);
            assert!(archs.take(5).eq(&all[..5]), "{name} {pace:?}");
            assert_eq!(outcome.counts.unique, 23);
            assert_eq!(outcome.counts.raw, 23, "{name} does not propose them again");
            for point in points.all {
                assert_eq!(case.go(Some(point)).0.trials, outcome.trials);
            }
        }
    }
}

#[test]
fn what_was_known_before_is_used_and_not_proposed() {
    let source = Case::new("random", Pace::Rounds).go(None).0.trials;
    let known: Vec<Trial> = source.iter().map(|record| record.trial.clone()).collect();
    for name in SEARCHERS {
        for pace in paces() {
            let run = |resume: Option<ResumePoint>| {
                let mut searcher = searcher(name);
                searcher.learn(&known).unwrap();
                let mut points = Points::default();
                if let Some(point) = &resume {
                    points.trials.clone_from(&point.trials);
                }
                let budget = Budget::unique(20).unwrap();
                let outcome = Run::new(
                    &*space(),
                    &mut *searcher,
                    &OutOfOrder::new(ORDERS[1]),
                    budget,
                )
                .pace(pace)
                .resume(resume)
                .observe(&mut points)
                .run()
                .unwrap();
                (outcome, points)
            };
            let (outcome, points) = run(None);
            let proposed_again = outcome
                .trials
                .iter()
                .any(|record| known.iter().any(|k| k.key == record.trial.key));
            assert!(!proposed_again, "{name} {pace:?}");
            if name == "ga-nas" {
                let event = &points.events[0].1;
                assert_eq!(event.kind, "training", "it starts with what is known");
            }
            for point in points.all {
                assert_eq!(run(Some(point)).0.trials, outcome.trials, "{name} {pace:?}");
            }
        }
    }
}

#[test]
fn rungs_give_the_same_record_whatever_is_finished_first_and_wherever_it_is_continued() {
    for name in SEARCHERS {
        for pace in paces() {
            let mut case = Case::with_rungs(name, pace);
            case.budget = 31;
            let (expected, points) = case.go(None);
            assert_eq!(expected.counts.unique, 31, "{name} {pace:?}");
            for order in ORDERS {
                case.order = order;
                assert_eq!(case.go(None).0.trials, expected.trials, "{name} {pace:?}");
            }
            for point in points.all {
                assert_eq!(
                    case.go(Some(point)).0.trials,
                    expected.trials,
                    "{name} {pace:?}"
                );
            }
            case.budget = 17;
            let (short, mut points) = case.go(None);
            assert_eq!(short.trials, expected.trials[..short.trials.len()]);
            case.budget = 31;
            assert_eq!(case.go(points.all.pop()).0.trials, expected.trials);
        }
    }
}

#[test]
fn few_reach_the_highest_fidelity_and_only_they_can_be_the_best() {
    for name in SEARCHERS {
        for pace in paces() {
            let mut case = Case::with_rungs(name, pace);
            case.budget = 60;
            let trials = case.go(None).0.trials;
            let at = |missing: u32| {
                let completed = trials.iter().filter(|r| r.trial.search().is_some());
                completed.filter(|r| r.trial.missing == missing).count()
            };
            let (lowest, middle, highest) = (at(2), at(1), at(0));
            assert!(
                lowest > middle && highest > 0,
                "{name} {pace:?}: {lowest} {middle} {highest}"
            );
            for record in &trials {
                let Trial { lower, missing, .. } = &record.trial;
                if record.trial.search().is_some() {
                    assert_eq!(lower.len() + *missing as usize, 2);
                    assert_eq!(record.trial.eligible().is_some(), *missing == 0);
                }
            }
        }
    }
}
