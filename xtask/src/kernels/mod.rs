//! `cargo xtask kernels`: checks of the CUDA kernels that need no GPU.

mod check;
mod compile;
mod launches;
mod occupancy;
mod ptx;
mod ptxas;
mod race;
mod set;
mod tools;

use std::path::Path;

use crate::python;

pub(crate) use check::CheckOptions;
pub(crate) use race::RaceOptions;

/// Checks of kernels.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Compiles every kernel with NVRTC and ptxas: parameters, registers, shared memory, occupancy, no spills.
    Check(CheckOptions),
    /// Runs launches of kernels under ThreadSanitizer, on the CPU.
    Race(RaceOptions),
}

/// Runs a check.
pub(crate) fn run(root: &Path, task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Check(options) => check::run(root, options),
        Task::Race(options) => race::run(root, options),
    }
}

/// NVIDIA's compiler and assembler as Python packages; both work without a GPU.
const WHEELS: [&str; 2] = [
    "nvidia-cuda-nvrtc-cu12==12.9.86",
    "nvidia-cuda-nvcc-cu12==12.9.86",
];

/// `kernels race`, and `kernels check` with tools from Python packages; the text says when they cannot be had.
pub(crate) fn ci(root: &Path) -> anyhow::Result<String> {
    race::run(root, &RaceOptions::new())?;
    let Some(python) = python::environment(root) else {
        return Ok(python::skipped("there is no python3 with venv"));
    };
    if !python::installed(&python, "nvidia.cuda_nvrtc, nvidia.cuda_nvcc", &WHEELS) {
        return Ok(python::skipped(
            "NVRTC and ptxas are not installed, and cannot be",
        ));
    }
    check::run(root, &CheckOptions::with_python(&python))?;
    Ok(String::new())
}
