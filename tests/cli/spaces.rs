//! What the command line says of search spaces.

use std::fmt::Write as _;

use crate::sandbox::{SMALL, Sandbox};

/// A space in ten lines.
const TINY: &str = r#"name = "tiny"
parameters = "kernel^2 * channels^2"

[[stage]]
layers = 3
optional = 1
sizes = { channels = 16 }
choices = { kernel = [1, 3], op = ["conv", "separable"] }
"#;

/// From nothing to a finished search: a description and a table, and two commands.
#[test]
fn a_space_of_ones_own_is_described_and_searched() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY.as_bytes());
    let words = [
        "kernel1_conv",
        "kernel1_separable",
        "kernel3_conv",
        "kernel3_separable",
    ];
    let mut table = String::from("arch,val_acc,test_acc\n");
    let mut row = |layers: &[usize]| {
        let text: Vec<&str> = layers.iter().map(|layer| words[*layer]).collect();
        let value: usize = layers.iter().map(|layer| layer + 1).sum();
        let _ = writeln!(
            table,
            "\"{}\",{},{}",
            text.join(","),
            80 + value,
            79 + value
        );
    };
    for a in 0..4 {
        for b in 0..4 {
            row(&[a, b]);
            for c in 0..4 {
                row(&[a, b, c]);
            }
        }
    }
    sandbox.write("tiny.csv", table.as_bytes());

    let counted = sandbox
        .ganas(["space", "count", "tiny.toml"])
        .expect_code(0);
    assert_eq!(counted.stdout, "architectures  80\nclasses        80\n");
    let mut search = vec!["search", "--space", "tiny.toml", "--table", "tiny.csv"];
    search.extend([
        "--search", "val_acc", "--report", "test_acc", "--budget", "40", "--json",
    ]);
    search.extend(SMALL);
    let json = sandbox.ganas(search).expect_code(0).json();
    assert!(
        json["space"].as_str().unwrap().starts_with("tiny-"),
        "{json}"
    );
    let best = &json["runs"][0]["best"];
    assert!(best["search"].as_f64().unwrap() >= 88.0, "{best}");
}

#[test]
fn errors_of_a_description_point_at_the_line() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.toml", TINY.replace("optional", "optinal").as_bytes());
    sandbox
        .ganas(["space", "describe", "bad.toml"])
        .expect_code(2)
        .expect_stderr(&["bad.toml: line 6: unknown field `optinal`"]);
    sandbox
        .ganas(["space", "describe", "none.toml"])
        .expect_code(2)
        .expect_stderr(&["none.toml: cannot read the description of a space"]);
}

#[test]
fn spaces_are_described_and_counted() {
    let sandbox = Sandbox::new();
    let described = sandbox.ganas(["space", "describe", "darts"]).expect_code(0);
    for expected in [
        "architectures  1076746950455072400\n",
        "vertices       at most 31\n",
        "decisions      16 labels, 40 edges\n",
    ] {
        assert!(described.stdout.contains(expected), "{}", described.stdout);
    }
    let described = sandbox.ganas(["space", "describe", "ofa-proxyless", "--json"]);
    let json = described.expect_code(0).json();
    assert_eq!(json["size"], serde_json::Value::Null);
    assert_eq!(json["members"][0]["name"], "proxyless-mobile");
    let counted = sandbox
        .ganas(["space", "count", "nasbench-macro"])
        .expect_code(0);
    assert_eq!(counted.stdout, "architectures  6561\nclasses        3969\n");
    let counted = sandbox.ganas(["space", "count", "ofa-mbv3"]).expect_code(0);
    assert_eq!(
        counted.stdout,
        "architectures  more than 18446744073709551615\n"
    );
}

#[test]
fn samples_are_architectures_and_follow_from_the_seed() {
    let sandbox = Sandbox::new();
    for space in ["darts", "mbconv", "nasbench201", "nasbench101"] {
        let sample = |seed| {
            let ended = sandbox.ganas(["space", "sample", space, "-n", "3", "--seed", seed]);
            ended.expect_code(0).stdout
        };
        let drawn = sample("7");
        assert_eq!(drawn, sample("7"));
        assert_ne!(drawn, sample("8"));
        let mut check = vec!["space", "check", space, "--json"];
        check.extend(drawn.lines());
        let checked = sandbox.ganas(check).expect_code(0).json();
        assert_eq!(checked["archs"].as_array().unwrap().len(), 3);
    }
}

#[test]
fn architectures_are_drawn_and_checked() {
    let sandbox = Sandbox::new();
    let drawn = sandbox.ganas(["space", "draw", "nasbench-macro", "20212202", "--canonical"]);
    let drawn = drawn.expect_code(0).stdout;
    for line in [
        "digraph \"nasbench-macro\" {\n",
        "  v0 [label=\"input\"];\n",
        "  v2 [label=\"identity\", style=dashed];\n",
        "  v1 -> v3;\n",
    ] {
        assert!(drawn.contains(line), "{drawn}");
    }
    let checked = sandbox.ganas(["space", "check", "mbconv", "efficientnet-b0"]);
    let checked = checked.expect_code(0).stdout;
    assert!(checked.contains("parameters  5288548\n"), "{checked}");
    sandbox
        .ganas(["space", "check", "nasbench-macro", "20212203"])
        .expect_code(1)
        .expect_stderr(&["unknown operation `3`"]);
}
