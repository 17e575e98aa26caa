//! What `ganas export` tells of evaluations; that each line agrees with its schema is tested where exports are made.

#![cfg(unix)]

use crate::sandbox::Sandbox;
use ganas_testkit::scripted_worker;

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
