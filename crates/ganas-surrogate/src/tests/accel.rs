//! The ensemble of Accel-NASBench against the reference predictions of each member.

use std::fs;
use std::sync::Arc;

use super::{data, rows};
use crate::SurrogateEvaluator;
use crate::accel::AccelEnsemble;
use crate::folder::Folder;
use crate::xgboost::Booster;
use ganas_eval::{Evaluator, Query};

use crate::SurrogateError;

const FOLDER: &str = "accel_nasbench/xgb_accuracy_ensemble";

/// All 5,138 rows from the JSON files, every eighth from the pickled boosters: every member to the last bit.
#[test]
fn reference_predictions_are_repeated() {
    let Some(folder) = data("reference_predictions_are_repeated", "accel_nasbench") else {
        return;
    };
    let (headers, archs) = rows(&folder.join("accel_nasbench_imagenet.csv.gz"));
    let texts: Vec<String> = archs
        .iter()
        .map(|row| {
            let value = |name: &str| &row[headers.iter().position(|h| h == name).unwrap()];
            let words = (0..7).map(|b| {
                let [e, k, l, se] =
                    ["e", "k", "l", "se"].map(|f| value(&format!("block{b}_{f}")).to_owned());
                format!("e{e}k{k}l{l}se{se}")
            });
            words.collect::<Vec<_>>().join(" ")
        })
        .collect();
    let ensemble_folder = folder.join("xgb_accuracy_ensemble");
    let (_, expected) = rows(&ensemble_folder.join("reference_predictions.csv.gz"));
    assert_eq!(expected.len(), texts.len());
    let pickled = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(&ensemble_folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.contains("xgboost.json") {
            fs::copy(ensemble_folder.join(&name), pickled.path().join(&name)).unwrap();
        }
    }
    let space = ganas_space::by_name("mbconv").unwrap();
    for (folder, step) in [(ensemble_folder.as_path(), 1), (pickled.path(), 8)] {
        let ensemble = AccelEnsemble::open(&mut Folder::new(folder)).unwrap();
        for (text, expected) in texts.iter().zip(&expected).step_by(step) {
            let found = ensemble.of_members(&space.decode(text).unwrap()).unwrap();
            let expected: Vec<f32> = expected
                .iter()
                .skip(1)
                .map(|value| value.parse().unwrap())
                .collect();
            let bits = |values: &[f32]| {
                values
                    .iter()
                    .map(|value| value.to_bits())
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                bits(&found),
                bits(&expected),
                "{text}: {found:?} {expected:?}"
            );
        }
    }
}

#[test]
fn the_mean_of_the_members_is_searched_on() {
    let Some(folder) = data("the_mean_of_the_members_is_searched_on", FOLDER) else {
        return;
    };
    let space = ganas_space::by_name("mbconv").unwrap();
    let evaluator =
        SurrogateEvaluator::open(&folder, Arc::clone(&space), None, Some("params")).unwrap();
    let arch = space.decode("efficientnet-b0").unwrap();
    let measured = evaluator.evaluate(Query::new(&*space, &arch)).unwrap();
    assert!(
        (60.0..70.0).contains(&measured.search.value()),
        "{measured:?}"
    );
    assert_eq!(measured.report.0.to_string(), "5288548");
}

#[test]
fn damaged_boosters_are_refused() {
    let Some(folder) = data("damaged_boosters_are_refused", FOLDER) else {
        return;
    };
    let file = |name: &str| {
        ganas_formats::source::Source::read(
            &folder.join(name),
            ganas_formats::limit::MODEL,
            ganas_formats::MaxUnpacked::default(),
        )
        .unwrap()
        .text
    };
    let pickle = file("member_0.surrogate_model.model.gz");
    let json = file("member_0.xgboost.json.gz");
    for n in [1, 70, 5_000, pickle.len() - 1] {
        assert!(Booster::read(&pickle[..n]).is_err(), "{n}");
    }
    for n in [0, 1, json.len() - 1] {
        assert!(Booster::read(&json[..n]).is_err(), "{n}");
    }
    let text = String::from_utf8(json).unwrap();
    let changed = text.replacen("reg:squarederror", "multi:softmax", 1);
    let error = Booster::read(changed.as_bytes()).unwrap_err();
    assert!(error.contains("multi:softmax"), "{error}");
    let changed = text.replace("\"num_feature\":\"28\"", "\"num_feature\":\"3\"");
    let error = Booster::read(changed.as_bytes()).unwrap_err();
    assert!(error.contains("a feature is out of range"), "{error}");

    let empty = tempfile::tempdir().unwrap();
    let space = ganas_space::by_name("mbconv").unwrap();
    let error = SurrogateEvaluator::open(empty.path(), space, None, None).unwrap_err();
    assert!(
        matches!(error, SurrogateError::NoSurrogate { .. }),
        "{error}"
    );
}
