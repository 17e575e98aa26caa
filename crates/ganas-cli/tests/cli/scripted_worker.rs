//! The scripted worker of ganas-eval, built when a test needs it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The command that runs the scripted worker with these arguments.
pub(crate) fn command(arguments: &str) -> String {
    format!("exec '{}' {arguments}", program().display())
}

/// The program. A test of the whole workspace has built it; a test of this crate alone builds it now.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let built = test.parent().and_then(std::path::Path::parent).unwrap();
        let built = built.join("examples").join("scripted_worker");
        if built.is_file() {
            return built;
        }
        let output = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "ganas-eval"])
            .args(["--example", "scripted_worker"])
            .args(["--message-format", "json-render-diagnostics"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "cannot build the scripted worker");
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .filter(|message| message["target"]["name"] == "scripted_worker")
            .find_map(|message| Some(message["executable"].as_str()?.into()))
            .expect("cargo names the program that it has built")
    })
}
