//! `cargo xtask bench`: the bench program of ganas against PyTorch, alternately in one run, and against the machine.

mod server;

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use anyhow::{Context as _, ensure};
use ganas_report::tables::TextTable;

use crate::{cargo, check, golden};
pub(crate) use server::{Server, Times};

/// The steps in PyTorch.
const SCRIPT: &str = "xtask/bench/torch_steps.py";

/// The package with the bench program.
const PACKAGE: &str = "ganas-benches";

/// The name of the bench program.
const PROGRAM: &str = "ganas-benches";

/// What is timed: the bench program, and the steps in PyTorch.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) ganas: PathBuf,
    pub(crate) script: PathBuf,
}

impl Programs {
    /// Those in a folder, for machines without cargo, or else those of the workspace, built now.
    pub(crate) fn new(root: &Path, built: Option<&Path>) -> anyhow::Result<Self> {
        let programs = if let Some(folder) = built {
            Self {
                ganas: folder.join(PROGRAM),
                script: folder.join("torch_steps.py"),
            }
        } else {
            check(cargo(root).args(["build", "--release", "--package", PACKAGE]))?;
            Self {
                ganas: root.join("target/release").join(PROGRAM),
                script: root.join(SCRIPT),
            }
        };
        for file in [&programs.ganas, &programs.script] {
            ensure!(file.is_file(), "there is no {}", file.display());
        }
        Ok(programs)
    }
}

/// What can be timed, by the names that both sides know.
pub(crate) const WORKS: &[&str] = &[
    "discriminator_step",
    "sampling",
    "reward",
    "ppo_epoch",
    "ppo_update",
    "inner_iteration",
];

/// The share of their peaks that products reach on all cores at once when nobody shares the cores; they reach 0.9 alone, and
/// 0.6 where other machines are busy on the same real cores.
const WHOLE: f64 = 0.8;

/// Pairs of one work that are left out at most.
const MOST_LEFT_OUT: usize = 200;

/// Options of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("against").required(true).multiple(true).args(["vs_torch", "roofline"]))]
pub(crate) struct Options {
    /// Time the steps of a search against PyTorch, alternately.
    #[arg(long)]
    vs_torch: bool,
    /// Print the measured limits of this machine, and what the products of a step reach.
    #[arg(long)]
    roofline: bool,
    /// With `--vs-torch`: time everything again beside a process that keeps one core busy.
    #[arg(long, requires = "vs_torch")]
    shared_core: bool,
    /// With `--vs-torch`: keep a pair only when right before and after it products on all cores at once reached eight tenths
    /// of the peak of so many cores; a virtual core may share a real one with another machine.
    #[arg(long, requires = "vs_torch", conflicts_with = "shared_core")]
    whole_cores: bool,
    /// The Python that has PyTorch; a relative path starts at the current folder.
    #[arg(long, default_value = "python3")]
    python: String,
    /// Threads of each side.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Pairs of measurements, ganas and PyTorch in turn.
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// Seconds of each measurement; work that takes longer is done at least twice, and timed once.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Only this work.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(WORKS), default_values = WORKS, hide_default_value = true)]
    work: Vec<String>,
    /// Only this variant of the PyTorch script: `usual` (what a user would write) or `same` (our mathematics).
    #[arg(long, value_parser = ["usual", "same"], default_values = ["usual", "same"])]
    variant: Vec<String>,
    /// A folder with a built `ganas-benches` and `torch_steps.py`, for machines without cargo [default: they are built].
    #[arg(long, value_name = "FOLDER")]
    built: Option<PathBuf>,
}

/// Runs what was asked for.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let programs = Programs::new(root, options.built.as_deref())?;
    if options.roofline {
        let mut command = Command::new(&programs.ganas);
        // The peak is that of one core.
        check(command.arg("roofline").env("RAYON_NUM_THREADS", "1"))?;
    }
    if options.vs_torch {
        let version = golden::torch_version(&options.python)?;
        println!(
            "ganas against PyTorch {version}, {} threads each, {} pairs of {} s\n",
            options.threads, options.pairs, options.seconds
        );
        versus(&programs, options, "")?;
        if options.shared_core {
            let busy = Command::new(&programs.ganas).arg("burn").spawn();
            let _busy = Busy(busy.context("cannot start the busy process")?);
            versus(&programs, options, ", beside a busy process")?;
        }
    }
    Ok(())
}

fn versus(programs: &Programs, options: &Options, condition: &str) -> anyhow::Result<()> {
    let threads = options.threads.to_string();
    for variant in &options.variant {
        let mut ours = Command::new(&programs.ganas);
        ours.args(["serve", "--threads", &threads]);
        let mut torch = Command::new(&options.python);
        torch.arg(&programs.script);
        torch.args([variant, "--threads", &threads]);
        torch.env("OMP_NUM_THREADS", &threads);
        let mut sides = [Server::start(&mut ours)?, Server::start(&mut torch)?];
        let titles = "work|ganas, ms|PyTorch, ms|ratio (median)|ratio, pair by pair";
        let mut table = TextTable::of_names(titles.split('|'));
        for work in &options.work {
            table.row(row(work, &pairs(&mut sides, programs, options, work)?));
        }
        println!(
            "PyTorch variant `{variant}`{condition}\n\n{}",
            table.to_markdown()
        );
    }
    Ok(())
}

/// As many pairs of one work as are asked for.
fn pairs(
    sides: &mut [Server],
    programs: &Programs,
    options: &Options,
    work: &str,
) -> anyhow::Result<Times> {
    let are_whole = || anyhow::Ok(!options.whole_cores || cores_are_whole(&programs.ganas)?);
    let mut times = Times::new(sides.len());
    let mut left_out = 0;
    while times.rounds() < options.pairs {
        let is_whole = are_whole()?;
        let round = Server::round(sides, work, options.seconds)?;
        if is_whole && are_whole()? {
            times.add(round);
        } else {
            left_out += 1;
            ensure!(
                left_out <= MOST_LEFT_OUT,
                "{work}: {left_out} pairs were left out because the cores were shared; try again later, \
                 or without --whole-cores"
            );
        }
    }
    Ok(times)
}

/// Medians over the pairs, and the ratio of each pair.
fn row(work: &str, times: &Times) -> [String; 5] {
    let ratios = times.ratios(1, 0).into_iter();
    let ratios: Vec<_> = ratios.map(|ratio| format!("{ratio:.1}")).collect();
    [
        work.replace('_', " "),
        times.median(0),
        times.median(1),
        times.ratio(1, 0),
        ratios.join(" "),
    ]
}

/// Whether every core is whole just now.
fn cores_are_whole(ganas: &Path) -> anyhow::Result<bool> {
    let text = crate::output(Command::new(ganas).arg("cores"))?;
    let share: f64 = text
        .trim()
        .parse()
        .with_context(|| format!("`{PROGRAM} cores` printed `{text}`; expected a number"))?;
    Ok(share >= WHOLE)
}

/// A process that keeps one core busy for as long as this lives.
struct Busy(Child);

impl Drop for Busy {
    fn drop(&mut self) {
        // When it has ended by itself there is nothing left to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_pairs() {
        let mut times = Times::new(2);
        for pair in [[1.0, 4.0], [2.0, 4.0], [4.0, 12.0]] {
            times.add(pair.to_vec());
        }
        let expected = ["ppo update", "2.00", "4.00", "3.0", "4.0 2.0 3.0"];
        assert_eq!(row("ppo_update", &times), expected);
    }
}
