//! One side of a comparison: a process that repeats a piece of work when asked, and waits without using the processor.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, ensure};

use super::median;
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
        times(&line)
            .and_then(|times| median(&times))
            .with_context(|| format!("{} answered {line:?}", self.name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

fn times(line: &str) -> anyhow::Result<Vec<f64>> {
    line.split_whitespace()
        .map(|word| word.parse().with_context(|| format!("{word} is no time")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_times() {
        assert_eq!(times("1.5 2\n").unwrap(), [1.5, 2.0]);
        assert!(times("fast").is_err());
    }
}
