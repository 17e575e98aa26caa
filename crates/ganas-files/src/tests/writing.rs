//! What is at the place of an output before, while and after it is written.

use std::fs::File;
use std::io::Write as _;

use super::*;
use crate::leftovers::is_partial;

fn target(folder: &Folder, replace: Replace) -> Target {
    Target::new(folder.path("out"), replace)
}

#[test]
fn nothing_is_there_before_the_commit() {
    let folder = Folder::new();
    let mut output = Output::create(&target(&folder, Replace::Refused)).unwrap();
    output.write_all(b"half").unwrap();
    assert!(!folder.path("out").exists());
    assert!(
        folder.names().iter().all(|name| is_partial(name)),
        "{:?}",
        folder.names()
    );
    output.write_all(b" and half").unwrap();
    output.commit().unwrap();
    assert_eq!(folder.names(), ["out"]);
    assert_eq!(
        fs::read_to_string(folder.path("out")).unwrap(),
        "half and half"
    );
}

#[test]
fn a_dropped_output_leaves_nothing() {
    let folder = Folder::new();
    folder.write("out", "old");
    let mut output = Output::create(&target(&folder, Replace::Allowed)).unwrap();
    output.write_all(b"new").unwrap();
    drop(output);
    assert_eq!(folder.names(), ["out"]);
    assert_eq!(fs::read_to_string(folder.path("out")).unwrap(), "old");
}

#[test]
fn what_appears_meanwhile_is_not_replaced() {
    let folder = Folder::new();
    let output = Output::create(&target(&folder, Replace::Refused)).unwrap();
    folder.write("out", "somebody else's");
    let error = output.commit().unwrap_err();
    assert!(matches!(error.problem, OutputProblem::Exists));
    assert_eq!(folder.names(), ["out"]);
    assert_eq!(
        fs::read_to_string(folder.path("out")).unwrap(),
        "somebody else's"
    );
}

#[test]
fn a_folder_that_is_missing_is_an_error_that_names_the_output() {
    let folder = Folder::new();
    let target = Target::new(folder.path("none/out"), Replace::Refused);
    let error = Output::create(&target).unwrap_err();
    assert!(matches!(error.problem, OutputProblem::Write { .. }));
    for part in ["none/out", "check that its folder exists"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

const LEFTOVER: &str = ".ganas-0a1B2c3D4e5F.partial";

#[test]
fn leftovers_are_removed_and_other_files_are_not() {
    let folder = Folder::new();
    let others = [
        ".ganas-0a1B2c3D4e5.partial",
        ".ganas-0a1B2c3D4e5F.partial.gz",
        ".ganas-0a1B2c3D4e5_.partial",
        "ganas-0a1B2c3D4e5F.partial",
        "table.arrow",
    ];
    for name in others {
        folder.write(name, "mine");
    }
    folder.write(LEFTOVER, "left behind");
    fs::create_dir(folder.path(".ganas-AAAAAAAAAAAA.partial")).unwrap();
    Output::create(&target(&folder, Replace::Refused))
        .unwrap()
        .commit()
        .unwrap();
    let names = folder.names();
    assert!(!names.contains(&LEFTOVER.to_owned()), "{names:?}");
    assert_eq!(names.len(), others.len() + 2, "{names:?}");
}

#[test]
fn what_is_being_written_is_no_leftover() {
    let folder = Folder::new();
    let locked = folder.write(LEFTOVER, "by another program");
    let file = File::open(locked).unwrap();
    file.lock().unwrap();
    let mut slow = Output::create(&target(&folder, Replace::Allowed)).unwrap();
    slow.write_all(b"slow").unwrap();
    let mut fast = Output::create(&target(&folder, Replace::Allowed)).unwrap();
    fast.write_all(b"fast").unwrap();
    fast.commit().unwrap();
    assert_eq!(fs::read_to_string(folder.path("out")).unwrap(), "fast");
    slow.commit().unwrap();
    assert_eq!(fs::read_to_string(folder.path("out")).unwrap(), "slow");
    assert_eq!(folder.names(), [LEFTOVER, "out"]);
    drop(file);
    Output::create(&target(&folder, Replace::Allowed)).unwrap();
    assert_eq!(folder.names(), ["out"]);
}

#[test]
fn many_writers_in_one_folder_do_not_disturb_each_other() {
    let folder = Folder::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let folder = &folder;
            scope.spawn(move || {
                for i in 0..50 {
                    let path = folder.path(&format!("out-{thread}-{i}"));
                    let mut output = Output::create(&Target::new(path, Replace::Refused)).unwrap();
                    output.write_all(b"whole").unwrap();
                    output.commit().unwrap();
                }
            });
        }
    });
    let names = folder.names();
    assert_eq!(names.len(), 200);
    for name in names {
        assert_eq!(fs::read_to_string(folder.path(&name)).unwrap(), "whole");
    }
}

#[cfg(unix)]
#[test]
fn permissions_are_those_of_the_file_that_is_replaced() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new();
    let old = folder.write("out", "old");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o600)).unwrap();
    Output::create(&target(&folder, Replace::Allowed))
        .unwrap()
        .commit()
        .unwrap();
    assert_eq!(
        fs::metadata(&old).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
