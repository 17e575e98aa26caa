//! Tests of the whole space: its laws, and the published tables.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::*;
use crate::laws::{self, LawOptions};
use crate::test_tables;
use crate::{Action, Choice, OpId};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn random_genotypes_obey_the_laws(seed: u64) {
        laws::check_episodes(&Darts::new(), LawOptions { seed, rounds: 1 }).unwrap();
    }
}

#[test]
fn costs_are_bounded() {
    laws::check_bounds(&Darts::new(), LawOptions::default()).unwrap();
}

/// Cells with the most and with the fewest members.
#[test]
fn extreme_genotypes_obey_the_laws() {
    let space = Darts::new();
    let mut rng = SmallRng::seed_from_u64(1);
    for codes in [[0, Cell::COUNT - 1], [Cell::COUNT - 1, 0]] {
        laws::check_arch(
            &space,
            &Genotype(codes.map(Cell::from_code)).arch(),
            &mut rng,
        )
        .unwrap();
    }
}

#[test]
fn decisions_are_the_same_in_every_episode() {
    let space = Darts::new();
    let mut rng = SmallRng::seed_from_u64(2);
    let choices = |arch: &Arch| -> Vec<Choice> {
        let mut partial = space.blueprint().start();
        let mut choices = Vec::new();
        for action in space.actions_of(arch).unwrap() {
            choices.push(space.blueprint().decision(&partial).unwrap().choice);
            space.blueprint().apply(&mut partial, action).unwrap();
        }
        choices
    };
    let expected = choices(&space.sample(&mut rng));
    assert_eq!(expected.len(), 56);
    for _ in 0..10 {
        assert_eq!(choices(&space.sample(&mut rng)), expected);
    }
}

/// Drawn by the priors alone, every pair of sources of the last node is equally likely.
#[test]
fn priors_make_pairs_of_sources_equally_likely() {
    let space = Darts::new();
    let mut rng = SmallRng::seed_from_u64(3);
    let mut counts = std::collections::BTreeMap::<[usize; 2], u32>::new();
    for _ in 0..5_000 {
        let mut partial = space.blueprint().start();
        while let Some(decision) = space.blueprint().decision(&partial) {
            let action = match decision.choice {
                Choice::Label { .. } => Action(u8::try_from(decision.legal.0.ilog2()).unwrap()),
                Choice::Edge { .. } if decision.legal.count() == 1 => {
                    Action(u8::try_from(decision.legal.0.ilog2()).unwrap())
                }
                Choice::Edge { .. } => {
                    let p = 1.0 / (1.0 + (-decision.prior_log_odds).exp());
                    Action(u8::from(rng.random_bool(p)))
                }
            };
            space.blueprint().apply(&mut partial, action).unwrap();
        }
        let arch = space.blueprint().finish(&partial).unwrap();
        *counts
            .entry(Genotype::of(&arch).0[0].0[3].sources)
            .or_default() += 1;
    }
    assert_eq!(counts.len(), 10);
    assert!(
        counts.values().all(|n| (400..600).contains(n)),
        "{counts:?}"
    );
}

#[test]
fn foreign_architectures_are_refused() {
    let space = Darts::new();
    let arch = space.sample(&mut SmallRng::seed_from_u64(4));
    let check = |change: &dyn Fn(&mut Vec<OpId>, &mut Vec<u64>)| {
        let (mut labels, mut predecessors) = (arch.labels().to_vec(), arch.predecessors().to_vec());
        change(&mut labels, &mut predecessors);
        let result = space.actions_of(&Arch::new(labels, predecessors).unwrap());
        assert!(
            matches!(result, Err(SpaceError::NotInSpace { .. })),
            "{result:?}"
        );
    };
    // An operation of the reduction cell in the normal one; two predecessors; none; a sum of one operation; no output.
    check(&|labels, _| labels[3] = OpId(7));
    check(&|_, predecessors| predecessors[4] = 0b110);
    check(&|_, predecessors| predecessors[4] = 0);
    check(&|_, predecessors| predecessors[5] = 1 << 3);
    check(&|labels, predecessors| {
        labels.pop();
        predecessors.pop();
    });
}

/// Draws of the published study of 11,221 trained genotypes: nearly all are alone in their class.
#[test]
fn published_genotypes_are_read() {
    let name = "published_genotypes_are_read";
    let Some(rows) = test_tables::rows(name, "nasbench301/nb301_surrogate_1218.csv.gz") else {
        return;
    };
    let space = Darts::new();
    let whole: &dyn SearchSpace = &space;
    let form = Some("numbers-without-none");
    let mut keys = BTreeSet::new();
    for row in &rows {
        let arch = whole.decode_form(form, row.text("compact")).unwrap();
        assert_eq!(space.decode(&space.encode(&arch)), Ok(arch.clone()));
        keys.insert(space.key(&arch));
        // The columns of names hold the same genotype.
        let (normal, reduce) = (row.text("normal"), row.text("reduce"));
        let text = format!(
            "Genotype(normal={normal}, normal_concat=range(2, 6), reduce={reduce}, reduce_concat=range(2, 6))"
        );
        assert_eq!(space.decode(&text), Ok(arch));
    }
    assert_eq!(keys.len(), rows.len());
    let Some(rows) = test_tables::rows(name, "nasbench301/nb301_archs_11221.csv.gz") else {
        return;
    };
    for row in &rows {
        whole.decode_form(form, row.text("compact")).unwrap();
    }
}

#[test]
fn published_costs_agree() {
    let file = "nasbench301/darts_bench_545_oncenas.csv.gz";
    let Some(rows) = test_tables::rows("published_costs_agree", file) else {
        return;
    };
    let space = Darts::new();
    let mut n_of_the_space = 0;
    for row in &rows {
        let text = row.text("architecture");
        // Some of these networks have nodes with one operation only, which this space has not.
        if text.contains("'none'") {
            assert!(space.decode(text).is_err(), "{text}");
            continue;
        }
        n_of_the_space += 1;
        let expected = Cost::new(row.units("params"), row.units("flop"));
        assert_eq!(space.cost(&space.decode(text).unwrap()), expected, "{text}");
    }
    assert_eq!((rows.len(), n_of_the_space), (545, 186));
}

/// The largest network that can be asked for has costs; a larger one is refused.
#[test]
fn sizes_of_networks_are_limited() {
    let (channels, cells) = (DartsNetwork::MAX_CHANNELS, DartsNetwork::MAX_CELLS);
    let largest = DartsNetwork::new(channels, cells).unwrap();
    let space = Darts::new();
    let mut rng = SmallRng::seed_from_u64(5);
    for arch in [
        space.sample(&mut rng),
        Genotype([Cell::from_code(Cell::COUNT - 1); 2]).arch(),
    ] {
        let cost = space.cost_in(&arch, largest);
        assert!(cost.parameters.is_some_and(|n| n > 1 << 40), "{cost:?}");
        assert!(cost.flops.is_some_and(|n| n < 1 << 62), "{cost:?}");
    }
    for (channels, cells) in [
        (0, 20),
        (36, 0),
        (channels + 1, 20),
        (u64::MAX, 20),
        (36, cells + 1),
        (36, u64::MAX),
    ] {
        let error = DartsNetwork::new(channels, cells).unwrap_err().to_string();
        assert!(
            error.contains("1 to 65536 channels and 1 to 10000 cells"),
            "{error}"
        );
    }
}
