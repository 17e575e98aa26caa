//! What a metric means: which values are better, what a search may see, and which value says that there is none.

use serde_json::Value;

use crate::sandbox::{Ended, SMALL, Sandbox};

const PAIR: &str = r#"name = "pair"
parameters = "9 * channels^2 * conv3x3"

[cell]
on = "vertices"
nodes = 2
inputs = 1
operations = ["conv3x3", "maxpool3x3"]
sizes = { channels = 16 }
"#;

const ARCHS: [&str; 7] = [
    "conv3x3:0 conv3x3:0",
    "conv3x3:0 maxpool3x3:0",
    "maxpool3x3:0 maxpool3x3:0",
    "conv3x3:0 conv3x3:1",
    "conv3x3:0 maxpool3x3:1",
    "maxpool3x3:0 conv3x3:1",
    "maxpool3x3:0 maxpool3x3:1",
];

/// Errors in percent; the fourth cell is the best one, the last one the worst.
const ERRORS: [f64; 7] = [9.9, 11.6, 29.7, 7.4, 10.1, 12.8, 30.5];

/// A table with columns of these names, and for each cell a value of each column.
fn table(names: &[&str], value: impl Fn(usize, &str) -> f64) -> String {
    let mut text = format!("arch,{}\n", names.join(","));
    for (row, arch) in ARCHS.iter().enumerate() {
        let values = names.iter().map(|name| value(row, name).to_string());
        text.push_str(&format!(
            "{arch},{}\n",
            values.collect::<Vec<_>>().join(",")
        ));
    }
    text
}

/// A folder with the space, and a table of these columns.
fn with_table(names: &[&str], value: impl Fn(usize, &str) -> f64) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("pair.toml", PAIR.as_bytes());
    sandbox.write("t.csv", table(names, value).as_bytes());
    sandbox
}

fn search(sandbox: &Sandbox, table: &str, more: &[&str]) -> Ended {
    let mut arguments = vec![
        "search",
        "--space",
        "pair.toml",
        "--table",
        table,
        "--budget",
        "7",
    ];
    arguments.extend(more);
    sandbox.ganas(arguments)
}

/// The best of the only run.
fn best(ended: Ended) -> Value {
    ended.expect_code(0).json()["runs"][0]["best"].clone()
}

#[test]
fn less_of_a_loss_or_an_error_is_better_whatever_the_algorithm() {
    for name in [
        "val_err",
        "val-error",
        "valErr",
        "val_loss",
        "val_ppl",
        "validation.rmse",
    ] {
        let test = name.replace("validation", "test").replace("val", "test");
        let sandbox = with_table(&[name, &test], |row, column| {
            ERRORS[row] + if column == name { 0.0 } else { 0.5 }
        });
        for algorithm in [
            &["--algorithm", "random"][..],
            &["--algorithm", "local-search"],
            SMALL,
        ] {
            let mut arguments = vec!["--search", name, "--report", &test, "--json"];
            arguments.extend(algorithm);
            let ended = search(&sandbox, "t.csv", &arguments).expect_stderr(&[&format!(
                "minimize {name} (as its name says; --maximize {name} if that is wrong)"
            )]);
            let json = ended.json();
            assert_eq!(json["protocol"]["kind"], "validation-selected");
            assert_eq!(json["protocol"]["search_direction"], "minimize");
            let best = best(ended);
            assert_eq!(best["arch"], ARCHS[3], "{name} {algorithm:?}");
            assert_eq!(
                (&best["search"], &best["report"]),
                (&7.4.into(), &7.9.into())
            );
        }
    }
}

#[test]
fn a_minimised_search_is_that_of_the_negative() {
    let sandbox = with_table(
        &["val_acc", "val_err", "test_acc"],
        |row, column| match column {
            "val_err" => ERRORS[row],
            _ => -ERRORS[row],
        },
    );
    for algorithm in [&["--algorithm", "local-search"][..], SMALL] {
        let run = |metric: &str| {
            let mut arguments = vec!["--search", metric, "--report", "test_acc", "--json"];
            arguments.extend(algorithm);
            search(&sandbox, "t.csv", &arguments).expect_code(0).json()["runs"][0].clone()
        };
        let [acc, err] = ["val_acc", "val_err"].map(run);
        assert_eq!(acc["best"]["arch"], err["best"]["arch"]);
        let curve = |run: &Value, sign: f64| -> Vec<f64> {
            let curve = run["curve"].as_array().unwrap().iter();
            curve
                .map(|point| sign * point[0].as_f64().unwrap())
                .collect()
        };
        assert_eq!(curve(&acc, -1.0), curve(&err, 1.0), "{algorithm:?}");
    }
}

#[test]
fn studies_keep_what_was_measured_and_top_has_the_least_first() {
    let sandbox = with_table(&["val_err", "test_err"], |row, _| ERRORS[row]);
    let arguments = &[
        "--search",
        "val_err",
        "--report",
        "test_err",
        "--algorithm",
        "random",
        "--study",
        "s.db",
    ];
    let printed = search(&sandbox, "t.csv", arguments).expect_code(0).stdout;
    assert!(
        printed.starts_with("search val_err (smaller is better), report test_err"),
        "{printed}"
    );
    let top = sandbox
        .ganas(["top", "s.db", "-n", "2", "--json"])
        .expect_code(0);
    let entries: Value = serde_json::from_str(&top.stdout).unwrap();
    let text = entries.to_string();
    let [first, second] =
        [ARCHS[3], ARCHS[0]].map(|arch| text.find(arch).expect("an entry of the top"));
    assert!(first < second, "{text}");
    let export = sandbox.export("s.db");
    assert!(
        export.contains("30.5") && !export.contains("-30.5"),
        "{export}"
    );
    // What is in memory and what a study holds is one.
    let again = [arguments, &["--resume"][..]].concat();
    let again = search(&sandbox, "t.csv", &again).expect_code(0).stdout;
    assert_eq!(again.lines().last(), printed.lines().last());
}

#[test]
fn a_metric_whose_name_says_nothing_has_to_be_declared() {
    let sandbox = with_table(&["quux", "test_acc"], |row, _| ERRORS[row]);
    let arguments = [
        "--search",
        "quux",
        "--report",
        "test_acc",
        "--algorithm",
        "random",
        "--json",
    ];
    search(&sandbox, "t.csv", &arguments)
        .expect_code(2)
        .expect_stderr(&["--maximize quux or --minimize quux"]);
    for (option, arch) in [("--minimize", ARCHS[3]), ("--maximize", ARCHS[6])] {
        let declared = [&arguments[..], &[option, "quux"]].concat();
        let ended = search(&sandbox, "t.csv", &declared);
        assert!(
            !ended.stderr.contains("as its name says"),
            "{}",
            ended.stderr
        );
        assert_eq!(best(ended)["arch"], arch, "{option}");
    }
    let both = [
        &arguments[..],
        &["--minimize", "quux", "--maximize", "quux"],
    ]
    .concat();
    search(&sandbox, "t.csv", &both)
        .expect_code(2)
        .expect_stderr(&["`quux` is declared as"]);
    let unknown = [
        &arguments[..],
        &["--minimize", "quux", "--minimize", "test_ac"],
    ]
    .concat();
    search(&sandbox, "t.csv", &unknown)
        .expect_code(2)
        .expect_stderr(&[
            "no metric `test_ac`",
            "did you mean `test_acc`",
            "known are",
        ]);
}

#[test]
fn what_is_declared_at_the_import_holds() {
    let sandbox = with_table(&["quux", "blah", "phone"], |row, column| {
        match (column, row) {
            ("phone", 3) => -1.0,
            ("phone", _) => 5.0,
            _ => ERRORS[row],
        }
    });
    sandbox
        .ganas([
            "table",
            "import",
            "t.csv",
            "--space",
            "pair.toml",
            "-o",
            "t.arrow",
        ])
        .expect_code(0);
    let declared = [
        "table",
        "import",
        "t.csv",
        "--space",
        "pair.toml",
        "-o",
        "t.arrow",
        "--overwrite",
        "--minimize",
        "quux",
        "--metric-role",
        "quux=validation",
        "--metric-role",
        "blah=test",
        "--metric-role",
        "phone=cost",
        "--missing",
        "phone=-1",
    ];
    sandbox.ganas(declared).expect_code(0);
    let info = sandbox
        .ganas(["table", "info", "t.arrow", "--json"])
        .expect_code(0)
        .json();
    let metric = |at: usize| info["metrics"][at].clone();
    assert_eq!(
        (&metric(0)["role"], &metric(0)["direction"]),
        (&"validation".into(), &"minimize".into())
    );
    assert_eq!(metric(0)["best"], 7.4);
    assert_eq!(metric(1)["role"], "test");
    assert_eq!(
        (
            &metric(2)["role"],
            &metric(2)["missing"],
            &metric(2)["values"]
        ),
        (&"cost".into(), &(-1.0).into(), &6.into())
    );
    let ended = search(
        &sandbox,
        "t.arrow",
        &[
            "--search",
            "quux",
            "--report",
            "blah",
            "--algorithm",
            "random",
            "--json",
        ],
    );
    assert_eq!(ended.json()["protocol"]["kind"], "validation-selected");
    assert_eq!(best(ended)["arch"], ARCHS[3]);
}

#[test]
fn what_is_measured_on_test_data_is_no_objective_and_no_bound() {
    for name in [
        "test_acc", "test-acc", "testAcc", "test.acc", "test@acc", "Test acc", "valtest",
        "TEST_ERR",
    ] {
        let sandbox = with_table(&["val_acc", name, "train_acc"], |row, _| 90.0 - ERRORS[row]);
        let bound = format!("{name} > 70");
        let searched = [
            "--search",
            "val_acc",
            "--report",
            "train_acc",
            "--algorithm",
            "random",
            "--json",
        ];
        let sign = if name == "TEST_ERR" { "-" } else { "" };
        let objective = format!("accuracy,{sign}{name}");
        let objective = [&searched[..], &["--objective", &objective]].concat();
        search(&sandbox, "t.csv", &objective)
            .expect_code(2)
            .expect_stderr(&["measured on test data", "must not see", "--metric-role"]);
        if !name.contains(['-', ' ', '@']) {
            let constraint = [&searched[..], &["--constraint", &bound]].concat();
            search(&sandbox, "t.csv", &constraint)
                .expect_code(2)
                .expect_stderr(&["measured on test data", "must not see"]);
        }
        // Declared to be something else, it is an objective.
        let role = format!("{name}=validation");
        let declared = [&objective[..], &["--metric-role", &role]].concat();
        search(&sandbox, "t.csv", &declared).expect_code(0);
    }
    // A search that is test-selected may see test data, and says that it is.
    let sandbox = with_table(&["test_acc", "test_b_acc", "val_acc"], |row, _| {
        90.0 - ERRORS[row]
    });
    let ended = search(
        &sandbox,
        "t.csv",
        &[
            "--search",
            "test_acc",
            "--report",
            "val_acc",
            "--objective",
            "accuracy,test_b_acc",
            "--algorithm",
            "random",
        ],
    );
    ended.expect_code(0).expect_stderr(&["test-selected"]);
}

#[test]
fn bounds_on_what_is_searched_on_and_reported_are_refused() {
    let sandbox = with_table(&["val_acc", "train_acc"], |row, _| 90.0 - ERRORS[row]);
    for (bound, why) in [
        ("val_acc > 70", "which costs a query"),
        ("train_acc > 70", "which a search must not see"),
    ] {
        let arguments = [
            "--search",
            "val_acc",
            "--report",
            "train_acc",
            "--constraint",
            bound,
        ];
        search(&sandbox, "t.csv", &arguments)
            .expect_code(2)
            .expect_stderr(&[why]);
    }
}

#[test]
fn a_cost_below_zero_is_refused_or_missing() {
    let names = ["val_acc", "test_acc", "edge_latency"];
    let value = |row: usize, column: &str| match (column, row) {
        ("edge_latency", 3) => -1.0,
        ("edge_latency", _) => 0.5 + ERRORS[row] / 100.0,
        _ => 90.0 - ERRORS[row],
    };
    let sandbox = with_table(&names, value);
    sandbox
        .ganas([
            "table",
            "import",
            "t.csv",
            "--space",
            "pair.toml",
            "-o",
            "t.arrow",
        ])
        .expect_code(0);
    let warned = sandbox
        .ganas([
            "table",
            "import",
            "t.csv",
            "--space",
            "pair.toml",
            "-o",
            "t.arrow",
            "--overwrite",
        ])
        .expect_code(0);
    assert!(
        warned
            .stdout
            .contains("1 values of the cost `edge_latency` are below zero"),
        "{}",
        warned.stdout
    );
    let base = [
        "--search",
        "val_acc",
        "--report",
        "test_acc",
        "--algorithm",
        "random",
        "--json",
    ];
    for table in ["t.csv", "t.arrow"] {
        for goal in [
            ["--constraint", "edge_latency < 1"],
            ["--objective", "accuracy,-edge_latency"],
        ] {
            let arguments = [&base[..], &goal].concat();
            search(&sandbox, table, &arguments)
                .expect_code(2)
                .expect_stderr(&[
                    "`edge_latency` is a cost",
                    "--missing edge_latency=-1",
                    "--metric-role edge_latency=other",
                ]);
            let named = [&arguments[..], &["--missing", "edge_latency=-1"]].concat();
            let json = search(&sandbox, table, &named);
            assert!(json.code == 0 || json.code == 3, "{}", json.stderr);
            assert!(
                !json.stdout.contains("\"edge_latency\":-1"),
                "{}",
                json.stdout
            );
            assert_ne!(json.json()["runs"][0]["best"]["arch"], ARCHS[3], "{goal:?}");
        }
        // The cost itself can be searched on.
        let cost = [
            "--search",
            "edge_latency",
            "--report",
            "val_acc",
            "--algorithm",
            "random",
            "--json",
            "--missing",
            "edge_latency=-1",
        ];
        let ended = search(&sandbox, table, &cost);
        assert_eq!(
            ended.json()["runs"][0]["best"]["arch"],
            ARCHS[0],
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn an_efficiency_grows_and_a_cost_does_not() {
    let sandbox = with_table(
        &["val_acc", "test_acc", "energy_efficiency", "latency_ms"],
        |row, _| ERRORS[row],
    );
    let base = [
        "--search",
        "val_acc",
        "--report",
        "test_acc",
        "--algorithm",
        "random",
    ];
    for (objective, problem) in [
        ("accuracy,energy_efficiency", None),
        ("accuracy,-latency_ms", None),
        (
            "accuracy,-energy_efficiency",
            Some("write energy_efficiency"),
        ),
        ("accuracy,latency_ms", Some("write -latency_ms")),
        ("-accuracy,-latency_ms", Some("leave the minus out")),
    ] {
        let ended = search(
            &sandbox,
            "t.csv",
            &[&base[..], &["--objective", objective]].concat(),
        );
        match problem {
            None => drop(ended.expect_code(0)),
            Some(problem) => drop(ended.expect_code(2).expect_stderr(&[problem])),
        }
    }
    let other = [
        "--objective",
        "accuracy,latency_ms",
        "--maximize",
        "latency_ms",
    ];
    search(&sandbox, "t.csv", &[&base[..], &other].concat()).expect_code(0);
}

#[test]
fn a_column_of_two_tables_is_neither() {
    let sandbox = with_table(&["val_acc", "test_acc"], |row, _| 90.0 - ERRORS[row]);
    sandbox.write("phone.csv", table(&["lat_ms"], |_, _| 5.0).as_bytes());
    sandbox.write("watch.csv", table(&["lat_ms"], |_, _| 500.0).as_bytes());
    let base = [
        "--search",
        "val_acc",
        "--report",
        "test_acc",
        "--algorithm",
        "random",
        "--properties",
        "phone.csv",
    ];
    let both = ["--properties", "watch.csv"];
    for goal in [
        ["--constraint", "lat_ms < 100"],
        ["--objective", "accuracy,-lat_ms"],
    ] {
        search(&sandbox, "t.csv", &[&base[..], &both, &goal].concat())
            .expect_code(2)
            .expect_stderr(&[
                "`lat_ms` is a column of",
                "and of",
                "leave one of the tables out",
            ]);
        search(&sandbox, "t.csv", &[&base[..], &goal].concat()).expect_code(0);
    }
}

#[test]
fn equal_points_of_a_front_are_shown_once_and_said_to_be() {
    let sandbox = with_table(&["val_acc", "test_acc", "lat_ms"], |row, column| {
        let good = row % 2 == 0;
        match (column, good) {
            ("lat_ms", true) => 5.0,
            ("lat_ms", false) => 3.0,
            (_, true) => 90.0,
            (_, false) => 70.0,
        }
    });
    let arguments = [
        "--search",
        "val_acc",
        "--report",
        "test_acc",
        "--algorithm",
        "random",
        "--objective",
        "accuracy,-lat_ms",
    ];
    let printed = search(&sandbox, "t.csv", &arguments).expect_code(0).stdout;
    assert!(printed.contains("front: 2 architectures"), "{printed}");
    assert!(printed.contains("equal points are shown once"), "{printed}");
}
