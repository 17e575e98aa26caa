//! The real result of a training of NAS-Bench-301.

use std::fs;

use serde_json::Value;

use std::path::{Path, PathBuf};

use crate::nasbench301::results::{Network, parse_result, result_files};
use crate::tests::*;
use ganas_table::Run;

const FOLDER: &str = "formats/nasbench301";

fn sample(test: &str) -> Option<(PathBuf, Vec<u8>)> {
    let folder = data_file(test, FOLDER)?;
    let text = fs::read(folder.join("results_0.json")).unwrap();
    Some((folder, text))
}

#[test]
fn a_result_has_the_published_numbers() {
    let Some((_, text)) = sample("a_result_has_the_published_numbers") else {
        return;
    };
    let training = parse_result(&text).unwrap();
    assert_eq!((training.epochs, training.budget), (1488, 1500));
    let network = Network {
        layers: 20,
        init_channels: 50,
    };
    assert_eq!(training.network, network);
    let found = [
        training.validation_accuracy,
        training.test_accuracy,
        training.train_accuracy,
        training.validation_loss,
        training.train_loss,
        training.seconds,
        training.params,
    ];
    let expected = [
        97.68,
        97.54,
        86.637_927_749_603_72,
        0.111_811_106_546_502_56,
        1.577_487_762_103_332_7,
        365_136.0,
        6_369_358.0,
    ];
    assert_eq!(found, expected.map(Some));
    assert_eq!(
        serde_json::from_str::<Value>(&training.arch)
            .unwrap()
            .as_object()
            .unwrap()
            .len(),
        22
    );
}

/// The architecture is one of the official ConfigSpace, whose file lies beside it.
#[test]
fn a_result_is_of_the_official_configuration_space() {
    let test = "a_result_is_of_the_official_configuration_space";
    let Some((folder, text)) = sample(test) else {
        return;
    };
    let space: Value =
        serde_json::from_slice(&fs::read(folder.join("configspace.json")).unwrap()).unwrap();
    let parameters = space["hyperparameters"].as_array().unwrap();
    let arch: Value = serde_json::from_str(&parse_result(&text).unwrap().arch).unwrap();
    for (name, value) in arch.as_object().unwrap() {
        let parameter = parameters.iter().find(|p| p["name"] == *name).unwrap();
        let choices = parameter["choices"].as_array().unwrap();
        assert!(choices.contains(value), "{name}: {value}");
    }
}

#[test]
fn every_truncation_is_an_error() {
    let Some((_, text)) = sample("every_truncation_is_an_error") else {
        return;
    };
    for length in 0..text.trim_ascii_end().len() {
        let error = parse_result(&text[..length]).unwrap_err();
        let message = error.in_file(Path::new("results_0.json")).to_string();
        assert!(
            message.contains("ends in the middle"),
            "at {length}: {message}"
        );
    }
}

#[test]
fn results_of_other_content_are_errors() {
    let with = |config: &str, rest: &str| {
        let prefix = "NetworkSelectorDatasetInfo:darts";
        format!(
            "{{\"optimized_hyperparamater_config\": {{\"{prefix}:layers\": 8, {config}}}, {rest}}}"
        )
    };
    let channels = "\"NetworkSelectorDatasetInfo:darts:init_channels\": 32";
    let whole = "\"budget\": 98.0, \"info\": [{\"epochs\": 98}]";
    assert!(parse_result(with(channels, whole).as_bytes()).is_ok());
    for (text, part) in [
        ("[]".to_owned(), "the result of a training"),
        (
            "{\"budget\": 98,\n \"info\": []}".to_owned(),
            "missing field",
        ),
        (with("\"a\": 1", whole), "init_channels"),
        (
            with(channels, "\"budget\": 0.5, \"info\": [{\"epochs\": 1}]"),
            "a number of epochs",
        ),
        (
            with(channels, "\"budget\": 98, \"info\": []"),
            "one set of measurements",
        ),
        (
            with(channels, "\"budget\": \"98\", \"info\": []"),
            "expected f64",
        ),
    ] {
        let error = parse_result(text.as_bytes()).unwrap_err();
        let message = error.in_file(Path::new("results_0.json")).to_string();
        for part in [
            part,
            "results_0.json: byte ",
            "is it a file of this benchmark?",
        ] {
            assert!(message.contains(part), "`{part}` is not in `{message}`");
        }
    }
}

/// The official data has a folder for each algorithm that chose architectures.
#[test]
fn folders_are_searched_and_converted() {
    let Some((_, text)) = sample("folders_are_searched_and_converted") else {
        return;
    };
    let folder = Folder::new();
    for file in [
        "data/rs/results_0.json",
        "data/rs/results_12.json",
        "data/de/results_0.json",
    ] {
        let path = folder.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &text).unwrap();
    }
    fs::write(folder.path("data/rs/results_x.json"), "not one").unwrap();
    let source = folder.path("data");
    assert_eq!(result_files(&source).unwrap().len(), 3);
    let detected = PublishedFormat::detect(&source).unwrap();
    assert_eq!(detected, Some(PublishedFormat::NasBench301Results));
    let file = folder.path("data/rs/results_0.json");
    assert_eq!(PublishedFormat::detect(&file).unwrap(), detected);

    let Ok(space) = ganas_space::by_name("darts") else {
        eprintln!("SKIPPED: folders_are_searched_and_converted needs the space darts to import");
        return;
    };
    let table = folder.imported(&source, &*space);
    assert_eq!(table.n_rows(), 1);
    let row = table.row(0).unwrap();
    let value = |name: &str| table.value(table.column(name).unwrap(), row);
    assert_eq!(value("valid_run2_1488of1500"), Some(97.68));
    assert_eq!(value("test_mean_1488of1500"), Some(97.54));
    let valid = table.column("valid_mean_1488of1500").unwrap();
    assert_eq!(table.query_time(valid, row).unwrap(), Some(365_136.0));
    let info = table.info(valid);
    assert_eq!(
        (info.epochs, info.schedule_epochs, info.run),
        (Some(1488), Some(1500), Some(Run::Mean))
    );

    // Of a larger network.
    let text = String::from_utf8(text).unwrap();
    let larger = text.replace("darts:layers\": 20", "darts:layers\": 21");
    fs::write(folder.path("data/rs/results_12.json"), larger).unwrap();
    let error = folder.import(&source, &*space).unwrap_err();
    check_message(
        &error,
        &["results_12.json", "20 layers of 50 channels", "21 layers"],
    );
}
