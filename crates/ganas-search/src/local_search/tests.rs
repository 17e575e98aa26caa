//! Local search on NAS-Bench-201, with metrics of which the best is known.

use ganas_eval::SearchMetric;
use ganas_space::nasbench201::NasBench201;

use super::*;
use crate::{TrialNumber, TrialState};

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
            .map(|(number, Proposal { arch })| Trial {
                number: TrialNumber(number),
                round: 0,
                key: self.space.key(&arch),
                repeat: false,
                state: if (self.fail)(number) {
                    TrialState::Failed("on purpose".to_owned())
                } else {
                    TrialState::Completed(SearchMetric(value(&arch)))
                },
                arch,
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
            .map(|s| s.0)
            .fold(f64::MIN, f64::max)
    }
}

fn value(arch: &Arch) -> f64 {
    arch.labels()
        .iter()
        .map(|l| f64::from(u8::from(l.0 == 3)))
        .sum()
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

/// Nothing is evaluated twice, also after it had to start again.
#[test]
fn restarts_without_repetition() {
    let mut session = Session::new(1);
    for _ in 0..600 {
        session.round();
    }
    let keys: BTreeSet<ArchKey> = session.trials.iter().map(|t| t.key).collect();
    assert_eq!(keys.len(), session.trials.len());
    let place = session.searcher.place.as_ref().unwrap();
    assert!(place.reached > 200, "it never started again");
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
        restored.restore(&checkpoint, &session.trials).unwrap();
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
            LocalSearch::new(Arc::clone(&session.space), seed).restore(&checkpoint, trials);
        assert!(
            matches!(refused, Err(SearchError::BadCheckpoint { .. })),
            "{refused:?}"
        );
    }
}
