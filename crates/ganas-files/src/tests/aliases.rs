//! Outputs that must not be written: inputs under all kinds of names, links, and what is no file.

use std::path::Path;

use super::*;
use crate::{check_stdout, means_stdout};

/// The output is refused as the input `input`, and the input stays as it was.
#[track_caller]
fn check_alias(folder: &Folder, output: &Path) {
    let input = folder.path("input");
    for replace in [Replace::Allowed, Replace::Refused] {
        let target = Target::new(output, replace).made_from([folder.path("other"), input.clone()]);
        let problem = problem(&target);
        assert!(
            matches!(&problem, OutputProblem::IsInput { .. }),
            "{output:?}: {problem:?}"
        );
    }
    assert_eq!(fs::read_to_string(input).unwrap(), "precious");
}

fn with_input() -> Folder {
    let folder = Folder::new();
    folder.write("input", "precious");
    fs::create_dir(folder.path("sub")).unwrap();
    folder
}

#[test]
fn the_same_path_and_relative_ones() {
    let folder = with_input();
    for name in [
        "input",
        "./input",
        "sub/../input",
        "sub/.././input",
        ".//input",
    ] {
        check_alias(&folder, &folder.path(name));
    }
}

#[cfg(unix)]
#[test]
fn hard_and_symbolic_links() {
    use std::os::unix::fs::symlink;

    let folder = with_input();
    fs::hard_link(folder.path("input"), folder.path("hard")).unwrap();
    symlink(folder.path("input"), folder.path("soft")).unwrap();
    symlink("../input", folder.path("sub/relative")).unwrap();
    symlink(folder.path("soft"), folder.path("twice")).unwrap();
    symlink(folder.path("."), folder.path("folder")).unwrap();
    for name in [
        "hard",
        "soft",
        "sub/relative",
        "twice",
        "folder/input",
        "folder/hard",
    ] {
        check_alias(&folder, &folder.path(name));
    }
    // The other way round: the input is named by a link.
    let output = folder.path("input");
    let target = Target::new(output, Replace::Allowed).made_from([folder.path("twice")]);
    assert!(matches!(problem(&target), OutputProblem::IsInput { .. }));
}

#[test]
fn the_side_files_of_a_database() {
    let folder = with_input();
    for name in [
        "input-wal",
        "input-shm",
        "input-journal",
        "sub/../input-wal",
    ] {
        check_alias(&folder, &folder.path(name));
    }
    folder.write("input-wal", "rounds");
    check_alias(&folder, &folder.path("input-wal"));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;

    let folder = with_input();
    folder.write("other", "also precious");
    symlink("other", folder.path("link")).unwrap();
    symlink("nowhere", folder.path("dangling")).unwrap();
    for name in ["link", "dangling"] {
        let target = Target::new(folder.path(name), Replace::Allowed);
        let problem = problem(&target);
        assert!(
            matches!(problem, OutputProblem::Link { to: Some(_) }),
            "{problem:?}"
        );
    }
    assert_eq!(
        fs::read_to_string(folder.path("other")).unwrap(),
        "also precious"
    );
    assert!(!folder.path("nowhere").exists());
}

#[test]
fn what_is_no_file() {
    let folder = with_input();
    for replace in [Replace::Allowed, Replace::Refused] {
        let target = Target::new(folder.path("sub"), replace);
        assert!(matches!(
            problem(&target),
            OutputProblem::NotAFile { kind: "a folder" }
        ));
        for name in ["", "..", "/"] {
            assert!(matches!(
                problem(&Target::new(name, replace)),
                OutputProblem::NoName
            ));
        }
    }
    if cfg!(unix) {
        for device in ["/dev/null", "/dev/full", "/dev/zero"] {
            let found = problem(&Target::new(device, Replace::Allowed));
            assert!(matches!(found, OutputProblem::NotAFile { .. }), "{found:?}");
        }
    }
}

#[test]
fn an_existing_file_is_replaced_on_demand_only() {
    let folder = with_input();
    let target = Target::new(folder.path("input"), Replace::Refused);
    assert!(matches!(problem(&target), OutputProblem::Exists));
    assert!(
        Target::new(folder.path("input"), Replace::Allowed)
            .check()
            .is_ok()
    );
    assert!(
        Target::new(folder.path("new"), Replace::Refused)
            .check()
            .is_ok()
    );
}

#[test]
fn stdout_has_several_names() {
    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        assert!(means_stdout(Path::new(name)));
    }
    for name in ["stdout", "/dev/stderr", "./-", "/dev/fd/11"] {
        assert!(!means_stdout(Path::new(name)));
    }
    let folder = with_input();
    check_stdout([folder.path("input")]).unwrap();
}
