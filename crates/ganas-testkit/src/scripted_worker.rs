//! The worker of scripted misbehaviour, `crates/ganas-worker/examples/scripted_worker.rs`, built when a test needs it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The command that runs the scripted worker with these arguments.
///
/// # Panics
///
/// When cargo cannot build it.
#[must_use]
pub fn command(arguments: &str) -> String {
    format!("exec '{}' {arguments}", program().display())
}

/// The program. Cargo is asked every time, because one that lies there may be of an earlier state; of the whole
/// workspace, so that after a test of the workspace nothing is left to build.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let output = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--workspace"])
            .args(["--example", "scripted_worker"])
            .args(["--message-format", "json-render-diagnostics"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "cannot build the scripted worker");
        String::from_utf8(output.stdout)
            .expect("cargo writes UTF-8")
            .lines()
            .map(serde_json::from_str::<serde_json::Value>)
            .map(|message| message.expect("cargo writes a message a line"))
            .filter(|message| message["target"]["name"] == "scripted_worker")
            .find_map(|message| Some(message["executable"].as_str()?.into()))
            .expect("cargo names the program that it has built")
    })
}
