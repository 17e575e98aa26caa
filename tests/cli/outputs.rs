//! Files that commands write: never one of those that they read, and whole or not at all.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::sandbox::{Ended, Sandbox};
use crate::synthetic_table::{archs, csv, row};
use ganas_testkit::scripted_worker;

/// A study `s.db`, a source `t.csv`, a table `t.arrow`, a space `my.toml` with a folder `sub`.
fn with_inputs() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t.csv",
        csv(archs()[..40].iter().map(|a| row(a))).as_bytes(),
    );
    let import = "table import --space nasbench201 t.csv -o t.arrow";
    sandbox.ganas(import.split_whitespace()).expect_code(0);
    let search =
        "search --table digits-4 --algorithm random --budget 85 --seeds 0..3 --quiet --study s.db";
    sandbox.ganas(search.split_whitespace()).expect_code(0);
    fs::create_dir(sandbox.path("sub")).unwrap();
    sandbox
}

/// All names of a file of the sandbox that are tried as an output: relative and absolute ones, and links.
fn names(sandbox: &Sandbox, input: &str) -> Vec<String> {
    let hard = format!("hard-{input}");
    let soft = format!("soft-{input}");
    let twice = format!("twice-{input}");
    fs::hard_link(sandbox.path(input), sandbox.path(&hard)).unwrap();
    symlink(input, sandbox.path(&soft)).unwrap();
    symlink(sandbox.path(&soft), sandbox.path(&twice)).unwrap();
    let absolute = sandbox.path(input).to_str().unwrap().to_owned();
    let mut names = vec![
        input.to_owned(),
        format!("./{input}"),
        format!("sub/../{input}"),
    ];
    names.extend([absolute, hard, soft, twice]);
    names
}

/// A command that must refuse its output, after which the inputs are as before and nothing is left behind.
#[track_caller]
fn check_refused(sandbox: &Sandbox, input: &str, arguments: &[&str], expected: &str) {
    let before = fs::read(sandbox.path(input)).unwrap();
    let files = files_of(sandbox);
    let ended = sandbox.ganas(arguments).expect_stderr(&[expected]);
    assert!(
        ended.code == 1 || ended.code == 2,
        "{arguments:?}: {}",
        ended.code
    );
    assert!(
        fs::read(sandbox.path(input)).unwrap() == before,
        "{arguments:?}"
    );
    assert_eq!(files_of(sandbox), files, "{arguments:?}");
}

fn files_of(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path("")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            !name.contains("-shm") && !name.contains("-wal") && !name.contains(".workers")
        })
        .collect();
    names.sort();
    names
}

const SAME: &str = "is the same file as";

#[test]
fn an_export_does_not_replace_its_study() {
    let sandbox = with_inputs();
    let names = names(&sandbox, "s.db");
    for output in &names {
        for format in ["jsonl", "csv"] {
            let arguments = ["export", "s.db", "--format", format, "-o", output];
            check_refused(&sandbox, "s.db", &arguments, SAME);
        }
    }
    for study in &names {
        check_refused(&sandbox, "s.db", &["export", study, "-o", "s.db"], SAME);
    }
    for output in ["s.db-wal", "s.db-journal", "sub/../s.db-shm"] {
        check_refused(&sandbox, "s.db", &["export", "s.db", "-o", output], SAME);
    }
    sandbox.ganas(["top", "s.db"]).expect_code(0);
}

#[test]
fn an_export_of_a_table_does_not_replace_it() {
    let sandbox = with_inputs();
    for output in names(&sandbox, "t.arrow") {
        for format in ["jsonl", "csv"] {
            let arguments = [
                "table", "export", "t.arrow", "--format", format, "-o", &output,
            ];
            check_refused(&sandbox, "t.arrow", &arguments, SAME);
        }
    }
    sandbox.ganas(["table", "info", "t.arrow"]).expect_code(0);
}

#[test]
fn an_import_does_not_replace_its_source() {
    let sandbox = with_inputs();
    for output in names(&sandbox, "t.csv") {
        let import = [
            "table",
            "import",
            "--space",
            "nasbench201",
            "t.csv",
            "-o",
            &output,
        ];
        check_refused(&sandbox, "t.csv", &import, SAME);
        let overwrite = [&import[..], &["--overwrite"]].concat();
        check_refused(&sandbox, "t.csv", &overwrite, SAME);
    }
}

const SPACE: &str = "name = \"pair\"\nparameters = \"9 * channels^2 * conv3x3\"\n[cell]\non = \"vertices\"\n\
    nodes = 2\ninputs = 1\noperations = [\"conv3x3\", \"maxpool3x3\"]\nsizes = { channels = 16 }\n";

#[test]
fn an_import_does_not_replace_the_description_of_its_space() {
    let sandbox = with_inputs();
    sandbox.write("my.toml", SPACE.as_bytes());
    sandbox
        .ganas(["space", "describe", "my.toml"])
        .expect_code(0);
    for output in names(&sandbox, "my.toml") {
        let import = [
            "table",
            "import",
            "--space",
            "my.toml",
            "t.csv",
            "--overwrite",
            "-o",
            &output,
        ];
        check_refused(&sandbox, "my.toml", &import, SAME);
    }
}

#[test]
fn a_build_does_not_replace_its_study() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("sub")).unwrap();
    let evaluator = scripted_worker::command("by_seed=1");
    let build = |output: &str, study: &str, more: &[&str]| {
        let mut all = vec![
            "table",
            "build",
            "--space",
            "nasbench101-v4",
            "--sample",
            "3",
            "--quiet",
        ];
        all.extend([
            "--evaluator",
            &evaluator,
            "--output",
            output,
            "--study",
            study,
        ]);
        all.extend(more);
        all.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    // One that is not there yet is compared by its name.
    for output in ["s.db", "./s.db", "sub/../s.db", "s.db-wal"] {
        sandbox
            .ganas(build(output, "s.db", &[]))
            .expect_code(1)
            .expect_stderr(&[SAME]);
        assert!(!sandbox.path("s.db").exists());
    }
    sandbox.ganas(build("t.arrow", "s.db", &[])).expect_code(0);
    for output in names(&sandbox, "s.db") {
        let arguments = build(&output, "s.db", &["--resume", "--overwrite"]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        check_refused(&sandbox, "s.db", &arguments, SAME);
    }
    sandbox
        .ganas(build("t.arrow", "s.db", &["--resume", "--overwrite"]))
        .expect_code(0);
}

#[test]
fn links_folders_and_devices_are_no_outputs() {
    let sandbox = with_inputs();
    sandbox.write("precious", b"precious");
    symlink("precious", sandbox.path("link")).unwrap();
    symlink("nowhere", sandbox.path("dangling")).unwrap();
    Command::new("mkfifo")
        .arg(sandbox.path("pipe"))
        .status()
        .unwrap();
    for (output, expected) in [
        ("link", "symbolic link to precious"),
        ("dangling", "symbolic link to nowhere"),
        ("sub", "is a folder"),
        ("pipe", "is a pipe"),
        ("/dev/null", "a device"),
        ("/dev/full", "a device"),
    ] {
        for arguments in [
            &["export", "s.db", "-o", output][..],
            &["table", "export", "t.arrow", "-o", output],
            &[
                "table",
                "import",
                "--space",
                "nasbench201",
                "t.csv",
                "--overwrite",
                "-o",
                output,
            ],
        ] {
            check_refused(&sandbox, "precious", arguments, expected);
        }
    }
}

/// Runs a line of the shell in the sandbox with `$GANAS` as the command.
fn shell(sandbox: &Sandbox, line: &str) -> Ended {
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .current_dir(sandbox.path(""))
        .env("GANAS", ganas_testkit::program::ganas())
        .stdin(Stdio::null());
    command.output().unwrap().into()
}

#[test]
fn stdout_is_written_under_all_its_names_and_is_no_input_either() {
    let sandbox = with_inputs();
    let expected = sandbox.export("s.db");
    for output in ["-", "/dev/stdout"] {
        let printed = sandbox
            .ganas(["export", "s.db", "-o", output])
            .expect_code(0);
        assert_eq!(printed.stdout, expected, "{output}");
    }
    shell(
        &sandbox,
        "\"$GANAS\" export s.db -o /dev/stdout > redirected",
    )
    .expect_code(0);
    assert_eq!(
        fs::read_to_string(sandbox.path("redirected")).unwrap(),
        expected
    );
    let before = [
        fs::read(sandbox.path("s.db")).unwrap(),
        fs::read(sandbox.path("t.arrow")).unwrap(),
    ];
    for line in [
        "\"$GANAS\" export s.db >> s.db",
        "\"$GANAS\" export s.db -o /dev/stdout >> s.db",
        "\"$GANAS\" table export t.arrow >> t.arrow",
        "\"$GANAS\" table export t.arrow -o - >> sub/../t.arrow",
    ] {
        shell(&sandbox, line).expect_code(1).expect_stderr(&[SAME]);
    }
    let after = [
        fs::read(sandbox.path("s.db")).unwrap(),
        fs::read(sandbox.path("t.arrow")).unwrap(),
    ];
    assert!(before == after);
}

/// The largest file, in blocks of 512 bytes: one that SQLite maps beside a study fits, and no output does.
const BLOCKS: u32 = 70;

/// With a limit on the size of files, and SIGXFSZ ignored, writing fails as it does on a full disk.
#[test]
fn what_cannot_be_written_to_the_end_leaves_nothing() {
    let sandbox = with_inputs();
    sandbox.write(
        "big.csv",
        csv(archs()[..3000].iter().map(|a| row(a))).as_bytes(),
    );
    let import = "table import --space nasbench201 big.csv -o big.arrow";
    sandbox.ganas(import.split_whitespace()).expect_code(0);
    sandbox.write("old.jsonl", b"old");
    let files = files_of(&sandbox);
    for command in [
        "export s.db -o new.jsonl",
        "export s.db -o old.jsonl",
        "table export big.arrow -o new.csv",
        "table export big.arrow --format jsonl -o new.jsonl",
        "table import --space nasbench201 big.csv -o new.arrow",
        "table import --space nasbench201 big.csv -o big.arrow --overwrite",
    ] {
        let line = format!("trap '' XFSZ; ulimit -f {BLOCKS}; \"$GANAS\" {command}");
        let ended = shell(&sandbox, &line).expect_code(1);
        assert!(
            ended.stderr.contains("cannot write"),
            "{command}: {}",
            ended.stderr
        );
        assert_eq!(files_of(&sandbox), files, "{command}");
        assert_eq!(fs::read(sandbox.path("old.jsonl")).unwrap(), b"old");
    }
    sandbox.ganas(["table", "info", "big.arrow"]).expect_code(0);
}

/// Without the signal ignored, the limit kills the command in the middle of writing.
#[test]
fn a_command_that_is_killed_leaves_no_final_name_and_the_next_one_cleans_up() {
    let sandbox = with_inputs();
    sandbox.write(
        "big.csv",
        csv(archs()[..3000].iter().map(|a| row(a))).as_bytes(),
    );
    let partial = |sandbox: &Sandbox| {
        let mut names = files_of(sandbox);
        names.retain(|name| name.starts_with(".ganas-") && name.ends_with(".partial"));
        names.len()
    };
    for command in [
        "export s.db -o new.jsonl",
        "table import --space nasbench201 big.csv -o new.arrow",
    ] {
        let line = format!("ulimit -f {BLOCKS}; \"$GANAS\" {command}");
        let ended = shell(&sandbox, &line);
        assert_ne!(ended.code, 0);
        assert_eq!(partial(&sandbox), 1, "{command}");
        let output = Path::new(command.rsplit(' ').next().unwrap()).to_owned();
        assert!(!sandbox.path(output.to_str().unwrap()).exists());
        sandbox.ganas(command.split(' ')).expect_code(0);
        assert_eq!(partial(&sandbox), 0, "{command}");
    }
}

#[test]
fn a_damaged_table_is_an_error_that_names_it() {
    let sandbox = with_inputs();
    let good = fs::read(sandbox.path("t.arrow")).unwrap();
    for place in (0..good.len()).step_by(good.len() / 37) {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        sandbox.write("d.arrow", &bytes);
        sandbox
            .ganas(["table", "info", "d.arrow"])
            .expect_code(1)
            .expect_stderr(&["d.arrow"]);
    }
    let search = "search --space nasbench201 --table d.arrow --allow-missing --algorithm random --budget 5 --quiet";
    sandbox
        .ganas(search.split_whitespace())
        .expect_code(1)
        .expect_stderr(&["d.arrow"]);
    // A damaged copy of the cache is made again. Most cells are not in the table, which is the exit code 3.
    let search = "search --space nasbench201 --table t.csv --allow-missing --algorithm random --budget 5 --json";
    let expected = sandbox
        .ganas(search.split_whitespace())
        .expect_code(3)
        .json();
    let tables = sandbox.path("cache").join("ganas/tables");
    let cached = fs::read_dir(tables)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let good = fs::read(&cached).unwrap();
    for place in [8, good.len() / 2, good.len() - 30] {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        fs::write(&cached, bytes).unwrap();
        let found = sandbox
            .ganas(search.split_whitespace())
            .expect_code(3)
            .json();
        assert_eq!(found["table_sha256"], expected["table_sha256"]);
        assert!(fs::read(&cached).unwrap() == good);
    }
}
