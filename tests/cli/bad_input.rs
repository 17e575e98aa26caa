//! Bad input: a message that says what is wrong and what to do, the right exit code, and nothing left behind.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::sandbox::{Sandbox, search};
use crate::synthetic_table::{archs, csv, row};

/// Imports a CSV file that is bad.
fn check_import(file: &[u8], more: &[&str], expected: &[&str]) {
    let sandbox = Sandbox::new();
    sandbox.write("bad.csv", file);
    let mut arguments = vec![
        "table",
        "import",
        "--space",
        "nasbench201",
        "bad.csv",
        "-o",
        "t.arrow",
    ];
    arguments.extend(more);
    let ended = sandbox
        .ganas(arguments)
        .expect_code(1)
        .expect_stderr(expected);
    check_message(&ended.stderr);
    assert!(!sandbox.path("t.arrow").exists());
}

/// Searches with arguments that are bad.
fn check_search(sandbox: &Sandbox, more: &[&str], code: i32, expected: &[&str]) {
    let ended = sandbox
        .ganas(search(more))
        .expect_code(code)
        .expect_stderr(expected);
    assert_eq!(ended.stdout, "");
    check_message(&ended.stderr);
}

/// One line that begins with `error: `, whatever else there is.
fn check_message(stderr: &str) {
    let errors = stderr.lines().filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

fn rows() -> Vec<String> {
    archs()[..5].iter().map(|arch| row(arch)).collect()
}

#[test]
fn missing_key_column() {
    check_import(
        csv(rows()).as_bytes(),
        &["--key", "arhc"],
        &["bad.csv: line 1: there is no column `arhc` (did you mean `arch`?)"],
    );
}

#[test]
fn unknown_operation() {
    let mut rows = rows();
    rows[2] = rows[2].replacen("~0", "x~0", 1);
    check_import(
        csv(rows).as_bytes(),
        &[],
        &[
            "bad.csv: line 4, column `arch`: unknown operation",
            "did you mean",
        ],
    );
}

#[test]
fn truncated_gzip() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(csv(rows()).as_bytes()).unwrap();
    let bytes = gzip.finish().unwrap();
    check_import(
        &bytes[..bytes.len() / 2],
        &[],
        &[
            "bad.csv: the gzip stream ends in the middle",
            "download or copy it again",
        ],
    );
}

#[test]
fn metric_that_is_infinite() {
    let mut rows = rows();
    rows[1] = format!("{},inf,1,1,text", archs()[1]);
    check_import(
        csv(rows).as_bytes(),
        &[],
        &[
            "bad.csv: line 3, column `cifar10_valid_mean_200`: found `inf`, expected a finite number",
        ],
    );
}

#[test]
fn duplicate_key_with_other_values() {
    let mut rows = rows();
    rows.push(format!("{},1,2,3,text", archs()[0]));
    check_import(
        csv(rows).as_bytes(),
        &[],
        &[
            "bad.csv: lines 2 and 7 are both `|",
            "keep one of the two lines",
        ],
    );
}

#[test]
fn missing_source() {
    let sandbox = Sandbox::new();
    sandbox
        .ganas([
            "table",
            "import",
            "--space",
            "nasbench201",
            "no.csv",
            "-o",
            "t.arrow",
        ])
        .expect_code(1)
        .expect_stderr(&["error: no.csv: cannot read the source file"]);
}

#[test]
fn bad_arguments_of_a_search() {
    let sandbox = Sandbox::with_table();
    for (more, expected) in [
        (
            &["--budget", "0"][..],
            "the budget is 0 queries: a search needs at least 1",
        ),
        (&["--budget", "x"], "expected a number of queries from 1"),
        (
            &["--search", "cifar10_vaild_mean_200"],
            "the table has no metric `cifar10_vaild_mean_200` (did you mean `cifar10_valid_mean_200`?)",
        ),
        (&["--report", "test"], "the table has no metric `test`"),
        (
            &["--metric-role", "params_m=speed"],
            "`speed` is no role: expected validation, test, cost or other",
        ),
        (&["--seeds", "5..5"], "the range `5..5` is empty"),
        (&["--seeds", "one"], "`one` is not a seed"),
        (&["--seeds", "1,1"], "the seed 1 is named twice"),
        (&["--threads", "0"], "--threads"),
        (&["--resume"], "--study"),
        (&["--algorithm", "ga-nsa"], "ga-nas"),
        (
            &["--set", "generator.learning_rat=1"],
            "unknown field `generator.learning_rat` (did you mean `generator.learning_rate`?)",
        ),
        (
            &["--set", "batch=0"],
            "--set batch=0: configuration field `batch`: found 0",
        ),
        (
            &["--set", "batch=many"],
            "`batch`: invalid type: string \"many\"",
        ),
        (
            &["--algorithm", "random", "--preset", "faithful"],
            "--preset faithful: random has no such preset: there are none; leave it out",
        ),
        (
            &["--preset", "improvd"],
            "--preset improvd: ga-nas has no such preset (did you mean `improved`?): expected improved or faithful",
        ),
        (
            &["--algorithm", "evolution", "--preset", "natsbnch"],
            "(did you mean `natsbench`?): expected natsbench or nasbench101",
        ),
        (
            &["--algorithm", "random", "--set", "batch=1"],
            "--set: the algorithm is random, which has nothing to configure",
        ),
        (
            &["--algorithm", "evolution", "--set", "populaton=5"],
            "unknown field `populaton` (did you mean `population`?); `ganas config --algorithm evolution` prints all fields",
        ),
        (
            &["--algorithm", "evolution", "--set", "population=0"],
            "configuration field `population`: found 0, expected from 1 to 100000",
        ),
        (
            &["--algorithm", "gaussian-process", "--set", "kernel=rbf"],
            "unknown variant `rbf`, expected `hamming` or `weighted_overlap`",
        ),
        (
            &[
                "--algorithm",
                "evolution",
                "--objective",
                "accuracy,-params",
            ],
            "--objective names several objectives, but evolution searches for one",
        ),
        (
            &["--algorithm", "by-columns"],
            "by-columns has nothing to order architectures by: name columns",
        ),
        (
            &["--algorithm", "by-parameters", "--set", "property=parms"],
            "the field `property` of by-parameters: there is no property `parms`",
        ),
    ] {
        check_search(&sandbox, more, 2, &[expected]);
    }
}

#[test]
fn unknown_space() {
    let sandbox = Sandbox::new();
    sandbox
        .ganas(["search", "--space", "nasbench210"])
        .expect_code(2)
        .expect_stderr(&["unknown search space `nasbench210` (did you mean `nasbench201`?)"]);
    sandbox
        .ganas(["space", "enumerate", "nasbench"])
        .expect_code(2)
        .expect_stderr(&["unknown search space `nasbench`"]);
}

#[test]
fn no_table() {
    let sandbox = Sandbox::new();
    sandbox
        .ganas(["search", "--space", "nasbench201"])
        .expect_code(2)
        .expect_stderr(&[
            "error: no table to search on: name one with --table",
            "GANAS_DATA",
        ]);
    check_search(
        &sandbox,
        &[],
        1,
        &["error: nb201.arrow: cannot open the table"],
    );
}

#[test]
fn unknown_field_in_a_configuration_file() {
    let sandbox = Sandbox::with_table();
    sandbox.write("c.toml", b"batch = 5\n\n[discriminator]\nstpes = 3\n");
    check_search(
        &sandbox,
        &["--config", "c.toml"],
        2,
        &[
            "error: c.toml:4: unknown field `discriminator.stpes` (did you mean `discriminator.steps`?)",
        ],
    );
    check_search(
        &sandbox,
        &["--config", "none.toml"],
        1,
        &["cannot read the configuration file none.toml"],
    );
}

#[test]
fn studies_that_cannot_be_written() {
    let sandbox = Sandbox::with_table();
    let random = ["--algorithm", "random", "--budget", "5", "--study"];
    let check = |study, expected: &[&str]| {
        let mut all = random.to_vec();
        all.push(study);
        check_search(&sandbox, &all, 1, expected);
    };
    check(
        "no/such/s.db",
        &[
            "cannot create the study",
            "the directory no/such does not exist",
        ],
    );
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    check("folder", &["cannot write the study folder"]);
    check(
        "nb201.csv",
        &["nb201.csv is not a SQLite database, so it is no study"],
    );
}

#[test]
fn a_run_that_exists_needs_resume() {
    let sandbox = Sandbox::with_table();
    let run = |seeds| {
        let mut all = search(&["--algorithm", "random", "--budget", "5", "--study", "s.db"]);
        all.extend(["--seeds", seeds]);
        sandbox.ganas(all)
    };
    run("3").expect_code(0);
    let before = sandbox.export("s.db");
    run("0..5").expect_code(1).expect_stderr(&[
        "the study s.db already holds this run with seed 3 (finished, 1 rounds done)",
        "pass `--resume` to continue it",
    ]);
    assert_eq!(sandbox.export("s.db"), before, "nothing was begun");
}

#[test]
fn table_of_another_space() {
    let sandbox = Sandbox::new();
    let make = |command: &str| sandbox.ganas(command.split(' ')).expect_code(0);
    make("table export digits-4 -o d.csv");
    make("table import --space nasbench101-v4 d.csv -o nb201.arrow");
    check_search(
        &sandbox,
        &[],
        1,
        &["the table is of the space `nasbench101-v4`, but the search is in `nasbench201`"],
    );
    // A space that has no name here is known from its description in the table.
    sandbox.write(
        "pair.toml",
        b"name = \"pair\"\nparameters = \"9 * channels^2 * conv3x3\"\n[cell]\non = \"vertices\"\nnodes = 2\ninputs = 1\n\
        operations = [\"conv3x3\", \"maxpool3x3\"]\nsizes = { channels = 16 }\n",
    );
    sandbox.write("pair.csv", b"arch,val_acc\nconv3x3:0 conv3x3:0,90.1\n");
    make("table import --space pair.toml pair.csv -o pair.arrow");
    let query = sandbox.ganas(["table", "query", "pair.arrow", "0"]);
    assert!(query.expect_code(0).stdout.contains("90.1"));
}

#[test]
fn damaged_table() {
    let sandbox = Sandbox::with_table();
    let bytes = std::fs::read(sandbox.path("nb201.arrow")).unwrap();
    sandbox.write("nb201.arrow", &bytes[..bytes.len() / 2]);
    check_search(
        &sandbox,
        &[],
        1,
        &["nb201.arrow: not a readable Arrow IPC file"],
    );
}
