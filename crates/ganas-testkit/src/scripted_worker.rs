//! The worker of scripted misbehaviour, `crates/ganas-worker/examples/scripted_worker.rs`, built when a test needs it.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::program::build;

/// The command that runs the scripted worker with these arguments.
///
/// # Panics
///
/// When cargo cannot build it.
#[must_use]
pub fn command(arguments: &str) -> String {
    format!("exec '{}' {arguments}", program().display())
}

/// The program.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build("scripted_worker"))
}
