//! Hard constraints: what is evaluated satisfies them, and what cannot be satisfied is an error.

use crate::sandbox::{SMALL, Sandbox, search};

/// A table of latencies: of each cell of the synthetic table, the number of its 3x3 convolutions.
fn latencies(sandbox: &Sandbox) {
    let table = sandbox
        .ganas([
            "table",
            "export",
            "nb201.arrow",
            "--metric",
            "cifar10_valid_mean_200",
        ])
        .expect_code(0)
        .stdout;
    let mut csv = "arch,phone_ms\n".to_owned();
    for line in table.lines().skip(1) {
        let arch = line
            .split(',')
            .find(|cell| cell.starts_with('|'))
            .expect("the text of an architecture");
        csv.push_str(&format!("{arch},{}\n", convolutions(arch)));
    }
    sandbox.write("latency.csv", csv.as_bytes());
}

fn convolutions(arch: &str) -> usize {
    arch.matches("nor_conv_3x3").count()
}

#[test]
fn everything_that_is_evaluated_satisfies_the_constraints() {
    let sandbox = Sandbox::with_table();
    latencies(&sandbox);
    for algorithm in [
        &["--algorithm", "random"][..],
        &["--algorithm", "local-search"],
        SMALL,
    ] {
        let mut arguments = search(&[
            "--budget",
            "30",
            "--constraint",
            "phone_ms < 3",
            "--constraint",
            "params <= 0.5e6",
            "--properties",
            "latency.csv",
            "--study",
            "s.db",
            "--json",
        ]);
        arguments.extend(algorithm);
        let ended = sandbox
            .ganas(arguments)
            .expect_code(0)
            .expect_stderr(&["phone_ms < 3 (table ", "params <= 500000"]);
        let json = ended.json();
        assert_eq!(json["constraints"][1], "params <= 500000");
        assert_eq!(json["runs"][0]["queries"], 30);
    }
    let record = sandbox.ganas(["export", "s.db", "--format", "csv"]);
    let record = record.expect_code(0).stdout;
    assert_eq!(record.lines().count(), 1 + 3 * 30);
    for line in record.lines().skip(1) {
        assert!(convolutions(line) < 3, "{line}");
    }
}

/// 73,306 parameters are in every network, and 28,000 in each 1x1 convolution: two of those and no 3x3 one fit.
#[test]
fn a_tight_bound_in_closed_form_masks_actions() {
    let sandbox = Sandbox::with_table();
    let run = |study: &str, violations: &[&str]| {
        let mut arguments = search(&["--budget", "24", "--study", study, "--json"]);
        arguments.extend(["--constraint", "params <= 0.13e6"]);
        arguments.extend(SMALL);
        arguments.extend(violations);
        sandbox.ganas(arguments).expect_code(0)
    };
    let masked = run("masked.db", &[])
        .expect_stderr(&["params <= 130000 (actions are masked by params <= 130000)"]);
    let json = masked.json();
    assert_eq!(json["masked"][0], "params <= 130000");
    assert_eq!(json["runs"][0]["queries"], 24);
    let penalised = run("penalised.db", &["--set", "violations=penalty"]);
    assert!(penalised.json().get("masked").is_none());

    let (mut rollouts, mut trials) = (0, 0);
    for line in sandbox.export("masked.db").lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if line["type"] == "trial" {
            let arch = line["arch"].as_str().unwrap();
            assert_eq!(convolutions(arch), 0, "{arch}");
            assert!(arch.matches("nor_conv_1x1").count() <= 2, "{arch}");
            trials += 1;
        }
        if line["kind"] == "training" {
            assert_eq!(line["values"]["violating_rollouts"], 0.0, "{line}");
            rollouts += 1;
        }
    }
    assert_eq!((trials, rollouts), (24, 4));
    let violating = sandbox.export("penalised.db");
    assert!(violating.contains("violating_rollouts"));
    assert!(!violating.contains("\"violating_rollouts\":0.0"));
}

#[test]
fn runs_under_other_constraints_are_other_runs() {
    let sandbox = Sandbox::with_table();
    let run = |constraint: &str| {
        let arguments = ["--algorithm", "random", "--budget", "5", "--study", "s.db"];
        let mut arguments = search(&arguments);
        arguments.extend(["--constraint", constraint]);
        sandbox.ganas(arguments)
    };
    run("params <= 0.5e6").expect_code(0);
    run("params <= 0.6e6").expect_code(0);
    run("params <= 0.5e6").expect_code(1);
}

#[test]
fn what_cannot_be_satisfied_or_read_is_refused() {
    let sandbox = Sandbox::with_table();
    for (constraint, code, expected) in [
        ("params < 10", 1, "`params < 10`: the nearest params is"),
        (
            "latency < 10",
            2,
            "there is no property `latency`; known are params, flops",
        ),
        ("params 10", 2, "there is no <, <=, > or >= in it"),
    ] {
        let mut arguments = search(&["--budget", "5", "--algorithm", "random"]);
        arguments.extend(["--constraint", constraint]);
        sandbox
            .ganas(arguments)
            .expect_code(code)
            .expect_stderr(&[expected]);
    }
}
