//! Searches on a surrogate instead of a table.

use std::path::PathBuf;

use crate::sandbox::{Ended, SMALL, Sandbox};

/// The folder of published data, when all of these are in it.
fn data(test: &str, needed: &[&str]) -> Option<PathBuf> {
    let folder = std::env::var_os("GANAS_DATA").filter(|folder| !folder.is_empty());
    let Some(folder) = folder.map(PathBuf::from) else {
        eprintln!("SKIPPED {test}: GANAS_DATA is not set");
        return None;
    };
    if let Some(missing) = needed.iter().find(|name| !folder.join(name).exists()) {
        eprintln!("SKIPPED {test}: there is no {missing} in GANAS_DATA");
        return None;
    }
    Some(folder)
}

#[test]
fn darts_is_searched_on_the_surrogate() {
    let Some(folder) = data(
        "darts_is_searched_on_the_surrogate",
        &["nasbench301/yahpo_nb301"],
    ) else {
        return;
    };
    let sandbox = Sandbox::new();
    let mut arguments = vec!["search", "--space", "darts", "--budget", "16", "--json"];
    arguments.extend(["--report", "params", "--study", "darts.db"]);
    arguments.extend(SMALL);
    let found = sandbox
        .command(&arguments)
        .env("GANAS_DATA", &folder)
        .output();
    let found = Ended::from(found.unwrap()).expect_code(0);
    let found = found.expect_stderr(&[
        "surrogate",
        "yahpo_nb301",
        "predicted: search on val_accuracy (98 epochs)",
    ]);
    let json = found.json();
    assert_eq!(json["protocol"]["kind"], "predicted");
    let best = &json["runs"][0]["best"];
    assert!(
        (90.0..97.0).contains(&best["search"].as_f64().unwrap()),
        "{best}"
    );
    assert!(
        (1e6..6e6).contains(&best["report"].as_f64().unwrap()),
        "{best}"
    );
    assert!(
        best["arch"]
            .as_str()
            .unwrap()
            .starts_with("Genotype(normal=[("),
        "{best}"
    );

    // The folder by its name gives the same run, which the study holds.
    let mut named = arguments.clone();
    named.extend(["--resume", "--surrogate"]);
    let again = sandbox
        .command(&named)
        .arg(folder.join("nasbench301/yahpo_nb301"))
        .output();
    let again = Ended::from(again.unwrap()).expect_code(0).json();
    assert_eq!(&again["runs"][0]["best"], best);

    // What it found is predicted again.
    let mut list = vec!["evaluate", "--space", "darts", "--top", "darts.db:1"];
    list.extend(["--report", "params", "--json", "--surrogate"]);
    let list = sandbox
        .command(&list)
        .arg(folder.join("nasbench301/yahpo_nb301"))
        .output();
    let list = Ended::from(list.unwrap()).expect_code(0).json();
    let metrics = &list["architectures"][0]["evaluations"][0]["metrics"];
    assert_eq!(metrics["val_accuracy"], best["search"]);
    assert_eq!(metrics["params"], best["report"]);
}

/// Spaces of chains: the ensemble of Accel-NASBench, a predictor with latencies, and a table of test accuracies.
#[test]
fn chains_are_searched() {
    let Some(folder) = data(
        "chains_are_searched",
        &["accel_nasbench", "ofa", "nas_bench_macro"],
    ) else {
        return;
    };
    let sandbox = Sandbox::new();
    let search = |more: &[&str]| {
        let mut arguments = vec!["search", "--budget", "16", "--json", "--quiet"];
        arguments.extend(SMALL);
        arguments.extend(more);
        let ended = sandbox
            .command(&arguments)
            .env("GANAS_DATA", &folder)
            .output();
        Ended::from(ended.unwrap()).expect_code(0).json()
    };
    let json = search(&["--space", "mbconv"]);
    assert_eq!(json["protocol"]["search"], "val_top1");
    let best = json["runs"][0]["best"]["search"].as_f64().unwrap();
    assert!((50.0..70.0).contains(&best), "{best}");

    let json = search(&["--space", "ofa-mbv3", "--report", "note10_ms"]);
    let best = &json["runs"][0]["best"];
    assert!(
        (76.0..84.0).contains(&best["search"].as_f64().unwrap()),
        "{best}"
    );
    assert!(
        (10.0..150.0).contains(&best["report"].as_f64().unwrap()),
        "{best}"
    );

    let macro_table = folder.join("nas_bench_macro/nas_bench_macro_cifar10.csv.gz");
    let table = macro_table.to_str().unwrap();
    let json = search(&[
        "--space",
        "nasbench-macro",
        "--table",
        table,
        "--search",
        "test_acc_1",
        "--report",
        "test_acc_2",
    ]);
    assert_eq!(json["protocol"]["kind"], "test-selected");
    let best = json["runs"][0]["best"]["search"].as_f64().unwrap();
    assert!((88.0..94.0).contains(&best), "{best}");
}

#[test]
fn a_missing_surrogate_says_what_to_name() {
    let sandbox = Sandbox::new();
    sandbox
        .ganas(["search", "--space", "darts"])
        .expect_code(2)
        .expect_stderr(&[
            "name a surrogate of darts with --surrogate FOLDER",
            "nasbench301/yahpo_nb301",
        ]);
    sandbox
        .ganas(["search", "--space", "darts", "--surrogate", "."])
        .expect_code(1)
        .expect_stderr(&["no surrogate of the space `darts`: expected graph.json.gz"]);
    sandbox
        .ganas(["search", "--space", "nasbench201", "--surrogate", "."])
        .expect_code(1)
        .expect_stderr(&["no surrogate of the space `nasbench201`: expected a space that surrogates are known of"]);
    sandbox
        .ganas([
            "search",
            "--space",
            "darts",
            "--surrogate",
            ".",
            "--table",
            "x",
        ])
        .expect_code(2)
        .expect_stderr(&["cannot be used with"]);
}
