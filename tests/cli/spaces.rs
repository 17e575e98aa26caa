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

/// Texts of other tools whose numbers have two meanings are read in the form that is named, and never guessed.
#[test]
fn forms_of_texts_are_named() {
    let sandbox = Sandbox::new();
    let compact = "[[(0,4),(1,3),(1,5),(0,2),(0,1),(1,4),(4,1),(3,5)],[(0,4),(1,3),(1,5),(0,2),(0,4),(1,4),(4,1),(3,6)]]";
    let six = "(4, 0, 3, 1, 4, 3)";
    for (space, text, form, expected) in [
        (
            "darts",
            compact,
            "numbers-with-none",
            "Genotype(normal=[('sep_conv_3x3', 0), ('skip_connect', 1)",
        ),
        (
            "darts",
            compact,
            "numbers-without-none",
            "Genotype(normal=[('sep_conv_5x5', 0), ('sep_conv_3x3', 1)",
        ),
        (
            "nasbench201",
            six,
            "numbers-naslib",
            "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|",
        ),
        (
            "nasbench201",
            six,
            "numbers-official",
            "|avg_pool_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|",
        ),
    ] {
        let prefixed = format!("{form}:{text}");
        for arguments in [vec![text, "--form", form], vec![&prefixed]] {
            let mut convert = vec!["space", "convert", space];
            convert.extend(&arguments);
            let converted = sandbox.ganas(convert).expect_code(0).stdout;
            assert!(converted.starts_with(expected), "{converted}");
            let mut check = vec!["space", "check", space];
            check.extend(&arguments);
            sandbox.ganas(check).expect_code(0);
        }
        sandbox
            .ganas(["space", "check", space, text])
            .expect_code(1)
            .expect_stderr(&[form, "--form NAME"]);
        sandbox
            .ganas([
                "space",
                "convert",
                space,
                text,
                "--form",
                &form.replace("numbers", "numbes"),
            ])
            .expect_code(1)
            .expect_stderr(&[&format!("did you mean `{form}`?")]);
    }
    sandbox
        .ganas([
            "space",
            "check",
            "mbconv",
            "efficientnet-b0",
            "--form",
            "numbers-naslib",
        ])
        .expect_code(1)
        .expect_stderr(&["its texts have no forms that need a name"]);
    // Places are those in the text that was given.
    sandbox
        .ganas([
            "space",
            "check",
            "nasbench201",
            "(4, 0, 3, 1, 4, 9)",
            "--form",
            "numbers-naslib",
        ])
        .expect_code(1)
        .expect_stderr(&["cannot read `(4, 0, 3, 1, 4, 9)`", "at byte 16"]);
}

/// A whole file is imported in the form that is named; one whose other lines tell the form says it.
#[test]
fn files_are_imported_in_a_form() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "six.csv",
        b"net,val_acc\n\"(4, 0, 3, 1, 4, 3)\",84.9\n\"(2, 4, 0, 0, 3, 2)\",90.5\n",
    );
    let import = |source: &'static str, space: &'static str, more: &[&'static str]| {
        let mut import = vec!["table", "import", source, "--space", space, "--key", "net"];
        import.extend(["-o", "x.arrow", "--overwrite"]);
        import.extend(more);
        sandbox.ganas(import)
    };
    import("six.csv", "nasbench201", &[])
        .expect_code(1)
        .expect_stderr(&["line 2", "numbers-naslib", "numbers-official"]);
    let query = |arch: &str| {
        let ended = sandbox.ganas(["table", "query", "x.arrow", arch]);
        ended.expect_code(0).stdout
    };
    import("six.csv", "nasbench201", &["--form", "numbers-naslib"]).expect_code(0);
    let found = query(
        "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|",
    );
    assert!(found.contains("84.9"), "{found}");
    import("six.csv", "nasbench201", &["--form", "numbers-official"]).expect_code(0);
    let found = query(
        "|avg_pool_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|",
    );
    assert!(found.contains("84.9"), "{found}");

    let pairs = "(0, 4), (1, 3), (0, 2), (1, 5), (0, 3), (1, 4), (2, 1), (3, 5)";
    let with_last = pairs.replace("(3, 5)", "(3, 7)");
    let file = format!(
        "net,val_acc\n\"(({pairs}), ({pairs}))\",90.5\n\"(({pairs}), ({with_last}))\",91.5\n"
    );
    sandbox.write("compact.csv", file.as_bytes());
    import("compact.csv", "darts", &[])
        .expect_code(1)
        .expect_stderr(&[
            "line 2",
            "line 3 of this file can only be of the form `numbers-with-none`",
        ]);
    import("compact.csv", "darts", &["--form", "numbers-with-none"]).expect_code(0);
    import("compact.csv", "darts", &["--form", "numbers-without-none"])
        .expect_code(1)
        .expect_stderr(&["line 3", "the number of an operation, 0 to 6"]);
    import("compact.csv", "darts", &["--form", "numbers"])
        .expect_code(1)
        .expect_stderr(&["has no form of texts `numbers`"]);
}

/// What other tools print is read: float matrices, nested genotypes, dictionaries of subnets.
#[test]
fn texts_of_other_tools_are_read() {
    let sandbox = Sandbox::new();
    let nested = "[[('sep_conv_3x3', 0), ('skip_connect', 1)], [('sep_conv_3x3', 2), ('sep_conv_5x5', 0)], \
                   [('sep_conv_3x3', 1), ('max_pool_3x3', 0)], [('sep_conv_5x5', 0), ('max_pool_3x3', 2)]]";
    let genotype = format!(
        "normal={nested}, normal_concat={{2, 3, 4, 5}}, reduce={nested}, reduce_concat=list(range(2, 6))"
    );
    let blocks = vec!["3"; 20].join(", ");
    for (space, text, expected) in [
        (
            "nasbench101",
            "[[0., 1., 0.], [0., 0., 1.], [0., 0., 0.]] ['input', 'conv3x3-bn-relu', 'output']"
                .to_owned(),
            "010 001 000|input,conv3x3-bn-relu,output\n",
        ),
        (
            "darts",
            format!("DARTS_V2 = Genotype({genotype})"),
            "Genotype(normal=[('sep_conv_3x3', 0), ('skip_connect', 1), ('sep_conv_5x5', 0), ('sep_conv_3x3', 2)",
        ),
        (
            "ofa-mbv3",
            format!(
                "{{\"ks\": [{blocks}], \"e\": [{blocks}], \"d\": [2, 2, 3, 2, 2], \"r\": [224]}}"
            ),
            "r224 k3e3,k3e3 k3e3,k3e3 k3e3,k3e3,k3e3 k3e3,k3e3 k3e3,k3e3\n",
        ),
    ] {
        let converted = sandbox
            .ganas(["space", "convert", space, &text])
            .expect_code(0)
            .stdout;
        assert!(converted.starts_with(expected), "{converted}");
    }
}
