//! The form of NAS-Bench-301's official ensembles, on small ones that `xtask/golden/nasbench301.py` made.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_space::{Arch, SearchSpace};
use serde_json::Value;

use crate::nasbench301::{features, singles};
use crate::{SurrogateEvaluator, lightgbm, xgboost};
use ganas_eval::{Evaluator, Query};

use crate::SurrogateError;

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens/nasbench301")
}

fn predictions(file: &str) -> Value {
    serde_json::from_slice(&fs::read(goldens().join(file)).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap()).collect()
}

/// The architectures of the predictions; lists are read as the compact form, in the numbering without `none`.
fn archs(space: &dyn SearchSpace, predictions: &Value) -> Vec<Arch> {
    let archs = predictions["archs"].as_array().unwrap().iter();
    let text = |arch: &Value| arch.to_string().replace('[', "(").replace(']', ")");
    archs
        .map(|arch| {
            space
                .decode_form(Some("numbers-without-none"), &text(arch))
                .unwrap()
        })
        .collect()
}

fn member(path: &str) -> Vec<u8> {
    fs::read(goldens().join(path).join("surrogate_model.model")).unwrap()
}

/// As ConfigSpace 0.6.1 encodes them; 0.4.12, which the benchmark asks for, has the same order.
#[test]
fn architectures_are_encoded_as_configspace_does() {
    let space = ganas_space::by_name("darts").unwrap();
    let golden = predictions("predictions.json");
    for (arch, expected) in archs(&*space, &golden)
        .iter()
        .zip(golden["features"].as_array().unwrap())
    {
        assert_eq!(features(arch), numbers(expected));
    }
}

/// To the last bit, from the binary form of version 1.2 and the JSON of version 1.3.
#[test]
fn predictions_of_xgboost_are_repeated() {
    let space = ganas_space::by_name("darts").unwrap();
    for (file, members) in [
        ("predictions.json", &["1", "2"][..]),
        ("predictions-json.json", &["3-json"]),
    ] {
        let golden = predictions(file);
        for name in members {
            let booster = xgboost::Booster::read(&member(&format!("xgb/{name}"))).unwrap();
            let expected = numbers(&golden["xgb"][name]);
            for (arch, expected) in archs(&*space, &golden).iter().zip(expected) {
                let found = f64::from(booster.predict(&singles(&features(arch))));
                assert_eq!(
                    found.to_bits(),
                    expected.to_bits(),
                    "{name}: {found} {expected}"
                );
            }
        }
    }
}

/// To the last bit, from the forms that the versions named in the file write.
#[test]
fn predictions_of_later_versions_are_repeated() {
    let read = |file: &str| fs::read(goldens().join(file)).unwrap();
    let golden = predictions("predictions-today.json");
    let features: Vec<Vec<f64>> = predictions("predictions.json")["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(numbers)
        .collect();
    for file in ["today.xgboost.json", "today.xgboost.pickle"] {
        let booster = xgboost::Booster::read(&read(file)).unwrap();
        for (features, expected) in features.iter().zip(numbers(&golden["xgb"])) {
            let found = f64::from(booster.predict(&singles(features)));
            assert_eq!(
                found.to_bits(),
                expected.to_bits(),
                "{file}: {found} {expected}"
            );
        }
    }
    let booster = lightgbm::Booster::read(&read("today.lightgbm.pickle")).unwrap();
    for (features, expected) in features.iter().zip(numbers(&golden["lgb_runtime"])) {
        let found = booster.predict(features);
        assert_eq!(found.to_bits(), expected.to_bits(), "{found} {expected}");
    }
}

/// To the last bit; the booster was stopped early and holds more trees than it uses.
#[test]
fn predictions_of_lightgbm_are_repeated() {
    let space = ganas_space::by_name("darts").unwrap();
    let golden = predictions("predictions.json");
    let booster = lightgbm::Booster::read(&member("lgb_runtime/1")).unwrap();
    let expected = numbers(&golden["lgb_runtime"]["1"]);
    for (arch, expected) in archs(&*space, &golden).iter().zip(expected) {
        let found = booster.predict(&features(arch));
        assert_eq!(found.to_bits(), expected.to_bits(), "{found} {expected}");
    }
}

/// The mean over the members, and the time when the folder has it.
#[test]
fn ensembles_are_found_below_the_folder() {
    let space = ganas_space::by_name("darts").unwrap();
    // A surrogate is asked for the canonical form, so the values of the file are those of canonical architectures only.
    let archs = archs(&*space, &predictions("predictions.json"));
    let place = archs.iter().position(|arch| space.canonical(arch) == *arch);
    let place = place.expect("some of the architectures are canonical");
    let member = |file: &str, name: &str| numbers(&predictions(file)["xgb"][name])[place];
    let members = [
        member("predictions.json", "1"),
        member("predictions.json", "2"),
        member("predictions-json.json", "3-json"),
    ];
    let evaluator =
        SurrogateEvaluator::open(goldens(), Arc::clone(&space), None, Some("runtime_s")).unwrap();
    let measured = evaluator
        .evaluate(Query::new(&*space, &archs[place]))
        .unwrap();
    let runtime = numbers(&predictions("predictions.json")["lgb_runtime"]["1"])[place];
    let mean = members.iter().sum::<f64>() / 3.0;
    assert_eq!(
        [measured.search.value(), measured.report.0].map(f64::to_bits),
        [mean, runtime].map(f64::to_bits)
    );
    let names = |evaluator: &SurrogateEvaluator| {
        let names = evaluator.predictions().map(|p| p.name);
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        names(&evaluator),
        ["val_accuracy", "runtime_s", "params", "flops"]
    );
    let alone = SurrogateEvaluator::open(goldens().join("xgb"), space, None, None).unwrap();
    assert_eq!(names(&alone), ["val_accuracy", "params", "flops"]);
    assert_ne!(alone.sha256(), evaluator.sha256());
}

#[test]
fn a_folder_without_accuracy_is_an_error() {
    let space = ganas_space::by_name("darts").unwrap();
    let error = SurrogateEvaluator::open(
        goldens().join("lgb_runtime"),
        Arc::clone(&space),
        None,
        None,
    )
    .unwrap_err()
    .to_string();
    assert!(error.contains("no member of the kind `xgb`"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    let error = SurrogateEvaluator::open(empty.path(), space, None, None).unwrap_err();
    assert!(
        matches!(error, SurrogateError::NoSurrogate { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("xgb ensemble"), "{error}");
}

/// Every truncation is an error that says so, and none is a panic.
#[test]
fn truncations_are_errors() {
    for path in ["xgb/1", "xgb/3-json"] {
        let bytes = member(path);
        for n in (0..bytes.len()).step_by(7) {
            assert!(xgboost::Booster::read(&bytes[..n]).is_err(), "{path}: {n}");
        }
    }
    let bytes = member("lgb_runtime/1");
    for n in (0..bytes.len()).step_by(7) {
        assert!(lightgbm::Booster::read(&bytes[..n]).is_err(), "{n}");
    }
}

/// Bytes that claim other sizes or children give an error or another booster, but never a panic or an endless loop.
#[test]
fn damage_is_no_panic() {
    let zeros = vec![0.0; 56];
    for path in ["xgb/1", "xgb/3-json", "lgb_runtime/1"] {
        let bytes = member(path);
        for at in (0..bytes.len()).step_by(11) {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                if path.starts_with("xgb") {
                    if let Ok(booster) = xgboost::Booster::read(&damaged)
                        && booster.n_features() == 56
                    {
                        booster.predict(&singles(&zeros));
                    }
                } else if let Ok(booster) = lightgbm::Booster::read(&damaged)
                    && booster.n_features() == 56
                {
                    booster.predict(&zeros);
                }
            }
        }
    }
}
