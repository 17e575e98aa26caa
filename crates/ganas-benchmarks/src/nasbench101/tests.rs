//! The TFRecord files of EC-NAS, which are in the official container with the official fields and some more.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::sync::Arc;

use flate2::read::GzDecoder;
use ganas_space::nasbench101::NasBench101;

use std::path::Path;

use ganas_table::Table;

use super::records::{parse_record, read_tfrecords};
use crate::tests::*;
use ganas_eval::MetricRole;
use ganas_eval::{Evaluator, SelectionKind};
use ganas_formats::tfrecord::TfRecords;
use ganas_table::{Run, TableEvaluator};

const FILES: [(&str, &str, u64, usize); 2] = [
    (
        "energy_4V9E.tfrecord",
        "ecnas_energy_4V9E.csv.gz",
        1_092,
        91,
    ),
    (
        "energy_5V9E.tfrecord",
        "ecnas_energy_5V9E.csv.gz",
        2_532,
        2_532,
    ),
];

/// Accuracies, seconds and parameters of a row of the published CSV.
struct Expected {
    adjacency: String,
    train: f64,
    valid: f64,
    test: f64,
    seconds: f64,
    params: f64,
}

/// Rows by hash, epochs and repeat.
fn published(csv: &Path) -> BTreeMap<(u128, u32, u32), Expected> {
    let mut text = String::new();
    GzDecoder::new(fs::File::open(csv).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|h| h == name).unwrap();
    let mut rows = BTreeMap::new();
    for row in reader.records() {
        let row = row.unwrap();
        let text = |name: &str| row.get(place(name)).unwrap();
        let number = |name: &str| text(name).parse::<f64>().unwrap();
        let integer = |name: &str| text(name).parse::<u32>().unwrap();
        let hash = u128::from_str_radix(text("hash"), 16).unwrap();
        let expected = Expected {
            adjacency: text("adjacency").to_owned(),
            train: number("train_accuracy"),
            valid: number("validation_accuracy"),
            test: number("test_accuracy"),
            seconds: number("training_time_s"),
            params: number("params"),
        };
        rows.insert((hash, integer("epochs"), integer("repeat")), expected);
    }
    rows
}

#[test]
fn records_are_the_published_numbers() {
    for (file, csv, n_records, _) in FILES {
        let test = "records_are_the_published_numbers";
        let Some(source) = data_file(test, format!("nasbench101/{file}")) else {
            return;
        };
        let expected = published(&source.with_file_name(csv));
        let mut repeats: BTreeMap<(u128, u32), u32> = BTreeMap::new();
        let n = read_tfrecords(fs::File::open(&source).unwrap(), |cell, training| {
            let repeat = repeats.entry((training.hash, training.budget)).or_default();
            let expected = &expected[&(training.hash, training.budget, *repeat)];
            *repeat += 1;
            assert_eq!(cell.adjacency, expected.adjacency);
            let [_, end] = training.evaluations;
            let found = [
                end.epoch,
                end.train_accuracy,
                end.validation_accuracy,
                end.test_accuracy,
                end.training_time,
                training.params,
            ];
            let expected = [
                f64::from(training.budget),
                expected.train,
                expected.valid,
                expected.test,
                expected.seconds,
                expected.params,
            ];
            assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits));
            Ok(())
        })
        .unwrap();
        assert_eq!(n, n_records);
    }
}

#[test]
fn a_converted_file_has_every_repeat_and_the_means() {
    for (file, csv, n_records, n_cells) in FILES {
        let test = "a_converted_file_has_every_repeat_and_the_means";
        let Some(source) = data_file(test, format!("nasbench101/{file}")) else {
            return;
        };
        let folder = Folder::new();
        let report = folder.import(&source, &NasBench101::new()).unwrap();
        assert_eq!(report.n_records, n_records);
        let table = Table::open(folder.path("table.arrow")).unwrap();
        assert_eq!(table.n_rows(), n_cells);

        let expected = published(&source.with_file_name(csv));
        let columns = |name: String| table.column(&name).unwrap();
        let mut sums: BTreeMap<(u128, u32), Vec<f64>> = BTreeMap::new();
        let mut rows_of: BTreeMap<u128, ganas_table::Row> = BTreeMap::new();
        // The rows are in the order of the file, the published ones too.
        read_tfrecords(fs::File::open(&source).unwrap(), |_, training| {
            let next = rows_of.len();
            rows_of
                .entry(training.hash)
                .or_insert_with(|| table.row(next).unwrap());
            Ok(())
        })
        .unwrap();
        for ((hash, epochs, repeat), expected) in &expected {
            let row = rows_of[hash];
            for (metric, expected) in [
                ("valid", expected.valid),
                ("test", expected.test),
                ("train_acc", expected.train),
                ("train_time_s", expected.seconds),
            ] {
                let column = columns(format!("{metric}_run{repeat}_{epochs}"));
                assert_eq!(table.value(column, row), Some(expected));
            }
            assert_eq!(
                table.value(columns("params".to_owned()), row),
                Some(expected.params)
            );
            sums.entry((*hash, *epochs))
                .or_default()
                .push(expected.valid);
        }
        for ((hash, epochs), values) in sums {
            let column = columns(format!("valid_mean_{epochs}"));
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            assert_eq!(table.value(column, rows_of[&hash]), Some(mean));
            let info = table.info(column);
            assert_eq!(
                (info.role, info.epochs),
                (MetricRole::Validation, Some(epochs))
            );
            assert_eq!(info.run, Some(Run::Mean));
        }
    }
}

#[test]
fn a_converted_file_is_searched_on_and_charges_the_training_time() {
    let test = "a_converted_file_is_searched_on_and_charges_the_training_time";
    let Some(source) = data_file(test, "nasbench101/energy_4V9E.tfrecord") else {
        return;
    };
    let folder = Folder::new();
    let space: Arc<dyn SearchSpace> = Arc::new(NasBench101::new());
    let table = Arc::new(folder.imported(&source, &NasBench101::new()));
    let evaluator =
        TableEvaluator::new(Arc::clone(&table), space, "valid_run1_108", "test_mean_108").unwrap();
    let protocol = evaluator.metric_pair();
    assert_eq!(protocol.kind, SelectionKind::ValidationSelected);
    assert_eq!(
        (protocol.search_epochs, protocol.report_epochs),
        (Some(108), Some(108))
    );
    let row = table.row(3).unwrap();
    let seconds = table.column("train_time_s_run1_108").unwrap();
    let charged = table.query_time(evaluator.search_column(), row).unwrap();
    assert!(charged.is_some());
    assert_eq!(charged, table.value(seconds, row));
    // Half-way through 108 epochs is charged for less.
    let half = table.columns().unwrap().into_iter().find(|&c| {
        let info = table.info(c);
        info.schedule_epochs == Some(108)
            && info.epochs != Some(108)
            && info.role == MetricRole::Validation
            && info.run == Some(Run::Repeat(1))
    });
    assert!(table.query_time(half.unwrap(), row).unwrap() < charged);
}

/// A reader stops at the first record that is not complete, so every truncation is one of its last record.
#[test]
fn every_truncation_is_an_error() {
    let test = "every_truncation_is_an_error";
    let Some(source) = data_file(test, "nasbench101/energy_4V9E.tfrecord") else {
        return;
    };
    let bytes = fs::read(&source).unwrap();
    let mut records = TfRecords::new(&bytes[..]);
    let mut start = 0;
    while records.next_record().unwrap().is_some() {
        let end = usize::try_from(records.offset()).unwrap();
        for length in start + 1..end {
            let error = TfRecords::new(&bytes[start..length])
                .next_record()
                .unwrap_err();
            let message = error.in_file(&source).to_string();
            assert!(message.contains("ends in the middle"), "{message}");
        }
        start = end;
    }
    assert_eq!(start, bytes.len());

    let folder = Folder::new();
    let cut = folder.write("cut.tfrecord", &bytes[..bytes.len() / 2]);
    let message = folder
        .import(&cut, &NasBench101::new())
        .unwrap_err()
        .to_string();
    for part in [
        "cut.tfrecord: record 5",
        "byte ",
        "ends in the middle",
        "download or copy",
    ] {
        assert!(message.contains(part), "`{part}` is not in `{message}`");
    }
    assert_eq!(folder.names(), ["cut.tfrecord"]);
}

#[test]
fn damage_is_an_error() {
    let test = "damage_is_an_error";
    let Some(source) = data_file(test, "nasbench101/energy_4V9E.tfrecord") else {
        return;
    };
    let bytes = fs::read(&source).unwrap();
    let mut records = TfRecords::new(&bytes[..]);
    records.next_record().unwrap();
    let end = usize::try_from(records.offset()).unwrap();
    for at in 0..end {
        let mut damaged = bytes[..end].to_vec();
        damaged[at] ^= 1;
        let error = TfRecords::new(&damaged[..]).next_record().unwrap_err();
        let message = error.in_file(&source).to_string();
        assert!(
            message.contains("record 1, byte 0: the checksum"),
            "{message}"
        );
    }
    // Behind a correct checksum.
    for payload in [
        &b""[..],
        b"[]",
        br#"["00000000000000000000000000000000", 4, "0100", "input,output", "!"]"#,
        br#"["00000000000000000000000000000000", 4, "0100", "input,output", ""]"#,
        br#"["0", 4, "0100", "input,output", ""]"#,
    ] {
        assert!(parse_record(payload, &mut Vec::new()).is_err());
    }
}
