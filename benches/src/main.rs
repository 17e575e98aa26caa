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
    DiscriminatorWork, InnerIteration, PolicyWork, Rollouts, Shape, clock, random_graphs, roofline,
};

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
    },
    /// Prints the measured limits of this machine, and what the products of a step reach.
    Roofline,
    /// Keeps one core busy until it is ended.
    Burn,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Serve { threads } => serve(threads),
        Command::Roofline => {
            print!("{}", roofline::report(Shape::default()));
            Ok(())
        }
        Command::Burn => loop {
            std::hint::black_box(roofline::peak_gflops());
        },
    }
}

fn serve(threads: usize) -> anyhow::Result<()> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let mut works = Works::new(Shape::default());
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (work, seconds) = line
            .split_once(' ')
            .context("expected a line `WORK SECONDS`")?;
        let seconds: f64 = seconds.parse()?;
        let times = pool.install(|| works.time(work, seconds))?;
        let times: Vec<String> = times.iter().map(|ms| format!("{ms:.4}")).collect();
        writeln!(output, "{}", times.join(" "))?;
        output.flush()?;
    }
    Ok(())
}

/// Everything that can be asked for.
struct Works {
    discriminator: DiscriminatorWork,
    policy: PolicyWork,
    one_epoch: PolicyWork,
    rollouts: Rollouts,
    rewards: Vec<f32>,
    inner: InnerIteration,
    graphs: Vec<ganas_benches::Graph>,
}

impl Works {
    fn new(shape: Shape) -> Self {
        let mut policy = PolicyWork::new(shape);
        let rollouts = policy.sample();
        let mut discriminator = DiscriminatorWork::new(shape);
        Self {
            rewards: discriminator.rewards(rollouts.graphs()),
            discriminator,
            policy,
            one_epoch: PolicyWork::new(Shape { epochs: 1, ..shape }),
            rollouts,
            inner: InnerIteration::new(shape),
            graphs: random_graphs(shape.batch, 5),
        }
    }

    fn time(&mut self, work: &str, seconds: f64) -> anyhow::Result<Vec<f64>> {
        let start = clock::now();
        let mut times = Vec::new();
        // The first repetition warms caches and threads up.
        while times.len() < 2 || start.elapsed().as_secs_f64() < seconds {
            let from = clock::now();
            self.run(work)?;
            times.push(from.elapsed().as_secs_f64() * 1e3);
        }
        times.remove(0);
        Ok(times)
    }

    fn run(&mut self, work: &str) -> anyhow::Result<()> {
        match work {
            "discriminator_step" => {
                self.discriminator.step(&self.graphs);
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
    }
}
