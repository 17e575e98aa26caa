//! `--improve`: better networks than a given one, at no more cost; or cheaper ones, as good.

use crate::sandbox::{SMALL, Sandbox, search};

/// A cell in the middle of the synthetic table.
const GIVEN: &str =
    "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|none~0|nor_conv_3x3~1|skip_connect~2|";

fn improve<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = search(&["--improve", GIVEN, "--budget", "60", "--seeds", "0..2"]);
    arguments.extend(more);
    arguments.extend(SMALL);
    arguments
}

#[test]
fn a_given_network_becomes_better_at_no_more_cost() {
    let sandbox = Sandbox::with_table();
    let bounds = [
        "--constraint",
        "params <= base",
        "--constraint",
        "flops <= base",
        "--json",
    ];
    for algorithm in ["ga-nas", "local-search"] {
        let mut arguments = search(&["--improve", GIVEN, "--budget", "60", "--seeds", "0..2"]);
        arguments.extend(bounds);
        arguments.extend(["--algorithm", algorithm]);
        if algorithm == "ga-nas" {
            arguments.extend(SMALL);
        }
        let json = sandbox.ganas(arguments).expect_code(0).json();
        let given = &json["improve"]["given"];
        assert_eq!(given["arch"], GIVEN);
        let found = json["improve"]["found"].as_array().unwrap();
        assert_eq!(found.len(), 2);
        for found in found {
            let best = &found["best"];
            let more = |name: &str| best[name].as_f64().unwrap() - given[name].as_f64().unwrap();
            assert!(more("accuracy") > 0.0, "{algorithm}: {best}");
            assert!(
                more("params") <= 0.0 && more("flops") <= 0.0,
                "{algorithm}: {best}"
            );
        }
    }
}

#[test]
fn a_given_network_becomes_cheaper_and_stays_as_good() {
    let sandbox = Sandbox::with_table();
    let more = [
        "--objective",
        "params",
        "--constraint",
        "accuracy >= base",
        "--json",
    ];
    let json = sandbox.ganas(improve(&more)).expect_code(0).json();
    let given = &json["improve"]["given"];
    for found in json["improve"]["found"].as_array().unwrap() {
        let best = &found["best"];
        let more = |name: &str| best[name].as_f64().unwrap() - given[name].as_f64().unwrap();
        assert!(more("params") < 0.0 && more("accuracy") >= 0.0, "{best}");
    }
}

#[test]
fn what_is_gained_is_shown() {
    let sandbox = Sandbox::with_table();
    let ended = sandbox
        .ganas(improve(&["--constraint", "params <= base"]))
        .expect_code(0);
    for expected in ["network", "given", "seed 0", "seed 1", "params", "flops"] {
        assert!(
            ended.stdout.contains(expected),
            "{expected}: {}",
            ended.stdout
        );
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let sandbox = Sandbox::with_table();
    for (arguments, message) in [
        (
            search(&["--constraint", "params <= base"]),
            "name one with --improve",
        ),
        (search(&["--objective", "params"]), "--improve"),
        (
            improve(&["--objective", "params"]),
            "expected one bound on the metric",
        ),
        (
            improve(&["--objective", "params", "--constraint", "accuracy <= base"]),
            "must be one with >=",
        ),
        (
            improve(&["--constraint", "accuracy >= base"]),
            "is what is searched on",
        ),
    ] {
        sandbox
            .ganas(arguments)
            .expect_code(2)
            .expect_stderr(&[message]);
    }
    let random = search(&["--improve", GIVEN, "--algorithm", "random"]);
    let ended = sandbox.ganas(random).expect_code(2);
    ended.expect_stderr(&["random starts nowhere"]);
    let bad = search(&["--improve", "|nor_conv_3x3~0|"]);
    sandbox
        .ganas(bad)
        .expect_code(1)
        .expect_stderr(&["--improve: `|nor_conv_3x3~0|` is no architecture of nasbench201"]);
}
