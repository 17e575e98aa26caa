//! `cargo xtask golden`: golden values, computed with the libraries that the code is to agree with.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::{check, python};

/// What golden values are computed of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// The networks of ganas-gnn, with PyTorch.
    Gnn,
    /// The statistics of ganas-report, with SciPy and statsmodels.
    Statistics,
}

impl What {
    /// The script that computes the values; it takes the output folder as its only argument.
    fn script(self) -> &'static str {
        match self {
            Self::Gnn => "xtask/golden/gnn.py",
            Self::Statistics => "xtask/golden/statistics.py",
        }
    }

    /// Where the values lie.
    fn output(self) -> &'static str {
        match self {
            Self::Gnn => "crates/ganas-gnn/goldens",
            Self::Statistics => "crates/ganas-report/goldens",
        }
    }

    /// The library that matters, and what has to be installed for the script.
    fn library(self) -> (&'static str, &'static str) {
        match self {
            Self::Gnn => ("torch", "torch numpy"),
            Self::Statistics => ("scipy", "scipy statsmodels"),
        }
    }
}

/// Options of `cargo xtask golden`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What golden values are computed of.
    #[arg(value_enum, default_values_t = [What::Gnn, What::Statistics])]
    what: Vec<What>,
    /// The Python that has the libraries; a relative path starts at the current folder.
    #[arg(long, default_value = "python3")]
    python: String,
}

/// Runs the scripts.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let python = &options.python;
    for what in &options.what {
        let (script, output) = (what.script(), what.output());
        let (library, packages) = what.library();
        let version = version_of(python, library, packages)?;
        println!("{script} -> {output} ({library} {version})");
        std::fs::create_dir_all(root.join(output))
            .with_context(|| format!("cannot create {output}"))?;
        check(Command::new(python).args([script, output].map(|path| root.join(path))))?;
        println!("done; look at the changes with: git diff --stat {output}");
    }
    Ok(())
}

/// The version of PyTorch that `python` imports.
pub(crate) fn torch_version(python: &str) -> anyhow::Result<String> {
    let (library, packages) = What::Gnn.library();
    version_of(python, library, packages)
}

/// The version of a library that `python` imports.
fn version_of(python: &str, library: &str, packages: &str) -> anyhow::Result<String> {
    let asked = format!("import {library}; print({library}.__version__)");
    python::says(python, &asked).with_context(|| {
        format!(
            "{python} cannot import {library}; install it in a virtual environment and name its Python:\n\
             \n  python3 -m venv target/golden-venv\
             \n  target/golden-venv/bin/python -m pip install {packages}\
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
