//! Living with a study: searches with worker processes that are extended, shared, given evidence, ended early and killed.

#![cfg(unix)]

mod course;
mod evidence;
mod extension;
mod killing;
mod sharing;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::sandbox::{Ended, Sandbox};
use ganas_testkit::scripted_worker;

/// A folder with a worker that writes a line for each evaluation that it begins.
struct Life {
    sandbox: Sandbox,
    evaluator: String,
}

impl Life {
    /// With a worker that does as it is told.
    fn new() -> Self {
        Self::with("")
    }

    /// With a worker that has further arguments.
    fn with(worker: &str) -> Self {
        Self {
            sandbox: Sandbox::new(),
            evaluator: scripted_worker::command(&format!("begun=begun.txt {worker}")),
        }
    }

    /// The arguments of a search in a space of 91 classes; `more` has words with blanks between.
    fn arguments<'a>(&'a self, more: &'a str) -> Vec<&'a str> {
        let mut all = vec!["search", "--space", "nasbench101-v4"];
        all.extend(["--evaluator", &self.evaluator]);
        all.extend(more.split_whitespace());
        all
    }

    /// Runs a search to its end.
    fn search(&self, more: &str) -> Ended {
        self.sandbox.ganas(self.arguments(more))
    }

    /// The classes whose evaluation was begun, in that order.
    fn begun(&self) -> Vec<String> {
        first_words(&self.sandbox, "begun.txt")
    }

    /// Forgets what was begun.
    fn forget(&self) {
        let _ = std::fs::remove_file(self.sandbox.path("begun.txt"));
    }

    /// Fails when an evaluation was begun twice; returns how many were begun.
    fn expect_no_repeat(&self) -> usize {
        let begun = self.begun();
        let distinct: BTreeSet<&String> = begun.iter().collect();
        assert_eq!(begun.len(), distinct.len(), "{begun:?}");
        begun.len()
    }

    /// The trials of a study.
    fn trials(&self, study: &str) -> Vec<Value> {
        let lines = self.sandbox.export(study);
        let rows = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        rows.filter(|row: &Value| row["type"] == "trial").collect()
    }
}

/// The first word of each line of a file; nothing when there is no file.
fn first_words(sandbox: &Sandbox, file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.path(file)).unwrap_or_default();
    let words = text
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    words.map(str::to_owned).collect()
}

/// Waits until a file is there, or until the process has ended; says whether the file is.
fn wait_for(sandbox: &Sandbox, file: &str, child: &mut std::process::Child) -> bool {
    loop {
        if sandbox.path(file).exists() {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return sandbox.path(file).exists();
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
