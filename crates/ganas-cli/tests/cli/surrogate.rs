//! Searches on a surrogate instead of a table.

use std::path::PathBuf;

use crate::sandbox::{Ended, SMALL, Sandbox};

/// The folder of published data, when the surrogate of NAS-Bench-301 is in it.
fn data(test: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the folder is named by the user")]
    let folder = std::env::var_os("GANAS_DATA").filter(|folder| !folder.is_empty());
    let Some(folder) = folder.map(PathBuf::from) else {
        eprintln!("SKIPPED {test}: GANAS_DATA is not set");
        return None;
    };
    if !folder.join("nasbench301/yahpo_nb301").is_dir() {
        eprintln!("SKIPPED {test}: there is no nasbench301/yahpo_nb301 in GANAS_DATA");
        return None;
    }
    Some(folder)
}

#[test]
fn darts_is_searched_on_the_surrogate() {
    let Some(folder) = data("darts_is_searched_on_the_surrogate") else {
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
