//! Random search on a tiny space.

use std::collections::BTreeMap;

use ganas_eval::SearchMetric;

use super::*;
use crate::TrialNumber;
use crate::toy::Toy;

fn searcher(n_ops: u8, seed: u64) -> RandomSearch {
    RandomSearch::new(Arc::new(Toy(n_ops)), seed)
}

fn trials(space: &Toy, proposals: &[Proposal], first: u32) -> Vec<Trial> {
    proposals
        .iter()
        .zip(first..)
        .map(|(p, number)| {
            assert_eq!(p.key, space.key(&p.arch));
            Trial::new(
                TrialNumber(number),
                0,
                p.clone(),
                Ok(SearchMetric::maximized(0.0)),
            )
        })
        .collect()
}

#[test]
fn exhausts_the_space_without_repetition() {
    let mut search = searcher(4, 1);
    let mut keys = BTreeSet::new();
    let mut told = 0;
    loop {
        let proposals = search.ask(7).unwrap();
        if proposals.is_empty() {
            break;
        }
        assert!(proposals.len() <= 7);
        for p in &proposals {
            assert!(keys.insert(Toy(4).key(&p.arch)), "proposed twice");
        }
        let batch = trials(&Toy(4), &proposals, told);
        told += u32::try_from(batch.len()).unwrap();
        search.tell(&batch).unwrap();
    }
    assert_eq!(keys.len(), 4 * 5 * 6 / 6);
}

#[test]
fn at_most_ten_an_ask() {
    assert_eq!(
        searcher(5, 0).ask(1000).unwrap().len(),
        RandomSearch::PER_ASK
    );
}

#[test]
fn the_first_class_is_uniform() {
    let mut first: BTreeMap<ArchKey, u32> = BTreeMap::new();
    for seed in 0..2000 {
        let proposals = searcher(3, seed).ask(1).unwrap();
        *first.entry(Toy(3).key(&proposals[0].arch)).or_default() += 1;
    }
    assert_eq!(first.len(), 10);
    // 200 expected for each of 10 classes; the standard deviation is 13.4, and five of them are allowed.
    assert!(
        first.values().all(|&n| (133..=267).contains(&n)),
        "{first:?}"
    );
}

#[test]
fn a_restored_searcher_goes_on_as_the_first() {
    let mut one = searcher(5, 9);
    let proposals = one.ask(6).unwrap();
    // Two of them are still being evaluated.
    let told = trials(&Toy(5), &proposals[..4], 0);
    one.tell(&told).unwrap();
    let checkpoint = one.checkpoint().unwrap();
    let mut two = searcher(5, 9);
    two.restore(&checkpoint, &told, &proposals[4..]).unwrap();
    assert_eq!(two.checkpoint().unwrap(), checkpoint);
    assert_eq!(one.ask(10).unwrap(), two.ask(10).unwrap());
}

#[test]
fn a_foreign_checkpoint_is_refused() {
    let mut one = searcher(5, 9);
    let proposals = one.ask(6).unwrap();
    let told = trials(&Toy(5), &proposals, 0);
    one.tell(&told).unwrap();
    let checkpoint = one.checkpoint().unwrap();
    for result in [
        searcher(5, 8).restore(&checkpoint, &told, &[]),
        searcher(5, 9).restore(&checkpoint, &told[1..], &[]),
        searcher(5, 9).restore(&checkpoint[1..], &told, &[]),
    ] {
        assert!(
            matches!(result, Err(SearchError::BadCheckpoint { .. })),
            "{result:?}"
        );
    }
}

#[test]
fn trials_out_of_order_are_refused() {
    let mut search = searcher(5, 9);
    let proposals = search.ask(2).unwrap();
    let mut told = trials(&Toy(5), &proposals, 0);
    told.reverse();
    assert!(matches!(
        search.tell(&told),
        Err(SearchError::OutOfOrder {
            told: 1,
            expected: 0
        })
    ));
}
