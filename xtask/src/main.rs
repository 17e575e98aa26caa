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
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Development tasks of the ganas workspace.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Checks the rules that no compiler knows: crate graph, manifests, file headers, `unsafe`, permissions, links.
    Tidy(tidy::Options),
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
        /// What is looked for.
        #[arg(value_enum, default_value = "thread")]
        sanitizer: sanitize::Sanitizer,
    },
    /// Runs a long study and writes its page in docs/results.
    #[command(subcommand)]
    Reproduce(reproduce::Study),
}

fn main() -> ExitCode {
    let root = workspace_root();
    let result = match Arguments::parse().command {
        Command::Tidy(options) => tidy::run(root, options),
        Command::Bench(options) => bench::run(root, &options),
        Command::Ci => ci::run(root),
        Command::Data(options) => data::run(root, &options),
        Command::Golden(options) => golden::run(root, &options),
        Command::Gpu(task) => gpu::run(root, &task),
        Command::Kernels(task) => kernels::run(root, &task),
        Command::Loom => loom::run(root),
        Command::Sanitize { sanitizer } => sanitize::run(root, sanitizer),
        Command::Reproduce(study) => reproduce::run(root, &study),
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
fn cargo(root: &Path) -> std::process::Command {
    let program = option_env!("CARGO").unwrap_or("cargo");
    let mut command = std::process::Command::new(program);
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
fn output(command: &mut std::process::Command) -> anyhow::Result<String> {
    use anyhow::Context as _;

    let name = command_line(command);
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {name}"))?;
    anyhow::ensure!(
        output.status.success(),
        "{name} ended with {}",
        output.status
    );
    String::from_utf8(output.stdout).with_context(|| format!("{name} printed no UTF-8"))
}

/// Runs a command to its end.
fn check(command: &mut std::process::Command) -> anyhow::Result<()> {
    use anyhow::Context as _;

    let status = command
        .status()
        .with_context(|| format!("cannot start {}", command_line(command)))?;
    anyhow::ensure!(
        status.success(),
        "{} ended with {status}",
        command_line(command)
    );
    Ok(())
}

/// A command as one would type it.
fn command_line(command: &std::process::Command) -> String {
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
        let mut command = std::process::Command::new("/some/where/cargo");
        command.args(["fmt", "--check"]);
        assert_eq!(command_line(&command), "cargo fmt --check");
    }

    #[test]
    fn failed_commands_are_named() {
        let error = check(
            cargo(workspace_root())
                .arg("no-such-command")
                .stderr(std::process::Stdio::null()),
        )
        .unwrap_err()
        .to_string();
        assert!(
            error.starts_with("cargo no-such-command ended with"),
            "{error}"
        );
    }
}
