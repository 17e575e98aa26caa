//! Neighbours of the best in a batch: which they are, when they are asked for, and that the rest is the generator's.

use super::*;
use crate::ga_nas::history::History;
use crate::ga_nas::neighbours::Neighbours;

fn trial(space: &dyn SearchSpace, number: u32, round: u32, arch: &Arch, value: f64) -> Trial {
    let proposal = Proposal::new(space, arch.clone());
    Trial::new(
        TrialNumber(number),
        round,
        proposal,
        Ok(SearchMetric::maximized(value)),
    )
}

/// Two cells with another operation on every edge.
fn two(space: &dyn SearchSpace) -> [Arch; 2] {
    ["avg_pool_3x3", "nor_conv_3x3"].map(|op| {
        let text = format!("|{op}~0|+|{op}~0|{op}~1|+|{op}~0|{op}~1|{op}~2|");
        space.decode(&text).unwrap()
    })
}

fn keys(
    space: &dyn SearchSpace,
    archs: &[Arch],
) -> std::collections::BTreeSet<ganas_space::ArchKey> {
    archs.iter().map(|arch| space.key(arch)).collect()
}

#[test]
fn those_of_the_best_come_first_and_the_next_best_follows_when_they_are_known() {
    let space = NasBench201::new();
    let [worse, better] = two(&space);
    let near = |arch| keys(&space, &space.neighbours(arch));
    assert!(near(&worse).is_disjoint(&near(&better)));
    let mut history = History::default();
    history
        .add(&space, &trial(&space, 0, 0, &worse, 1.0))
        .unwrap();
    history
        .add(&space, &trial(&space, 1, 0, &better, 2.0))
        .unwrap();
    let mut neighbours = Neighbours::default();
    let mut pool = |history: &History, size| {
        let found = neighbours.pool(&space, history, size).first(usize::MAX);
        let found_keys = keys(&space, &found);
        assert_eq!(found.len(), found_keys.len(), "a class is there once");
        found_keys
    };
    assert_eq!(pool(&history, 1), near(&better));
    let both: std::collections::BTreeSet<_> = &near(&better) | &near(&worse);
    assert_eq!(pool(&history, near(&better).len() + 1), both);
    for (number, arch) in (2..).zip(space.neighbours(&better)) {
        history
            .add(&space, &trial(&space, number, 1, &arch, 0.0))
            .unwrap();
    }
    assert_eq!(pool(&history, 1), near(&worse));
}

#[test]
fn a_search_stalls_while_nothing_better_is_found() {
    let space = NasBench201::new();
    let archs: Vec<Arch> = space
        .enumeration()
        .unwrap()
        .archs()
        .step_by(997)
        .take(4)
        .collect();
    let mut history = History::default();
    assert_eq!(history.stalled(0), 0);
    let mut number = 0;
    let mut stalled_after = |round, value| {
        let arch = &archs[number as usize];
        let trial = trial(&space, number, round, arch, value);
        history.add(&space, &trial).unwrap();
        number += 1;
        history.stalled(round + 1)
    };
    assert_eq!(stalled_after(0, 1.0), 0);
    assert_eq!(stalled_after(1, 0.5), 1);
    assert_eq!(stalled_after(2, 1.0), 2, "an equal value is no progress");
    assert_eq!(stalled_after(3, 1.5), 0);
}

/// How many of the last round's proposals are neighbours of what was the best before it.
fn near_the_best(session: &mut Session) -> usize {
    let value = |t: &Trial| t.search().unwrap().value();
    let before = session.trials.len();
    let best = session.trials.iter().map(value).fold(f64::MIN, f64::max);
    let best = session.trials.iter().find(|t| value(t) >= best).unwrap();
    let near = keys(&*session.space, &session.space.neighbours(&best.arch));
    session.round(None);
    let new = &session.trials[before..];
    new.iter().filter(|t| near.contains(&t.key)).count()
}

#[test]
fn neighbours_get_their_share_of_a_batch_from_the_first_round_or_after_a_stall() {
    let mut config = small(Preset::Improved);
    config.proposal.neighbour_share = 0.6;
    config.proposal.neighbours = 1;
    config.proposal.uniform_mix = 1.0;
    let mut session = Session::new(config.clone(), 1);
    session.round(None);
    let near = near_the_best(&mut session);
    assert!((6..10).contains(&near), "{near}");
    let events = session.searcher.take_events();
    let of_proposal = events.iter().find(|e| e.kind == "proposal").unwrap();
    assert!(of_proposal.values.contains(&("neighbours".to_owned(), 6.0)));

    config.proposal.stall = 1000;
    let mut patient = Session::new(config, 1);
    patient.round(None);
    assert!(near_the_best(&mut patient) < 3);
}

/// Where the neighbours run out, the generator's draws fill the batch.
#[test]
fn a_batch_is_full_when_there_are_too_few_neighbours() {
    let mut config = small(Preset::Improved);
    config.proposal.neighbour_share = 1.0;
    config.batch = 1000;
    let mut session = Session::new(config, 1);
    session.round(None);
    session.round(None);
    assert_eq!(session.trials.len(), 1020);
    assert!(session.trials.iter().all(|t| !t.repeat));
}
