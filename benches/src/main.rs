//! The side of ganas in `cargo xtask bench`.
//!
//! `serve` reads lines `WORK SECONDS` from its input, repeats the work for about so long, and answers each with one line:
//! the times of the repetitions in milliseconds. While it waits for a line it uses no processor time, so that two such
//! programs can be timed in turn.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program that answers on its output")]

use std::io::{BufRead as _, Write as _};

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use ganas_benches::{
    DiscriminatorWork, Graph, InnerIteration, PolicyWork, Shape, clock, kernels, random_graphs,
    roofline,
};
use ganas_gnn::{Backend, Cpu, Cuda, Device as _};

/// Timed work of ganas.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answers lines `WORK SECONDS` with times in milliseconds.
    Serve {
        /// Threads of a step.
        #[arg(long, default_value_t = 1)]
        threads: usize,
        #[command(flatten)]
        place: Place,
    },
    /// Prints what single operations cost.
    Kernels {
        #[command(flatten)]
        place: Place,
    },
    /// Prints the measured limits of this machine, and what the products of a step reach.
    Roofline,
    /// Prints what products reach on all cores at once, as a share of the peak of so many cores: 0.9 where nobody shares them.
    Cores,
    /// Keeps one core busy until it is ended.
    Burn,
}

/// Where work is done, and how much of it.
#[derive(Debug, clap::Args)]
struct Place {
    /// `cpu`, or `cuda:N` for the NVIDIA GPU with the number N.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Width of all layers.
    #[arg(long, default_value_t = Shape::default().width)]
    width: usize,
    /// Architectures that are drawn and rewarded together.
    #[arg(long, default_value_t = Shape::default().batch)]
    batch: usize,
}

impl Place {
    fn shape(&self) -> Shape {
        Shape {
            width: self.width,
            batch: self.batch,
            ..Shape::default()
        }
    }

    /// The GPU, unless it is the CPU.
    fn gpu(&self) -> anyhow::Result<Option<Cuda>> {
        match self.device.strip_prefix("cuda:") {
            Some(number) => Ok(Some(Cuda::open(number.parse()?, None)?)),
            None if self.device == "cpu" => Ok(None),
            None => bail!("no device `{}`: expected `cpu` or `cuda:N`", self.device),
        }
    }
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Serve { threads, place } => match place.gpu()? {
            Some(gpu) => serve(&gpu, threads, place.shape(), || gpu.finish()),
            None => serve(&Cpu::<f32>::new(), threads, place.shape(), || {}),
        },
        Command::Kernels { place } => {
            let table = match place.gpu()? {
                Some(gpu) => kernels::report(&gpu, place.shape(), || gpu.finish()),
                None => kernels::report(&Cpu::<f32>::new(), place.shape(), || {}),
            };
            print!("{table}");
            Ok(())
        }
        Command::Roofline => {
            print!("{}", roofline::report(Shape::default()));
            Ok(())
        }
        Command::Cores => {
            println!("{:.3}", roofline::share_of_cores());
            Ok(())
        }
        Command::Burn => loop {
            std::hint::black_box(roofline::peak_gflops());
        },
    }
}

/// Answers requests; `finish` waits for work that the device still does.
fn serve<B: Backend<Elem = f32>>(
    device: &B,
    threads: usize,
    shape: Shape,
    finish: impl Fn() + Send + Sync,
) -> anyhow::Result<()> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let mut works = Works::new(device, shape);
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (work, seconds) = line
            .split_once(' ')
            .context("expected a line `WORK SECONDS`")?;
        let seconds: f64 = seconds.parse()?;
        let times = pool.install(|| works.time(work, seconds, &finish))?;
        let times: Vec<String> = times.iter().map(|ms| format!("{ms:.4}")).collect();
        writeln!(output, "{}", times.join(" "))?;
        output.flush()?;
    }
    Ok(())
}

/// Everything that can be asked for.
struct Works<B: Backend<Elem = f32>> {
    device: B,
    discriminator: DiscriminatorWork<B>,
    policy: PolicyWork<B>,
    one_epoch: PolicyWork<B>,
    rollouts: Vec<Graph>,
    rewards: Vec<f32>,
    inner: InnerIteration<B>,
    graphs: Vec<Graph>,
}

impl<B: Backend<Elem = f32>> Works<B> {
    fn new(device: &B, shape: Shape) -> Self {
        let mut policy = PolicyWork::new(device, shape);
        let rollouts = policy.sample();
        let mut discriminator = DiscriminatorWork::new(device, shape);
        let graphs = random_graphs(shape.batch, 5);
        discriminator.show(&graphs);
        Self {
            device: device.clone(),
            rewards: discriminator.rewards(&rollouts),
            discriminator,
            policy,
            one_epoch: PolicyWork::new(device, Shape { epochs: 1, ..shape }),
            rollouts,
            inner: InnerIteration::new(device, shape),
            graphs,
        }
    }

    fn time(&mut self, work: &str, seconds: f64, finish: impl Fn()) -> anyhow::Result<Vec<f64>> {
        let start = clock::now();
        let mut times = Vec::new();
        // The first repetition warms caches and threads up.
        while times.len() < 2 || start.elapsed().as_secs_f64() < seconds {
            let from = clock::now();
            self.run(work)?;
            finish();
            times.push(from.elapsed().as_secs_f64() * 1e3);
        }
        times.remove(0);
        Ok(times)
    }

    /// Does a work in a session of its own, as the searcher does.
    fn run(&mut self, work: &str) -> anyhow::Result<()> {
        let device = self.device.clone();
        device.session(|| {
            match work {
                "discriminator_step" => {
                    self.discriminator.step();
                }
                "sampling" => self.rollouts = self.policy.sample(),
                "reward" => self.rewards = self.discriminator.rewards(&self.graphs),
                "ppo_epoch" => {
                    self.one_epoch.update(&self.rollouts, &self.rewards);
                }
                "ppo_update" => {
                    self.policy.update(&self.rollouts, &self.rewards);
                }
                "inner_iteration" => self.inner.run(),
                _ => bail!("unknown work {work}"),
            }
            Ok(())
        })
    }
}
