//! A table with gaps: the search goes on, counts what failed, and says so in the exit code.

use crate::sandbox::{SMALL, Sandbox, search};
use crate::synthetic_table;

#[test]
fn a_search_survives_missing_rows_and_cells() {
    let sandbox = Sandbox::new();
    sandbox.write("part.csv", synthetic_table::incomplete().as_bytes());
    let imported = sandbox
        .ganas([
            "table",
            "import",
            "--space",
            "nasbench201",
            "part.csv",
            "-o",
            "nb201.arrow",
            "--json",
        ])
        .expect_code(0);
    let manifest = &imported.json()["manifest"];
    assert_eq!(manifest["n_rows"], 2_000);
    assert_eq!(manifest["row_order"], "source_file");

    for algorithm in ["random", "ga-nas"] {
        let study = format!("{algorithm}.db");
        let mut arguments = search(&["--budget", "80", "--seeds", "0..2", "--json"]);
        arguments.push("--allow-missing");
        arguments.extend(["--algorithm", algorithm, "--study", &study]);
        if algorithm == "ga-nas" {
            arguments.extend(SMALL);
        }
        let ended = sandbox.ganas(arguments).expect_code(3);
        let json = ended.json();
        let runs = json["runs"].as_array().unwrap();
        let mut failed = 0;
        for run in runs {
            assert_eq!(run["unique_queries"], 80);
            assert_eq!(run["curve"].as_array().unwrap().len(), 80);
            assert!(run["best"]["search"].is_f64(), "{run}");
            let of_run = run["failed"].as_u64().unwrap();
            assert!((1..80).contains(&of_run), "{run}");
            failed += of_run;
        }
        let ended = ended.expect_stderr(&[&format!("{failed} evaluations failed")]);
        drop(ended);

        let export = sandbox.export(&study);
        let lines = export.matches(r#""state":"failed""#).count();
        assert!(u64::try_from(lines).unwrap() >= failed);
        assert!(
            export.contains("the table has no row for `|"),
            "{algorithm}"
        );
        let empty = "the table has no value of `cifar10_valid_mean_200` for `|";
        assert!(export.contains(empty), "{algorithm}");
    }
}

#[test]
fn a_search_in_which_all_fails_stops() {
    let sandbox = Sandbox::new();
    let best = &synthetic_table::archs()[0];
    let rows = [synthetic_table::row(best)];
    sandbox.write("one.csv", synthetic_table::csv(rows).as_bytes());
    sandbox
        .ganas([
            "search",
            "--space",
            "nasbench201",
            "--table",
            "one.csv",
            "--allow-missing",
            "--algorithm",
            "random",
            "--budget",
            "300",
        ])
        .expect_code(1)
        .expect_stderr(&[
            "error: the run with seed 0: all 100 evaluations so far failed; the last reason: the table has no row for",
        ]);
}
