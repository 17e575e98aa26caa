//! Local search on NAS-Bench-201, with metrics of which the best is known.

use ganas_eval::SearchMetric;
use ganas_space::nasbench201::NasBench201;

use super::*;
use ganas_eval::Direction;

use crate::{Objective, TrialNumber};

struct Session {
    space: Arc<dyn SearchSpace>,
    searcher: LocalSearch,
    trials: Vec<Trial>,
    /// Trials that fail.
    fail: fn(u32) -> bool,
}

impl Session {
    fn new(seed: u64) -> Self {
        let space: Arc<dyn SearchSpace> = Arc::new(NasBench201::new());
        Self {
            searcher: LocalSearch::new(Arc::clone(&space), seed),
            space,
            trials: Vec::new(),
            fail: |_| false,
        }
    }

    /// One ask and tell; the number of operations that are 3x3 convolutions is the metric.
    fn round(&mut self) -> usize {
        let proposals = self.searcher.ask(1000).unwrap();
        let n = proposals.len();
        let first = u32::try_from(self.trials.len()).unwrap();
        let told: Vec<Trial> = (first..)
            .zip(proposals)
            .map(|(number, proposal)| {
                let result = if (self.fail)(number) {
                    Err("on purpose".to_owned())
                } else {
                    Ok(SearchMetric::maximized(value(&proposal.arch)))
                };
                // What is cut off from the output is nothing, and the same class without it.
                let canonical = self.space.canonical(&proposal.arch);
                Trial::new(TrialNumber(number), 0, proposal, result)
                    .with_objectives(vec![value(&canonical), cost(&canonical)])
            })
            .collect();
        self.searcher.tell(&told).unwrap();
        self.trials.extend(told);
        n
    }

    fn best(&self) -> f64 {
        self.trials
            .iter()
            .filter_map(Trial::search)
            .map(|s| s.value())
            .fold(f64::MIN, f64::max)
    }
}

fn value(arch: &Arch) -> f64 {
    arch.labels()
        .iter()
        .map(|l| f64::from(u8::from(l.0 == 3)))
        .sum()
}

/// The number of operations that are anything at all.
fn cost(arch: &Arch) -> f64 {
    arch.labels()
        .iter()
        .map(|l| f64::from(u8::from((1..5).contains(&l.0))))
        .sum()
}

fn for_front(seed: u64) -> Session {
    let objective = |name: &str, direction| Objective {
        name: name.to_owned(),
        direction,
        table: None,
    };
    let both = vec![
        objective("value", Direction::Maximize),
        objective("cost", Direction::Minimize),
    ];
    let objectives = Objectives::new(both, None).unwrap();
    let mut session = Session::new(seed);
    session.searcher = session.searcher.for_front(objectives);
    session
}

/// With as many 3x3 convolutions as operations, from none to six, everything on the front is reached step by step.
#[test]
fn walks_along_the_whole_front() {
    let mut session = for_front(2);
    while session.trials.len() < 500 {
        session.round();
    }
    let points: BTreeSet<(u32, u32)> = session
        .trials
        .iter()
        .map(|t| {
            let count = |value: f64| (0..7).find(|n| f64::from(*n) > value - 0.5).unwrap();
            (count(t.objectives[0]), count(t.objectives[1]))
        })
        .collect();
    let front: Vec<(u32, u32)> = (0..=6).map(|n| (n, n)).collect();
    let missing: Vec<_> = front.iter().filter(|p| !points.contains(p)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let keys: BTreeSet<ArchKey> = session.trials.iter().map(|t| t.key).collect();
    assert_eq!(keys.len(), session.trials.len(), "nothing twice");
}

#[test]
fn a_restored_walk_along_the_front_goes_on_as_the_first() {
    let mut session = for_front(9);
    for round in 0..150 {
        let checkpoint = session.searcher.checkpoint().unwrap();
        let mut restored = for_front(9).searcher;
        restored.restore(&checkpoint, &session.trials, &[]).unwrap();
        let expected = restored.ask(10).unwrap();
        let before = session.trials.len();
        session.round();
        let found: Vec<Arch> = session.trials[before..]
            .iter()
            .map(|t| t.arch.clone())
            .collect();
        let expected: Vec<Arch> = expected.into_iter().map(|p| p.arch).collect();
        assert_eq!(found, expected, "round {round}");
    }
}

/// The metric has no other maximum than the best cell, so every walk ends there: 6 operations with 4 wrong choices each
/// are at most 24 neighbours a step.
#[test]
fn climbs_to_the_only_maximum() {
    for seed in 0..5 {
        let mut session = Session::new(seed);
        assert_eq!(session.round(), LocalSearch::INITIAL);
        while session.trials.len() < 10 + 6 * 24 {
            assert_eq!(session.round(), 1);
        }
        assert!(session.best() > 5.5, "seed {seed}: {}", session.best());
    }
}

/// In a maximum it goes on from the best that is left: everything is a neighbour of something, and nothing is evaluated twice.
#[test]
fn goes_on_from_the_best_that_is_left() {
    let mut session = Session::new(1);
    let mut near = BTreeSet::new();
    for round in 0..600 {
        let before = session.trials.len();
        session.round();
        for trial in &session.trials[before..] {
            assert!(round == 0 || near.contains(&trial.key), "{trial:?}");
            let neighbours = session.space.neighbours(&trial.arch);
            near.extend(neighbours.iter().map(|arch| session.space.key(arch)));
        }
    }
    let keys: BTreeSet<ArchKey> = session.trials.iter().map(|t| t.key).collect();
    assert_eq!(keys.len(), session.trials.len());
    let walked = session.searcher.walks.all_walked();
    let value_of = |number: &u32| value(&session.trials[*number as usize].arch);
    let least = walked.iter().map(value_of).fold(f64::MAX, f64::min);
    let left = (0..session.searcher.told).filter(|number| !walked.contains(number));
    let best_left = left.map(|number| value_of(&number)).fold(0.0, f64::max);
    assert!(session.best() > 5.5 && best_left < 5.5);
    let first = session.trials[..LocalSearch::INITIAL].iter();
    let start = first.map(|t| value(&t.arch)).fold(0.0, f64::max);
    assert!(
        least > start - 0.5,
        "walked from {least}, started from {start}"
    );
}

#[test]
fn failures_are_no_improvement() {
    let mut session = Session::new(3);
    session.fail = |number| number % 3 != 0;
    for _ in 0..300 {
        session.round();
    }
    assert!(session.best() > 5.5);
    session.fail = |_| true;
    for _ in 0..300 {
        session.round();
    }
}

#[test]
fn a_restored_searcher_goes_on_as_the_first() {
    let mut session = Session::new(9);
    for round in 0..120 {
        let checkpoint = session.searcher.checkpoint().unwrap();
        let mut restored = LocalSearch::new(Arc::clone(&session.space), 9);
        restored.restore(&checkpoint, &session.trials, &[]).unwrap();
        let expected = restored.ask(10).unwrap();
        let before = session.trials.len();
        session.round();
        let found: Vec<Arch> = session.trials[before..]
            .iter()
            .map(|t| t.arch.clone())
            .collect();
        let expected: Vec<Arch> = expected.into_iter().map(|p| p.arch).collect();
        assert_eq!(found, expected, "round {round}");
    }
    let checkpoint = session.searcher.checkpoint().unwrap();
    for (seed, trials) in [(8, &session.trials[..]), (9, &session.trials[1..])] {
        let refused =
            LocalSearch::new(Arc::clone(&session.space), seed).restore(&checkpoint, trials, &[]);
        assert!(
            matches!(refused, Err(SearchError::BadCheckpoint { .. })),
            "{refused:?}"
        );
    }
}
