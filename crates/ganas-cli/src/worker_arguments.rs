//! The arguments of a search whose evaluator is a command of the user.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ganas_search::StopFlag;
use ganas_space::SearchSpace;
use ganas_worker::message::Capabilities;
use ganas_worker::{MetricNames, PoolConfig, WorkerEvaluator, Workers};

use crate::environment;
use crate::worker_notes::WorkerNotes;

/// How architectures are evaluated by a command.
#[derive(Debug, clap::Args)]
pub(crate) struct WorkerArguments {
    /// A command that evaluates architectures instead of a table, such as `python train.py`; it speaks the protocol of
    /// docs/PROTOCOL.md.
    #[arg(long, value_name = "COMMAND")]
    evaluator: Option<String>,
    /// Processes of the evaluator; the results do not depend on them.
    #[arg(
        long,
        value_name = "N",
        default_value = "1",
        requires = "evaluator",
        help_heading = "Evaluator"
    )]
    workers: NonZeroU32,
    /// The longest that one evaluation may take: `90s`, `15m`, `2h`.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration, requires = "evaluator", help_heading = "Evaluator")]
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
    /// The longest that a process may take to start.
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

impl WorkerArguments {
    /// Whether there is a command.
    pub(crate) fn is_given(&self) -> bool {
        self.evaluator.is_some()
    }

    /// Starts the first worker, when there is a command.
    pub(crate) fn open(
        &self,
        space: &Arc<dyn SearchSpace>,
        names: &MetricNames,
        study: Option<&Path>,
        stop: &StopFlag,
        notes: &WorkerNotes,
    ) -> anyhow::Result<Option<WorkerEvaluator>> {
        let Some(config) = self.config(study, stop)? else {
            return Ok(None);
        };
        let space = Arc::clone(space);
        let evaluator = WorkerEvaluator::open(config, space, names, notes.listener())?;
        Ok(Some(evaluator))
    }

    /// Starts the first worker, when there is a command, for all that it measures.
    pub(crate) fn open_workers(
        &self,
        space: &Arc<dyn SearchSpace>,
        study: Option<&Path>,
        stop: &StopFlag,
        notes: &WorkerNotes,
    ) -> anyhow::Result<Option<Workers>> {
        let Some(config) = self.config(study, stop)? else {
            return Ok(None);
        };
        let workers = Workers::open(config, Arc::clone(space), notes.listener())?;
        Ok(Some(workers))
    }

    /// The command; nothing when there is none.
    pub(crate) fn command(&self) -> &str {
        self.evaluator.as_deref().unwrap_or_default()
    }

    /// What is passed on with every evaluation.
    pub(crate) fn fidelity(&self) -> BTreeMap<String, f64> {
        self.fidelity.iter().cloned().collect()
    }

    fn config(&self, study: Option<&Path>, stop: &StopFlag) -> anyhow::Result<Option<PoolConfig>> {
        let Some(command) = &self.evaluator else {
            return Ok(None);
        };
        Ok(Some(PoolConfig {
            workers: self.workers.get(),
            time_limit: self.timeout,
            start_limit: self.start_timeout,
            grace: self.grace,
            retries: self.retries,
            failures_in_a_row: self.max_failures,
            memory_kib: self.memory_limit,
            fidelity: self.fidelity(),
            stop: stop.shared(),
            ..PoolConfig::new(command, self.logs(study)?)
        }))
    }

    /// The evaluator, for the header.
    pub(crate) fn describe(&self, evaluator: &WorkerEvaluator) -> String {
        format!(
            "{} (workers: {}, timeout {:?}, retries {})",
            self.describe_worker(evaluator.capabilities()),
            self.workers,
            self.timeout,
            self.retries
        )
    }

    /// What all workers are.
    pub(crate) fn describe_workers(&self, workers: &Workers) -> String {
        self.describe_worker(workers.capabilities())
    }

    fn describe_worker(&self, worker: &Capabilities) -> String {
        format!("{} {} by `{}`", worker.name, worker.version, self.command())
    }

    fn logs(&self, study: Option<&Path>) -> anyhow::Result<PathBuf> {
        match (&self.worker_logs, study) {
            (Some(folder), _) => Ok(folder.clone()),
            (None, Some(study)) => {
                let mut folder = study.as_os_str().to_owned();
                folder.push(".workers");
                Ok(folder.into())
            }
            (None, None) => {
                let workers = environment::cache_folder()?.join("workers");
                Ok(workers.join(std::process::id().to_string()))
            }
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("`{text}` is no time: expected a number and s, m or h, such as 90s");
    let (number, seconds) = match text.as_bytes().last() {
        Some(b's') => (&text[..text.len() - 1], 1.0),
        Some(b'm') => (&text[..text.len() - 1], 60.0),
        Some(b'h') => (&text[..text.len() - 1], 3600.0),
        _ => return Err(expected()),
    };
    let number: f64 = number.parse().map_err(|_| expected())?;
    Duration::try_from_secs_f64(number * seconds)
        .ok()
        .filter(|time| !time.is_zero())
        .ok_or_else(expected)
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
