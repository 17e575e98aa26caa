//! `cargo xtask kernels`: checks of the CUDA kernels that need no GPU.

mod check;
mod compile;
mod occupancy;
mod ptx;

use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::{cargo, python};

/// Checks of kernels.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Compiles every kernel with NVRTC and ptxas: parameters, registers, shared memory, occupancy, no spills.
    Check(check::CheckOptions),
    /// Runs launches of kernels under ThreadSanitizer, on the CPU.
    Race,
}

/// Runs a check.
pub(crate) fn run(root: &Path, task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Check(options) => check::run(root, options),
        Task::Race => race(root),
    }
}

/// Both checks; the text says when the tools cannot be had.
pub(crate) fn ci(root: &Path) -> anyhow::Result<String> {
    race(root)?;
    match check::default_python(root) {
        Err(why) => return Ok(python::skipped(why)),
        Ok(python) => check::check(root, &python)?,
    }
    Ok(String::new())
}

/// The test of ganas-gnn that launches its kernels; it is too long for every run of the tests.
fn race(root: &Path) -> anyhow::Result<()> {
    let mut command = cargo(root);
    command.args(["test", "--package", "ganas-gnn", "--features", "cuda"]);
    crate::check(command.args(["--test", "cuda_races", "--", "--ignored"]))
}

/// A source and its kernels, as the example `kernels` of ganas-gnn prints them, so that xtask need not be built with the
/// backend.
#[derive(Debug, Deserialize)]
struct KernelSet {
    /// Options of NVRTC, beside the architecture.
    options: Vec<String>,
    kernels: Vec<Kernel>,
    source: String,
}

/// A kernel as the host launches it.
#[derive(Debug, Deserialize)]
struct Kernel {
    name: String,
    /// The threads of a block, along x and y.
    block: [u32; 2],
    /// The types of its parameters, as PTX has them; it knows no signs and no pointers.
    parameters: Vec<String>,
}

impl KernelSet {
    fn load(root: &Path) -> anyhow::Result<Self> {
        let mut command = cargo(root);
        command.args(["run", "--quiet", "--package", "ganas-gnn"]);
        command.args(["--features", "cuda", "--example", "kernels"]);
        let text = crate::output(&mut command)?;
        serde_json::from_str(&text).with_context(|| crate::command_line(&command))
    }
}

impl Kernel {
    /// The threads of a block.
    fn threads(&self) -> u32 {
        self.block[0] * self.block[1]
    }
}
