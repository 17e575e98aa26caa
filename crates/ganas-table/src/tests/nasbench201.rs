//! The published NAS-Bench-201 table; it is not part of the repository.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ganas_space::SearchSpace;
use ganas_space::nasbench201::NasBench201;

use super::*;
use crate::{Row, RowOrder, TableEvaluator};
use ganas_eval::{Evaluator, Query, SelectionKind};

/// Imports the table into `folder`, or says that it is not there.
fn imported(folder: &Folder, test: &str) -> Option<Table> {
    let Some(data) = data_folder() else {
        eprintln!("SKIPPED: {test} reads the NAS-Bench-201 table; set GANAS_DATA to its folder");
        return None;
    };
    let request = ImportRequest::new(
        Path::new(&data).join("nasbench201/nb201_accuracy.csv.gz"),
        folder.path("nb201.arrow"),
    );
    let report = import(&request, &NasBench201::new()).unwrap();
    assert_eq!(report.skipped, []);
    assert_eq!(report.repeated_rows, 0);
    Some(Table::open(request.output).unwrap())
}

#[test]
fn the_published_table_imports() {
    let folder = Folder::new();
    let Some(table) = imported(&folder, "the_published_table_imports") else {
        return;
    };
    let manifest = table.manifest();
    assert_eq!((manifest.n_rows, manifest.n_classes), (15_625, 8_765));
    assert_eq!(manifest.row_order, RowOrder::PublishedIndex);

    for (name, expected) in [
        ("cifar10_valid_mean_200", "91.607"),
        ("cifar10_test_mean_200", "94.373"),
        ("cifar100_valid_mean_200", "73.493"),
        ("cifar100_test_mean_200", "73.513"),
        ("imagenet16_120_valid_mean_200", "46.733"),
        ("imagenet16_120_test_mean_200", "47.311"),
    ] {
        let column = table.column(name).unwrap();
        for best in [table.best(column), table.query_best(column)] {
            assert_eq!(format!("{:.3}", best.unwrap()), expected, "{name}");
        }
    }

    let space = NasBench201::new();
    let index = table.column("index").unwrap();
    let mut seen = BTreeSet::new();
    for (row, arch) in table.rows().zip(space.enumeration().unwrap().archs()) {
        assert_eq!(table.arch_text(row).unwrap(), space.encode(&arch));
        assert_eq!(
            space.enumeration().unwrap().index_of(&arch),
            Some(row.index() as u64)
        );
        let published = format!("{}", row.index()).parse().ok();
        assert_eq!(table.value(index, row), published);
        assert_eq!(table.key(row), space.key(&arch));
        // Rows are visited from the lowest on, so the first one of a class answers for it.
        let first = seen.insert(table.key(row));
        assert_eq!(table.row_of(table.key(row)) == Some(row), first);
    }
    assert_eq!(seen.len(), 8_765);

    for column in table.columns().unwrap().into_iter().map(|c| table.info(c)) {
        let expected = match column.name.as_str() {
            name if name.ends_with("_200") => Some(200),
            name if name.ends_with("_12") => Some(12),
            _ => None,
        };
        assert_eq!(column.epochs, expected, "{}", column.name);
    }
}

#[test]
fn the_published_table_evaluates() {
    let folder = Folder::new();
    let Some(table) = imported(&folder, "the_published_table_evaluates") else {
        return;
    };
    let space: Arc<dyn SearchSpace> = Arc::new(NasBench201::new());
    let evaluator = TableEvaluator::new(
        Arc::new(table),
        Arc::clone(&space),
        "cifar10_valid_12",
        "cifar10_test_mean_200",
    )
    .unwrap();
    assert_eq!(
        evaluator.metric_pair().kind,
        SelectionKind::ValidationSelected
    );
    let first = space.enumeration().unwrap().archs().next().unwrap();
    let measurement = evaluator.evaluate(Query::new(&*space, &first)).unwrap();
    assert_eq!(format!("{:.3}", measurement.search.value()), "63.364");
    assert_eq!(format!("{:.3}", measurement.report.0), "85.863");
}

/// How fast a table opens and answers. One core of a shared 2-core x86-64 machine, release build: opens in 0.24 ms and
/// answers 5.8 million queries by key and 5.9 million by architecture a second.
#[test]
#[ignore = "a measurement: run it in a release build with --ignored --nocapture"]
#[expect(
    clippy::disallowed_methods,
    reason = "a measurement reads the clock; nothing depends on it"
)]
fn speed_of_the_published_table() {
    use std::time::Instant;

    let folder = Folder::new();
    let Some(table) = imported(&folder, "speed_of_the_published_table") else {
        return;
    };
    let path = table.path().to_owned();
    let start = Instant::now();
    let table = Table::open(path).unwrap();
    eprintln!("open: {:.2?}", start.elapsed());

    let space: Arc<dyn SearchSpace> = Arc::new(NasBench201::new());
    let table = Arc::new(table);
    let evaluator = TableEvaluator::new(
        Arc::clone(&table),
        Arc::clone(&space),
        "cifar10_valid_12",
        "cifar10_test_mean_200",
    )
    .unwrap();
    // A stride coprime to the number of rows visits them all in a scattered order.
    let rows: Vec<Row> = (0..table.n_rows())
        .map(|i| table.row(i * 7_919 % table.n_rows()).unwrap())
        .collect();
    let keys: Vec<_> = rows.iter().map(|&row| table.key(row)).collect();
    let archs: Vec<_> = rows
        .iter()
        .map(|&row| space.decode(table.arch_text(row).unwrap()).unwrap())
        .collect();
    let rounds = 64;
    let queries = f64::from(rounds) * 15_625.0;
    let mut sum = 0.0;
    let start = Instant::now();
    for _ in 0..rounds {
        for &key in &keys {
            sum += evaluator.evaluate_key(key).unwrap().search.value();
        }
    }
    let by_key = queries / start.elapsed().as_secs_f64();
    let start = Instant::now();
    for _ in 0..rounds {
        for arch in &archs {
            sum += evaluator
                .evaluate(Query::new(&*space, arch))
                .unwrap()
                .search
                .value();
        }
    }
    let by_arch = queries / start.elapsed().as_secs_f64();
    eprintln!("by key: {by_key:.3e} a second, by architecture: {by_arch:.3e} a second ({sum:.1})");
}
