//! Surrogates of which a file is missing: an error names it, and no prediction is made without it.

use std::fs;
use std::path::{Path, PathBuf};

use super::data;
use crate::{SurrogateError, SurrogateEvaluator};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// What opening says after these files or folders were removed from a copy.
fn without(from: &Path, space: &str, removed: &[&str]) -> Result<usize, SurrogateError> {
    let folder = tempfile::tempdir().unwrap();
    copy(from, folder.path());
    for name in removed {
        let path = folder.path().join(name);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }
    let space = ganas_space::by_name(space).unwrap();
    let opened = SurrogateEvaluator::open(folder.path(), space, None, None)?;
    Ok(opened.predictions().count())
}

fn nasbench301() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens/nasbench301")
}

#[test]
fn a_member_of_nasbench301_that_is_missing_is_named() {
    for (removed, named) in [
        (&["xgb/2"][..], "xgb/2/surrogate_model.model"),
        (&["xgb/1"], "xgb/1/surrogate_model.model"),
        (&["xgb/1", "xgb/2"], "xgb/1/surrogate_model.model"),
        (
            &["xgb/1/surrogate_model.model"],
            "xgb/1/surrogate_model.model",
        ),
        (
            &["xgb/3-json/surrogate_model.model"],
            "xgb/3-json/surrogate_model.model",
        ),
        (&["xgb/2/model_config.json"], "xgb/2/model_config.json"),
        (
            &["lgb_runtime/1/surrogate_model.model"],
            "lgb_runtime/1/surrogate_model.model",
        ),
        (
            &["lgb_runtime/1/model_config.json"],
            "lgb_runtime/1/model_config.json",
        ),
        (
            &["xgb/2/surrogate_model.model", "xgb/2/model_config.json"],
            "xgb/2/surrogate_model.model",
        ),
    ] {
        let error = without(&nasbench301(), "darts", removed).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(named) && text.contains("it is missing"),
            "{removed:?}: {text}"
        );
    }
    assert_eq!(without(&nasbench301(), "darts", &[]).unwrap(), 4);
    // Without the whole ensemble of times there is no such prediction.
    assert_eq!(
        without(&nasbench301(), "darts", &["lgb_runtime"]).unwrap(),
        3
    );
}

/// Folders named by dates have no numbers that must follow each other.
#[test]
fn members_with_other_names_are_an_ensemble() {
    let folder = tempfile::tempdir().unwrap();
    for (from, to) in [("xgb/1", "20200928-1"), ("xgb/2", "20201004-7")] {
        copy(&nasbench301().join(from), &folder.path().join(to));
    }
    let open = || {
        let space = ganas_space::by_name("darts").unwrap();
        SurrogateEvaluator::open(folder.path(), space, None, None)
    };
    open().unwrap();
    // One from which only what it was fitted on is left.
    let rest = folder.path().join("20201005-8");
    fs::create_dir(&rest).unwrap();
    fs::write(rest.join("data_config.json"), "{}").unwrap();
    let error = open().unwrap_err().to_string();
    assert!(
        error.contains("20201005-8/surrogate_model.model"),
        "{error}"
    );
}

#[test]
fn a_member_of_accel_that_is_missing_is_named() {
    let name = "accel_nasbench/xgb_accuracy_ensemble";
    let Some(folder) = data("a_member_of_accel_that_is_missing_is_named", name) else {
        return;
    };
    for member in 0..6 {
        let names = ["xgboost.json.gz", "surrogate_model.model.gz"]
            .map(|name| format!("member_{member}.{name}"));
        let removed: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| folder.join(name).exists())
            .collect();
        let text = without(&folder, "mbconv", &removed)
            .unwrap_err()
            .to_string();
        let named = format!("member_{member}.xgboost.json.gz");
        assert!(text.contains(&named), "{text}");
        assert!(text.contains("members 0 to 5"), "{text}");
    }
}

/// No data is needed to see that an ensemble begun is one that must be whole.
#[test]
fn an_ensemble_without_its_first_member_is_one_of_which_it_is_missing() {
    for (space, there, named) in [
        ("mbconv", "member_5.xgboost.json", "feature_order.json"),
        ("darts", "graph.json", "tensors.bin"),
        ("darts", "tensors.bin", "graph.json"),
        ("darts", "encoding.json", "graph.json"),
        (
            "ofa-mbv3",
            "ofa_acc_predictor.f32.bin",
            "ofa_acc_predictor.json",
        ),
        (
            "ofa-proxyless",
            "proxyless_acc_predictor.f32.bin",
            "proxyless_acc_predictor.json",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(there), "{}").unwrap();
        let space = ganas_space::by_name(space).unwrap();
        let error = SurrogateEvaluator::open(folder.path(), space, None, None).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(named), "{there}: {text}");
    }
}

#[test]
fn a_table_of_latencies_that_is_missing_is_named() {
    let Some(folder) = data("a_table_of_latencies_that_is_missing_is_named", "ofa") else {
        return;
    };
    for side in [160, 192, 224] {
        let name = format!("latency_table_note10/{side}_lookup_table.yaml");
        if !folder.join(&name).exists() {
            return;
        }
        let text = without(&folder, "ofa-mbv3", &[&name])
            .unwrap_err()
            .to_string();
        assert!(text.contains(&name), "{text}");
    }
}
