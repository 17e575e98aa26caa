//! Spaces that are described in TOML: cells, costs from CSV files, constraints, and everything that the documentation
//! shows.

use std::fmt::Write as _;

use crate::sandbox::{SMALL, Sandbox};

const CELL: &str = r#"name = "small"
parameters = "9 * conv3x3 + conv1x1"
constraints = ["parameters <= 19", "pixel_ms < 9"]

[cell]
on = "vertices"
nodes = 3
max_edges = 6
operations = ["conv3x3", "conv1x1"]

[lookup.pixel_ms]
file = "tables/pixel.csv"
"#;

const PIXEL: &str = "operation,value\nconv3x3,4\nconv1x1,1\n";

const EDGES: &str = r#"name = "edges"
parameters = "conv"
[cell]
on = "edges"
nodes = 1
operations = ["zero", "skip", "conv"]
none = "zero"
"#;

/// The cell in a folder of its own, and a table of all of its architectures.
fn with_cell() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("spaces/tables")).unwrap();
    sandbox.write("spaces/small.toml", CELL.as_bytes());
    sandbox.write("spaces/tables/pixel.csv", PIXEL.as_bytes());
    sandbox.write("small.csv", table(&sandbox, "spaces/small.toml").as_bytes());
    sandbox
}

/// A table of all architectures of a space: the more letters, the better.
fn table(sandbox: &Sandbox, space: &str) -> String {
    let all = sandbox.ganas(["space", "enumerate", space]).expect_code(0);
    let mut keys = std::collections::BTreeSet::new();
    let hashes = sandbox.ganas(["space", "enumerate", space, "--hashes"]);
    let hashes = hashes.expect_code(0).stdout;
    let mut table = String::from("arch,val_acc,test_acc\n");
    for (text, key) in all.stdout.lines().zip(hashes.lines()) {
        if keys.insert(key.to_owned()) {
            let value = text.matches('c').count() + text.matches('+').count();
            let _ = writeln!(table, "{text},{},{}", 80 + value, 79 + value);
        }
    }
    table
}

/// Everything shown in `docs/SPACES.md` works: named blocks are files, and `ganas` lines are commands.
#[test]
fn the_documentation_of_own_spaces_works() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/SPACES.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("\n## Your own space\n").unwrap();
    let sandbox = Sandbox::new();
    let mut commands = Vec::new();
    let (mut n_spaces, mut n_tables) = (0, 0);
    for block in section.split("\n```").skip(1).step_by(2) {
        let (info, content) = block.split_once('\n').unwrap();
        match info.split_once(' ') {
            Some(("toml", name)) => {
                n_spaces += 1;
                sandbox.write(name, format!("{content}\n").as_bytes());
                commands.push(format!("ganas space describe {name}"));
            }
            Some(("csv", name)) => {
                n_tables += 1;
                sandbox.write(name, format!("{content}\n").as_bytes());
            }
            _ if info == "sh" => commands.extend(content.lines().map(ToOwned::to_owned)),
            _ => panic!("a block that is no file and no command: {info}"),
        }
    }
    assert!(n_spaces >= 4 && n_tables >= 2 && commands.len() >= 12);
    for command in commands {
        let words = command.strip_prefix("ganas ").unwrap();
        // Quoted words have spaces.
        let quoted = words.split('\'').enumerate();
        let words: Vec<&str> = quoted
            .flat_map(|(n, part)| match n % 2 {
                0 => part.split_whitespace().collect(),
                _ => vec![part],
            })
            .collect();
        let ended = sandbox.ganas(words);
        assert_eq!(ended.code, 0, "{command}\n{}{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn a_cell_is_described() {
    let sandbox = with_cell();
    let space = "spaces/small.toml";
    let described = sandbox.ganas(["space", "describe", space]).expect_code(0);
    for expected in [
        "vertices       at most 5\n",
        "decisions      3 labels, 10 edges\n",
        "labels         conv3x3, conv1x1, input, output\n",
        "costs          params, pixel_ms\n",
        "constraint     parameters <= 19\n",
        "constraint     pixel_ms < 9\n",
    ] {
        assert!(described.stdout.contains(expected), "{}", described.stdout);
    }
    let checked = sandbox.ganas([
        "space",
        "check",
        space,
        "conv3x3:0 conv3x3:1 conv1x1:1 output:2+3",
    ]);
    let checked = checked.expect_code(0).stdout;
    for expected in [
        "parameters  19\n",
        "flops       unknown\n",
        "pixel_ms    9\n",
        "constraint  parameters <= 19 holds\n",
        "constraint  pixel_ms < 9 is violated\n",
    ] {
        assert!(checked.contains(expected), "{checked}");
    }
    let sampled = sandbox
        .ganas(["space", "sample", space, "-n", "20"])
        .expect_code(0);
    let mut check = vec!["space", "check", space, "--json"];
    check.extend(sampled.stdout.lines());
    let checked = sandbox.ganas(check).expect_code(0).json();
    for arch in checked["archs"].as_array().unwrap() {
        assert!(arch["costs"]["pixel_ms"].as_f64().unwrap() < 9.0, "{arch}");
        for constraint in arch["constraints"].as_array().unwrap() {
            assert_eq!(constraint["holds"], true, "{arch}");
        }
    }
    let drawn = sandbox.ganas(["space", "draw", space, "conv3x3:0 conv1x1:- output:1"]);
    assert!(
        drawn
            .expect_code(0)
            .stdout
            .contains("v2 [label=\"conv1x1\", style=dashed]")
    );
}

/// The arguments of a search in the cell, with so many queries.
fn search<'a>(space: &'a str, table: &'a str, budget: &'a str) -> Vec<&'a str> {
    let mut search = vec!["search", "--space", space, "--table", table];
    search.extend(["--search", "val_acc", "--report", "test_acc"]);
    search.extend(["--budget", budget, "--json"]);
    search
}

/// Constraints of the description hold in every search, with those of the command line, and are recorded.
#[test]
fn a_cell_is_searched_under_its_constraints() {
    let sandbox = with_cell();
    for algorithm in [
        &["--algorithm", "random"][..],
        &["--algorithm", "local-search"],
        SMALL,
    ] {
        let mut search = search("spaces/small.toml", "small.csv", "20");
        search.extend(["--constraint", "pixel_ms >= 2", "--study", "s.db"]);
        search.extend(algorithm);
        let ended = sandbox
            .ganas(search)
            .expect_code(0)
            .expect_stderr(&["bounds     params <= 19; pixel_ms < 9; pixel_ms >= 2"]);
        let json = ended.json();
        assert_eq!(json["constraints"][0], "params <= 19");
        assert_eq!(json["constraints"][1], "pixel_ms < 9");
        assert_eq!(json["runs"][0]["queries"], 20, "{algorithm:?}");
    }
    let mut check = vec!["space", "check", "spaces/small.toml", "--json"];
    let record = sandbox.export("s.db");
    let archs: Vec<String> = record
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter_map(|line| Some(line["arch"].as_str()?.to_owned()))
        .collect();
    assert!(archs.len() >= 60, "{record}");
    check.extend(archs.iter().map(String::as_str));
    let checked = sandbox.ganas(check).expect_code(0).json();
    for arch in checked["archs"].as_array().unwrap() {
        let ms = arch["costs"]["pixel_ms"].as_f64().unwrap();
        assert!((2.0..9.0).contains(&ms), "{arch}");
        assert!(arch["parameters"].as_u64().unwrap() <= 19, "{arch}");
    }
}

#[test]
fn a_cost_of_ones_own_is_an_objective() {
    let sandbox = with_cell();
    let mut search = search("spaces/small.toml", "small.csv", "15");
    search.extend(["--objective", "val_acc,-pixel_ms"]);
    search.extend(["--algorithm", "local-search"]);
    let ended = sandbox.ganas(search).expect_code(0);
    ended.expect_stderr(&["the front of val_acc, -pixel_ms"]);
}

#[test]
fn operations_on_edges_are_searched() {
    let sandbox = Sandbox::new();
    sandbox.write("edges.toml", EDGES.as_bytes());
    sandbox.write("edges.csv", table(&sandbox, "edges.toml").as_bytes());
    let counted = sandbox.ganas(["space", "count", "edges.toml"]);
    // The edge past the node is one of three, and the path through it one of four, or none.
    let expected = "architectures  27\nclasses        15\n";
    assert_eq!(counted.expect_code(0).stdout, expected);
    let mut search = search("edges.toml", "edges.csv", "12");
    search.extend(SMALL);
    let json = sandbox.ganas(search).expect_code(0).json();
    assert_eq!(json["runs"][0]["queries"], 12);
}

/// What is fixed and what is free follows from the description, as in the published spaces.
#[test]
fn presets_follow_from_what_is_free() {
    let sandbox = with_cell();
    sandbox.write("edges.toml", EDGES.as_bytes());
    let config = |space: &str| {
        let printed = sandbox.ganas(["config", "--space", space]);
        printed.expect_code(0).stdout
    };
    assert_eq!(config("spaces/small.toml"), config("nasbench101"));
    assert_eq!(config("edges.toml"), config("nasbench201"));
    assert_ne!(config("edges.toml"), config("spaces/small.toml"));
}

#[test]
fn errors_name_the_files_and_the_lines() {
    let sandbox = with_cell();
    let check = |toml: &str, csv: &str, expected: &str| {
        sandbox.write("spaces/bad.toml", toml.as_bytes());
        sandbox.write("spaces/tables/pixel.csv", csv.as_bytes());
        sandbox
            .ganas(["space", "describe", "spaces/bad.toml"])
            .expect_code(2)
            .expect_stderr(&[expected]);
    };
    check(
        CELL,
        "operation,value\nconv3x3,4\n",
        "spaces/bad.toml: line 12: tables/pixel.csv has no value for `conv1x1`",
    );
    check(
        CELL,
        "operation,value\nconv3x3,x\n",
        "spaces/bad.toml: line 12: tables/pixel.csv: line 2: `x` is no finite number",
    );
    check(
        &CELL.replace("pixel.csv", "none.csv"),
        PIXEL,
        "spaces/bad.toml: line 12: tables/none.csv: cannot read this file: ",
    );
    check(
        &CELL.replace("pixel_ms < 9", "pixel_ms ~ 9"),
        PIXEL,
        "spaces/bad.toml: line 3: constraint `pixel_ms ~ 9`",
    );
    check(
        &CELL.replace("nodes = 3", "nodes = 33"),
        PIXEL,
        "spaces/bad.toml: line 7: 33 nodes",
    );
    // Only a search knows whether a table has the column.
    sandbox.write(
        "spaces/bad.toml",
        CELL.replace("pixel_ms < 9", "watts < 9").as_bytes(),
    );
    sandbox.write("bad.csv", table(&sandbox, "spaces/bad.toml").as_bytes());
    sandbox
        .ganas(search("spaces/bad.toml", "bad.csv", "5"))
        .expect_code(2)
        .expect_stderr(&[
            "spaces/bad.toml: line 3: there is no property `watts`; known are params, pixel_ms",
        ]);
}

#[test]
fn named_cells_are_listed() {
    let sandbox = Sandbox::new();
    let described = sandbox
        .ganas(["space", "describe", "nasbench101"])
        .expect_code(0);
    for expected in [
        "member         resnet-like: 01001 ",
        "member         inception-like: 0111010 ",
    ] {
        assert!(described.stdout.contains(expected), "{}", described.stdout);
    }
    let small = sandbox
        .ganas(["space", "describe", "nasbench101-v5"])
        .expect_code(0);
    assert!(!small.stdout.contains("inception-like"), "{}", small.stdout);
}

/// A cost that a description does not say is not known: bounds and objectives on it are refused, and say what to do.
#[test]
fn a_cost_that_is_not_described_is_unknown() {
    let sandbox = with_cell();
    let space = "spaces/small.toml";
    let mut check = vec!["space", "check", space, "--json"];
    check.push("conv3x3:0 conv1x1:- output:1");
    let checked = sandbox.ganas(check).expect_code(0).json();
    assert_eq!(checked["archs"][0]["parameters"], 9);
    assert!(checked["archs"][0]["flops"].is_null(), "{checked}");
    for more in [
        ["--constraint", "flops <= 100"],
        ["--objective", "accuracy,-flops"],
    ] {
        let mut search = search(space, "small.csv", "5");
        search.extend(more);
        let name = sandbox.ganas(["space", "describe", space, "--json"]).json()["name"].clone();
        sandbox.ganas(search).expect_code(2).expect_stderr(&[
            "params, pixel_ms",
            &format!(
                "; the space {} does not say how many FLOPs",
                name.as_str().unwrap()
            ),
            "`flops = \"…\"` in the description of the space",
        ]);
    }
    sandbox.write(
        space,
        CELL.replace("constraints", "flops = \"2 * conv3x3\"\nconstraints")
            .as_bytes(),
    );
    sandbox.write("small.csv", table(&sandbox, space).as_bytes());
    let mut search = search(space, "small.csv", "5");
    search.extend(["--constraint", "flops <= 4"]);
    sandbox.ganas(search).expect_code(0);
}

/// More architectures than a number of 128 bits holds: they are not counted as another number, and their keys differ.
#[test]
fn large_spaces_are_counted_and_searched() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "deep.toml",
        b"name = \"deep\"\nparameters = \"100 * kernel\"\n[[stage]]\nlayers = 48\n\
          choices = { kernel = [1, 3, 5, 7], op = [\"conv\", \"sep\"] }\n",
    );
    for command in ["describe", "count"] {
        let ended = sandbox
            .ganas(["space", command, "deep.toml"])
            .expect_code(0);
        let expected = "architectures  more than 18446744073709551615\n";
        assert!(ended.stdout.contains(expected), "{}", ended.stdout);
    }
    let arch = |changed: Option<usize>| {
        let words = (0..48).map(|layer| match changed {
            Some(changed) if changed == layer => "kernel7_sep",
            _ => "kernel1_conv",
        });
        words.collect::<Vec<_>>().join(",")
    };
    let archs = [arch(None), arch(Some(0)), arch(Some(1))];
    let mut check = vec!["space", "check", "deep.toml", "--json"];
    check.extend(archs.iter().map(String::as_str));
    let checked = sandbox.ganas(check).expect_code(0).json();
    let keys = checked["archs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arch| arch["key"].to_string());
    assert_eq!(keys.collect::<std::collections::BTreeSet<_>>().len(), 3);
    let mut table = String::from("arch,val_acc,test_acc\n");
    for (arch, value) in archs.iter().zip([70, 90, 80]) {
        let _ = writeln!(table, "\"{arch}\",{value}.0,{}.0", value - 1);
    }
    sandbox.write("table.csv", table.as_bytes());
    let mut search = search("deep.toml", "table.csv", "1");
    search.extend(["--algorithm", "local-search", "--improve", &archs[1]]);
    // The table has three of more networks than can be counted.
    let options = "--within-table or --allow-missing";
    for option in options.split(" or ") {
        let mut search = search.clone();
        search.push(option);
        let ended = sandbox.ganas(search).expect_code(0);
        assert_eq!(ended.json()["runs"][0]["best"]["search"], 90.0, "{option}");
    }
    sandbox
        .ganas(search)
        .expect_code(2)
        .expect_stderr(&options.split(" or ").collect::<Vec<_>>());
}

/// Descriptions that ask for too much are refused with a short message.
#[test]
fn hostile_descriptions_are_refused() {
    let sandbox = Sandbox::new();
    let stage = "[[stage]]\nlayers = 2\nchoices = { op = [\"a\"] }\n";
    for (text, expected) in [
        ("#".repeat(20_000_000), "expected at most 262144"),
        (
            format!("name = \"{}\"\n{stage}", "n".repeat(200_000)),
            "at most 100 of them",
        ),
        (
            format!("name = \"x\"\nflops = \"{}\"\n{stage}", "(".repeat(100_000)),
            "a number, a name or `(`",
        ),
        (
            format!("name = \"x\"\nflops = \"1 / 0\"\n{stage}"),
            "1.0 / 0.0 is inf",
        ),
    ] {
        sandbox.write("bad.toml", text.as_bytes());
        let ended = sandbox
            .ganas(["space", "count", "bad.toml"])
            .expect_code(2)
            .expect_stderr(&[expected]);
        assert!(ended.stderr.len() < 5_000, "{} bytes", ended.stderr.len());
    }
    let many = vec!["a"; 40_001].join("+");
    let text = format!("name = \"x\"\nflops = \"{many}\"\n{stage}");
    sandbox.write("good.toml", text.as_bytes());
    let checked = sandbox
        .ganas(["space", "check", "good.toml", "a,a"])
        .expect_code(0);
    assert!(
        checked.stdout.contains("flops       80002\n"),
        "{}",
        checked.stdout
    );
}
