//! Tests of outputs: every way to name an input, what is not a file, failures, leftovers and locks.

mod aliases;
mod writing;

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::{Output, OutputProblem, Replace, Target};

/// A folder for one test, removed at its end.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn problem(target: &Target) -> OutputProblem {
    Output::create(target).unwrap_err().problem
}
