//! The published local search on NAS-Bench-201, with the number of 3x3 convolutions as the metric.

use std::sync::Arc;

use super::*;
use crate::method_tests::Session;
use crate::{MethodSearcher, Trial};

fn session(config: NaszillaConfig, seed: u64) -> Session {
    let space = ganas_space::by_name("nasbench201").unwrap();
    let search = NaszillaLocalSearch::new(config).unwrap();
    Session::new(
        Arc::clone(&space),
        Box::new(MethodSearcher::new(space, search, seed)),
    )
}

fn convolutions(arch: &Arch) -> f64 {
    let labels = arch.labels().iter();
    labels.map(|label| f64::from(u8::from(label.0 == 3))).sum()
}

/// Ten random ones, then all neighbours of the best of them, then all of the best of those.
#[test]
fn all_neighbours_of_the_best_are_evaluated() {
    let mut session = session(NaszillaConfig::paper(), 1);
    let measure = |arch: &Arch| Some(convolutions(arch));
    assert_eq!(session.round(measure), 10);
    let mut from = session.best();
    let mut first = 10;
    while from < 5.5 {
        let n = session.round(measure);
        let step = &session.trials[first..];
        assert_eq!(step.len(), n);
        let place = session.trials[..first]
            .iter()
            .rev()
            .find(|t| t.search().is_some_and(|s| (s.value() - from).abs() < 0.5))
            .unwrap();
        let best = step
            .iter()
            .filter_map(Trial::search)
            .map(|s| s.value())
            .fold(f64::MIN, f64::max);
        assert!(
            (best - from - 1.0).abs() < 0.1,
            "{best} after {from} ({place:?})"
        );
        (from, first) = (best, first + n);
    }
    // In the maximum its neighbours are evaluated in vain, and the walk starts anew.
    let n = session.round(measure);
    assert!(n <= 24);
    assert_eq!(session.round(measure), 10);
}

#[test]
fn the_first_improvement_is_taken_in_the_form_of_the_code() {
    let mut session = session(NaszillaConfig::code(), 2);
    let measure = |arch: &Arch| Some(convolutions(arch));
    session.round(measure);
    let mut place = session.best();
    for _ in 0..30 {
        assert_eq!(session.round(measure), 1);
        let last = session.trials.last().unwrap();
        let value = last.search().unwrap().value();
        // What comes next is a neighbour of the first better one.
        assert!(value < place + 1.5);
        place = place.max(value);
        if place > 5.5 {
            break;
        }
    }
    assert!(place > 4.5);
}

#[test]
fn failures_are_walked_past() {
    let mut session = session(NaszillaConfig::paper(), 3);
    let some_fail = |arch: &Arch| (arch.labels()[1].0 != 0).then(|| convolutions(arch));
    while session.trials.len() < 300 {
        session.round(some_fail);
    }
    assert!(session.best() > 4.5);
    while session.trials.len() < 600 {
        session.round(|_| None);
    }
}
