//! Making the tables inside the program: all small NAS-Bench-101 cells, trained on handwritten digits.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::check;

/// The evaluator, as it stands in the manifest of the table: from the folder of the workspace, with the `python` of the
/// PATH.
const EVALUATOR: &str = "python examples/digits/train.py";

/// What the evaluator imports.
const PACKAGES: &str =
    "import torch, sklearn, ganas_worker; print(torch.__version__, sklearn.__version__)";

/// Which table, and how it is made.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Cells of at most so many vertices: 91 with 4, 2,532 with 5.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(4..=5))]
    vertices: u8,
    /// Trainings at the same time.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Puts the table in the place of the one inside the program.
    #[arg(long)]
    bless: bool,
}

/// Builds the table, or goes on building it, and compares it with the one inside the program.
pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    let versions = versions()?;
    let folder = root.join("target/reproduce/digits-table");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let name = format!("digits-{}.arrow", options.vertices);
    let (table, study) = (folder.join(&name), folder.join(format!("{name}.study")));
    check(crate::cargo(root).args(["build", "--release", "--quiet", "-p", "ganas-cli"]))?;
    check(
        Command::new(root.join("target/release/ganas"))
            .current_dir(root)
            .args([
                "table",
                "build",
                "--evaluator",
                EVALUATOR,
                "--seeds",
                "0..3",
            ])
            .args(["--space", &format!("nasbench101-v{}", options.vertices)])
            .args(["--workers", &options.workers.to_string()])
            .args(["--start-timeout", "30m", "--timeout", "30m"])
            .args(["--resume", "--overwrite"])
            .arg("--study")
            .arg(&study)
            .arg("--output")
            .arg(&table),
    )?;
    let shipped = root.join("crates/ganas-table/data").join(&name);
    if options.bless {
        fs::copy(&table, &shipped)
            .with_context(|| format!("cannot write {}", shipped.display()))?;
        println!("{} is now that of {versions}", shipped.display());
        return Ok(());
    }
    compare(&table, &shipped, &versions)
}

/// The versions of PyTorch and scikit-learn.
fn versions() -> Result<String> {
    let output = Command::new("python")
        .args(["-c", PACKAGES])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start python")?;
    if !output.status.success() {
        bail!(
            "the `python` of the PATH lacks what the evaluator needs: \
             pip install torch scikit-learn ./python/ganas-worker"
        );
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let [torch, sklearn] = text.split_whitespace().collect::<Vec<_>>()[..] else {
        bail!("expected two versions from python, found `{}`", text.trim());
    };
    Ok(format!("PyTorch {torch} and scikit-learn {sklearn}"))
}

fn compare(table: &PathBuf, shipped: &PathBuf, versions: &str) -> Result<()> {
    let read =
        |path: &PathBuf| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    if read(table)? == read(shipped)? {
        println!(
            "{} is, byte for byte, that of {versions}",
            shipped.display()
        );
        return Ok(());
    }
    bail!(
        "{} differs from {}: another processor or another version of PyTorch ({versions}) adds in another order; \
         compare them with `ganas table info`, and put the new one in place with --bless",
        table.display(),
        shipped.display()
    )
}
