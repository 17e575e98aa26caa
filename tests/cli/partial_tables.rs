//! Tables that have a part of a space: a search says so before it begins, and then does what was chosen.

use std::collections::BTreeSet;

use crate::sandbox::{SMALL, Sandbox, search};
use crate::synthetic_table;

/// A folder with `nb201.arrow`, which has 2,000 cells.
fn with_part() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("part.csv", synthetic_table::incomplete().as_bytes());
    let import = "table import part.csv --space nasbench201 -o nb201.arrow";
    let ended = sandbox.ganas(import.split(' ')).expect_code(0);
    let part = "2000 rows (a part of the space, in the order of the source: 2,000 of 15,625 architectures, ";
    assert!(ended.stdout.contains(part), "{}", ended.stdout);
    sandbox
}

#[test]
fn a_search_does_not_begin_on_a_part_of_its_space() {
    let sandbox = with_part();
    sandbox
        .ganas(search(&["--study", "s.db"]))
        .expect_code(2)
        .expect_stderr(&[
            "has a part of the space: 2,000 of 15,625 architectures, ",
            " of 8,765 classes",
            "--within-table",
            "--allow-missing",
        ]);
    assert!(!sandbox.path("s.db").exists());
    let info = sandbox
        .ganas(["table", "info", "nb201.arrow", "--json"])
        .expect_code(0)
        .json();
    assert_eq!(info["coverage"]["rows"], 2_000);
    assert_eq!(info["coverage"]["of_classes"], 8_765);
    assert_eq!(info["coverage"]["is_complete"], false);
    for options in [
        &["--within-table", "--allow-missing"][..],
        &["--within-table", "--surrogate", "x"],
        &["--allow-missing", "--evaluator", "x"],
    ] {
        let mut arguments = vec!["search", "--space", "nasbench201"];
        arguments.extend(options);
        sandbox
            .ganas(arguments)
            .expect_code(2)
            .expect_stderr(&["cannot be used with"]);
    }
}

/// Nothing fails that is a row with both metrics, and ranks are among the rows.
#[test]
fn a_search_stays_within_its_table() {
    let sandbox = with_part();
    for algorithm in ["random", "local-search", "ga-nas"] {
        let mut arguments = search(&["--within-table", "--budget", "60", "--json"]);
        arguments.extend(["--algorithm", algorithm]);
        if algorithm == "ga-nas" {
            arguments.extend(SMALL);
        }
        let ended = sandbox
            .ganas(arguments)
            .expect_code(0)
            .expect_stderr(&["coverage", "part of the space: 2,000 of 15,625"]);
        let json = ended.json();
        assert_eq!(json["constraints"][0], "rows of the table", "{algorithm}");
        let run = &json["runs"][0];
        assert_eq!(run["failed"], 0, "{algorithm}");
        assert_eq!(run["unique_queries"], 60, "{algorithm}");
        assert!(run["best"]["rank"]["of"].as_u64().unwrap() > 500);
    }
    // All that satisfies a constraint, too.
    let mut arguments = search(&["--within-table", "--budget", "3000", "--json"]);
    arguments.extend(["--algorithm", "random", "--constraint", "params_m <= 0.1"]);
    let json = sandbox.ganas(arguments).expect_code(0).json();
    let found = json["runs"][0]["unique_queries"].as_u64().unwrap();
    assert!((10..1_500).contains(&found), "{found}");
}

/// The same for a space that is far too large to be listed.
#[test]
fn a_small_part_of_a_large_space_is_searched() {
    let sandbox = Sandbox::new();
    for space in ["mbconv", "darts"] {
        let drawn = sandbox.ganas(["space", "sample", space, "-n", "30"]);
        let mut csv = "arch,val_acc,test_acc\n".to_owned();
        for (text, value) in drawn.expect_code(0).stdout.lines().zip(50..) {
            csv.push_str(&format!("\"{text}\",{value},{value}\n"));
        }
        let file = format!("{space}.csv");
        sandbox.write(&file, csv.as_bytes());
        let mut arguments = vec!["search", "--space", space, "--table", &*file];
        arguments.extend(["--search", "val_acc", "--report", "test_acc"]);
        sandbox.ganas(&arguments).expect_code(2).expect_stderr(&[
            "part of the space: 30 of 1",
            "30 of an unknown number of classes",
        ]);
        arguments.extend(["--within-table", "--budget", "100", "--json"]);
        arguments.extend(SMALL);
        let json = sandbox.ganas(&arguments).expect_code(0).json();
        let run = &json["runs"][0];
        assert_eq!(
            (&run["failed"], &run["unique_queries"]),
            (&0.into(), &30.into())
        );
        assert_eq!(run["best"]["search"], 79.0);
        assert_eq!(run["best"]["rank"]["search"], 1.0);
    }
}

/// One row of each class is all that can be asked: nothing is missing, and ranks are there.
#[test]
fn every_class_is_the_whole_space() {
    let sandbox = Sandbox::new();
    let hashes = sandbox.ganas(["space", "enumerate", "nasbench201", "--hashes"]);
    let hashes = hashes.expect_code(0).stdout;
    let mut seen = BTreeSet::new();
    let of_class = synthetic_table::archs().iter().zip(hashes.lines());
    let rows = of_class.filter(|(_, key)| seen.insert(*key));
    let rows: Vec<String> = rows.map(|(arch, _)| synthetic_table::row(arch)).collect();
    assert_eq!(rows.len(), 8_765);
    sandbox.write("classes.csv", synthetic_table::csv(rows).as_bytes());
    let import = "table import classes.csv --space nasbench201 -o nb201.arrow";
    let ended = sandbox.ganas(import.split(' ')).expect_code(0);
    let every = "8765 rows (every class of the space, in the order of the source)";
    assert!(ended.stdout.contains(every), "{}", ended.stdout);
    let mut arguments = search(&["--budget", "20", "--json"]);
    arguments.extend(["--algorithm", "random"]);
    let json = sandbox.ganas(arguments).expect_code(0).json();
    assert_eq!(json["runs"][0]["best"]["rank"]["of"], 8_765);
    assert_eq!(json["constraints"].as_array().map(Vec::len), Some(0));
}

/// Without a study, too, the reason is told.
#[test]
fn why_evaluations_failed_is_said() {
    let sandbox = with_part();
    let mut arguments = search(&["--allow-missing", "--budget", "20", "--quiet"]);
    arguments.extend(["--algorithm", "random"]);
    let ended = sandbox.ganas(arguments).expect_code(3);
    let words = [" evaluations failed: the table has no ", " more;"];
    ended.expect_stderr(&words);
}
