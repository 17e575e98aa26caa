//! The arguments of a search whose evaluator is a command of the user.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ganas::worker::PoolConfig;

use super::duration::duration;
use super::{count, environment};
use crate::printing::exit::UsageError;

/// How architectures are evaluated by a command.
#[derive(Debug, clap::Args)]
pub(crate) struct WorkerArguments {
    /// A command that evaluates architectures instead of a table, such as `python train.py`; it speaks the protocol of
    /// docs/PROTOCOL.md.
    #[arg(long, value_name = "COMMAND")]
    evaluator: Option<String>,
    /// Processes of the evaluator, at most 1024; the results do not depend on them.
    #[arg(
        long,
        value_name = "N",
        default_value = "1",
        value_parser = count::workers,
        requires = "evaluator",
        help_heading = "Evaluator"
    )]
    workers: NonZeroU32,
    /// A name for what evaluates, in place of its command, so that the same evaluator may move or get another interpreter: its
    /// earlier evaluations are used again, and its runs continue.
    #[arg(
        long,
        value_name = "NAME",
        requires = "evaluator",
        help_heading = "Evaluator"
    )]
    evaluator_id: Option<String>,
    /// The longest that one evaluation may take: `90s`, `15m`, `2h`; --max-time bounds the whole search.
    #[arg(long = "evaluation-timeout", alias = "timeout", value_name = "TIME", default_value = "24h", value_parser = duration, requires = "evaluator", help_heading = "Evaluator")]
    timeout: Duration,
    /// How often an evaluation that failed is tried again.
    #[arg(
        long,
        value_name = "N",
        default_value = "2",
        requires = "evaluator",
        help_heading = "Evaluator"
    )]
    retries: u32,
    /// The longest that a process may take to start, and the longest that it may leave unread what it is sent.
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration, requires = "evaluator", help_heading = "Evaluator")]
    start_timeout: Duration,
    /// The longest that a process may take to give up an evaluation before it is killed.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration, requires = "evaluator", help_heading = "Evaluator")]
    grace: Duration,
    /// The search is ended after so many failed attempts in a row.
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..), requires = "evaluator", help_heading = "Evaluator")]
    max_failures: u32,
    /// The largest address space of a process: `8G`, `500M`.
    #[arg(long, value_name = "SIZE", value_parser = kibibytes, requires = "evaluator", help_heading = "Evaluator")]
    memory_limit: Option<u64>,
    /// Passed on with every evaluation, for example `--fidelity epochs=12`.
    #[arg(long, value_name = "NAME=VALUE", value_parser = fidelity, requires = "evaluator", help_heading = "Evaluator")]
    fidelity: Vec<(String, f64)>,
    /// The folder for the stderr of the processes [default: beside the study, else in the user's cache folder].
    #[arg(
        long,
        value_name = "FOLDER",
        requires = "evaluator",
        help_heading = "Evaluator"
    )]
    worker_logs: Option<PathBuf>,
}

/// The error of a command that is to continue, where nothing says what.
pub(crate) fn nothing_to_resume() -> UsageError {
    UsageError("--resume continues what a study holds: name it with --study FILE".to_owned())
}

/// The folder for what processes print, beside the study.
pub(crate) fn logs_beside(study: &Path) -> PathBuf {
    let mut folder = study.as_os_str().to_owned();
    folder.push(".workers");
    folder.into()
}

impl WorkerArguments {
    /// Whether a command evaluates.
    pub(crate) fn is_given(&self) -> bool {
        self.evaluator.is_some()
    }

    /// The study: the one that is named, or, since what a command evaluates costs money, one in the current folder.
    pub(crate) fn study(&self, named: Option<&Path>, space: Option<&str>) -> Option<PathBuf> {
        let unnamed = || {
            let letter = |c: char| if c.is_alphanumeric() { c } else { '-' };
            let name: String = space.unwrap_or("search").chars().map(letter).collect();
            PathBuf::from(format!("{name}.study.db"))
        };
        named
            .map(Path::to_owned)
            .or_else(|| self.is_given().then(unnamed))
    }

    /// How workers are started, when there is a command. Without a folder their logs are beside the study.
    pub(crate) fn config(&self, study: Option<&Path>) -> anyhow::Result<Option<PoolConfig>> {
        let Some(command) = &self.evaluator else {
            return Ok(None);
        };
        let logs = match (&self.worker_logs, study) {
            (Some(folder), _) => folder.clone(),
            (None, Some(study)) => logs_beside(study),
            (None, None) => {
                let workers = environment::folders()?.cache()?.join("workers");
                workers.join(std::process::id().to_string())
            }
        };
        Ok(Some(PoolConfig {
            workers: self.workers.get(),
            time_limit: self.timeout,
            start_limit: self.start_timeout,
            grace: self.grace,
            retries: self.retries,
            failures_in_a_row: self.max_failures,
            memory_kib: self.memory_limit,
            evaluator_id: self.evaluator_id.clone(),
            fidelity: self.fidelity.iter().cloned().collect(),
            ..PoolConfig::new(command, logs)
        }))
    }
}

fn kibibytes(text: &str) -> Result<u64, String> {
    let expected = || format!("`{text}` is no size: expected a number and M or G, such as 8G");
    let (number, kib) = match text.as_bytes().last() {
        Some(b'M') => (&text[..text.len() - 1], 1 << 10),
        Some(b'G') => (&text[..text.len() - 1], 1 << 20),
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    number
        .checked_mul(kib)
        .filter(|&kib| kib > 0)
        .ok_or_else(expected)
}

fn fidelity(text: &str) -> Result<(String, f64), String> {
    let pair = text.split_once('=').and_then(|(name, value)| {
        let value: f64 = value.parse().ok()?;
        (!name.is_empty() && value.is_finite()).then(|| (name.to_owned(), value))
    });
    pair.ok_or_else(|| format!("`{text}` is no fidelity: expected NAME=NUMBER, such as epochs=12"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, seconds) in [("90s", 90.0), ("1.5m", 90.0), ("2h", 7200.0), ("0.2s", 0.2)] {
            assert_eq!(duration(text), Ok(Duration::from_secs_f64(seconds)));
        }
        for text in ["", "2", "h", "-1s", "0s", "1d", "NaNs", "é"] {
            assert!(duration(text).unwrap_err().contains("90s"), "{text}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(kibibytes("8G"), Ok(8 << 20));
        assert_eq!(kibibytes("500M"), Ok(500 << 10));
        for text in ["", "8", "G", "0G", "1.5G", "99999999999999999G"] {
            assert!(kibibytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn fidelities() {
        assert_eq!(fidelity("epochs=12"), Ok(("epochs".to_owned(), 12.0)));
        for text in ["epochs", "=1", "epochs=", "epochs=inf"] {
            assert!(fidelity(text).is_err(), "{text}");
        }
    }
}
