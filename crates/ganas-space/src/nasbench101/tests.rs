//! Tests of the whole space: its laws, its classes, and the published tables.

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::*;
use crate::laws::{check_laws, check_random_laws};

#[test]
fn small_cells_obey_the_laws() {
    let space = NasBench101::up_to(Vertices::Four);
    let mut rng = SmallRng::seed_from_u64(1);
    for arch in space.enumerate().unwrap() {
        check_laws(&space, &arch, &mut rng);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn random_cells_obey_the_laws(seed: u64) {
        let mut rng = SmallRng::seed_from_u64(seed);
        for vertices in Vertices::ALL {
            check_random_laws(&NasBench101::up_to(vertices), &mut rng);
        }
    }
}

#[test]
fn published_hashes_and_parameters() {
    check_published(
        "01 00 | input,output",
        "043721b9c7fe8c5fad811d47d83132ec",
        882_570,
    );
    check_published(
        "0111010 0000001 0000001 0000100 0000001 0000001 0000000 | input,1x1,3x3,3x3,3x3,maxpool,output",
        "28cfc7874f6d200472e1a9dcd8650aa0",
        2_694_282,
    );
}

fn check_published(text: &str, key: &str, parameters: u64) {
    let space = NasBench101::new();
    let arch = space.decode(text).unwrap();
    assert_eq!(space.key(&arch).to_string(), key, "{text}");
    assert_eq!(space.cost(&arch).parameters, parameters, "{text}");
}

#[test]
fn classes_are_counted() {
    for vertices in Vertices::ALL {
        let n = CODES
            .iter()
            .filter(|code| code.cell().n_vertices() <= vertices.count())
            .count();
        assert_eq!(n, vertices.n_classes());
    }
    assert_eq!(CODES.len(), Vertices::Seven.n_classes());
    let by_vertices = [1, 6, 84, 2_441, 62_010, 359_082];
    for (n_vertices, expected) in (2..).zip(by_vertices) {
        let cells = CODES.iter().map(|code| code.cell());
        assert_eq!(
            cells.filter(|cell| cell.n_vertices() == n_vertices).count(),
            expected
        );
    }
}
