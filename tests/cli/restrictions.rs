//! A part of a space: choices that are fixed, and options that are excluded.

use serde_json::Value;

use crate::sandbox::{SMALL, Sandbox, search};

const ALGORITHMS: [&[&str]; 3] = [
    &["--algorithm", "random"],
    &["--algorithm", "local-search"],
    SMALL,
];

/// The architectures that a study has as trials.
fn archs(sandbox: &Sandbox, study: &str) -> Vec<String> {
    let lines = sandbox.export(study);
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let trials = lines.filter(|line: &Value| line["type"] == "trial");
    trials
        .map(|trial| trial["arch"].as_str().unwrap().to_owned())
        .collect()
}

/// What workers are asked for in a search of 24 queries.
#[cfg(unix)]
fn searched_by_workers(sandbox: &Sandbox, space: &str, more: &[&str]) -> Vec<String> {
    let evaluator = ganas_testkit::scripted_worker::command("cost=1");
    let usual = ["search", "--space", space, "--evaluator", &evaluator];
    let of_run = [
        "--study",
        "s.db",
        "--budget",
        "24",
        "--workers",
        "2",
        "--json",
    ];
    sandbox
        .ganas([&usual[..], &of_run, more].concat())
        .expect_code(0);
    let archs = archs(sandbox, "s.db");
    assert_eq!(archs.len(), 24);
    archs
}

#[test]
fn everything_that_is_evaluated_satisfies_them() {
    let sandbox = Sandbox::with_table();
    for (number, algorithm) in ALGORITHMS.into_iter().enumerate() {
        let study = format!("s{number}.db");
        let mut arguments = search(&["--budget", "30", "--study", &study, "--json"]);
        arguments.extend(["--fix", "edge(0->1)=nor_conv_3x3", "--exclude", "*=none"]);
        arguments.extend(["--constraint", "params <= 0.8e6"]);
        arguments.extend(algorithm);
        let ended = sandbox.ganas(arguments).expect_code(0).expect_stderr(&[
            "choices    edge(0->1)=nor_conv_3x3; without *=none",
            "params <= 800000",
        ]);
        let json = ended.json();
        assert_eq!(json["config"]["fix"][0], "edge(0->1)=nor_conv_3x3");
        assert_eq!(json["config"]["exclude"][0], "*=none");
        assert_eq!(json["runs"][0]["queries"], 30);
        let archs = archs(&sandbox, &study);
        assert_eq!(archs.len(), 30);
        for arch in archs {
            assert!(arch.starts_with("|nor_conv_3x3~0|+"), "{arch}");
            assert!(!arch.contains("none"), "{arch}");
            assert!(arch.matches("nor_conv_3x3").count() <= 3, "{arch}");
        }
        // The record of the run says what part was searched.
        let export = sandbox.export(&study);
        assert!(export.contains("edge(0->1)=nor_conv_3x3"), "{export}");
    }
}

#[cfg(unix)]
#[test]
fn workers_are_asked_for_what_is_left() {
    for algorithm in ALGORITHMS {
        let sandbox = Sandbox::new();
        let part = ["--fix", "stage1.kernel=3", "--exclude", "expand=6"];
        let part = [&part[..], &["--fix", "stage7.layers=1"], algorithm].concat();
        let archs = searched_by_workers(&sandbox, "mbconv", &part);
        for arch in archs {
            let blocks: Vec<&str> = arch.split(' ').collect();
            assert!(
                blocks[0].contains("k3") && blocks[6].contains("l1"),
                "{arch}"
            );
            assert!(!arch.contains("e6"), "{arch}");
        }
    }
}

/// In cells with free edges, what is built has all edges that are required, none that is forbidden, and a path.
#[cfg(unix)]
#[test]
fn edges_of_cells_are_restricted() {
    for algorithm in ALGORITHMS {
        let sandbox = Sandbox::new();
        let part = ["--fix", "node2=maxpool3x3", "--fix", "edge(2->6)=present"];
        let part = [&part[..], &["--exclude", "edge(0->6)=present"], algorithm].concat();
        let archs = searched_by_workers(&sandbox, "nasbench101", &part);
        for arch in archs {
            let choices = sandbox.ganas(["space", "choices", "nasbench101", &arch, "--json"]);
            let choices = choices.expect_code(0).json();
            for (name, option) in [
                ("node2", "maxpool3x3"),
                ("edge(2->6)", "present"),
                ("edge(0->6)", "absent"),
            ] {
                let mut all = choices["choices"].as_array().unwrap().iter();
                let chosen = all.find(|choice| choice["name"] == name).unwrap();
                assert_eq!(chosen["chosen"], option, "{arch}");
            }
        }
    }
}

/// They are a part of what a run is: whatever the number of threads the record is the same, and another part is another run.
#[test]
fn a_run_is_one_of_its_part_of_the_space() {
    let sandbox = Sandbox::with_table();
    let run = |study: &str, more: &[&str]| {
        let mut arguments = search(&["--budget", "20", "--study", study]);
        arguments.extend(SMALL);
        arguments.extend(more);
        sandbox.ganas(arguments)
    };
    let fix = ["--fix", "edge(2->3)=skip_connect"];
    run("a.db", &[&fix[..], &["--threads", "1"]].concat()).expect_code(0);
    run("b.db", &[&fix[..], &["--threads", "2"]].concat()).expect_code(0);
    assert_eq!(sandbox.export("a.db"), sandbox.export("b.db"));
    run("a.db", &[&fix[..], &["--resume"]].concat()).expect_code(0);
    run("a.db", &["--resume"]).expect_code(2).expect_stderr(&[
        "the study holds no such run",
        "fix: [\"edge(2->3)=skip_connect\"] in the study, not set now",
    ]);
    // Said in another order, and twice, it is the same.
    let excluded = [
        "--exclude",
        "*=none",
        "--exclude",
        "edge(0->1)=skip_connect",
    ];
    run("c.db", &excluded).expect_code(0);
    let mut same = excluded;
    same.reverse();
    let same = [same[1], same[0], same[3], same[2], same[1], same[0]];
    run("c.db", &[&same[..], &["--resume"]].concat()).expect_code(0);
}

#[test]
fn lists_and_the_best_of_studies_are_those_of_the_part() {
    let sandbox = Sandbox::with_table();
    let mut arguments = search(&["--budget", "60", "--study", "s.db"]);
    arguments.extend(["--algorithm", "random"]);
    sandbox.ganas(arguments).expect_code(0);
    let part = ["--exclude", "edge(0->1)=none"];
    let listed = |more: &[&str]| {
        let top = [&["top", "s.db", "-n", "1000", "--json"], more].concat();
        let json = sandbox.ganas(top).expect_code(0).json();
        let top = json["top"].as_array().unwrap().iter();
        let archs = top.map(|entry| entry["arch"].as_str().unwrap().to_owned());
        archs.collect::<Vec<String>>()
    };
    let mut all = listed(&[]);
    let left = listed(&part);
    all.retain(|arch| !arch.starts_with("|none~0|+"));
    assert_eq!(left, all);
    let top = [&["top", "s.db", "-n", "2", "--json"], &part[..]].concat();
    assert_eq!(
        sandbox.ganas(top).expect_code(0).json()["top"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let pareto = [&["top", "s.db", "--pareto"], &part[..]].concat();
    sandbox
        .ganas(pareto)
        .expect_code(2)
        .expect_stderr(&["--pareto"]);

    let evaluate = |more: &[&str]| {
        let mut arguments = vec!["evaluate", "--table", "nb201.arrow", "--json"];
        arguments.extend(part);
        arguments.extend(more);
        sandbox.ganas(arguments)
    };
    let json = evaluate(&["--top", "s.db:3"]).expect_code(0).json();
    assert_eq!(json["architectures"].as_array().unwrap().len(), 3);
    let texts = format!(
        "{}\n|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|\n",
        left[0]
    );
    sandbox.write("list.txt", texts.as_bytes());
    evaluate(&["--archs", "list.txt"])
        .expect_code(2)
        .expect_stderr(&[
            "--archs list.txt, line 2",
            "violates --exclude 'edge(0->1)=none'",
        ]);
    let mut enqueue = search(&["--budget", "5", "--enqueue", "list.txt"]);
    enqueue.extend(part);
    sandbox
        .ganas(enqueue)
        .expect_code(2)
        .expect_stderr(&["--enqueue list.txt, line 2", "violates --exclude"]);
}

#[test]
fn what_makes_no_sense_is_told() {
    let sandbox = Sandbox::new();
    for (arguments, parts) in [
        (
            &["--fix", "stage1.kernal=3"][..],
            &["did you mean `stage1.kernel`", "ganas space choices"][..],
        ),
        (&["--fix", "stage1.kernel=4"], &["no option `4`", "3, 5"]),
        (
            &["--fix", "stage1.kernel"],
            &["expected the name of a choice, `=`, and an option"],
        ),
        (
            &["--fix", "stage2.kernel=3", "--exclude", "kernel=3"],
            &["--fix 'stage2.kernel=3' and --exclude 'kernel=3'"],
        ),
    ] {
        for command in [
            &["space", "sample", "mbconv"][..],
            &["search", "--space", "mbconv"],
        ] {
            let mut all = command.to_vec();
            all.extend(arguments);
            if command[0] == "search" {
                all.extend(["--evaluator", "true", "--budget", "2", "--study", "s.db"]);
            }
            sandbox.ganas(all).expect_code(2).expect_stderr(parts);
        }
    }
}

/// A space of one's own has the choices that its description names.
#[test]
fn described_spaces_have_choices_of_their_own() {
    let sandbox = Sandbox::new();
    let description = "name = \"tiny\"\n\n[[stage]]\nlayers = 3\noptional = 1\n\
        choices = { kernel = [1, 3], op = [\"conv\", \"separable\"] }\n";
    sandbox.write("tiny.toml", description.as_bytes());
    let choices = sandbox
        .ganas(["space", "choices", "tiny.toml"])
        .expect_code(0)
        .stdout;
    for line in [
        "stage1.depth          2, 3",
        "stage1.layer1.kernel  1, 3",
        "stage1.layer3.op      conv, separable",
    ] {
        assert!(choices.contains(line), "{line} in {choices}");
    }
    let part = ["--fix", "kernel=3", "--exclude", "stage1.layer2.op=conv"];
    let count = [&["space", "count", "tiny.toml"], &part[..]].concat();
    let count = sandbox.ganas(count).expect_code(0).stdout;
    // Two operations of the first layer, one of the second, and the third is absent or has one of two.
    assert!(count.contains("architectures  6\n"), "{count}");
    let enumerate = [&["space", "enumerate", "tiny.toml"], &part[..]].concat();
    let listed = sandbox.ganas(enumerate).expect_code(0).stdout;
    assert_eq!(listed.lines().count(), 6);
    assert!(
        listed.lines().all(|arch| !arch.contains("kernel1")),
        "{listed}"
    );
}
