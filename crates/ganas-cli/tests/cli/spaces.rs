//! What the command line says of search spaces.

use crate::sandbox::Sandbox;

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
