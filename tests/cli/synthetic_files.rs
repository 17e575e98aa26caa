//! Official files with made-up numbers, written by the tool that measures the import of files of full size.

#[expect(
    dead_code,
    reason = "the program is an example, whose functions are used here"
)]
#[path = "../examples/synthetic_benchmark.rs"]
mod synthetic_benchmark;

use crate::sandbox::Sandbox;

#[test]
fn a_tfrecord_file_is_imported() {
    let sandbox = Sandbox::new();
    synthetic_benchmark::nasbench101(&sandbox.path("nasbench.tfrecord"), 50).unwrap();
    let import = "table import nasbench.tfrecord --space nasbench101 -o t.arrow";
    let ended = sandbox.ganas(import.split_whitespace()).expect_code(0);
    for part in [
        "50 rows",
        "50 classes",
        "129 metrics",
        "600 records",
        "TFRecord",
    ] {
        assert!(ended.stdout.contains(part), "{part} in {}", ended.stdout);
    }
    let info = sandbox
        .ganas(["table", "info", "t.arrow"])
        .expect_code(0)
        .stdout;
    for part in ["valid_run2_108", "run2", "54of108", "train_time_s_mean_4"] {
        assert!(info.contains(part), "{part} in {info}");
    }
}

#[test]
fn a_tar_file_is_imported() {
    let sandbox = Sandbox::new();
    synthetic_benchmark::nats(&sandbox.path("nats.tar"), 3).unwrap();
    let import = "table import nats.tar --space nasbench201 -o t.arrow";
    let ended = sandbox.ganas(import.split_whitespace()).expect_code(0);
    for part in ["3 rows", "3 records", "NATS-Bench tar"] {
        assert!(ended.stdout.contains(part), "{part} in {}", ended.stdout);
    }
    // A search on the official file itself names the command.
    let search = "search --space nasbench201 --table nats.tar --budget 2";
    sandbox
        .ganas(search.split_whitespace())
        .expect_code(2)
        .expect_stderr(&[
            "nats.tar",
            "NATS-Bench tar",
            "ganas table import nats.tar --space nasbench201 --output",
        ]);
}
