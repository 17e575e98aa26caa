//! What a search knows before it begins, and what it evaluates first.

use super::Life;

/// A folder with what 12 evaluations found, as a study, a CSV file, a table and a Parquet file.
fn known() -> Life {
    let life = Life::new();
    life.search("--study known.db --algorithm random --budget 12 --seeds 3")
        .expect_code(0);
    let mut words = "evaluate --space nasbench101-v4 --top known.db:12 --study known.db --quiet"
        .split(' ')
        .collect::<Vec<_>>();
    words.extend(["--evaluator", &life.evaluator, "-o", "known.csv"]);
    life.sandbox.ganas(words).expect_code(0);
    life.sandbox
        .ganas("table import --space nasbench101-v4 known.csv -o known.arrow".split(' '))
        .expect_code(0);
    life.sandbox
        .ganas("table export known.arrow --format parquet -o known.parquet".split(' '))
        .expect_code(0);
    life.forget();
    life
}

#[test]
fn a_search_starts_from_what_a_study_or_a_file_knows() {
    let life = known();
    let mut exports = Vec::new();
    for (file, study) in [
        ("known.db", "a.db"),
        ("known.csv", "b.db"),
        ("known.arrow", "c.db"),
        ("known.parquet", "d.db"),
    ] {
        life.forget();
        // What a study knows comes from its trials and its evaluations; a class is used once.
        let of = if file == "known.db" {
            "12 of 24"
        } else {
            "12 of 12"
        };
        let words = format!("--study {study} --algorithm random --budget 20 --warm-start {file}");
        life.search(&words)
            .expect_code(0)
            .expect_stderr(&[&format!("evidence   {of} results of {file}")]);
        assert_eq!(life.expect_no_repeat(), 20);
        let trials = life.trials(study);
        let known = life.trials("known.db");
        for trial in &trials {
            assert!(known.iter().all(|other| other["key"] != trial["key"]));
        }
        // The order of what is known is that of the file, which is part of what the run is.
        exports.push(trials.iter().map(|t| t["key"].clone()).collect::<Vec<_>>());
        life.search(&format!("{words} --resume")).expect_code(0);
        assert_eq!(life.expect_no_repeat(), 20);
    }
    assert!(exports.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn evidence_that_has_changed_is_told_when_a_run_is_continued() {
    let life = known();
    let words = "--study s.db --algorithm random --budget 10 --warm-start known.csv";
    life.search(words).expect_code(0);
    let csv = std::fs::read_to_string(life.sandbox.path("known.csv")).unwrap();
    let less: String = csv
        .lines()
        .take(8)
        .map(|line| format!("{line}\n"))
        .collect();
    life.sandbox.write("known.csv", less.as_bytes());
    life.search(&format!("{words} --resume"))
        .expect_code(2)
        .expect_stderr(&["warm_start: ", "name a copy of it as it was"]);
}

#[test]
fn evidence_that_cannot_be_used_is_an_error() {
    let life = known();
    let sandbox = &life.sandbox;
    sandbox.write("empty.csv", b"");
    sandbox.write("none.csv", b"arch,other\n");
    sandbox.write("text.csv", b"arch,valid\n\"nonsense\",0.5\n");
    sandbox.write("bytes.bin", &[0, 159, 146, 150, 0, 255]);
    let metric = std::fs::read_to_string(sandbox.path("known.csv")).unwrap();
    sandbox.write("metric.csv", metric.replace("valid", "score").as_bytes());
    sandbox
        .ganas("search --table digits-4 --algorithm random --budget 3 --study other.db".split(' '))
        .expect_code(0);
    for (file, expected) in [
        ("missing.csv", &["missing.csv"][..]),
        ("empty.csv", &["empty.csv"]),
        ("none.csv", &["none.csv"]),
        ("text.csv", &["text.csv", "nonsense"]),
        ("bytes.bin", &["bytes.bin"]),
        ("metric.csv", &["valid", "score"]),
        (
            "other.db",
            &["--warm-start other.db: none of its 0 values of valid"],
        ),
    ] {
        let ended = life.search(&format!("--study s.db --budget 5 --warm-start {file}"));
        assert!([1, 2].contains(&ended.code), "{file}: {}", ended.stderr);
        assert!(ended.stderr.contains("error: "), "{file}: {}", ended.stderr);
        ended.expect_stderr(expected);
    }
    assert!(life.begun().is_empty());
}

#[test]
fn what_is_enqueued_is_evaluated_first() {
    let life = known();
    let known = life.trials("known.db");
    let text = |at: usize| known[at]["arch"].as_str().unwrap().to_owned();
    let file = format!(
        "# first of all\n{}\n\n  {}  \n{}\n",
        text(4),
        text(2),
        text(4)
    );
    life.sandbox.write("first.txt", file.as_bytes());
    for (algorithm, study) in [("random", "r.db"), ("local-search", "l.db")] {
        life.search(&format!(
            "--study {study} --algorithm {algorithm} --budget 9 --enqueue first.txt"
        ))
        .expect_code(0)
        .expect_stderr(&["3 architectures of first.txt first"]);
        let trials = life.trials(study);
        let keys: Vec<_> = trials.iter().map(|trial| &trial["key"]).collect();
        assert_eq!(
            keys[..2],
            [&known[4]["key"], &known[2]["key"]],
            "{algorithm}"
        );
        assert!(keys[2..].iter().all(|key| !keys[..2].contains(key)));
    }
    life.forget();

    life.sandbox
        .write("bad.txt", format!("{}\nnonsense\n", text(0)).as_bytes());
    life.sandbox.write("empty.txt", b"# nothing\n");
    let names: String = (0..5).map(|at| text(at) + "\n").collect();
    life.sandbox.write("many.txt", names.as_bytes());
    for (file, expected) in [
        (
            "bad.txt",
            "bad.txt, line 2: expected an architecture of nasbench101-v4",
        ),
        ("empty.txt", "empty.txt names no architecture"),
        (
            "many.txt",
            "--enqueue names 5 architectures, more than the budget of 4",
        ),
        ("missing.txt", "cannot read missing.txt"),
    ] {
        let ended = life.search(&format!("--study s.db --budget 4 --enqueue {file}"));
        assert!([1, 2].contains(&ended.code), "{file}: {}", ended.stderr);
        ended.expect_stderr(&[expected]);
    }
    assert!(life.begun().is_empty());
}
