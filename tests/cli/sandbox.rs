//! A folder of its own for each test, and the `ganas` that runs in it.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::synthetic_table;

/// Fields that make a search of GA-NAS a matter of seconds, for either preset.
pub(crate) const SMALL: &[&str] = &[
    "--set",
    "initial_designs=8",
    "--set",
    "batch=4",
    "--set",
    "inner_iterations=2",
    "--set",
    "rollouts=8",
    "--set",
    "discriminator.steps=4",
    "--set",
    "proposal.pool=32",
];

/// A folder that is deleted at the end of the test.
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// How a command ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; -1 after a signal.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A folder with the complete synthetic table, `nb201.arrow`.
    pub(crate) fn with_table() -> Self {
        let sandbox = Self::new();
        sandbox.write("nb201.csv", synthetic_table::complete().as_bytes());
        sandbox
            .ganas([
                "table",
                "import",
                "--space",
                "nasbench201",
                "nb201.csv",
                "-o",
                "nb201.arrow",
            ])
            .expect_code(0);
        sandbox
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// A command that runs in the folder, with its own cache, without GANAS_DATA.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(ganas_testkit::program::ganas());
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("GANAS_DATA")
            .env("XDG_CACHE_HOME", self.path("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn ganas<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        self.command(arguments).output().unwrap().into()
    }

    /// Starts a command.
    pub(crate) fn spawn<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// The export of a study as JSON lines.
    pub(crate) fn export(&self, study: &str) -> String {
        self.ganas(["export", study, "--format", "jsonl"])
            .expect_code(0)
            .stdout
    }
}

impl Ended {
    /// Fails with all that was printed, unless the exit code is this one.
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Fails unless stderr contains each of these.
    pub(crate) fn expect_stderr(self, expected: &[&str]) -> Self {
        for expected in expected {
            assert!(
                self.stderr.contains(expected),
                "expected `{expected}` in:\n{}",
                self.stderr
            );
        }
        self
    }

    /// Stdout as one JSON object.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.stdout.matches('\n').count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The arguments of a search on `nb201.arrow`.
pub(crate) fn search<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["search", "--space", "nasbench201", "--table", "nb201.arrow"];
    arguments.extend(more);
    arguments
}
