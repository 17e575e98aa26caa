//! What `ganas export` tells of evaluations; that each line agrees with its schema is tested where exports are made.

#![cfg(unix)]

use ganas_testkit::scripted_worker;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;

use crate::sandbox::Sandbox;

#[test]
fn a_table_has_a_column_for_each_metric() {
    let sandbox = Sandbox::new();
    let works = scripted_worker::command("cost=1");
    let space = [
        "search",
        "--space",
        "nasbench201",
        "--budget",
        "10",
        "--study",
        "s.db",
    ];
    sandbox
        .ganas(space.iter().chain(&["--evaluator", &*works]))
        .expect_code(0);
    let export = ["export", "s.db", "--format", "csv"];
    let text = sandbox.ganas(export).expect_code(0).stdout;
    let header = text.lines().next().unwrap();
    assert!(
        header.starts_with("run,experiment,version,budget,window,fidelity,space,"),
        "{header}"
    );
    assert!(
        header.ends_with(",metric cost,metric test,metric valid"),
        "{header}"
    );
    let timed = sandbox
        .ganas(export.iter().chain(&["--with-times"]))
        .expect_code(0)
        .stdout;
    let header = timed.lines().next().unwrap();
    assert!(header.ends_with(",queued,started,ended,log"), "{header}");
    assert_eq!(timed.lines().count(), 11);
}

/// A study of two algorithms on a table inside the program.
fn compared() -> Sandbox {
    let sandbox = Sandbox::new();
    let compare = [
        "compare",
        "--table",
        "digits-4",
        "--algorithm",
        "random",
        "--algorithm",
        "local-search",
        "--seeds",
        "0..2",
        "--budgets=12",
        "--study",
        "s.db",
        "--quiet",
    ];
    sandbox.ganas(compare).expect_code(0);
    sandbox
}

/// Every row follows from those of its run before it, and from the record.
#[test]
fn the_long_form_has_the_best_so_far_after_each_query() {
    let sandbox = compared();
    let long = sandbox
        .ganas(["export", "s.db", "--format", "long"])
        .expect_code(0)
        .stdout;
    let mut lines = long.lines();
    assert_eq!(
        lines.next().unwrap(),
        "algorithm,table,seed,run,raw_queries,unique_queries,search_metric,search_direction,report_metric,search,report,best_search,\
         best_report,cost"
    );
    let record = sandbox.export("s.db");
    let trials: Vec<serde_json::Value> = (record.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["type"] == "trial")
        .collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), trials.len());
    let mut runs = std::collections::BTreeSet::new();
    let mut best = (f64::NEG_INFINITY, f64::NAN);
    let mut unique = 0;
    for (row, trial) in rows.iter().zip(&trials) {
        let number = |column: usize| -> f64 { row[column].parse().unwrap() };
        if trial["number"] == 0 {
            (best, unique) = ((f64::NEG_INFINITY, f64::NAN), 0);
        }
        let (search, report) = (
            trial["search"].as_f64().unwrap(),
            trial["report"].as_f64().unwrap(),
        );
        if search > best.0 {
            best = (search, report);
        }
        unique += u32::from(trial["repeat"] == false);
        assert_eq!(row[1], "digits-4");
        assert_eq!(row[2], trial["seed"].to_string());
        assert_eq!(row[3], trial["run"].as_str().unwrap());
        assert_eq!(row[4], (trial["number"].as_u64().unwrap() + 1).to_string());
        assert_eq!(row[5], unique.to_string());
        assert_eq!(row[7], "maximize");
        let of_row = [number(9), number(10), number(11), number(12)];
        assert_eq!(of_row, [search, report, best.0, best.1]);
        runs.insert((row[0], row[2]));
    }
    let expected = ["local-search", "random"].map(|name| [(name, "0"), (name, "1")]);
    assert_eq!(runs, expected.concat().into_iter().collect());
    // Whether there is a data folder, and where the study lies, changes nothing.
    let filtered = sandbox
        .ganas([
            "export", "s.db", "--format", "long", "--seed", "1", "-o", "one.csv",
        ])
        .expect_code(0);
    assert_eq!(filtered.stdout, "");
    let one = std::fs::read_to_string(sandbox.path("one.csv")).unwrap();
    assert_eq!(
        one.lines().count() - 1,
        rows.iter().filter(|row| row[2] == "1").count()
    );
}

#[test]
fn what_has_no_effect_on_a_format_is_refused() {
    let sandbox = compared();
    for (arguments, part) in [
        (
            &["--format", "long", "--with-times"][..],
            "--with-times: the long form has no times",
        ),
        (
            &["--format", "csv", "--table", "digits-4"],
            "--table: only the long form",
        ),
        (
            &["--format", "optuna"],
            "an SQLite file is no text to print: name a file with --output",
        ),
        (
            &["--format", "parquet", "-o", "-"],
            "a Parquet file is no text to print: name a file with --output",
        ),
        (
            &[
                "--format",
                "long-parquet",
                "--with-times",
                "-o",
                "a.parquet",
            ],
            "--with-times: the long form has no times",
        ),
    ] {
        let export = ["export", "s.db"];
        sandbox
            .ganas(export.iter().chain(arguments))
            .expect_code(2)
            .expect_stderr(&[part]);
    }
}

/// A Parquet file has the cells of the CSV table, each as a value of its type.
#[test]
fn the_parquet_files_have_every_cell_of_the_csv_tables() {
    let sandbox = compared();
    // Metrics that other runs lack, and evaluations that fail.
    let works = scripted_worker::command("cost=1 percent=40 kinds=refuse");
    let search =
        "search --space nasbench201 --algorithm random --budget 8 --study s.db --quiet --evaluator";
    let ended = sandbox.ganas(search.split(' ').chain([&*works]));
    assert!([0, 3].contains(&ended.code), "{}", ended.stderr);
    for [csv, parquet] in [
        ["csv", "parquet"],
        ["csv --with-times", "parquet --with-times"],
        ["long", "long-parquet"],
    ] {
        let export = |format: &str, file: &str| {
            let words = format!("export s.db -o {file} --format {format}");
            sandbox.ganas(words.split(' ')).expect_code(0);
            std::fs::read(sandbox.path(file)).unwrap()
        };
        let expected = export(csv, "a.csv");
        let bytes = export(parquet, "a.parquet");
        assert_eq!(bytes, export(parquet, "b.parquet"));
        let mut expected = csv::Reader::from_reader(&*expected);
        let file = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let schema = file.metadata().file_metadata().schema().clone();
        let names: Vec<&str> = schema.get_fields().iter().map(|f| f.name()).collect();
        assert_eq!(
            names,
            expected.headers().unwrap().iter().collect::<Vec<_>>()
        );
        let runs = (file
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .unwrap()
            .iter())
        .find(|pair| pair.key == "ganas.runs");
        let runs: Vec<serde_json::Value> =
            serde_json::from_str(runs.unwrap().value.as_ref().unwrap()).unwrap();
        assert_eq!(runs.len(), 5);
        assert!(runs.iter().all(|run| run["config"].is_object()));
        let mut rows = file.get_row_iter(None).unwrap();
        let mut kinds = std::collections::BTreeSet::new();
        for record in expected.records() {
            let (record, row) = (record.unwrap(), rows.next().unwrap().unwrap());
            for ((text, (name, cell)), field) in
                (record.iter().zip(row.get_column_iter())).zip(schema.get_fields())
            {
                assert!(field.is_optional(), "{name}");
                let is_same = match cell {
                    Field::Null => text.is_empty(),
                    Field::Str(found) => found == text,
                    Field::UInt(found) => found.to_string() == text,
                    Field::ULong(found) => found.to_string() == text,
                    Field::Bool(found) => found.to_string() == text,
                    Field::Double(found) => text.parse() == Ok(*found),
                    other => panic!("{name} is {other:?}"),
                };
                assert!(is_same, "{name}: {cell:?} is not {text}");
                kinds.insert(format!("{cell:?}").split('(').next().unwrap().to_owned());
            }
        }
        assert!(rows.next().is_none());
        let expected = ["Bool", "Double", "Null", "Str", "UInt", "ULong"];
        let of_long = expected
            .iter()
            .filter(|kind| csv != "long" || **kind != "Bool");
        assert!(kinds.iter().eq(of_long), "{kinds:?}");
    }
}

/// What is in it is read by Optuna itself in tests/optuna.
#[test]
fn the_file_for_optuna_is_the_same_each_time_and_replaces_no_input() {
    let sandbox = compared();
    let mut files = Vec::new();
    for name in ["a.db", "b.db"] {
        sandbox
            .ganas(["export", "s.db", "--format", "optuna", "-o", name])
            .expect_code(0);
        files.push(std::fs::read(sandbox.path(name)).unwrap());
    }
    assert!(files[0].starts_with(b"SQLite format 3\0"));
    assert_eq!(files[0], files[1]);
    sandbox
        .ganas(["export", "s.db", "--format", "optuna", "-o", "s.db"])
        .expect_code(1)
        .expect_stderr(&["s.db: the output is the same file as s.db"]);
}
