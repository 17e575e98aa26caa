//! The real records of NATS-Bench.

use std::fs;
use std::io::Read as _;

use bzip2::read::BzDecoder;
use flate2::read::GzDecoder;
use ganas_space::nasbench201::NasBench201;

use std::path::Path;

use ganas_table::Table;

use super::record::{Dataset, Record, record};
use crate::nats::archive::{RecordReader, read_folder};
use crate::tests::*;
use ganas_formats::MaxUnpacked;
use ganas_formats::pickle::{self, Limits};
use ganas_table::Row;
use ganas_table::naming::column_info;

const TOPOLOGY: &str = "formats/nats_bench/NATS-tss-v1_0-3ffb9-simple";
const SIZE: &str = "formats/nats_bench/NATS-sss-v1_0-50262-simple";
const CELLS: [usize; 3] = [0, 11, 284];

/// The cells of a published CSV by column name, for the cells of the samples.
fn published(csv: &Path) -> Vec<(String, [Option<f64>; 3])> {
    let mut text = String::new();
    GzDecoder::new(fs::File::open(csv).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    header
        .iter()
        .enumerate()
        .map(|(place, name)| {
            let value = |cell: usize| rows[cell].get(place).unwrap().parse().ok();
            (name.to_owned(), CELLS.map(value))
        })
        .collect()
}

#[test]
fn records_are_the_published_numbers() {
    let test = "records_are_the_published_numbers";
    let Some(source) = data_file(test, TOPOLOGY) else {
        return;
    };
    let folder = Folder::new();
    let report = folder.import(&source, &NasBench201::new()).unwrap();
    let table = Table::open(folder.path("table.arrow")).unwrap();
    assert_eq!(table.n_rows(), CELLS.len());
    assert_eq!(table.sha256().unwrap(), report.output_sha256);
    let rows: Vec<Row> = table.rows().collect();
    let check = |csv: &str, renamed: &dyn Fn(&str) -> Option<String>| {
        let mut n_compared = 0;
        for (name, expected) in published(&source.join("../../../nasbench201").join(csv)) {
            let Some(column) = renamed(&name) else {
                continue;
            };
            let column = table.column(&column).unwrap();
            for (row, expected) in rows.iter().zip(expected) {
                let found = table.value(column, *row);
                match (found, expected) {
                    // The validation means were summed in 32 bits, see the provenance of the table.
                    (Some(found), Some(expected)) => {
                        assert!(
                            (found - expected).abs() < 2e-7,
                            "{name}: {found} {expected}"
                        );
                        n_compared += usize::from(found.to_bits() == expected.to_bits());
                    }
                    other => assert_eq!(other, (None, None), "{name}"),
                }
            }
        }
        n_compared
    };
    // Means over seeds, costs and single runs; the columns of other files are left out.
    let exact = check("nb201_accuracy.csv.gz", &|name| match name {
        "index" | "arch" | "apiv1_params_m_cifar10" => None,
        name if name.contains("random_run") || name.ends_with("_12") => None,
        name => {
            let name = name.trim_end_matches("_nats");
            // Single runs of NAS-Bench-201 of another version of the file.
            (!name.contains("seed888")).then(|| name.to_owned())
        }
    });
    assert!(exact > 30, "{exact} values are exactly the published ones");
    // One training of 12 epochs, trained on all images: times and accuracies.
    let exact = check("nb201_train_time_1000.csv.gz", &|name| {
        name.strip_suffix("_12_train_time_s")
            .map(|dataset| format!("{dataset}_train_time_s_mean_12"))
    });
    assert_eq!(exact, 9);
}

#[test]
fn a_query_is_charged_all_epochs_and_one_validation_pass() {
    let test = "a_query_is_charged_all_epochs_and_one_validation_pass";
    let Some(source) = data_file(test, TOPOLOGY) else {
        return;
    };
    let folder = Folder::new();
    let table = folder.imported(&source, &NasBench201::new());
    let row = table.row(1).unwrap();
    // Cell 11: 12 epochs of 12.462056795756022 s and a pass of 4.151251713434855 s.
    let valid = table.column("cifar10_valid_seed777_12").unwrap();
    let charged = table.query_time(valid, row).unwrap().unwrap();
    let expected = 12.0 * 12.462_056_795_756_022 + 4.151_251_713_434_855;
    assert!((charged - expected).abs() < 1e-9, "{charged} {expected}");
    let test = table.column("cifar10_test_mean_200").unwrap();
    assert_eq!(table.query_time(test, row).unwrap(), None);
}

#[test]
fn seeds_are_those_of_the_record() {
    let test = "seeds_are_those_of_the_record";
    let Some(source) = data_file(test, TOPOLOGY) else {
        return;
    };
    let mut records: Vec<Record> = Vec::new();
    read_folder(&source, |record| {
        records.push(record.clone());
        Ok(())
    })
    .unwrap();
    let indices: Vec<u64> = records.iter().map(|r| r.index).collect();
    assert_eq!(indices, [0, 11, 284]);
    let seeds = |dataset: Dataset, epochs: u32| {
        let mut seeds: Vec<u32> = records[1]
            .trainings
            .iter()
            .filter(|t| t.dataset == dataset && t.epochs == epochs)
            .map(|t| t.seed)
            .collect();
        seeds.sort_unstable();
        seeds
    };
    assert_eq!(seeds(Dataset::Cifar10Half, 12), [111, 777]);
    assert_eq!(seeds(Dataset::Cifar100, 12), [111]);
    assert_eq!(seeds(Dataset::Cifar10Half, 200), [777, 888, 999]);
    let first = &records[1].trainings[0];
    assert_eq!(first.evaluations[1].accuracy, Some(64.54));
}

#[test]
fn the_size_space_has_records_of_the_same_kind() {
    let test = "the_size_space_has_records_of_the_same_kind";
    let Some(source) = data_file(test, SIZE) else {
        return;
    };
    let mut texts = Vec::new();
    let mut second = None;
    let n = read_folder(&source, |record| {
        texts.push(record.arch.clone());
        second = (record.index == 11)
            .then(|| record.clone())
            .or(second.take());
        assert!(record.trainings.iter().any(|t| t.epochs == 90));
        assert!(record.trainings.iter().all(|t| t.train_time.is_some()));
        Ok(())
    });
    assert_eq!(n.unwrap(), 3);
    assert_eq!(texts, ["8:8:8:8:8", "8:8:8:16:32", "8:8:40:32:40"]);
    // What Python reads from the file.
    let second = second.unwrap();
    let training = second
        .trainings
        .iter()
        .find(|t| (t.dataset, t.seed, t.epochs) == (Dataset::Cifar10Half, 777, 12))
        .unwrap();
    let found = [
        training.params,
        training.flops,
        training.train.accuracy,
        training.train_time,
        training.evaluations[0].accuracy,
        training.evaluations[1].accuracy,
    ];
    let expected = [
        0.049_202,
        6.840_65,
        75.388_000_004_882_81,
        35.278_999_328_613_28,
        74.211_999_970_703_12,
        73.94,
    ];
    assert_eq!(found, expected.map(Some));
}

/// The list of architectures beside the records, which no table needs.
#[test]
fn meta_files_are_read() {
    for (folder, n_archs, eleventh) in [
        (
            TOPOLOGY,
            15_625,
            "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|",
        ),
        (SIZE, 32_768, "8:8:8:16:32"),
    ] {
        let Some(source) = data_file("meta_files_are_read", folder) else {
            return;
        };
        let file = fs::File::open(source.join("meta.pickle.pbz2")).unwrap();
        let reader = std::io::BufReader::new(BzDecoder::new(file));
        let (heap, value) = pickle::read(reader, Limits::default()).unwrap();
        let archs = heap
            .elements(heap.get(&value, "meta_archs").unwrap())
            .unwrap();
        assert_eq!(archs.len(), n_archs);
        assert_eq!(archs[11].as_text(), Some(eleventh));
    }
}

#[test]
fn a_tar_file_is_its_folder() {
    let test = "a_tar_file_is_its_folder";
    let Some(source) = data_file(test, TOPOLOGY) else {
        return;
    };
    let mut builder = tar::Builder::new(Vec::new());
    builder
        .append_dir_all("NATS-tss-v1_0-3ffb9-simple", &source)
        .unwrap();
    let tar = builder.into_inner().unwrap();

    let [folder, unpacked] = [Folder::new(), Folder::new()];
    let path = folder.write("NATS-tss-v1_0-3ffb9-simple.tar", &tar);
    let packed = folder.imported(&path, &NasBench201::new());
    let unpacked = unpacked.imported(&source, &NasBench201::new());
    assert_eq!(packed.n_rows(), 3);
    assert_eq!(packed.manifest().columns, unpacked.manifest().columns);
    // A tar file is in the order of the folder on disk.
    for row in packed.rows() {
        let twin = unpacked
            .rows()
            .find(|&r| unpacked.arch_text(r).unwrap() == packed.arch_text(row).unwrap());
        for column in packed.columns().unwrap() {
            let values = [
                packed.value(column, row),
                unpacked.value(column, twin.unwrap()),
            ];
            assert_eq!(values[0].map(f64::to_bits), values[1].map(f64::to_bits));
        }
    }

    // Also between two members, where a reader finds nothing wrong.
    let mut archive = tar::Archive::new(&tar[..]);
    let members = archive.entries().unwrap();
    let starts =
        members.map(|member| usize::try_from(member.unwrap().raw_header_position()).unwrap());
    let starts: Vec<usize> = starts.collect();
    assert_eq!(starts.len(), 5);
    let end = tar.len() - 1024;
    for length in starts
        .into_iter()
        .chain([end])
        .chain((512..end).step_by(4_999))
    {
        let cut = folder.write("cut.tar", &tar[..length]);
        let error = folder
            .import_as(PublishedFormat::NatsTar, &cut, &NasBench201::new())
            .unwrap_err();
        assert!(matches!(error, BenchmarkError::File(_)), "{error}");
    }
}

#[test]
fn truncations_are_errors() {
    let test = "truncations_are_errors";
    let Some(source) = data_file(test, TOPOLOGY) else {
        return;
    };
    let compressed = fs::read(source.join("000011.pickle.pbz2")).unwrap();
    let mut reader = RecordReader::default();
    let lengths = (0..2_000)
        .chain((2_000..compressed.len()).step_by(997))
        .chain(compressed.len() - 64..compressed.len());
    for length in lengths {
        let error = reader
            .read(&compressed[..length])
            .map(|r| r.index)
            .unwrap_err();
        let message = error.in_file(&source).to_string();
        assert!(
            message.contains("ends in the middle"),
            "at {length}: {message}"
        );
    }
    let mut pickled = Vec::new();
    BzDecoder::new(&compressed[..])
        .read_to_end(&mut pickled)
        .unwrap();
    let lengths = (0..2_000)
        .chain((2_000..pickled.len()).step_by(4_999))
        .chain(pickled.len() - 64..pickled.len());
    for length in lengths {
        let error = pickle::read(&pickled[..length], Limits::default()).unwrap_err();
        let message = error.in_file(&source).to_string();
        assert!(
            message.contains("the pickle ends in the middle"),
            "at {length}: {message}"
        );
    }
    let (heap, value) = pickle::read(&pickled[..], Limits::default()).unwrap();
    assert_eq!(record(&heap, &value).unwrap().index, 11);
}

/// A table that is exported as CSV and imported again keeps its roles and units.
#[test]
fn names_say_what_the_columns_are() {
    let values = [Some(10.0), Some(90.0)];
    for dataset in Dataset::ALL {
        for metric in super::metrics(dataset, 200) {
            for run in ["mean", "seed777"] {
                let name = format!("{}_{run}_200", metric.name);
                let info = column_info(&name, &values);
                assert_eq!(
                    (info.role, info.unit),
                    (metric.meaning.role, metric.unit),
                    "{name}"
                );
                assert_eq!(info.run.unwrap().to_string(), run);
            }
        }
    }
}

/// Arrow reads what is written column by column.
#[test]
fn arrow_reads_a_converted_table_as_it_is() {
    use arrow_array::{Array, Float64Array};
    use arrow_ipc::reader::FileReader;

    let folder = Folder::new();
    let Some(source) = data_file("arrow_reads_a_converted_table_as_it_is", TOPOLOGY) else {
        return;
    };
    let request = ImportRequest {
        source,
        format: PublishedFormat::NatsFolder,
        output: folder.path("table.arrow"),
        overwrite: false,
        made_from: Vec::new(),
        max_unpacked: MaxUnpacked::default(),
    };
    import(&request, &NasBench201::new()).unwrap();
    let table = Table::open(&request.output).unwrap();
    let mut reader = FileReader::try_new(fs::File::open(&request.output).unwrap(), None).unwrap();
    let batch = reader.next().unwrap().unwrap();
    assert!(reader.next().is_none());
    assert_eq!(batch.num_columns(), table.columns().unwrap().len() + 3);
    for (column, array) in table
        .columns()
        .unwrap()
        .into_iter()
        .zip(&batch.columns()[2..])
    {
        let array = array.as_any().downcast_ref::<Float64Array>().unwrap();
        let nulls = table.rows().filter(|&r| table.value(column, r).is_none());
        assert_eq!(
            array.null_count(),
            nulls.count(),
            "{}",
            table.info(column).name
        );
    }
}
