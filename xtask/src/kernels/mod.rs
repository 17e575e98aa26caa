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

pub(crate) use check::CheckOptions;
pub(crate) use compile::PtxOptions;
pub(crate) use race::RaceOptions;

/// Checks of kernels.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Compiles every kernel with NVRTC and ptxas: parameters, registers, shared memory, occupancy, no spills.
    Check(CheckOptions),
    /// Runs launches of kernels under ThreadSanitizer, on the CPU.
    Race(RaceOptions),
    /// Writes the PTX of a source with the NVRTC that the loader finds; `check` calls it.
    #[command(hide = true)]
    Ptx(PtxOptions),
}

/// Runs a check.
///
/// # Errors
///
/// When a tool is missing or a kernel fails the check.
pub(crate) fn run(root: &Path, task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Check(options) => check::run(root, options),
        Task::Race(options) => race::run(root, options),
        Task::Ptx(options) => compile::write_ptx(options),
    }
}
