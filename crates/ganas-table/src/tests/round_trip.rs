//! Random small tables survive import and opening exactly.

use std::collections::{BTreeMap, BTreeSet};

use ganas_space::SearchSpace;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;
use crate::RowOrder;

/// Chains in some order, and for each a value or none in every column. The first row has all values, so that every
/// column is one of numbers.
pub(super) fn tables() -> impl Strategy<Value = (Vec<usize>, Vec<Vec<Option<f64>>>)> {
    (btree_set(0..Chains::SIZE, 1..=Chains::SIZE), 1..5usize)
        .prop_flat_map(|(indices, n_columns)| {
            let n_rows = indices.len();
            let order = Just(indices.into_iter().collect::<Vec<_>>()).prop_shuffle();
            let finite = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
            let row = vec(prop::option::weighted(0.8, finite), n_columns);
            (order, vec(row, n_rows))
        })
        .prop_map(|(order, mut rows)| {
            for cell in &mut rows[0] {
                *cell = cell.or(Some(0.25));
            }
            (order, rows)
        })
}

pub(super) fn csv(order: &[usize], rows: &[Vec<Option<f64>>]) -> String {
    let mut csv = "arch".to_owned();
    for column in 0..rows[0].len() {
        csv += &format!(",metric_{column}");
    }
    for (&index, row) in order.iter().zip(rows) {
        csv += &format!("\n{}", Chains::text(index));
        for cell in row {
            csv += &cell.map_or_else(|| ",".to_owned(), |value| format!(",{value:e}"));
        }
    }
    csv
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn import_and_open_are_exact((order, rows) in tables()) {
        let folder = Folder::new();
        let table = folder.table(csv(&order, &rows));
        let space = Chains::numbered();

        let exhaustive = order.len() == Chains::SIZE;
        let by_index: BTreeMap<usize, &Vec<Option<f64>>> = order.iter().copied().zip(&rows).collect();
        let expected_order: Vec<usize> = if exhaustive { (0..Chains::SIZE).collect() } else { order.clone() };
        prop_assert_eq!(table.manifest().row_order == RowOrder::PublishedIndex, exhaustive);
        prop_assert_eq!(table.n_rows(), order.len());

        for (row, &index) in table.rows().zip(&expected_order) {
            prop_assert_eq!(table.arch_text(row).unwrap(), Chains::text(index));
            let key = space.key(&Chains::arch(index));
            prop_assert_eq!(table.key(row), key);
            let lowest = expected_order.iter().position(|&i| space.key(&Chains::arch(i)) == key);
            prop_assert_eq!(table.row_of(key).map(|row| row.index()), lowest);
            for (column, expected) in table.columns().unwrap().into_iter().zip(by_index[&index]) {
                let bits = table.value(column, row).map(f64::to_bits);
                prop_assert_eq!(bits, expected.map(f64::to_bits));
            }
        }
        let present: BTreeSet<_> = order.iter().map(|&i| space.key(&Chains::arch(i))).collect();
        for index in 0..Chains::SIZE {
            let key = space.key(&Chains::arch(index));
            prop_assert_eq!(table.row_of(key).is_some(), present.contains(&key));
        }
        prop_assert_eq!(table.manifest().n_classes as usize, present.len());
    }

    #[test]
    fn no_text_makes_the_import_panic(text in "[a-z>,\"\n\r0-9. -]{0,80}") {
        let folder = Folder::new();
        let _ = folder.import(format!("arch,x\n{text}"));
        let _ = folder.import(text);
    }
}
