//! Development tasks of the workspace: `cargo xtask <command>`, one file for each command.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool for developers: the terminal is its output"
)]

mod bench;
mod ci;
mod data;
mod golden;
mod gpu;
mod kernels;
mod loom;
mod python;
mod reproduce;
mod sanitize;
mod tidy;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, ensure};
use clap::{Parser, Subcommand};

/// Development tasks of the ganas workspace.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Checks the rules that no compiler knows: crate graph, manifests, file headers, `unsafe`, permissions, links.
    Tidy(tidy::Options),
    /// Attacks what ganas promises with kills, flipped bits, hostile files and failing calls, and counts the outcomes.
    #[command(disable_help_flag = true)]
    Attack {
        /// `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Times ganas against PyTorch, or against the limits of this machine.
    Bench(bench::Options),
    /// Runs everything that a change must pass, apart from the tests (`cargo test --workspace`).
    Ci,
    /// Lists, fetches, verifies and converts published benchmark files.
    Data(data::Options),
    /// Computes the golden values of ganas-gnn again, with PyTorch.
    Golden(golden::Options),
    /// Tests and measures on a machine with an NVIDIA GPU.
    #[command(subcommand)]
    Gpu(gpu::Task),
    /// Checks the CUDA kernels without a GPU.
    #[command(subcommand)]
    Kernels(kernels::Task),
    /// Explores the models of lock-free code with loom.
    Loom,
    /// Runs the CPU tests of ganas-gnn under a sanitizer.
    Sanitize {
        /// Data races, or accesses to memory that is not there (any more).
        #[arg(value_parser = ["thread", "address"], default_value = "thread")]
        sanitizer: String,
    },
    /// Runs a long study and writes its page in docs/results.
    #[command(subcommand)]
    Reproduce(reproduce::Study),
}

/// The fault campaign is a program of the tests.
const ATTACK: &str = "run --quiet --package ganas-tests --example attack --";

fn main() -> ExitCode {
    let root = workspace_root();
    let result = match Arguments::parse().task {
        Task::Tidy(options) => tidy::run(root, options),
        Task::Attack { arguments } => check(cargo(root).args(ATTACK.split(' ')).args(arguments)),
        Task::Bench(options) => bench::run(root, &options),
        Task::Ci => ci::run(root),
        Task::Data(options) => data::run(root, &options),
        Task::Golden(options) => golden::run(root, &options),
        Task::Gpu(task) => gpu::run(root, &task),
        Task::Kernels(task) => kernels::run(root, &task),
        Task::Loom => loom::run(root),
        Task::Sanitize { sanitizer } => sanitize::run(root, &sanitizer),
        Task::Reproduce(study) => reproduce::run(root, &study),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace's manifest: the parent of this package's.
fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies in a folder of the workspace")
}

/// A command of the cargo that started this program.
fn cargo(root: &Path) -> Command {
    let program = option_env!("CARGO").unwrap_or("cargo");
    let mut command = Command::new(program);
    command.current_dir(root);
    command
}

/// The packages of the workspace.
fn packages(root: &Path) -> anyhow::Result<Vec<cargo_metadata::Package>> {
    let mut command = cargo_metadata::MetadataCommand::new();
    command.current_dir(root).no_deps();
    Ok(command.exec()?.packages)
}

/// A path relative to the workspace, with forward slashes.
fn relative(root: &Path, path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    let path = path.strip_prefix(root).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}

/// What a command prints; its messages go to the terminal.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let name = command_line(command);
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot start {name}"))?;
    ensure!(
        output.status.success(),
        "{name} ended with {}",
        output.status
    );
    String::from_utf8(output.stdout).with_context(|| format!("{name} printed no UTF-8"))
}

/// Runs a command to its end.
fn check(command: &mut Command) -> anyhow::Result<()> {
    let name = command_line(command);
    let status = command.status();
    let status = status.with_context(|| format!("cannot start {name}"))?;
    ensure!(status.success(), "{name} ended with {status}");
    Ok(())
}

/// A command as one would type it.
fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_stem().unwrap_or(program.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn command_line_has_no_folders() {
        let mut command = Command::new("/some/where/cargo");
        command.args(["fmt", "--check"]);
        assert_eq!(command_line(&command), "cargo fmt --check");
    }

    #[test]
    fn failed_commands_are_named() {
        let mut command = cargo(workspace_root());
        command.arg("no-such-command").stderr(Stdio::null());
        let error = check(&mut command).unwrap_err().to_string();
        let expected = "cargo no-such-command ended with";
        assert!(error.starts_with(expected), "{error}");
    }
}
