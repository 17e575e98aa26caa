//! The published tables of NAS-Bench-101 as CSV, when GANAS_DATA names a folder that holds them.

use ganas_space::nasbench101::NasBench101;

use super::*;
use crate::RowOrder;

/// Imports a file of the data folder; none, with a line that says so, when it is not there.
fn published(test: &str, folder: &Folder, name: &str, key: &str, metric: &str) -> Option<Table> {
    let there = data_folder().map(|data| data.join(name));
    let Some(source) = there.filter(|path| path.is_file()) else {
        eprintln!("SKIPPED: {test} needs {name}; set GANAS_DATA to a folder that holds it");
        return None;
    };
    let request = ImportRequest {
        key_column: key.to_owned(),
        metrics: vec![metric.parse().unwrap()],
        ..ImportRequest::new(source, folder.path("table.arrow"))
    };
    import(&request, &NasBench101::new()).unwrap();
    Some(Table::open(&request.output).unwrap())
}

#[test]
fn the_single_run_test_table_is_the_whole_space() {
    let folder = Folder::new();
    let Some(table) = published(
        "the_single_run_test_table_is_the_whole_space",
        &folder,
        "nasbench101/nb101_full_test.csv.gz",
        "{vertices}:{adjacency_hex}:{ops}",
        "test_run0_108=test_correct_of_9984/9984",
    ) else {
        return;
    };
    let manifest = table.manifest();
    assert_eq!((manifest.n_rows, manifest.n_classes), (423_624, 423_624));
    assert_eq!(manifest.row_order, RowOrder::PublishedIndex);
    let test = table.column("test_run0_108").unwrap();
    assert_eq!(table.info(test).epochs, Some(108));

    // The documented maximum over all single runs, and its hash.
    let best = table.best(test).unwrap();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the published number is a float32"
    )]
    let published = best as f32;
    assert_eq!(
        f64::from(published).to_bits(),
        0.946_614_563_465_118_4_f64.to_bits()
    );
    let row = table
        .rows()
        .find(|&row| table.value(test, row).map(f64::to_bits) == Some(best.to_bits()))
        .unwrap();
    let hash = table.key(row).to_string();
    assert!(hash.starts_with("ba0a27ca"), "{hash}");
    let rank = table.rank(test, row).unwrap();
    assert_eq!(
        (rank.position, rank.percentile, rank.of),
        (1.0, 100.0, 423_624)
    );

    let mut values: Vec<f64> = table.rows().filter_map(|r| table.value(test, r)).collect();
    assert_eq!(values.len(), 423_624);
    assert_eq!(values.iter().filter(|&&v| v < 0.2).count(), 2_673);
    values.sort_by(f64::total_cmp);
    let median = values[values.len() / 2];
    assert!((median - 0.9065).abs() < 5e-5, "{median}");
}

#[test]
fn the_validation_sample_has_its_published_best() {
    let folder = Folder::new();
    let Some(table) = published(
        "the_validation_sample_has_its_published_best",
        &folder,
        "nasbench101/nb101_val_20001.csv.gz",
        "{adjacency}|{ops}",
        "train_time_108_s=training_time_108_s",
    ) else {
        return;
    };
    let manifest = table.manifest();
    assert_eq!((manifest.n_rows, manifest.n_classes), (20_001, 20_001));
    assert_eq!(manifest.row_order, RowOrder::SourceFile);
    let best = table.best(table.column("val_108").unwrap()).unwrap();
    assert!((best - 0.9491).abs() < 5e-5, "{best}");
    let row = table.row(0).unwrap();
    let hash = table.key(row).to_string();
    assert_eq!(hash, "00005c142e6f48ac74fdcf73e3439874");
    let value = |name: &str| table.value(table.column(name).unwrap(), row);
    assert_eq!(value("val_4"), Some(0.360_476_762_056_350_7));
    assert_eq!(value("val_108"), Some(0.930_488_765_239_715_6));
    assert_eq!(value("train_time_108_s"), Some(1_768.975_952_148_437_5));
}
