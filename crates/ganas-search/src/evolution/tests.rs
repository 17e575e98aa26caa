//! Evolution on NAS-Bench-201, with the number of 3x3 convolutions as the metric.

use std::sync::Arc;

use super::*;
use crate::MethodSearcher;
use crate::method_tests::Session;

fn session(config: EvolutionConfig, seed: u64) -> Session {
    let space = ganas_space::by_name("nasbench201").unwrap();
    let evolution = Evolution::new(config).unwrap();
    Session::new(
        Arc::clone(&space),
        Box::new(MethodSearcher::new(space, evolution, seed)),
    )
}

fn convolutions(arch: &Arch) -> f64 {
    let labels = arch.labels().iter();
    labels.map(|label| f64::from(u8::from(label.0 == 3))).sum()
}

#[test]
fn the_population_comes_first_then_one_child_after_the_other() {
    let mut session = session(EvolutionConfig::natsbench(), 1);
    assert_eq!(session.round(|arch| Some(convolutions(arch))), 10);
    for _ in 0..20 {
        assert_eq!(session.round(|arch| Some(convolutions(arch))), 1);
    }
}

/// A child of NATS-Bench differs from a member of the population in one operation.
#[test]
fn children_are_neighbours_of_what_was_told_last() {
    let mut session = session(EvolutionConfig::natsbench(), 2);
    for _ in 0..60 {
        session.round(|arch| Some(convolutions(arch)));
    }
    let archs: Vec<&Arch> = session.trials.iter().map(|t| &t.arch).collect();
    for (number, child) in archs.iter().enumerate().skip(10) {
        let population = &archs[number - 10..number];
        let is_child = population
            .iter()
            .any(|parent| session.space.neighbours(parent).contains(child));
        assert!(is_child, "trial {number}");
    }
}

#[test]
fn finds_the_only_maximum() {
    for config in [EvolutionConfig::natsbench(), EvolutionConfig::nasbench101()] {
        let mut session = session(config, 3);
        while session.trials.len() < 400 {
            session.round(|arch| Some(convolutions(arch)));
        }
        assert!(session.best() > 5.5, "{}", session.best());
    }
}

#[test]
fn what_cannot_be_is_refused() {
    for (edit, field) in [
        (
            (|c: &mut EvolutionConfig| c.population = 0) as fn(&mut EvolutionConfig),
            "population",
        ),
        (|c| c.tournament = 51, "tournament"),
        (|c| c.edge_changes = f64::NAN, "edge_changes"),
        (
            |c| (c.label_changes, c.edge_changes) = (0.0, 0.0),
            "label_changes",
        ),
    ] {
        let mut config = EvolutionConfig::nasbench101();
        edit(&mut config);
        let error = Evolution::new(config).unwrap_err();
        assert!(
            matches!(&error, SearchError::BadConfig { field: found, .. } if found == field),
            "{error}"
        );
    }
}

#[test]
fn the_best_of_a_tournament_is_the_parent() {
    let mut session = session(EvolutionConfig::natsbench(), 4);
    session.round(|arch| Some(convolutions(arch)));
    let mut ledger = Ledger::new(Arc::clone(&session.space), 4);
    ledger.learn(&session.trials);
    let all = EvolutionConfig {
        tournament: 10,
        replacement: false,
        ..EvolutionConfig::natsbench()
    };
    let evolution = Evolution::new(all).unwrap();
    let parent = evolution.parent(
        ledger.entries(),
        &mut ledger.stream(Purpose::Evolution, 0, 0),
    );
    let best = parent.map(|entry| entry.merit.gain());
    assert_eq!(best, Some(session.best()));
    let name = session.searcher.name();
    assert_eq!(name, "evolution");
}
