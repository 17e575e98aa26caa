//! Ranks over classes, ties averaged.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[test]
fn ties_share_the_mean_of_their_places() {
    let folder = Folder::new();
    // Five classes; the second row of the first class does not count for the others.
    let table = folder.table(
        "arch,valid,params\nconv>conv>id,90,1\nid>conv>conv,99,9\nconv>conv>conv,80,1\nid>id>id,80,2\n\
         pool>pool>pool,70,\nid>id>pool,95,3\n",
    );
    let rank = |column: &str, row: usize| {
        let rank = table.rank(table.column(column).unwrap(), table.row(row).unwrap());
        rank.map(|r| (r.position, r.of, r.percentile))
    };
    assert_eq!(rank("valid", 5), Some((1.0, 5, 100.0)));
    assert_eq!(rank("valid", 0), Some((2.0, 5, 75.0)));
    // The other row of the class counts for itself.
    assert_eq!(rank("valid", 1), Some((1.0, 5, 100.0)));
    for tied in [2, 3] {
        assert_eq!(rank("valid", tied), Some((3.5, 5, 37.5)));
    }
    assert_eq!(rank("valid", 4), Some((5.0, 5, 0.0)));
    // Smaller costs are better, and a class without a value does not count.
    assert_eq!(rank("params", 5), Some((4.0, 4, 0.0)));
    assert_eq!(rank("params", 0), Some((1.5, 4, 250.0 / 3.0)));
    assert_eq!(rank("params", 4), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    /// The ranks of all classes sum to n(n+1)/2 whatever the ties.
    #[test]
    fn ranks_sum_to_the_sum_of_places(values in proptest::collection::vec(0..4u8, Chains::SIZE)) {
        let folder = Folder::new();
        let rows = values.iter().enumerate().map(|(i, v)| format!("{},{v}\n", Chains::text(i)));
        let table = folder.table(rows.fold("arch,valid\n".to_owned(), |csv, row| csv + &row));
        let column = table.column("valid").unwrap();
        let ranks: BTreeMap<_, f64> = table
            .class_rows()
            .map(|row| (table.key(row), table.rank(column, row).unwrap().position))
            .collect();
        let n = Chains::N_CLASSES as f64;
        prop_assert_eq!(ranks.len(), Chains::N_CLASSES);
        let sum: f64 = ranks.values().sum();
        prop_assert!((sum - n * (n + 1.0) / 2.0).abs() < 1e-9);
    }
}
