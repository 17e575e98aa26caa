//! One side of a comparison: a process that repeats a piece of work when asked, and waits without using the processor.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, ensure};
use ganas_report::statistics::median;

use crate::command_line;

/// A process that answers lines `WORK SECONDS` with times in milliseconds.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    name: String,
    /// Taken when the process is told to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let name = command_line(command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("its output is piped")?;
        Ok(Self {
            child,
            name,
            input,
            output: BufReader::new(output),
        })
    }

    /// The median time of one repetition, in milliseconds.
    pub(crate) fn time(&mut self, work: &str, seconds: f64) -> anyhow::Result<f64> {
        let input = self.input.as_mut().context("its input is piped")?;
        writeln!(input, "{work} {seconds}")
            .and_then(|()| input.flush())
            .with_context(|| format!("{} takes no more requests", self.name))?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        ensure!(!line.is_empty(), "{} ended without an answer", self.name);
        let times: Option<Vec<f64>> = line
            .split(' ')
            .map(|word| word.trim().parse().ok())
            .collect();
        times
            .and_then(|times| median(&times))
            .with_context(|| format!("{} answered {line:?}, which are no times", self.name))
    }

    /// The time of each side, one right after the other.
    pub(crate) fn round(sides: &mut [Self], work: &str, seconds: f64) -> anyhow::Result<Vec<f64>> {
        let times = sides.iter_mut().map(|side| side.time(work, seconds));
        times.collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// Times of one piece of work, for each side those of all rounds, in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Times(Vec<Vec<f64>>);

impl Times {
    pub(crate) fn new(sides: usize) -> Self {
        Self(vec![Vec::new(); sides])
    }

    pub(crate) fn add(&mut self, round: Vec<f64>) {
        for (times, time) in self.0.iter_mut().zip(round) {
            times.push(time);
        }
    }

    pub(crate) fn rounds(&self) -> usize {
        self.0[0].len()
    }

    /// The median of a side.
    pub(crate) fn median(&self, side: usize) -> String {
        format!("{:.2}", median(&self.0[side]).unwrap_or(f64::NAN))
    }

    /// Ratios round by round, so that what disturbed a round disturbs both sides of its ratio.
    pub(crate) fn ratios(&self, side: usize, to: usize) -> Vec<f64> {
        let rounds = self.0[side].iter().zip(&self.0[to]);
        rounds.map(|(time, other)| time / other).collect()
    }

    /// The median of the ratios.
    pub(crate) fn ratio(&self, side: usize, to: usize) -> String {
        format!("{:.1}", median(&self.ratios(side, to)).unwrap_or(f64::NAN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_lines_of_times() {
        let echo = |answer: &str| {
            let script = format!("read line; echo '{answer}'; cat > /dev/null");
            let mut server = Server::start(Command::new("sh").args(["-c", &script])).unwrap();
            server.time("work", 1.0).map_err(|error| error.to_string())
        };
        assert_eq!(echo("1.5 2"), Ok(1.75));
        assert!(echo("fast").unwrap_err().contains("answered \"fast\\n\""));
    }
}
