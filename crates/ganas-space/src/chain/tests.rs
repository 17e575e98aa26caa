//! Tests of the spaces of chains: their laws, and the published tables.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::*;
use crate::laws::{self, LawOptions};
use crate::test_tables;
use crate::{SpaceError, registry};

fn space(name: &str) -> Arc<dyn SearchSpace> {
    registry::by_name(name).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn random_chains_obey_the_laws(seed: u64) {
        for name in NAMES {
            laws::check_episodes(&*space(name), LawOptions { seed, rounds: 1 }).unwrap();
        }
    }
}

#[test]
fn costs_are_bounded() {
    for name in NAMES {
        laws::check_bounds(&*space(name), LawOptions::default()).unwrap();
    }
    laws::check_all_bounds(&*space(NASBENCH_MACRO)).unwrap();
}

/// A network whose first layer can be absent changes channels in another layer then.
#[test]
fn costs_that_are_no_sums_have_no_bounds() {
    let mut description = nasbench_macro::description();
    description.stages[1].layers[0] |= 1 << 1;
    let chain = Chain::new(description);
    assert_eq!(chain.cost_state(&chain.blueprint().start()), None);
}

#[test]
fn known_networks_obey_the_laws_and_are_read_by_name() {
    let mut rng = SmallRng::seed_from_u64(1);
    for name in NAMES {
        let chain = Chain::by_name(name).unwrap();
        for known in chain.known_networks() {
            let arch = chain.decode(known.name).unwrap();
            assert_eq!(chain.encode(&arch), known.text);
            laws::check_arch(&*chain, &arch, &mut rng).unwrap();
        }
    }
}

#[test]
fn sizes_are_counted() {
    assert_eq!(space(MBCONV).size(), Some(36_u64.pow(6) * 48));
    assert_eq!(space(NASBENCH_MACRO).size(), Some(6_561));
    // 5 resolutions and 81 + 729 + 6,561 stages: 1.1e20 do not fit.
    assert_eq!(space(OFA_PROXYLESS).size(), None);
    let chain = Chain::by_name(OFA_PROXYLESS).unwrap();
    let count = |s: usize| classes::count(&chain.description.stages[s], chain.description.absent());
    assert_eq!([count(0), count(1)], [Some(5), Some(7_371)]);
}

#[test]
fn samples_are_uniform_over_classes() {
    let space = space(NASBENCH_MACRO);
    let keys: BTreeSet<ArchKey> = space.enumeration().unwrap().keys().collect();
    assert_eq!(keys.len(), 3_969);
    let mut rng = SmallRng::seed_from_u64(2);
    let mut counts = BTreeMap::<ArchKey, u32>::new();
    let per_class = 20_u32;
    for _ in 0..3_969 * per_class {
        let arch = space.sample(&mut rng);
        assert_eq!(space.canonical(&arch), arch);
        *counts.entry(space.key(&arch)).or_default() += 1;
    }
    // Chi-squared with 3,968 degrees of freedom has mean 3,968 and standard deviation 89; the bounds are five of them.
    let expected = f64::from(per_class);
    let chi_squared: f64 = keys
        .iter()
        .map(|key| (f64::from(counts.get(key).copied().unwrap_or(0)) - expected).powi(2) / expected)
        .sum();
    assert!((3_520.0..4_415.0).contains(&chi_squared), "{chi_squared}");
}

#[test]
fn neighbours_by_hand() {
    // 47 other choices in the long stage, 35 in each other one.
    let mbconv = space(MBCONV);
    let b0 = mbconv.decode("efficientnet-b0").unwrap();
    assert_eq!(mbconv.neighbours(&b0).len(), 6 * 35 + 47);
    // Of each stage of two blocks: 8 others for both, and 9 for a third one.
    let proxyless = space(OFA_PROXYLESS);
    let text = "r224 k3e3,k3e3 k3e3,k3e3 k3e3,k3e3 k3e3,k3e3 k3e3,k3e3";
    let arch = proxyless.decode(text).unwrap();
    assert_eq!(proxyless.neighbours(&arch).len(), 4 + 5 * (8 + 8 + 9));
    // An insertion before a present layer is one change.
    let small = space(NASBENCH_MACRO);
    let arch = small.decode("00100000").unwrap();
    let texts: Vec<String> = small
        .neighbours(&arch)
        .iter()
        .map(|a| small.encode(a))
        .collect();
    assert!(texts.contains(&"00120000".to_owned()), "{texts:?}");
}

#[test]
fn errors_name_the_place() {
    check_bad(MBCONV, "e1k3l1se1 e6k3l4se1", 10, "one of e1k3l1se0, ");
    check_bad(MBCONV, "e1k3l1se1", 9, "white space and the next stage");
    check_bad(NASBENCH_MACRO, "2221220", 7, "one of 0, 1, 2");
    check_bad(NASBENCH_MACRO, "222122020", 8, "the end of the text");
    check_bad(OFA_PROXYLESS, "r224 k3e3 k3e3", 9, "`,`");
    check_bad(OFA_PROXYLESS, "k3e3", 0, "one of r160, r176");
    let error = space(OFA_MBV3).decode("r224 k3e5,k3e3").unwrap_err();
    assert!(matches!(error, SpaceError::UnknownOp { .. }), "{error}");
}

fn check_bad(name: &str, text: &str, place: usize, what: &str) {
    match space(name).decode(text) {
        Err(SpaceError::BadText { at, expected, .. }) => {
            assert_eq!(at, place, "{text}: {expected}");
            assert!(expected.contains(what), "{text}: {expected}");
        }
        other => panic!("{text}: {other:?}"),
    }
}

/// ProxylessNAS-Mobile as published: 4,080,512 parameters and 320 million multiply-adds.
///
/// Its first stage is wider than that of the supernet's width 1.0.
#[test]
fn the_published_proxyless_mobile_has_its_parameters() {
    let mut description = once_for_all::proxyless_of_width("proxyless-1.0", 10, &[]);
    if let CostModel::Network(network) = &mut description.costs {
        network.stages[0].shape.channels = 32;
    }
    let chain = Chain::new(description);
    let supernet = Chain::by_name(OFA_PROXYLESS).unwrap();
    let arch = chain.decode(supernet.known_networks()[0].text).unwrap();
    let cost = chain.cost(&arch);
    assert_eq!(cost.parameters, Some(4_080_512));
    assert_eq!(cost.flops.map(|flops| flops / 1_000_000), Some(320));
}

#[test]
fn published_costs_of_accel_nasbench_agree() {
    let file = "accel_nasbench/accel_nasbench_imagenet.csv.gz";
    let Some(rows) = test_tables::rows("published_costs_of_accel_nasbench_agree", file) else {
        return;
    };
    let space = space(MBCONV);
    for row in &rows {
        let blocks: Vec<String> = (0..7)
            .map(|b| {
                let value = |name: &str| row.text(&format!("block{b}_{name}")).to_owned();
                format!(
                    "e{}k{}l{}se{}",
                    value("e"),
                    value("k"),
                    value("l"),
                    value("se")
                )
            })
            .collect();
        let text = blocks.join(" ");
        let expected = Cost::new(row.units("params_m"), row.units("macs_m"));
        assert_eq!(
            space.costs().unwrap().cost(&space.decode(&text).unwrap()),
            expected,
            "{text}"
        );
    }
    assert_eq!(rows.len(), 5_138);
}

/// All rows: text, order, costs, and that exactly the members of a class share their accuracies.
#[test]
fn the_table_of_nasbench_macro_agrees() {
    let file = "nas_bench_macro/nas_bench_macro_cifar10.csv.gz";
    let Some(rows) = test_tables::rows("the_table_of_nasbench_macro_agrees", file) else {
        return;
    };
    let space = space(NASBENCH_MACRO);
    let mut archs = space.enumeration().unwrap().archs();
    let mut of_class = BTreeMap::new();
    let mut of_values = BTreeMap::new();
    for (index, row) in (0..).zip(&rows) {
        let arch = archs.next().unwrap();
        assert_eq!(space.encode(&arch), row.text("arch"));
        assert_eq!(space.enumeration().unwrap().index_of(&arch), Some(index));
        let cost = space.costs().unwrap().cost(&arch);
        assert_eq!(cost.parameters.unwrap().to_string(), row.text("params"));
        assert_eq!(cost.flops.unwrap().to_string(), row.text("flops"));
        let values =
            ["test_acc_1", "test_acc_2", "test_acc_3"].map(|name| row.text(name).to_owned());
        let key = space.key(&arch);
        assert_eq!(*of_class.entry(key).or_insert(values.clone()), values);
        assert_eq!(*of_values.entry(values).or_insert(key), key);
    }
    assert_eq!(archs.next(), None);
    assert_eq!(of_class.len(), 3_969);
}
