//! The tests of the Python package, and those that read exports with Optuna itself, in a virtual environment below `target`,
//! which other steps use as well.
//!
//! They need what a machine may lack: Python, and a registry to install pytest, Ray and Optuna from. What is lacking is skipped,
//! and said so, in the step's own line of the closing table.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::{cargo, check};

/// The package, relative to the workspace.
const PACKAGE: &str = "python/ganas-worker";

/// The tests of the export for Optuna, which start the command line.
const OPTUNA: &str = "tests/optuna";

/// Runs the tests; the text says what was skipped.
pub(crate) fn run(root: &Path) -> anyhow::Result<String> {
    let Some(python) = environment(root) else {
        return Ok(skipped("there is no python3 with venv"));
    };
    if !installed(&python, "pytest", &["pytest"]) {
        return Ok(skipped("pytest is not installed, and cannot be"));
    }
    let ray = installed(&python, "ray", &["ray"]);
    check(
        Command::new(&python)
            .args(["-m", "pytest", "-q", "-rs", PACKAGE])
            .current_dir(root),
    )?;
    let optuna = installed(&python, "optuna", &["optuna"]);
    if optuna {
        check(cargo(root).args(["build", "--quiet", "--package", "ganas-cli"]))?;
        check(
            Command::new(&python)
                .args(["-m", "pytest", "-q", "-rs", OPTUNA])
                .current_dir(root)
                .env("GANAS", program(root)?),
        )?;
    }
    let lacking = [("Ray", ray), ("Optuna", optuna)].into_iter();
    let lacking: Vec<&str> = lacking
        .filter(|(_, is_there)| !is_there)
        .map(|(name, _)| name)
        .collect();
    Ok(if lacking.is_empty() {
        String::new()
    } else {
        let names = lacking.join(" and ");
        skipped(&format!(
            "the tests of {names}: not installed, and cannot be"
        ))
    })
}

/// The command line, where `cargo build` leaves it.
fn program(root: &Path) -> anyhow::Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(root)
        .no_deps()
        .exec()?;
    let name = format!("ganas{}", std::env::consts::EXE_SUFFIX);
    Ok(metadata.target_directory.join("debug").join(name).into())
}

/// What a program in Python prints; an error has the last line of its traceback.
pub(crate) fn says(python: impl AsRef<Path>, program: &str) -> anyhow::Result<String> {
    let (mut command, python) = (Command::new(python.as_ref()), python.as_ref().display());
    let output = command.args(["-c", program]).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot start {python}"))?;
    let messages = String::from_utf8_lossy(&output.stderr);
    let last = messages.trim_end().lines().last().unwrap_or("no message");
    ensure!(output.status.success(), "{python}: {last}");
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A step that was left out, and why, for the closing table.
pub(crate) fn skipped(why: &str) -> String {
    let note = format!("SKIPPED: {why}");
    println!("{note}");
    note
}

/// The interpreter of the virtual environment, which is made when it is missing.
pub(crate) fn environment(root: &Path) -> Option<PathBuf> {
    let folder = root.join("target").join("python-venv");
    let python = folder.join("bin").join("python");
    if !python.is_file() {
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&folder)
            .status();
        if !made.is_ok_and(|status| status.success()) {
            return None;
        }
    }
    Some(python)
}

/// Whether a module can be imported, after an attempt to install packages.
pub(crate) fn installed(python: &Path, module: &str, packages: &[&str]) -> bool {
    let succeeds = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    let import = format!("import {module}");
    let importable = || {
        let mut command = Command::new(python);
        succeeds(command.args(["-c", &import]).stderr(Stdio::null()))
    };
    importable() || install(python, packages) && importable()
}

/// Whether packages could be installed.
pub(crate) fn install(python: &Path, packages: &[&str]) -> bool {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--quiet"]);
    command.arg("--disable-pip-version-check").args(packages);
    command.status().is_ok_and(|status| status.success())
}
