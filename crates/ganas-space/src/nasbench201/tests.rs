//! Tests of the whole space: its laws, its classes, and the published table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::cell::{INPUT, OUTPUT};
use super::*;
use crate::laws::{self, LawOptions};

#[test]
fn every_cell_obeys_the_laws() {
    let space = NasBench201::new();
    let mut rng = SmallRng::seed_from_u64(1);
    for arch in space.enumeration().unwrap().archs() {
        laws::check_arch(&space, &arch, &mut rng).unwrap();
    }
}

proptest! {
    #[test]
    fn random_cells_obey_the_laws(seed: u64) {
        laws::check_episodes(&NasBench201::new(), LawOptions { seed, rounds: 1 }).unwrap();
    }
}

#[test]
fn costs_are_bounded() {
    laws::check_bounds(&NasBench201::new(), LawOptions::default()).unwrap();
    laws::check_all_bounds(&NasBench201::new()).unwrap();
}

#[test]
fn enumeration_follows_the_official_index() {
    let space = NasBench201::new();
    let mut n = 0;
    for (index, arch) in (0..).zip(space.enumeration().unwrap().archs()) {
        assert_eq!(space.index_of(&arch), Some(index));
        assert_eq!(space.arch_at(index), Some(arch));
        n += 1;
    }
    assert_eq!(space.size(), Some(n));
    for index in [n, 65_536, u64::MAX] {
        assert_eq!(space.arch_at(index), None);
    }
}

#[test]
fn a_foreign_architecture_is_refused() {
    let space = NasBench201::new();
    let foreign = Arch::new([INPUT, OUTPUT], [0, 1]).unwrap();
    assert_eq!(space.index_of(&foreign), None);
    assert!(matches!(
        space.actions_of(&foreign),
        Err(SpaceError::NotInSpace { .. })
    ));
}

#[test]
fn keys_name_the_classes() {
    let space = NasBench201::new();
    assert_eq!(space.n_classes(), 8_765);
    let mut keys = BTreeMap::<ArchKey, Vec<u64>>::new();
    for (index, arch) in (0..).zip(space.enumeration().unwrap().archs()) {
        keys.entry(space.key(&arch)).or_default().push(index);
    }
    assert_eq!(keys.len(), space.n_classes());
    assert_eq!(space.classes().len(), space.n_classes());
    for (class, representative) in space.classes().zip(space.class_representatives()) {
        let members = &keys[&space.class_key(class)];
        assert!(space.class_members(class).eq(members.iter().copied()));
        assert_eq!(space.index_of(&representative), Some(members[0]));
        assert_eq!(space.class_representative(class), representative);
        assert_eq!(space.class_of(&representative), class);
    }
}

/// Recorded keys depend on the numbering of the normal forms, so it must not change.
#[test]
fn keys_are_stable() {
    check_key("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", 0);
    check_key("|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|", 0);
    check_key(
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|",
        3 * 3_906,
    );
    check_key(
        "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|nor_conv_1x1~1|avg_pool_3x3~2|",
        3_125 + 3 * 625 + 4 * 5 + 2,
    );
}

fn check_key(text: &str, expected: u128) {
    let space = NasBench201::new();
    let arch = space.decode(text).unwrap();
    assert_eq!(space.key(&arch), ArchKey(expected), "{text}");
}

/// The best cells by validation and test accuracy on the three data sets: no other cell shares their query, neither
/// by the key of this space nor by the official string.
#[test]
fn the_best_cells_are_alone_in_their_class() {
    let space = NasBench201::new();
    let strings: Vec<String> = space
        .enumeration()
        .unwrap()
        .archs()
        .map(|arch| space.unique_string(&arch))
        .collect();
    for index in [6_111, 13_714, 9_930, 10_676, 857] {
        let arch = space.arch_at(index).unwrap();
        assert!(space.class_members(space.class_of(&arch)).eq([index]));
        let string = space.unique_string(&arch);
        assert_eq!(strings.iter().filter(|&s| *s == string).count(), 1);
    }
}

#[test]
fn samples_are_uniform_over_representatives() {
    let space = NasBench201::new();
    let mut rng = SmallRng::seed_from_u64(2);
    let n_per_class = 40;
    let mut counts = vec![0_u32; space.n_classes()];
    for _ in 0..n_per_class * space.n_classes() {
        let arch = space.sample(&mut rng);
        let class = space.class_of(&arch);
        assert_eq!(arch, space.class_representative(class));
        counts[class.index()] += 1;
    }
    // Chi-squared with 8,764 degrees of freedom has mean 8,764 and standard deviation 132; the bounds are five of them.
    let expected = 40.0;
    let chi_squared: f64 = counts
        .iter()
        .map(|&count| (f64::from(count) - expected).powi(2) / expected)
        .sum();
    assert!((8_100.0..9_430.0).contains(&chi_squared), "{chi_squared}");
}

#[test]
fn relabelling_reaches_both_orders_half_of_the_time() {
    let space = NasBench201::new();
    let mut rng = SmallRng::seed_from_u64(3);
    let text = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|nor_conv_1x1~1|avg_pool_3x3~2|";
    let arch = space.decode(text).unwrap();
    let mut orders = BTreeMap::<String, u32>::new();
    for _ in 0..1_000 {
        let relabelled = space.relabelled(&arch, &mut rng);
        *orders.entry(space.encode(&relabelled)).or_default() += 1;
    }
    let swapped = "|skip_connect~0|+|nor_conv_3x3~0|none~1|+|none~0|avg_pool_3x3~1|nor_conv_1x1~2|";
    let texts: Vec<&str> = orders.keys().map(String::as_str).collect();
    assert_eq!(texts, [text, swapped]);
    assert!(
        orders.values().all(|n| (400..600).contains(n)),
        "{orders:?}"
    );
}

#[test]
fn neighbours_go_edge_by_edge() {
    let space = NasBench201::new();
    let text = "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_1x1~2|";
    let neighbours = space.neighbours(&space.decode(text).unwrap());
    let texts: Vec<String> = neighbours.iter().map(|arch| space.encode(arch)).collect();
    assert_eq!(texts.len(), 24);
    assert_eq!(
        texts[0],
        "|skip_connect~0|+|none~0|none~1|+|none~0|none~1|nor_conv_1x1~2|"
    );
    assert_eq!(
        texts[23],
        "|none~0|+|none~0|none~1|+|none~0|none~1|avg_pool_3x3~2|"
    );
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), 24);
}

/// All cells and costs of the published table; it is not part of the repository.
#[test]
fn the_published_table_agrees() {
    let Some(folder) = data_folder() else {
        eprintln!(
            "SKIPPED: the_published_table_agrees reads the NAS-Bench-201 table; set GANAS_DATA to its folder"
        );
        return;
    };
    let path = Path::new(&folder).join("nasbench201/nb201_accuracy.csv.gz");
    let mut table =
        csv::Reader::from_reader(flate2::read::GzDecoder::new(File::open(path).unwrap()));
    let headers = table.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (index, text) = (column("index"), column("arch"));
    let costs = [
        (Dataset::Cifar10, "cifar10"),
        (Dataset::Cifar100, "cifar100"),
        (Dataset::ImageNet16_120, "imagenet16_120"),
    ]
    .map(|(dataset, suffix)| {
        let parameters = column(&format!("params_m_{suffix}"));
        (dataset, parameters, column(&format!("flops_m_{suffix}")))
    });

    let space = NasBench201::new();
    let mut archs = space.enumeration().unwrap().archs();
    for row in table.records() {
        let row = row.unwrap();
        let arch = archs
            .next()
            .expect("the table has no more cells than the space");
        assert_eq!(row[index].parse(), Ok(space.index_of(&arch).unwrap()));
        assert_eq!(&row[text], space.encode(&arch));
        assert_eq!(space.decode(&row[text]), Ok(arch.clone()));
        assert_eq!(space.cost(&arch), space.cost_on(&arch, Dataset::Cifar10));
        for (dataset, parameters, flops) in costs {
            let expected = Cost::new(units(&row[parameters]), units(&row[flops]));
            assert_eq!(space.cost_on(&arch, dataset), expected, "{arch:?}");
        }
    }
    assert_eq!(archs.next(), None);
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the tables lie is known to whoever runs the tests only"
)]
fn data_folder() -> Option<String> {
    std::env::var("GANAS_DATA").ok()
}

/// The number of units in a decimal number of millions with at most six decimals.
fn units(millions: &str) -> u64 {
    let (whole, decimals) = millions.split_once('.').unwrap_or((millions, ""));
    assert!(decimals.len() <= 6, "{millions}");
    format!("{whole}{decimals:0<6}").parse().unwrap()
}
