//! `cargo xtask gpu`: what only a machine with an NVIDIA GPU can show.
//!
//! `test` runs the tests of ganas-gnn on the GPU. `bench` times the steps of a search on the CPU, on the GPU and in
//! PyTorch on the same GPU, in turn, and prints what belongs into docs/results.

use std::path::{Path, PathBuf};
use std::process::Command;

use ganas_report::tables::TextTable;

use crate::bench::{Programs, Server, Times, WORKS};
use crate::{cargo, check, python};

/// Tasks on a GPU.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Runs the tests of ganas-gnn on the GPU with the number 0, instead of its emulation.
    Test,
    /// Compares CPU, GPU and PyTorch.
    Bench(BenchOptions),
}

/// Options of `cargo xtask gpu bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchOptions {
    /// The Python that has PyTorch with CUDA.
    #[arg(long, default_value = "python3")]
    python: String,
    /// Threads of the CPU side.
    #[arg(long, default_value_t = 8)]
    threads: usize,
    /// Rounds of measurements, each side in turn.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of each measurement; work that takes longer is done at least twice, and timed once.
    #[arg(long, default_value_t = 0.5)]
    seconds: f64,
    /// Width and batch of each comparison.
    #[arg(long, value_name = "WIDTHxBATCH", value_delimiter = ',', default_value = "32x128,128x128,256x512", value_parser = shape)]
    shapes: Vec<[usize; 2]>,
    /// A folder with a built `ganas-benches` and `torch_steps.py`, for machines without cargo [default: they are built].
    #[arg(long, value_name = "FOLDER")]
    built: Option<PathBuf>,
}

fn shape(text: &str) -> Result<[usize; 2], String> {
    let numbers: Result<Vec<usize>, _> = text.split('x').map(str::parse).collect();
    match numbers.as_deref() {
        Ok(&[width, batch]) if width > 0 && batch > 0 => Ok([width, batch]),
        _ => Err("expected a width and a batch, as in `128x128`".to_owned()),
    }
}

/// Runs a task.
pub(crate) fn run(root: &Path, task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Test => {
            let mut command = cargo(root);
            command.args(["test", "--release", "--package", "ganas-gnn"]);
            check(
                command
                    .args(["--features", "cuda"])
                    .env("GANAS_TEST_GPU", "0"),
            )
        }
        Task::Bench(options) => bench(root, options),
    }
}

/// The sides of the comparison.
const SIDES: [&str; 4] = [
    "ganas CPU",
    "ganas GPU",
    "PyTorch `usual`",
    "PyTorch `same`",
];

fn bench(root: &Path, options: &BenchOptions) -> anyhow::Result<()> {
    let programs = Programs::new(root, options.built.as_deref())?;
    // The GPU and the versions, as PyTorch sees them.
    let machine = "import torch; p = torch.cuda.get_device_properties(0); \
                   print(f'{p.name}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}')";
    println!("{}\n", python::says(&options.python, machine)?);
    println!(
        "CPU side on {} threads; medians of {} rounds of {} s, all sides in turn; milliseconds.\n",
        options.threads, options.rounds, options.seconds
    );
    let ratios = ["CPU", "`usual`", "`same`"].map(|other| format!("GPU against {other}"));
    for &[width, batch] in &options.shapes {
        let sides = SIDES.iter();
        let sides = sides.map(|side| start(side, &programs, options, [width, batch]));
        let mut sides: Vec<_> = sides.collect::<anyhow::Result<_>>()?;
        let titles = ["work"].into_iter().chain(SIDES);
        let mut table = TextTable::of_names(titles.chain(ratios.iter().map(String::as_str)));
        for work in WORKS {
            let mut times = Times::new(SIDES.len());
            for _ in 0..options.rounds {
                times.add(Server::round(&mut sides, work, options.seconds)?);
            }
            let medians = (0..SIDES.len()).map(|side| times.median(side));
            let ratios = [0, 2, 3].map(|side| times.ratio(side, 1));
            let cells = [work.replace('_', " ")].into_iter().chain(medians);
            table.row(cells.chain(ratios));
        }
        println!("Width {width}, batch {batch}:\n\n{}", table.to_markdown());
    }
    Ok(())
}

fn start(
    side: &str,
    programs: &Programs,
    options: &BenchOptions,
    [width, batch]: [usize; 2],
) -> anyhow::Result<Server> {
    let (width, batch) = (width.to_string(), batch.to_string());
    let mut command = if let Some(variant) = side.strip_prefix("PyTorch `") {
        let mut command = Command::new(&options.python);
        command
            .arg(&programs.script)
            .arg(variant.trim_end_matches('`'));
        command.args(["--device", "cuda:0"]);
        command
    } else {
        let mut command = Command::new(&programs.ganas);
        let device = if side == SIDES[0] { "cpu" } else { "cuda:0" };
        command.args(["serve", "--device", device]);
        command.args(["--threads", &options.threads.to_string()]);
        command
    };
    Server::start(command.args(["--width", &width, "--batch", &batch]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        assert_eq!(shape("128x64"), Ok([128, 64]));
        for text in ["128", "x", "0x4", "axb", "1x2x3"] {
            assert!(shape(text).is_err(), "{text}");
        }
    }
}
