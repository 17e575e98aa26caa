//! Every command but `search`: what it prints, and that what it writes is read back.

use std::io::{BufRead as _, BufReader, Read as _};

use crate::sandbox::{Ended, SMALL, Sandbox, search};
use crate::synthetic_table;

#[test]
fn enumerate_prints_the_official_order() {
    let archs = synthetic_table::archs();
    assert_eq!(archs.len(), 15_625);
    assert_eq!(
        archs[0],
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    );
    for (index, op) in [
        (1_462, "nor_conv_3x3"),
        (1_835, "skip_connect"),
        (1_651, "none"),
    ] {
        let expected = format!("|{op}~0|+|{op}~0|{op}~1|+|{op}~0|{op}~1|{op}~2|");
        assert_eq!(archs[index], expected);
    }
}

#[test]
fn a_reader_may_stop_early() {
    let sandbox = Sandbox::new();
    let mut child = sandbox.spawn(["space", "enumerate", "nasbench201"]);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(line.starts_with("|avg_pool_3x3~0|"));
    drop(stdout);
    let ended = Ended::from(child.wait_with_output().unwrap()).expect_code(0);
    assert_eq!(ended.stderr, "");
}

#[test]
fn spaces_are_listed() {
    let sandbox = Sandbox::new();
    let ended = sandbox.ganas(["space", "list"]).expect_code(0);
    assert!(ended.stdout.contains("nasbench201"), "{}", ended.stdout);
    let json = sandbox
        .ganas(["space", "list", "--json"])
        .expect_code(0)
        .json();
    let space = &json["spaces"][0];
    assert_eq!(space["name"], "nasbench201");
    assert_eq!(space["size"], 15_625);
    assert_eq!(space["operations"].as_array().unwrap().len(), 5);
}

#[test]
fn hashes_are_enumerated() {
    let sandbox = Sandbox::new();
    let enumerate = ["space", "enumerate", "nasbench101-v4"];
    let texts = sandbox.ganas(enumerate).expect_code(0).stdout;
    let hashes = ["space", "enumerate", "nasbench101-v4", "--hashes"];
    let hashes = sandbox.ganas(hashes).expect_code(0).stdout;
    assert_eq!(texts.lines().count(), 91);
    assert_eq!(hashes.lines().count(), 91);
    let mut lines = texts.lines().zip(hashes.lines());
    let smallest = "043721b9c7fe8c5fad811d47d83132ec";
    let text = lines.find(|(_, hash)| *hash == smallest).unwrap().0;
    assert_eq!(text, "01 00|input,output");
}

#[test]
fn a_table_is_imported_described_and_queried() {
    let sandbox = Sandbox::with_table();
    let again = [
        "table",
        "import",
        "--space",
        "nasbench201",
        "nb201.csv",
        "-o",
        "nb201.arrow",
    ];
    sandbox
        .ganas(again)
        .expect_code(1)
        .expect_stderr(&["the output file exists"]);
    let import = sandbox
        .ganas(again.iter().copied().chain(["--overwrite", "--json"]))
        .expect_code(0)
        .json();
    assert_eq!(import["manifest"]["n_rows"], 15_625);
    assert_eq!(import["manifest"]["n_classes"], 8_765);
    assert_eq!(import["manifest"]["row_order"], "official_index");
    assert_eq!(import["skipped"][0]["column"], "note");

    let info = sandbox
        .ganas(["table", "info", "nb201.arrow", "--json"])
        .expect_code(0)
        .json();
    assert_eq!(info["table_sha256"], import["table_sha256"]);
    assert_eq!(info["manifest"], import["manifest"]);
    let metric = &info["metrics"][0];
    assert_eq!(metric["name"], "cifar10_valid_mean_200");
    assert_eq!(metric["role"], "validation");
    assert_eq!(metric["unit"], "percent");
    assert_eq!(metric["epochs"], 200);
    assert_eq!(metric["values"], 15_625);
    let best = synthetic_table::archs()
        .iter()
        .map(|arch| synthetic_table::valid(arch));
    let best = best.max_by(f64::total_cmp).unwrap();
    assert_eq!(metric["best"], best);
    let text = sandbox
        .ganas(["table", "info", "nb201.arrow"])
        .expect_code(0)
        .stdout;
    for expected in [
        "15625 (all of the space, by official index)",
        "8765; a query returns the lowest row of a class",
        "cifar10_test_mean_200   test        larger?   percent",
    ] {
        assert!(text.contains(expected), "{expected} in:\n{text}");
    }
}

#[test]
fn an_architecture_is_found_by_text_index_and_key() {
    let sandbox = Sandbox::with_table();
    let query = |arch: &str| {
        let arguments = ["table", "query", "nb201.arrow", arch, "--json"];
        sandbox.ganas(arguments).expect_code(0).json()
    };
    let arch = &synthetic_table::archs()[1_462];
    let by_text = query(arch);
    assert_eq!(by_text["arch"], arch.as_str());
    assert_eq!(by_text["index"], 1_462);
    assert_eq!(by_text["row"], 1_462);
    let value = &by_text["metrics"][0];
    assert_eq!(value["name"], "cifar10_valid_mean_200");
    assert_eq!(value["value"], synthetic_table::valid(arch));
    assert_eq!(value["query_value"], value["value"]);
    assert_eq!(value["unit"], "percent");
    assert_eq!(query("1462"), by_text);
    assert_eq!(query(by_text["key"].as_str().unwrap()), by_text);

    // Cell 1651 computes nothing, as do others: queries return the first of them.
    let nothing = query("1651");
    let first = nothing["representative"]["row"].as_u64().unwrap();
    assert!(first < 1_651, "{nothing}");
    let text = sandbox.ganas([
        "table",
        "query",
        "nb201.arrow",
        "1651",
        "--metric",
        "params_m",
    ]);
    let text = text.expect_code(0).stdout;
    assert!(
        text.contains(&format!("queries of its class return index {first}: |")),
        "{text}"
    );
    assert!(
        text.contains("params_m") && !text.contains("cifar10"),
        "{text}"
    );

    let ask = |arch| sandbox.ganas(["table", "query", "nb201.arrow", arch]);
    ask("15625")
        .expect_code(2)
        .expect_stderr(&["expected a number below 15625"]);
    ask("|nor_conv_3x3~1|")
        .expect_code(2)
        .expect_stderr(&["expected `0`", "its text"]);
    ask("ffffffffffffffffffffffffffffffff")
        .expect_code(1)
        .expect_stderr(&["no row"]);
}

#[test]
fn top_and_export_read_a_study() {
    let sandbox = Sandbox::with_table();
    let mut arguments = search(&["--budget", "40", "--seeds", "0..2", "--study", "s.db"]);
    arguments.extend(SMALL);
    sandbox.ganas(arguments).expect_code(0);
    let random = ["--algorithm", "random", "--budget", "30", "--study", "s.db"];
    sandbox.ganas(search(&random)).expect_code(0);

    let json = sandbox
        .ganas(["top", "s.db", "-n", "3", "--json"])
        .expect_code(0)
        .json();
    assert_eq!(json["protocols"][0]["kind"], "validation-selected");
    let top = json["top"].as_array().unwrap();
    assert_eq!(top.len(), 3);
    let values: Vec<f64> = top.iter().map(|t| t["search"].as_f64().unwrap()).collect();
    assert!(values.is_sorted_by(|a, b| a >= b), "{values:?}");
    assert_eq!(top[0]["rank"], 1);
    let text = sandbox
        .ganas(["top", "s.db", "--algorithm", "random"])
        .expect_code(0)
        .stdout;
    assert!(text.contains("(validation-selected)"), "{text}");
    assert_eq!(text.matches("  random  ").count(), 10, "{text}");

    let jsonl = sandbox.export("s.db");
    let of_type = |kind: &str| jsonl.matches(&format!(r#""type":"{kind}""#)).count();
    assert_eq!(of_type("run"), 3);
    assert!(of_type("trial") >= 40 + 40 + 30);
    assert!(of_type("event") > 0);
    sandbox
        .ganas(["export", "s.db", "-o", "out.jsonl"])
        .expect_code(0);
    assert_eq!(
        std::fs::read_to_string(sandbox.path("out.jsonl")).unwrap(),
        jsonl
    );

    let csv = ["export", "s.db", "--format", "csv", "--algorithm", "random"];
    let csv = sandbox.ganas(csv).expect_code(0).stdout;
    assert_eq!(csv.lines().count(), 31);
    assert!(csv.starts_with("run,experiment,version,"), "{csv}");
    let name = csv
        .lines()
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .to_owned();
    let one = sandbox
        .ganas(["export", "s.db", "--run", &name[..8]])
        .expect_code(0)
        .stdout;
    assert_eq!(one.matches(r#""type":"run""#).count(), 1);
    sandbox
        .ganas(["export", "s.db", "--run", "zz"])
        .expect_code(2)
        .expect_stderr(&["no run whose name begins with `zz`"]);
    sandbox
        .ganas(["top", "none.db"])
        .expect_code(1)
        .expect_stderr(&["there is no study at none.db"]);
}

#[test]
fn a_printed_configuration_is_read_back() {
    let sandbox = Sandbox::with_table();
    for preset in ["faithful", "improved"] {
        let config = ["config", "--preset", preset];
        let text = sandbox.ganas(config).expect_code(0).stdout;
        assert!(text.contains("\n# Learning rate of Adam"), "{text}");
        sandbox.write("c.toml", text.as_bytes());
        // From either preset, since the file has every field.
        for base in ["faithful", "improved"] {
            let again = sandbox.ganas(["config", "--preset", base, "--config", "c.toml"]);
            assert_eq!(again.expect_code(0).stdout, text);
        }
        let run = ["--config", "c.toml", "--budget", "5", "--preset", preset];
        let line = format!("ga-nas, preset {preset}\n");
        sandbox
            .ganas(search(&run))
            .expect_code(0)
            .expect_stderr(&[&line]);
    }
    let json = sandbox
        .ganas(["config", "--json", "--set", "batch=3"])
        .expect_code(0)
        .json();
    assert_eq!(json["batch"], 3);
    let random = sandbox
        .ganas(["config", "--algorithm", "random"])
        .expect_code(0);
    assert!(random.stdout.starts_with("# "));
}

#[test]
fn completions_are_printed() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        let ended = sandbox.ganas(["completions", shell]).expect_code(0);
        assert!(ended.stdout.contains("enumerate"), "{shell}");
    }
}

#[test]
fn help_and_version_are_results() {
    let sandbox = Sandbox::new();
    let mut version = sandbox.spawn(["--version"]);
    let mut text = String::new();
    version
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, format!("ganas {}\n", env!("CARGO_PKG_VERSION")));
    assert!(version.wait().unwrap().success());
    let help = sandbox.ganas(["search", "--help"]).expect_code(0);
    assert!(help.stdout.contains("--resume"));
}
