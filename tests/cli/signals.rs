//! Signals: what is ignored stays ignored, SIGTERM ends every phase, and whoever stops a search is told how to go on.

#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::sandbox::{Ended, SMALL, Sandbox, search};
use ganas_testkit::scripted_worker;

/// So many pauses are longer than anything takes that does not hang, on whatever machine.
const POLLS: u32 = 30_000;
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until something is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..POLLS {
        if is_so() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
    panic!("it never came to this: {what}");
}

/// Sends a signal.
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// The end of a command that has been sent a signal.
#[track_caller]
fn end_of(mut child: Child) -> Ended {
    wait_until("it ends", || child.try_wait().unwrap().is_some());
    child.wait_with_output().unwrap().into()
}

/// What starts a command with a signal ignored, as `nohup` and the background of a shell do.
fn ignoring(sandbox: &Sandbox, signals: &str, arguments: &[&str]) -> Child {
    let mut command = sandbox.command(arguments);
    let program = command.get_program().to_owned();
    let script = format!("trap '' {signals}; exec \"$@\"");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &script, "sh"])
        .arg(program)
        .args(arguments);
    shell.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    command = shell;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A worker that notes its process, and a search with it.
fn hanging(sandbox: &Sandbox, script: &str) -> String {
    let pids = sandbox.path("pids");
    format!("echo $$ >> '{}'; {script}", pids.display())
}

/// A worker that greets, and never answers.
const DEAF: &str = r#"echo '{"type":"hello","protocol":1,"name":"t","version":"1","metrics":[{"name":"valid","role":"validation"}]}'; while read -r line; do case "$line" in *evaluate*) echo asked >> asked;; esac; done; sleep 3600"#;

fn search_with<'a>(evaluator: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["search", "--space", "nasbench201", "--algorithm", "random"];
    all.extend(["--evaluator", evaluator, "--budget", "20"]);
    all.extend(more);
    all
}

/// No process of `pids` is left.
#[track_caller]
fn assert_no_orphans(sandbox: &Sandbox) {
    let pids = std::fs::read_to_string(sandbox.path("pids")).unwrap();
    assert!(!pids.is_empty());
    wait_until("no worker is left", || {
        pids.lines().all(|pid| {
            let listed = Command::new("ps").args(["-o", "stat=", "-p", pid]).output();
            let state = String::from_utf8(listed.unwrap().stdout).unwrap();
            state.trim().is_empty() || state.trim().starts_with('Z')
        })
    });
}

#[test]
fn what_was_ignored_stays_ignored() {
    let sandbox = Sandbox::new();
    let evaluator = scripted_worker::command("delay_ms=30");
    for (signals, sent) in [("HUP", &["HUP"][..]), ("INT QUIT", &["INT", "QUIT"])] {
        let study = format!("{}.db", sent[0]);
        let arguments = search_with(&evaluator, &["--study", &study]);
        let child = ignoring(&sandbox, signals, &arguments);
        wait_until("the study is there", || sandbox.path(&study).exists());
        for name in sent {
            for _ in 0..3 {
                signal(&child, name);
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        let ended = end_of(child).expect_code(0);
        assert!(!ended.stderr.contains("stopping"), "{}", ended.stderr);
    }
}

#[test]
fn sigterm_ends_evaluations_that_take_for_ever() {
    for (name, build) in [("TERM", false), ("HUP", false), ("TERM", true)] {
        let sandbox = Sandbox::new();
        let evaluator = hanging(&sandbox, DEAF);
        let arguments = if build {
            let mut all = vec![
                "table",
                "build",
                "--space",
                "nasbench101-v4",
                "-o",
                "a.arrow",
            ];
            all.extend(["--evaluator", &evaluator]);
            all
        } else {
            search_with(&evaluator, &["--study", "a.db"])
        };
        let child = sandbox.spawn(&arguments);
        wait_until("it is asked", || sandbox.path("asked").exists());
        signal(&child, name);
        end_of(child).expect_code(130).expect_stderr(&[
            "stopping after what is being evaluated, and in 5 s at the latest",
            "interrupted at once",
            &format!("continue with: ganas {}", arguments[0]),
            "--resume\n",
        ]);
        assert_no_orphans(&sandbox);
    }
}

#[test]
fn a_second_ctrl_c_says_how_to_go_on() {
    // What a command evaluates is kept in a study, also in one that was not named.
    for more in [&["--study", "a.db"][..], &[]] {
        let sandbox = Sandbox::new();
        let evaluator = hanging(&sandbox, DEAF);
        let child = sandbox.spawn(search_with(&evaluator, more));
        wait_until("it is asked", || sandbox.path("asked").exists());
        signal(&child, "INT");
        // Signals that come together count as one.
        std::thread::sleep(Duration::from_millis(500));
        signal(&child, "INT");
        end_of(child).expect_code(130).expect_stderr(&[
            "Ctrl-C again stops at once",
            "interrupted at once",
            "continue with: ganas search --space nasbench201",
        ]);
        assert_no_orphans(&sandbox);
    }
}

#[test]
fn a_stop_before_the_search_ends_at_once() {
    for name in ["TERM", "INT", "HUP"] {
        for build in [false, true] {
            let sandbox = Sandbox::new();
            let evaluator = hanging(&sandbox, "sleep 3600");
            let arguments = if build {
                let mut all = vec!["table", "build", "--space", "nasbench101-v4"];
                all.extend(["-o", "a.arrow", "--evaluator", &evaluator]);
                all
            } else {
                search_with(&evaluator, &[])
            };
            let child = sandbox.spawn(arguments);
            wait_until("the worker is there", || sandbox.path("pids").exists());
            signal(&child, name);
            // A signal has ended it, which is what a loop of a shell has to see.
            end_of(child).expect_code(-1);
            assert_no_orphans(&sandbox);
        }
    }
}

#[test]
fn sigterm_ends_whatever_is_being_opened() {
    let sandbox = Sandbox::new();
    for name in ["pipe.toml", "pipe.csv"] {
        let made = Command::new("mkfifo").arg(sandbox.path(name)).status();
        assert!(made.unwrap().success());
    }
    for arguments in [
        &["space", "count", "pipe.toml"][..],
        &["space", "enumerate", "pipe.toml"],
        &["search", "--space", "pipe.toml", "--evaluator", "x"],
        &[
            "table",
            "import",
            "--space",
            "nasbench201",
            "pipe.csv",
            "-o",
            "a.arrow",
        ],
        &["search", "--space", "nasbench201", "--table", "pipe.csv"],
    ] {
        let mut child = sandbox.spawn(arguments);
        // A file that is no regular one may be refused, which is as good.
        let mut refused = false;
        for _ in 0..50 {
            refused |= child.try_wait().unwrap().is_some();
            std::thread::sleep(PAUSE);
        }
        if refused {
            assert!(end_of(child).code > 0, "{arguments:?}");
        } else {
            signal(&child, "TERM");
            end_of(child).expect_code(-1);
        }
    }
}

#[test]
fn sigterm_stops_a_search_on_a_table_at_a_safe_point() {
    let sandbox = Sandbox::with_table();
    let mut arguments = search(&["--budget", "5000", "--threads", "1", "--study", "a.db"]);
    arguments.extend(SMALL);
    let child = sandbox.spawn(&arguments);
    wait_until("the study is there", || sandbox.path("a.db").exists());
    std::thread::sleep(Duration::from_millis(500));
    signal(&child, "TERM");
    end_of(child)
        .expect_code(130)
        .expect_stderr(&["stopping after", "continue with: ganas search"]);
}
