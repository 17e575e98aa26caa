//! `ganas search --join`: several processes do one search. Workers wait for files, so nothing depends on time.

#![cfg(unix)]

use std::fs::File;
use std::process::Child;

use ganas_testkit::scripted_worker;

use crate::sandbox::{Ended, Sandbox};
use crate::signals::wait_until;

/// Who is silent for so long is dead: longer than a busy machine lets a living process wait, in the tests in which none dies.
const PATIENT: &str = "1h";
/// In the tests in which one dies.
const HASTY: &str = "6s";

fn words<'a>(evaluator: &'a str, study: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["search", "--space", "nasbench201", "--algorithm", "random"];
    all.extend(["--evaluator", evaluator, "--study", study]);
    all.extend(["--budget", "24", "--seeds", "3", "--window", "6"]);
    all.extend(more);
    all
}

/// A process, with its stderr in a file. A test that fails leaves none behind.
struct Running {
    child: Child,
    log: std::path::PathBuf,
}

impl Running {
    fn start(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Self {
        let log = sandbox.path(name);
        let stderr = File::create(&log).unwrap();
        let child = sandbox.command(arguments).stderr(stderr).spawn().unwrap();
        Self { child, log }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    fn end(mut self) -> Ended {
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let (stdout, stderr) = (String::new(), self.log());
        Ended {
            code,
            stdout,
            stderr,
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(sandbox: &Sandbox, file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.path(file)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The export of the search when it is left alone.
fn alone(sandbox: &Sandbox) -> String {
    let evaluator = scripted_worker::command("");
    sandbox
        .ganas(words(&evaluator, "alone.db", &[]))
        .expect_code(0);
    sandbox.export("alone.db")
}

#[test]
fn who_joins_evaluates_and_the_record_is_the_same() {
    let sandbox = Sandbox::new();
    let leads = scripted_worker::command("begun=leads.txt wait=go");
    let joins = scripted_worker::command("begun=joins.txt wait=go");
    let more = ["--join", "--join-patience", PATIENT, "--evaluator-id", "w"];
    let leader = Running::start(&sandbox, "leader.log", &words(&leads, "a.db", &more));
    wait_until("the leader evaluates", || {
        !lines(&sandbox, "leads.txt").is_empty()
    });
    let more = [&more[..], &["--workers", "2"]].concat();
    let joiner = Running::start(&sandbox, "joiner.log", &words(&joins, "a.db", &more));
    wait_until("both workers of the joiner evaluate", || {
        lines(&sandbox, "joins.txt").len() >= 2
    });
    wait_until("the status shows the workers of both", || {
        let status = sandbox.ganas(["status", "a.db"]).expect_code(0).stdout;
        status.matches("evaluates, for").count() == 3 && status.matches(" (joined, ").count() == 2
    });
    sandbox.write("go", b"");
    leader.end().expect_code(0);
    let joiner = joiner.end().expect_code(0);
    let begun = [lines(&sandbox, "leads.txt"), lines(&sandbox, "joins.txt")];
    assert_eq!(begun[0].len() + begun[1].len(), 24);
    joiner.expect_stderr(&[
        "joined the search of a.db, with 2 workers",
        &format!("evaluations that were done here: {}", begun[1].len()),
    ]);
    assert_eq!(sandbox.export("a.db").replace("a.db", ""), {
        let evaluator = scripted_worker::command("");
        let more = ["--evaluator-id", "w"];
        sandbox
            .ganas(words(&evaluator, "alone.db", &more))
            .expect_code(0);
        sandbox.export("alone.db")
    });
    assert!(!sandbox.path("a.db.join").exists(), "the folder is gone");
}

#[test]
fn what_a_dead_joiner_was_at_is_given_to_others() {
    let sandbox = Sandbox::new();
    let expected = alone(&sandbox);
    let more = ["--join", "--join-patience", HASTY, "--retries", "0"];
    let more = [&more[..], &["--evaluator-id", "w"]].concat();
    // What the joiner is at never ends.
    let leads = scripted_worker::command("begun=leads.txt finished=done.txt wait=go");
    let joins = scripted_worker::command("begun=joins.txt finished=done.txt wait=never");
    let leader = Running::start(&sandbox, "leader.log", &words(&leads, "a.db", &more));
    wait_until("the leader evaluates", || {
        !lines(&sandbox, "leads.txt").is_empty()
    });
    let joiner = Running::start(&sandbox, "joiner.log", &words(&joins, "a.db", &more));
    wait_until("the joiner evaluates", || {
        !lines(&sandbox, "joins.txt").is_empty()
    });
    joiner.kill();
    sandbox.write("go", b"");
    leader.end().expect_code(0);
    same_record(&sandbox, &expected);
    assert_eq!(lines(&sandbox, "done.txt").len(), 24);
}

#[test]
fn when_the_leader_dies_a_joiner_leads_on() {
    let sandbox = Sandbox::new();
    let expected = alone(&sandbox);
    let more = ["--join", "--join-patience", HASTY];
    // Nothing ends before both are there; the leader dies while the search is under way.
    let evaluator =
        scripted_worker::command("begun=begun.txt finished=done.txt delay_ms=20 wait=go");
    let leader = Running::start(&sandbox, "leader.log", &words(&evaluator, "a.db", &more));
    wait_until("the leader evaluates", || {
        !lines(&sandbox, "begun.txt").is_empty()
    });
    let joiner = Running::start(&sandbox, "joiner.log", &words(&evaluator, "a.db", &more));
    wait_until("the joiner evaluates", || {
        lines(&sandbox, "begun.txt").len() >= 2
    });
    sandbox.write("go", b"");
    wait_until("some are finished", || {
        lines(&sandbox, "done.txt").len() >= 4
    });
    leader.kill();
    joiner.end().expect_code(0);
    same_record(&sandbox, &expected);
}

/// But for the command of the evaluator, which is a part of what it is.
fn same_record(sandbox: &Sandbox, expected: &str) {
    let trials = |export: &str| -> Vec<String> {
        let trials = export
            .lines()
            .filter(|line| line.contains(r#""type":"trial""#));
        let cut = trials.map(|line| line.split_once(r#""seed""#).unwrap().1.to_owned());
        cut.collect()
    };
    assert_eq!(trials(expected), trials(&sandbox.export("a.db")));
}

#[test]
fn another_evaluator_is_refused() {
    let sandbox = Sandbox::new();
    let leads = scripted_worker::command("begun=begun.txt wait=go");
    let more = ["--join", "--join-patience", PATIENT, "--evaluator-id", "w"];
    let leader = Running::start(&sandbox, "leader.log", &words(&leads, "a.db", &more));
    wait_until("the leader evaluates", || {
        !lines(&sandbox, "begun.txt").is_empty()
    });
    let other = scripted_worker::command("fidelities=3,9");
    let joiner = sandbox.ganas(words(&other, "a.db", &more)).expect_code(1);
    joiner.expect_stderr(&["cannot join the search of a.db: "]);
    sandbox.write("go", b"");
    leader.end().expect_code(0);
}
