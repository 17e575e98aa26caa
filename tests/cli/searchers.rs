//! Searches with each algorithm on the tables inside the program.

use crate::sandbox::Sandbox;

/// Each algorithm, with settings under which its search takes a moment, and whether a given network can be improved with it.
const ALL: &[(&str, bool)] = &[
    ("random", false),
    ("local-search", true),
    ("evolution", true),
    ("evolution --preset nasbench101", true),
    ("local-search-naszilla", true),
    ("local-search-naszilla --preset code", true),
    (
        "gaussian-process --set random=40 --set neighbours=40 --set fit_steps=4",
        true,
    ),
    ("bananas --set epochs=4 --set candidates=20", true),
    ("cross-entropy --set initial_designs=8 --set steps=4", true),
    ("reinforce --set batch=5", false),
    ("by-parameters", false),
    (COLUMNS, false),
];

const COLUMNS: &str = "by-columns --set columns=[\"valid_acc_seed1\",\"valid_acc_seed2\"]";

fn words<'a>(parts: &[&'a str]) -> Vec<&'a str> {
    parts
        .iter()
        .flat_map(|part| part.split_whitespace())
        .collect()
}

fn name(algorithm: &str) -> &str {
    algorithm.split(' ').next().unwrap()
}

#[test]
fn every_algorithm_searches_and_can_be_extended_and_resumed() {
    for (number, (algorithm, _)) in ALL.iter().enumerate() {
        let sandbox = Sandbox::new();
        for pace in ["", "--window 3"] {
            let go = |study: &str, more: &str| {
                let all = [
                    "search --table digits-5 --seeds 0..2 --quiet --algorithm",
                    algorithm,
                ];
                let study = ["--study", study, more, pace];
                let ended = sandbox.ganas(words(&all).into_iter().chain(words(&study)));
                ended.expect_code(0);
            };
            let study = |what: &str| format!("{what}-{number}-{}.db", pace.len());
            go(&study("grown"), "--budget 11");
            go(&study("grown"), "--budget 30 --resume --threads 1");
            go(&study("once"), "--budget 30 --threads 2");
            let export = sandbox.export(&study("once"));
            assert_eq!(
                sandbox.export(&study("grown")),
                export,
                "{algorithm} {pace}"
            );
            assert_eq!(
                export.matches(r#""repeat":false"#).count(),
                60,
                "{algorithm}"
            );
            let recorded = format!(r#""algorithm":"{}""#, name(algorithm));
            assert!(export.contains(&recorded), "{algorithm}");
        }
    }
}

/// All 91 classes, however small the space is.
#[test]
fn every_algorithm_exhausts_a_space() {
    for (algorithm, _) in ALL {
        let sandbox = Sandbox::new();
        let all = [
            "search --table digits-4 --budget 200 --json --quiet --algorithm",
            algorithm,
        ];
        let report = sandbox.ganas(words(&all)).expect_code(0).json();
        let run = &report["runs"][0];
        assert_eq!(run["unique_queries"], 91, "{algorithm}");
        assert_eq!(run["stop"], "space_exhausted", "{algorithm}");
        assert_eq!(run["best"]["rank"]["search"], 1.0, "{algorithm}");
    }
}

#[test]
fn constraints_hold_with_every_algorithm() {
    for (algorithm, _) in ALL {
        let sandbox = Sandbox::new();
        let all = [
            "search --table digits-5 --budget 25 --study s.db --quiet --constraint params<=600000 --algorithm",
            algorithm,
        ];
        sandbox.ganas(words(&all)).expect_code(0);
        let texts = sandbox.ganas(["top", "s.db", "--n", "25", "--json"]);
        let top = texts.expect_code(0).json();
        let entries = top["top"].as_array().unwrap();
        assert!(!entries.is_empty(), "{algorithm}: {top}");
    }
}

#[test]
fn a_given_network_is_improved_or_it_is_said_that_it_is_not() {
    let given = "01111 00100 00010 00001 00000|input,maxpool3x3,maxpool3x3,maxpool3x3,output";
    for (algorithm, starts) in ALL {
        let sandbox = Sandbox::new();
        let all = [
            "search --table digits-5 --budget 25 --json --quiet --algorithm",
            algorithm,
        ];
        let arguments = words(&all).into_iter().chain(["--improve", given]);
        let ended = sandbox.ganas(arguments);
        if *starts {
            let report = ended.expect_code(0).json();
            let gain = report["runs"][0]["best"]["search"].as_f64();
            assert!(gain.is_some(), "{algorithm}: {report}");
        } else {
            let message = format!("{} starts nowhere", name(algorithm));
            ended.expect_code(2).expect_stderr(&[&message]);
        }
    }
}

#[test]
fn the_configuration_of_every_algorithm_is_printed_and_read_back() {
    for (algorithm, _) in ALL {
        let sandbox = Sandbox::new();
        let printed = sandbox.ganas(words(&["config --algorithm", algorithm]));
        let text = printed.expect_code(0).stdout;
        let fields = text.lines().filter(|line| line.contains(" = "));
        if fields.count() == 0 {
            assert!(text.contains("has nothing to configure"), "{text}");
            continue;
        }
        assert!(text.starts_with("# "), "{text}");
        sandbox.write("c.toml", text.as_bytes());
        let again = ["config --config c.toml --algorithm", name(algorithm)];
        let again = sandbox.ganas(words(&again)).expect_code(0);
        assert_eq!(again.stdout, text, "{algorithm}");
        let json = sandbox.ganas(words(&["config --json --algorithm", algorithm]));
        assert!(json.expect_code(0).json().is_object());
    }
}

#[test]
fn a_list_by_columns_says_which_table_they_are_of_and_sees_no_test_values() {
    let sandbox = Sandbox::new();
    let all = [
        "search --table digits-5 --budget 5 --seeds 0..2 --json --quiet --algorithm",
        COLUMNS,
    ];
    let report = sandbox.ganas(words(&all)).expect_code(0).json();
    let orders = report["config"]["ordered_by"].to_string();
    for part in [
        "maximize valid_acc_seed1 (table ",
        "maximize valid_acc_seed2 (table ",
    ] {
        assert!(orders.contains(part), "{orders}");
    }
    for (columns, message) in [
        ("test_acc_seed1", "measured on test data"),
        ("test_acc_mean", "which a search must not see"),
        ("valid_acc_seed0", "the metric that is searched on"),
        ("valid_acc_sed1", "there is no property `valid_acc_sed1`"),
    ] {
        let set = format!("columns=[\"{columns}\"]");
        let all = ["search --table digits-5 --algorithm by-columns --set", &set];
        sandbox
            .ganas(words(&all))
            .expect_code(2)
            .expect_stderr(&["the field `columns` of by-columns", message]);
    }
}

#[test]
fn the_help_says_what_each_algorithm_is() {
    let help = Sandbox::new().ganas(["search", "--help"]).expect_code(0);
    for (algorithm, _) in ALL {
        let line = format!("- {}:", name(algorithm));
        assert!(help.stdout.contains(&line), "{}", help.stdout);
    }
}
