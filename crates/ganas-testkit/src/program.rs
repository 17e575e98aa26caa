//! Programs of the workspace that tests run, built when a test needs one.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The command line, `ganas`.
///
/// # Panics
///
/// When cargo cannot build it.
#[must_use]
pub fn ganas() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build("ganas"))
}

/// Builds the programs that tests run, and returns where one of them is. Cargo is asked every time, because one that lies there
/// may be of an earlier state; of the whole workspace, and of the binary together with the example, which has cargo choose the
/// features of dependencies as for the tests, so that after a test of the workspace next to nothing is left to build.
pub(crate) fn build(name: &str) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--workspace"])
        .args(["--bin", "ganas", "--example", "scripted_worker"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "cannot build `{name}`");
    String::from_utf8(output.stdout)
        .expect("cargo writes UTF-8")
        .lines()
        .map(serde_json::from_str::<serde_json::Value>)
        .map(|message| message.expect("cargo writes a message a line"))
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| Some(message["executable"].as_str()?.into()))
        .expect("cargo names the program that it has built")
}
