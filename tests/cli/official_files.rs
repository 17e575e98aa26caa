//! Official files from the command line, when GANAS_DATA names a folder with the samples.

use std::path::PathBuf;

use crate::sandbox::{Ended, Sandbox};

/// A file or folder of the data folder; none, with a line that says so, when it is not there.
pub(crate) fn sample(test: &str, name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("GANAS_DATA").filter(|folder| !folder.is_empty());
    let path = folder.map(|folder| PathBuf::from(folder).join(name));
    let there = path.filter(|path| path.exists());
    if there.is_none() {
        eprintln!("SKIPPED {test}: GANAS_DATA names no folder with {name}");
    }
    there
}

/// `ganas table import SOURCE --space SPACE -o table.arrow`.
fn import(sandbox: &Sandbox, source: &PathBuf, space: &str) -> Ended {
    let mut command = sandbox.command(["table", "import", "--space", space, "-o", "table.arrow"]);
    Ended::from(command.arg(source).output().unwrap())
}

#[test]
fn a_tfrecord_file_is_imported_and_queried_by_hash_and_matrix() {
    let test = "a_tfrecord_file_is_imported_and_queried_by_hash_and_matrix";
    let Some(source) = sample(test, "nasbench101/energy_4V9E.tfrecord") else {
        return;
    };
    let sandbox = Sandbox::new();
    let ended = import(&sandbox, &source, "nasbench101").expect_code(0);
    for part in ["91 rows", "129 metrics", "1092 records", "TFRecord"] {
        assert!(ended.stdout.contains(part), "{part} in {}", ended.stdout);
    }
    let query = |arch: &str| {
        let query = ["table", "query", "table.arrow", arch, "--json"];
        sandbox.ganas(query).expect_code(0).json()
    };
    // The first record of the file.
    let by_hash = query("5529e1779433733d1145e20de5d8604e");
    let matrix = "0110 0011 0001 0000 | input,conv1x1-bn-relu,conv3x3-bn-relu,output";
    assert_eq!(query(matrix), by_hash);
    let metric = |name: &str| {
        let metrics = by_hash["metrics"].as_array().unwrap();
        metrics.iter().find(|m| m["name"] == name).unwrap().clone()
    };
    let valid = metric("valid_run0_36");
    assert_eq!(valid["value"], 0.917_467_951_774_597_2);
    assert_eq!(valid["query_seconds"], 668.590_026_855_468_8);
    assert_eq!(valid["run"]["repeat"], 0);
    assert_eq!(valid["epochs"], 36);
    assert_eq!(valid["rank"]["of"], 91);
}

#[test]
fn nats_records_are_imported_exported_and_imported_again() {
    let test = "nats_records_are_imported_exported_and_imported_again";
    let Some(source) = sample(test, "formats/nats_bench/NATS-tss-v1_0-3ffb9-simple") else {
        return;
    };
    let sandbox = Sandbox::new();
    let ended = import(&sandbox, &source, "nasbench201").expect_code(0);
    assert!(ended.stdout.contains("3 records"), "{}", ended.stdout);
    for (format, file) in [("csv", "table.csv"), ("jsonl", "table.jsonl")] {
        let export = ["table", "export", "table.arrow", "--format", format, "-o"];
        let export = export.iter().copied().chain([file]);
        sandbox.ganas(export).expect_code(0);
        let again = [
            "table",
            "import",
            "--space",
            "nasbench201",
            "--overwrite",
            "-o",
            "again.arrow",
        ];
        let again = again.iter().copied().chain([file]);
        sandbox.ganas(again).expect_code(0);
        let export = |table| {
            let export = [
                "table",
                "export",
                table,
                "--metric",
                "cifar10_valid_mean_200",
            ];
            sandbox.ganas(export).expect_code(0).stdout
        };
        let text = export("again.arrow");
        assert_eq!(text, export("table.arrow"));
        // The mean over three seeds of cell 11, as in the published table up to its 32-bit sums.
        assert!(text.contains(",87.93999999"), "{text}");
    }
    sandbox
        .ganas(["table", "export", "table.arrow", "-o", "table.csv"])
        .expect_code(1)
        .expect_stderr(&["table.csv: the output file exists"]);
    sandbox
        .ganas([
            "table",
            "export",
            "table.arrow",
            "--metric",
            "cifar10_vaild_mean_200",
        ])
        .expect_code(2)
        .expect_stderr(&["did you mean `cifar10_valid_mean_200`?"]);
}

#[test]
fn a_damaged_official_file_is_named_with_the_place() {
    let test = "a_damaged_official_file_is_named_with_the_place";
    let Some(source) = sample(test, "nasbench101/energy_4V9E.tfrecord") else {
        return;
    };
    let sandbox = Sandbox::new();
    let mut bytes = std::fs::read(source).unwrap();
    bytes[5_000] ^= 1;
    sandbox.write("nasbench.tfrecord", &bytes);
    import(&sandbox, &PathBuf::from("nasbench.tfrecord"), "nasbench101")
        .expect_code(1)
        .expect_stderr(&[
            "nasbench.tfrecord: record 7, byte ",
            "the checksum",
            "download or copy",
        ]);
    assert!(!sandbox.path("table.arrow").exists());
}

#[test]
fn benchmarks_are_listed() {
    let sandbox = Sandbox::with_table();
    let mut command = sandbox.command(["table", "list", "--json"]);
    let list = command
        .env("GANAS_DATA", sandbox.path("."))
        .output()
        .unwrap();
    let list = Ended::from(list).expect_code(0).json();
    assert_eq!(
        list["present"][0]["what"],
        "table of nasbench201, 15625 rows"
    );
    let names = list["benchmarks"].as_array().unwrap();
    assert!(names.iter().any(|b| b["name"] == "NAS-Bench-101"));
    let text = sandbox.ganas(["table", "list"]).expect_code(0).stdout;
    assert!(text.contains("nasbench_full.tfrecord"), "{text}");
}
