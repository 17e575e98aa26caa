//! A process that is killed, again and again, until its run is done.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use super::*;
use crate::RunStatus;

/// The file of the killed process, in its working directory.
const FILE: &str = "study.db";

/// The test below runs this one in a process of its own.
#[test]
#[ignore = "it is the process that another test kills"]
fn the_killed_process() {
    if !Path::new(FILE).exists() {
        println!("skipped: there is no {FILE} in the working directory");
        return;
    }
    let study = Study::open_existing(FILE).unwrap();
    let mut slow = Each(|_| thread::sleep(Duration::from_millis(3)));
    search(
        &study,
        &spec(8),
        OnExisting::Resume,
        &mut [&mut slow],
        &StopFlag::default(),
    )
    .unwrap();
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the process that is killed is this program"
)]
fn a_process_killed_at_any_moment_resumes_to_the_same_record() {
    let place = Place::new();
    drop(place.study());
    assert_eq!(place.path().file_name().unwrap(), FILE);
    let mut kills = 0;
    // Each process lives a little longer than the one before, so that the run ends at last.
    for life_ms in (1..).step_by(2) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "tests::killing::the_killed_process"])
            .current_dir(place.directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(life_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        let runs = Study::open_read_only(place.path()).unwrap().runs().unwrap();
        if runs.iter().any(|run| run.status == RunStatus::Finished) {
            break;
        }
        kills += 1;
    }
    let study = place.study();
    let sessions = study.sessions(the_run(&study)).unwrap().len();
    println!("{kills} kills, {sessions} sessions");
    let reference = Place::new();
    finish(&reference.study(), &spec(8));
    assert_eq!(json_lines(&study), json_lines(&reference.study()));
}
