//! `cargo xtask golden`: the golden values of ganas-gnn, computed with PyTorch.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use crate::check;

/// The script that computes the values; it takes the output folder as its only argument.
const SCRIPT: &str = "xtask/golden/gnn.py";

/// Where the values lie.
const OUTPUT: &str = "crates/ganas-gnn/goldens";

/// Options of `cargo xtask golden`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The Python that has PyTorch; a relative path starts at the workspace.
    #[arg(long, default_value = "python3")]
    python: String,
}

/// Runs the script.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let python = &options.python;
    ensure!(root.join(SCRIPT).is_file(), "{SCRIPT} is missing");
    let version = torch_version(root, python)?;
    println!("{SCRIPT} -> {OUTPUT} (PyTorch {version})");
    std::fs::create_dir_all(root.join(OUTPUT))
        .with_context(|| format!("cannot create {OUTPUT}"))?;
    check(
        Command::new(python)
            .args([SCRIPT, OUTPUT])
            .current_dir(root),
    )?;
    println!("done; look at the changes with: git diff --stat {OUTPUT}");
    Ok(())
}

/// The version of PyTorch that `python` imports.
pub(crate) fn torch_version(root: &Path, python: &str) -> anyhow::Result<String> {
    let output = Command::new(python)
        .args(["-c", "import torch; print(torch.__version__)"])
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .with_context(|| {
            format!("cannot start {python}; install Python 3 or name one with --python PROGRAM")
        })?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{python} cannot import torch ({}); install it in a virtual environment and name its Python:\n\
             \n  {python} -m venv target/golden-venv\
             \n  target/golden-venv/bin/python -m pip install torch numpy\
             \n\nthen add --python target/golden-venv/bin/python",
            last_line(&message)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The last line with text: what a Python traceback ends with.
fn last_line(text: &str) -> &str {
    text.lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_python_says_what_to_do() {
        let error = torch_version(crate::workspace_root(), "no-such-python")
            .unwrap_err()
            .to_string();
        assert!(error.contains("--python PROGRAM"), "{error}");
    }

    #[test]
    fn last_line_of_a_traceback() {
        let text = "Traceback:\n  File x\nModuleNotFoundError: No module named 'torch'\n\n";
        assert_eq!(
            last_line(text),
            "ModuleNotFoundError: No module named 'torch'"
        );
        assert_eq!(last_line(""), "no message");
    }
}
