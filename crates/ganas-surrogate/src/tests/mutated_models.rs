//! Boosters with changed bits, and cut off: an error, or a prediction; never a panic, nor a loop without end.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::{lightgbm, xgboost};

/// As many features as the models have.
const N_FEATURES: usize = 56;

const FILES: [&str; 6] = [
    "xgb/1/surrogate_model.model",
    "xgb/3-json/surrogate_model.model",
    "today.xgboost.json",
    "today.xgboost.pickle",
    "lgb_runtime/1/surrogate_model.model",
    "today.lightgbm.pickle",
];

fn is_lightgbm(file: &str) -> bool {
    file.starts_with("lgb") || file.contains("lightgbm")
}

/// Reads a model and asks it for a few predictions; whether it was read.
fn try_model(file: &str, bytes: &[u8]) -> bool {
    if is_lightgbm(file) {
        let Ok(booster) = lightgbm::Booster::read(bytes) else {
            return false;
        };
        if booster.n_features() <= N_FEATURES {
            for value in [0.0, -1.0, 1e300] {
                // Sums of finite leaves may be infinite; whoever asks refuses those.
                assert!(!booster.predict(&[value; N_FEATURES]).is_nan());
            }
        }
    } else {
        let Ok(booster) = xgboost::Booster::read(bytes) else {
            return false;
        };
        if booster.n_features() <= N_FEATURES {
            for value in [0.0, -1.0, 1e30] {
                assert!(!booster.predict(&[value; N_FEATURES]).is_nan());
            }
        }
    }
    true
}

fn model(file: &str) -> Vec<u8> {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens/nasbench301");
    fs::read(goldens.join(file)).unwrap()
}

#[test]
fn models_are_read() {
    for file in FILES {
        assert!(try_model(file, &model(file)), "{file}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutations_are_no_panic(
        file in 0..FILES.len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = model(FILES[file]);
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        try_model(FILES[file], &bytes);
    }
}

/// Replaces a part of XGBoost's JSON.
fn json_with(from: &str, to: &str) -> Result<f32, String> {
    let text = r#"{"learner": {
        "gradient_booster": {"name": "gbtree", "model": {"gbtree_model_param": {"num_parallel_tree": "1"}, "trees": [{
            "left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [0, 0, 0],
            "split_conditions": [0.5, 1.0, 2.0]}]}},
        "learner_model_param": {"base_score": "0.5", "num_feature": "1"},
        "objective": {"name": "reg:squarederror"}}}"#;
    assert!(text.contains(from), "{from}");
    let booster = xgboost::Booster::read(text.replacen(from, to, 1).as_bytes())?;
    Ok(booster.predict(&[0.0]))
}

#[test]
fn trees_of_xgboost_are_checked() {
    assert_eq!(json_with("", ""), Ok(1.5));
    for (from, to, expected) in [
        ("[1, -1, -1]", "[0, -1, -1]", "a child is not a later node"),
        ("[1, -1, -1]", "[3, -1, -1]", "a child is not a later node"),
        ("[1, -1, -1]", "[-2, -1, -1]", "a child is not a later node"),
        (
            "[1, -1, -1]",
            "[9223372036854775807, -1, -1]",
            "a child is not a later node",
        ),
        ("[1, -1, -1]", "[2, -1, -1]", "are the same one"),
        ("[1, -1, -1]", "[1, 0, -1]", "a child is not a later node"),
        ("[0, 0, 0]", "[1, 0, 0]", "a feature is out of range"),
        ("[0, 0, 0]", "[-1, 0, 0]", "a feature is out of range"),
        ("[0, 0, 0]", "[0, 0]", "different lengths"),
        (
            "[0.5, 1.0, 2.0]",
            "[0.5, 1e300, 2.0]",
            "expected a finite number",
        ),
        ("\"0.5\"", "\"NaN\"", "expected a finite number"),
        ("\"0.5\"", "\"inf\"", "expected a finite number"),
        (
            "\"num_feature\": \"1\"",
            "\"num_feature\": \"-1\"",
            "expected a number",
        ),
    ] {
        let error = json_with(from, to).unwrap_err();
        assert!(error.contains(expected), "{from} -> {to}: {error}");
    }
}
