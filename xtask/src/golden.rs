//! `cargo xtask golden`: the golden values of ganas-gnn, computed with PyTorch.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::{check, python};

/// The script that computes the values; it takes the output folder as its only argument.
const SCRIPT: &str = "xtask/golden/gnn.py";

/// Where the values lie.
const OUTPUT: &str = "crates/ganas-gnn/goldens";

/// Options of `cargo xtask golden`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The Python that has PyTorch; a relative path starts at the current folder.
    #[arg(long, default_value = "python3")]
    python: String,
}

/// Runs the script.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let python = &options.python;
    let version = torch_version(python)?;
    println!("{SCRIPT} -> {OUTPUT} (PyTorch {version})");
    std::fs::create_dir_all(root.join(OUTPUT))
        .with_context(|| format!("cannot create {OUTPUT}"))?;
    check(Command::new(python).args([SCRIPT, OUTPUT].map(|path| root.join(path))))?;
    println!("done; look at the changes with: git diff --stat {OUTPUT}");
    Ok(())
}

/// The version of PyTorch that `python` imports.
pub(crate) fn torch_version(python: &str) -> anyhow::Result<String> {
    python::says(python, "import torch; print(torch.__version__)").with_context(|| {
        format!(
            "{python} cannot import torch; install it in a virtual environment and name its Python:\n\
             \n  python3 -m venv target/golden-venv\
             \n  target/golden-venv/bin/python -m pip install torch numpy\
             \n\nthen add --python target/golden-venv/bin/python\n"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_python_says_what_to_do() {
        let error = torch_version("no-such-python").unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains("add --python") && error.contains("cannot start"));
    }
}
